//! The formula in steps.

use super::any_formula::Formula;
use super::part;
use super::term::Term;
use crate::score::holding::Holding;
use crate::score::multiplier::LimitedBy;
use crate::score::policy::{DAY_MS, Policy};
use crate::units::{Fraction, Ppb};

/// The parts of the rewards kept, in tenths, at which another step is met.
const TENTHS_KEPT: [u128; 3] = [3, 5, 7];
/// The days held at which another step is met.
const DAYS_HELD: [u64; 3] = [14, 30, 60];

/// In steps: a = 1.1, 1.2, 1.3 for .3, .5, .7 of the rewards kept, b the same for 14, 30, 60 days held,
/// 1 under that; m = min(M, 1 + ((a+b)/2 − 1)·(M − 1)/0.3). Each of six steps is a sixth of the way to M.
///
/// Rewards are held for at most the window. So a window of 60 days or less leaves out steps of b;
/// [`Policy::warnings`] says which.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tiered;

impl Tiered {
    const STEPS: u64 = 6;

    /// ⌊1 + steps·(M − 1)/6⌋: with a = 1 + i/10 and b = 1 + j/10, ((a+b)/2 − 1)/0.3 is (i+j)/6.
    fn after(steps: u64, policy: &Policy) -> Option<Ppb> {
        let factor = part::towards_most(steps.into(), Self::STEPS.into(), policy)?;
        Some(factor.min(policy.max_multiplier))
    }
}

/// The number of steps met: by the part kept, and by the time held.
fn met(holding: &Holding) -> Option<(u64, u64)> {
    let (kept, held): (Fraction, Fraction) = (holding.kept()?, holding.duration()?);
    let a = steps(TENTHS_KEPT.map(|tenths| kept.is_at_least(tenths, 10)));
    let b = steps(DAYS_HELD.map(|days| held.is_at_least(u128::from(days) * u128::from(DAY_MS), 1)));
    Some((a, b))
}

fn steps<const N: usize>(met: [bool; N]) -> u64 {
    met.into_iter().map(u64::from).sum()
}

impl Formula for Tiered {
    fn name(&self) -> &'static str {
        "tiered"
    }

    fn factor(&self, holding: &Holding, policy: &Policy) -> Option<(Ppb, LimitedBy)> {
        let (a, b) = met(holding)?;
        let factor = Self::after(a.saturating_add(b), policy)?;
        let limited_by = match () {
            () if factor == policy.max_multiplier => LimitedBy::Nothing,
            // With equal numbers below three, something was sold: a holder that keeps everything meets all
            // three steps of a.
            () if a <= b => LimitedBy::HoldingPercentage,
            () => LimitedBy::HoldingDuration,
        };
        Some((factor, limited_by))
    }

    fn terms(&self, holding: &Holding, _policy: &Policy) -> Vec<Term> {
        let Some((a, b)) = met(holding) else { return Vec::new() };
        let tenths = |steps: u64| Ppb(Ppb::ONE.0.saturating_add(steps.saturating_mul(Ppb::ONE.0 / 10)));
        let most = tenths(3);
        vec![
            Term {
                name: "a",
                value: tenths(a),
                most,
                meaning: "1.1, 1.2, 1.3 for .3, .5, .7 of the rewards kept",
            },
            Term { name: "b", value: tenths(b), most, meaning: "1.1, 1.2, 1.3 for 14, 30, 60 days held" },
        ]
    }

    fn warnings(&self, policy: &Policy) -> Vec<String> {
        let missed: Vec<String> =
            DAYS_HELD.iter().filter(|days| !policy.reaches(**days)).map(ToString::to_string).collect();
        let reached = DAYS_HELD.len().saturating_sub(missed.len()).saturating_add(TENTHS_KEPT.len());
        let best = u64::try_from(reached).ok().and_then(|steps| Self::after(steps, policy));
        match best {
            Some(best) if !missed.is_empty() => vec![format!(
                "`retention_window_days` is too short for `formula = tiered`: nothing can be held for {} \
                days inside it, so no multiplier is above {best}",
                missed.join(" or ")
            )],
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::score::multiplier::multiplier;

    /// So many of a thousand kept, held for so long under a policy of 90 days.
    fn judge(kept: u128, held_ms: u128) -> (Ppb, LimitedBy) {
        let policy = policy(90);
        let holding = Holding {
            rewards: 1_000_000_000,
            rewards_kept: kept * 1_000_000,
            rewards_age: held_ms * 1_000_000_000,
            window_ms: policy.retention_window.0,
            ..Holding::default()
        };
        let found = multiplier(&holding, &policy);
        (found.factor, found.limited_by)
    }

    fn policy(days: u64) -> Policy {
        Policy {
            formula: Arc::new(Tiered),
            minimum_stake: crate::units::Rao(0),
            retention_window: crate::units::Millis(days * DAY_MS),
            ..Policy::default()
        }
    }

    #[test]
    fn every_step_is_where_the_design_puts_it() {
        let day = u128::from(DAY_MS);
        let third = |n: u64| Ppb(1_000_000_000 + 500_000_000 * n / 6);
        for (kept, held, steps) in [
            (299, 0, 0),
            (300, 0, 1),
            (499, 0, 1),
            (500, 0, 2),
            (699, 0, 2),
            (700, 0, 3),
            (1_000, 14 * day - 1, 3),
            (1_000, 14 * day, 4),
            (1_000, 30 * day - 1, 4),
            (1_000, 30 * day, 5),
            (1_000, 60 * day - 1, 5),
            (1_000, 60 * day, 6),
            (0, 60 * day, 3),
        ] {
            assert_eq!(judge(kept, held).0, third(steps), "{kept} of 1000 for {held} ms");
        }
    }

    #[test]
    fn the_limit_is_what_has_fewer_steps() {
        let day = u128::from(DAY_MS);
        assert_eq!(judge(1_000, 60 * day), (Policy::default().max_multiplier, LimitedBy::Nothing));
        assert_eq!(judge(1_000, 59 * day).1, LimitedBy::HoldingDuration);
        assert_eq!(judge(300, 14 * day).1, LimitedBy::HoldingPercentage);
        assert_eq!(judge(0, 0).1, LimitedBy::HoldingPercentage);
    }

    #[test]
    fn its_terms_are_the_steps_met() {
        let age = 30 * u128::from(DAY_MS) * 10;
        let holding = Holding { rewards: 10, rewards_kept: 3, rewards_age: age, ..Holding::default() };
        let values: Vec<Ppb> = Tiered.terms(&holding, &policy(90)).iter().map(|term| term.value).collect();
        assert_eq!(values, [Ppb(1_100_000_000), Ppb(1_200_000_000)]);
        assert_eq!(Tiered.terms(&Holding::default(), &policy(90)), []);
    }

    #[test]
    fn a_window_too_short_for_the_last_steps_is_allowed_and_said() {
        assert_eq!(policy(30).check(), Ok(()));
        let said = policy(30).warnings();
        assert!(said[0].contains("30 or 60 days") && said[0].contains("1.333333333"), "{said:?}");
        assert!(policy(60).warnings()[0].contains("for 60 days"));
        assert_eq!(policy(61).warnings(), Vec::<String>::new());
        assert_eq!(Policy::default().warnings(), Vec::<String>::new());
    }
}
