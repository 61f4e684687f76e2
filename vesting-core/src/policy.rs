//! The policy: what a subnet's owner decides. Validators that share it get the same multipliers.

use crate::{BlockNumber, Millis, Ppb, Rao};

/// Milliseconds of a day.
pub const DAY_MS: u64 = 86_400_000;

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

/// The policy of one subnet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Stake under which a holder gets no multiplier.
    pub minimum_stake: Rao,
    /// The retention window W.
    pub retention_window: Millis,
    /// The retention target T, in (0, 1].
    pub retention_target: Ppb,
    /// The largest multiplier M, at least 1.
    pub max_multiplier: Ppb,
    /// What happens under the minimum.
    pub below_minimum: BelowMinimum,
    /// Before this block weights are returned unchanged.
    pub effective_from_block: Option<BlockNumber>,
    /// Compute and report, change nothing.
    pub shadow: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            minimum_stake: Rao(300_000_000),
            retention_window: Millis(30 * DAY_MS),
            retention_target: Ppb(900_000_000),
            max_multiplier: Ppb(1_500_000_000),
            below_minimum: BelowMinimum::default(),
            effective_from_block: None,
            shadow: false,
        }
    }
}

/// A policy that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{key}` cannot be {value}: {why}")]
pub struct PolicyError {
    /// The configuration key.
    pub key: &'static str,
    /// Its value.
    pub value: String,
    /// What is wrong with it.
    pub why: &'static str,
}

impl Policy {
    /// A window of so many days, given in parts per billion of a day.
    #[must_use]
    pub fn days(days: Ppb) -> Option<Millis> {
        let ms = u128::from(days.0).checked_mul(u128::from(DAY_MS))? / u128::from(Ppb::ONE.0);
        u64::try_from(ms).ok().map(Millis)
    }

    /// Names the first value that cannot be.
    ///
    /// # Errors
    /// With the key, its value and what is wrong.
    pub fn check(&self) -> Result<(), PolicyError> {
        let refuse = |key, value: &dyn ToString, why| Err(PolicyError { key, value: value.to_string(), why });
        if self.retention_window.0 == 0 {
            return refuse("retention_window_days", &0, "the window must be longer than a millisecond");
        }
        if self.retention_window.0 > 3_650 * DAY_MS {
            return refuse("retention_window_days", &(self.retention_window.0 / DAY_MS), "the window must be at most 3650 days");
        }
        if self.retention_target == Ppb(0) || self.retention_target > Ppb::ONE {
            return refuse("retention_target", &self.retention_target, "it must be above 0 and at most 1");
        }
        if self.max_multiplier < Ppb::ONE || self.max_multiplier > Ppb(1_000 * Ppb::ONE.0) {
            return refuse("max_multiplier", &self.max_multiplier, "it must be from 1 to 1000");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fraction_of_a_day_is_exact() {
        assert_eq!(Policy::days(Ppb(20_000_000)), Some(Millis(1_728_000)));
        assert_eq!(Policy::days(Ppb(30_000_000_000)), Some(Policy::default().retention_window));
    }

    #[test]
    fn impossible_values_are_named() {
        let bad = Policy { retention_target: Ppb(0), ..Policy::default() };
        assert_eq!(bad.check().unwrap_err().key, "retention_target");
        let bad = Policy { max_multiplier: Ppb(999_999_999), ..Policy::default() };
        assert_eq!(bad.check().unwrap_err().key, "max_multiplier");
        assert_eq!(Policy::default().check(), Ok(()));
    }
}
