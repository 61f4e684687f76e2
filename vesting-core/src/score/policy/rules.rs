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
    /// The time since the last sale that counts. Outflows are added up from `as_of` backwards, until the sum
    /// exceeds 0.1 % of Σ initial; d is the time since that outflow. It is at most what it would be without
    /// sales: W if O ≥ Σ initial, else the time since the first reward of the window.
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

/// How weights are redistributed after multipliers are applied.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Redistribution {
    /// To all in proportion: w·m, scaled to the original sum.
    #[default]
    Normalise,
    /// As `Normalise`. Then a weight under max(`factor`·w, `absolute`) is given to the others.
    Threshold {
        /// The part of its original weight that a weight must have after normalising; 0 for no limit.
        factor: Ppb,
        /// The least weight after normalising, in the unit of the weights; 0 for no limit.
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
