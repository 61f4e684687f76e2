//! Multipliers from holdings, in exact integers.

pub use crate::score::formula::LimitedBy;
use crate::score::holding::Holding;
use crate::score::policy::{BelowMinimum, Policy};
use crate::units::Ppb;

/// A holder's multiplier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Multiplier {
    /// The factor, in [1, M].
    pub factor: Ppb,
    /// Whether the weight is set to 0 instead of multiplied.
    pub zero_weight: bool,
    /// What keeps the factor from being larger.
    pub limited_by: LimitedBy,
}

/// The multiplier of a holder under a policy.
///
/// ```
/// use vesting_core::holding::Holding;
/// use vesting_core::multiplier::{LimitedBy, multiplier};
/// use vesting_core::policy::Policy;
/// use vesting_core::{Ppb, Rao};
///
/// // An opening of 1,000, and rewards of 500, of which nothing was sold.
/// let window_ms = Policy::default().retention_window.0;
/// let holding = Holding { opening: 1_000, rewards: 500, rewards_kept: 500, window_ms, ..Holding::default() };
/// let policy = Policy { minimum_stake: Rao(1_000), ..Policy::default() };
/// assert!(multiplier(&holding, &policy).factor > Ppb::ONE);
///
/// let policy = Policy { minimum_stake: Rao(2_000), ..policy };
/// let without = multiplier(&holding, &policy);
/// assert_eq!((without.factor, without.limited_by), (Ppb::ONE, LimitedBy::MinimumStake));
/// ```
#[must_use]
pub fn multiplier(holding: &Holding, policy: &Policy) -> Multiplier {
    let plain = |limited_by| Multiplier { factor: Ppb::ONE, zero_weight: false, limited_by };
    if holding.stake() < policy.minimum_stake {
        return Multiplier {
            zero_weight: policy.below_minimum == BelowMinimum::ZeroWeight,
            ..plain(LimitedBy::MinimumStake)
        };
    }
    let judged = match holding.rewards {
        0 => Some(policy.formula.nothing_earned(holding, policy)),
        _ => policy.formula.factor(holding, policy),
    };
    let Some((factor, limited_by)) = judged else { return plain(LimitedBy::NothingEarned) };
    Multiplier { factor: factor.clamp(Ppb::ONE, policy.max_multiplier), zero_weight: false, limited_by }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::policy::DAY_MS;

    fn holding(opening: u128, rewards: u128, kept: u128, age_ms: u128, window_ms: u64) -> Holding {
        Holding {
            opening,
            rewards,
            rewards_kept: kept,
            rewards_age: kept * age_ms,
            window_ms,
            ..Holding::default()
        }
    }

    #[test]
    fn the_worked_example_of_the_docs() {
        // h = .45 and d = 15 days of 30: .45 kept, all of it for 33⅓ days is d = 15.
        let day = u128::from(DAY_MS);
        let held = Holding {
            rewards_age: 15 * day * 1_000_000_000,
            ..holding(0, 1_000_000_000, 450_000_000, 0, 30 * DAY_MS)
        };
        let m = multiplier(&held, &Policy::default());
        assert_eq!(m.factor, Ppb(1_250_000_000));
    }

    #[test]
    fn nothing_earned_and_too_little_held_give_one() {
        let policy = Policy::default();
        assert_eq!(
            multiplier(&holding(1_000_000_000, 0, 0, 0, 1), &policy).limited_by,
            LimitedBy::NothingEarned
        );
        let poor = multiplier(&holding(1, 10, 10, 5, 10), &policy);
        assert_eq!(
            (poor.factor, poor.limited_by, poor.zero_weight),
            (Ppb::ONE, LimitedBy::MinimumStake, false)
        );
        let strict = Policy { below_minimum: BelowMinimum::ZeroWeight, ..policy };
        assert!(multiplier(&holding(1, 10, 10, 5, 10), &strict).zero_weight);
    }

    #[test]
    fn even_earnings_without_sales_give_what_the_design_says() {
        // 600 epochs of equal rewards over the window, nothing sold, nothing before: 1.354.
        let (epochs, w) = (600u128, 30 * DAY_MS);
        let age: u128 = (0..epochs).map(|n| u128::from(w) * n / epochs).sum();
        let held = Holding {
            rewards_age: age * 1_000_000_000,
            ..holding(0, epochs * 1_000_000_000, epochs * 1_000_000_000, 0, w)
        };
        let m = multiplier(&held, &Policy::default());
        assert!(m.factor.to_string().starts_with("1.353"), "{}", m.factor);
        assert_eq!(m.limited_by, LimitedBy::HoldingDuration);
    }
}
