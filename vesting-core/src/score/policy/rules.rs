//! The choices of a policy, by their names in the configuration.

use crate::units::{Ppb, Uid};

/// What happens to a holder whose stake is under the minimum.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum BelowMinimum {
    /// No multiplier: ×1.
    #[default]
    NoMultiplier,
    /// Weight 0, as the original enforced it.
    ZeroWeight,
}

impl BelowMinimum {
    /// Every choice.
    pub const ALL: [Self; 2] = [Self::NoMultiplier, Self::ZeroWeight];

    /// The name in the configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoMultiplier => "no_multiplier",
            Self::ZeroWeight => "zero_weight",
        }
    }
}

/// For how long rewards were held: d.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum DurationRule {
    /// On average: d = (O·W + Σ remaining·age) / (O + Σ initial).
    #[default]
    Average,
    /// Walking back from `as_of` and adding up outflows, the time since the one with which the sum first
    /// exceeds 0.1 % of Σ initial; and at most what it would be without sales: W if O ≥ Σ initial, else
    /// the time since the first reward of the window.
    SinceLastSale,
}

impl DurationRule {
    /// Every choice.
    pub const ALL: [Self; 2] = [Self::Average, Self::SinceLastSale];

    /// The name in the configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Average => "default",
            Self::SinceLastSale => "since_last_sale",
        }
    }
}

/// Where the weight goes that multipliers add and take.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Redistribution {
    /// To all in proportion: w·m, scaled to the sum that was.
    #[default]
    Normalise,
    /// As `Normalise`; then what is under max(`factor`·w, `absolute`) loses its weight to the others.
    Threshold {
        /// The part of its own weight that one must have after normalising, 0 for any.
        factor: Ppb,
        /// The weight that one must have after normalising, in the unit of the weights, 0 for any.
        absolute: Ppb,
    },
    /// w·m/M, and the rest to one uid.
    Burn {
        /// That uid.
        uid: Uid,
    },
}

impl Redistribution {
    /// Every name in the configuration.
    pub const NAMES: [&'static str; 3] = ["normalise", "threshold", "burn"];

    /// The name in the configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Normalise => "normalise",
            Self::Threshold { .. } => "threshold",
            Self::Burn { .. } => "burn",
        }
    }
}
