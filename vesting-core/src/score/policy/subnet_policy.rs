//! The policy of one subnet.

use std::sync::Arc;

use crate::ledger::UnattributedRule;
// A policy holds its formula, which reads the policy: the one circle of this street.
use crate::score::formula::{Formula, GeometricMean};
use crate::score::policy::error::PolicyError;
use crate::score::policy::rules::{BelowMinimum, DurationRule, Redistribution};
use crate::units::{BlockNumber, Millis, Ppb, Rao};

/// Milliseconds of a day.
pub const DAY_MS: u64 = 86_400_000;

/// The policy of one subnet.
///
/// ```
/// use vesting_core::policy::{Policy, Redistribution};
/// use vesting_core::{Ppb, Uid};
///
/// let policy = Policy {
///     max_multiplier: "1.3".parse()?,
///     redistribution: Redistribution::Burn { uid: Uid(0) },
///     ..Policy::default()
/// };
/// policy.check()?;
/// // The same text, and so the same digest, means the same policy.
/// assert!(policy.text().contains("max_multiplier_ppb 1300000000\n"));
/// assert_ne!(policy.digest(), Policy::default().digest());
///
/// let wrong = Policy { retention_target: Ppb(0), ..policy };
/// assert_eq!(
///     wrong.check().unwrap_err().to_string(),
///     "`retention_target` cannot be 0.000000000: it must be above 0 and at most 1"
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Policy {
    /// Stake under which a holder gets no multiplier.
    pub minimum_stake: Rao,
    /// The retention window W.
    pub retention_window: Millis,
    /// The retention target T, in (0, 1].
    pub retention_target: Ppb,
    /// The largest multiplier M, at least 1.
    pub max_multiplier: Ppb,
    /// How a holding becomes a factor.
    pub formula: Arc<dyn Formula>,
    /// How the time that rewards were held is measured.
    pub duration_rule: DurationRule,
    /// How many times the rewards of the window the opening counts at most in the time held; no limit if `None`.
    pub opening_cap: Option<Ppb>,
    /// What happens to a holder under the minimum.
    pub below_minimum: BelowMinimum,
    /// How weights are redistributed after multipliers are applied.
    pub redistribution: Redistribution,
    /// How unattributed changes count.
    pub unattributed: UnattributedRule,
    /// Before this block weights are returned unchanged.
    pub effective_from_block: Option<BlockNumber>,
    /// Whether to compute and report, but to change no weight. Validators need not agree on it.
    pub shadow: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            minimum_stake: Rao(300_000_000),
            retention_window: Millis(30 * DAY_MS),
            retention_target: Ppb(900_000_000),
            max_multiplier: Ppb(1_500_000_000),
            formula: Arc::new(GeometricMean),
            duration_rule: DurationRule::default(),
            opening_cap: None,
            below_minimum: BelowMinimum::default(),
            redistribution: Redistribution::default(),
            unattributed: UnattributedRule::default(),
            effective_from_block: None,
            shadow: false,
        }
    }
}

/// A formula is identified by its name and keys, so the text has everything but `shadow`.
impl PartialEq for Policy {
    fn eq(&self, other: &Self) -> bool {
        self.shadow == other.shadow && self.text() == other.text()
    }
}

impl Eq for Policy {}

impl Policy {
    /// The highest `max_multiplier`, `opening_cap` and `threshold_factor`.
    pub const MOST_FACTOR: Ppb = Ppb(1_000_000_000_000);

    /// A window of so many days, given in parts per billion of a day.
    #[must_use]
    pub fn days(days: Ppb) -> Option<Millis> {
        let ms = u128::from(days.0).checked_mul(u128::from(DAY_MS))? / u128::from(Ppb::ONE.0);
        u64::try_from(ms).ok().map(Millis)
    }

    /// Checks every value.
    ///
    /// # Errors
    /// The first impossible value, with its key and what is wrong.
    pub fn check(&self) -> Result<(), PolicyError> {
        let refuse = |key, value: &dyn ToString, why| Err(PolicyError { key, value: value.to_string(), why });
        if self.retention_window.0 == 0 {
            return refuse("retention_window_days", &0, "the window must be longer than a millisecond");
        }
        if self.retention_window.0 > 3_650 * DAY_MS {
            return refuse(
                "retention_window_days",
                &(self.retention_window.0 / DAY_MS),
                "the window must be at most 3650 days",
            );
        }
        if self.retention_target == Ppb(0) || self.retention_target > Ppb::ONE {
            return refuse("retention_target", &self.retention_target, "it must be above 0 and at most 1");
        }
        if self.max_multiplier < Ppb::ONE || self.max_multiplier > Self::MOST_FACTOR {
            return refuse("max_multiplier", &self.max_multiplier, "it must be from 1 to 1000");
        }
        if let Some(cap) = self.opening_cap.filter(|cap| *cap > Self::MOST_FACTOR) {
            return refuse("opening_cap", &cap, "it must be at most 1000");
        }
        for (key, value) in self.formula.keys() {
            let is_name = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_');
            if !key.bytes().all(is_name) || !value.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
                return refuse(
                    key,
                    &value,
                    "the key of a formula must be a name, and its value a line of ASCII",
                );
            }
        }
        self.formula.check(self)?;
        match self.redistribution {
            Redistribution::Threshold { factor: Ppb(0), absolute: Ppb(0) } => refuse(
                "threshold_factor",
                &0,
                "with `redistribution = threshold`, it or `absolute_threshold` must be above 0",
            ),
            Redistribution::Threshold { factor, .. } if factor > Self::MOST_FACTOR => {
                refuse("threshold_factor", &factor, "it must be at most 1000")
            }
            _ => Ok(()),
        }
    }

    /// What this policy asks for and cannot get, in words. The policy is valid all the same.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        self.formula.warnings(self)
    }

    /// Whether a reward can be held for so many days inside the window. On average no reward is held for the
    /// whole window, since it was earned inside.
    #[must_use]
    pub fn reaches(&self, days: u64) -> bool {
        let held = days.saturating_mul(DAY_MS);
        match self.duration_rule {
            DurationRule::Average => held < self.retention_window.0,
            DurationRule::SinceLastSale => held <= self.retention_window.0,
        }
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
        for factor in [0, 1_000_000_000_001] {
            let redistribution = Redistribution::Threshold { factor: Ppb(factor), absolute: Ppb(0) };
            assert_eq!(
                Policy { redistribution, ..Policy::default() }.check().unwrap_err().key,
                "threshold_factor"
            );
        }
        let redistribution = Redistribution::Threshold { factor: Ppb(0), absolute: Ppb(1) };
        assert_eq!(Policy { redistribution, ..Policy::default() }.check(), Ok(()));
        assert_eq!(Policy::default().check(), Ok(()));
    }
}
