//! Time that counts for less and less.

use super::any_formula::Formula;
use super::logarithm::log2;
use super::part;
use super::term::Term;
use crate::score::holding::Holding;
use crate::score::multiplier::LimitedBy;
use crate::score::policy::{DAY_MS, Policy, PolicyError};
use crate::units::{Millis, Ppb};

/// m = 1 + p·l·(M − 1) with l = ln(1 + d/τ) / ln(1 + W/τ): the first days held count for more than the last.
/// A small τ gives most of the way in the first days; a large one gives nearly the same for each day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Logarithmic {
    /// τ, `duration_scale_days` in the configuration.
    pub scale: Millis,
}

impl Default for Logarithmic {
    fn default() -> Self {
        Self { scale: Millis(7 * DAY_MS) }
    }
}

impl Logarithmic {
    /// The largest τ, in days.
    pub const MOST_DAYS: u64 = 3_650;

    /// l = ⌊10⁹ · log₂((τ + d) / τ) / log₂((τ + W) / τ)⌋, at most 1, with d in whole milliseconds. Every base
    /// gives the same ratio, and that of two is exact bit by bit.
    fn l(&self, holding: &Holding, policy: &Policy) -> Option<Ppb> {
        let log = |ms: u64| log2(self.scale.0.checked_add(ms)?, self.scale.0);
        let (held, window) = (log(holding.duration_ms()?)?, log(policy.retention_window.0)?);
        let part = held.checked_mul(u128::from(Ppb::ONE.0))?.checked_div(window)?;
        Some(Ppb(u64::try_from(part).ok()?.min(Ppb::ONE.0)))
    }
}

impl Formula for Logarithmic {
    fn name(&self) -> &'static str {
        "logarithmic"
    }

    fn keys(&self) -> Vec<(&'static str, String)> {
        vec![("duration_scale_ms", self.scale.to_string())]
    }

    fn check(&self, _policy: &Policy) -> Result<(), PolicyError> {
        if self.scale.0 > 0 && self.scale.0 <= Self::MOST_DAYS * DAY_MS {
            return Ok(());
        }
        let why = "it must be at least a millisecond and at most 3650 days";
        Err(PolicyError { key: "duration_scale_days", value: format!("{} ms", self.scale), why })
    }

    fn factor(&self, holding: &Holding, policy: &Policy) -> Option<(Ppb, LimitedBy)> {
        let (p, l) = (part::p(holding, policy)?, self.l(holding, policy)?);
        let (both, one) = (u128::from(p.0).checked_mul(u128::from(l.0))?, u128::from(Ppb::ONE.0));
        let factor = part::towards_most(both, one.checked_mul(one)?, policy)?;
        Some((factor, part::smaller(factor, p, l, policy)))
    }

    fn terms(&self, holding: &Holding, policy: &Policy) -> Vec<Term> {
        let (Some(p), Some(l)) = (part::p(holding, policy), self.l(holding, policy)) else {
            return Vec::new();
        };
        let meaning = "the time held, against the window, the first days for more than the last";
        vec![part::p_term(p), Term { name: "l", value: l, most: Ppb::ONE, meaning }]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The time held of a window of 30 days, with τ in days.
    fn l(held: u128, scale_days: u64) -> u64 {
        let rewards_age = 1_000 * held * u128::from(DAY_MS);
        let holding = Holding { rewards: 1_000, rewards_kept: 1_000, rewards_age, ..Holding::default() };
        Logarithmic { scale: Millis(scale_days * DAY_MS) }.l(&holding, &Policy::default()).unwrap().0
    }

    #[test]
    fn the_time_held_is_the_logarithm_that_longer_arithmetic_gives() {
        // ⌊10⁹ · ln(1 + d/τ) / ln(1 + 30/τ)⌋ with 60 decimal places.
        for (held, scale_days, expected) in [
            (0, 7, 0),
            (1, 7, 80_198_660),
            (7, 7, 416_302_671),
            (15, 7, 687_763_942),
            (29, 7, 983_544_236),
            (30, 7, 1_000_000_000),
            (1, 1, 201_849_086),
            (15, 1, 807_396_346),
            (10, 3650, 334_243_668),
            (1, 3650, 33_465_548),
            (29, 3650, 966_798_210),
        ] {
            assert_eq!(l(held, scale_days), expected, "{held} days, scale {scale_days}");
        }
    }

    #[test]
    fn it_is_limited_by_what_is_smaller() {
        let judge = |kept: u128, days: u128| {
            let rewards_age = kept * days * u128::from(DAY_MS);
            let holding = Holding { rewards: 1_000, rewards_kept: kept, rewards_age, ..Holding::default() };
            Logarithmic::default().factor(&holding, &Policy::default()).unwrap()
        };
        assert_eq!(judge(1_000, 30), (Policy::default().max_multiplier, LimitedBy::Nothing));
        assert_eq!(judge(1_000, 15).1, LimitedBy::HoldingDuration);
        assert_eq!(judge(100, 30).1, LimitedBy::HoldingPercentage);
        assert_eq!(judge(0, 0).0, Ppb::ONE);
    }

    #[test]
    fn a_scale_out_of_range_is_named() {
        for scale in [0, 3_650 * DAY_MS + 1] {
            let formula = Logarithmic { scale: Millis(scale) };
            assert_eq!(formula.check(&Policy::default()).unwrap_err().key, "duration_scale_days");
        }
        assert_eq!(Logarithmic { scale: Millis(1) }.check(&Policy::default()), Ok(()));
    }
}
