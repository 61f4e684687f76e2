//! A subnet's own formula, with `vesting-core` alone: it counts the part kept only, and that squared, so
//! that who sells a little loses a little and who sells much loses nearly all.
//!
//! `cargo run -p own-formula` prints what it makes of some holdings.

use std::sync::Arc;

use vesting_core::formula::Formula;
use vesting_core::holding::Holding;
use vesting_core::multiplier::{LimitedBy, multiplier};
use vesting_core::policy::{Policy, PolicyError};
use vesting_core::weights::{WeightsError, normalise};
use vesting_core::{Ppb, Rao};

/// m = 1 + p²·(M − 1), with p the part kept against the target.
struct KeptSquared;

impl Formula for KeptSquared {
    // Another constant would be another name. What can be set would be in `keys`.
    fn name(&self) -> &'static str {
        "kept_squared"
    }

    fn factor(&self, holding: &Holding, policy: &Policy) -> Option<(Ppb, LimitedBy)> {
        let one = u128::from(Ppb::ONE.0);
        let p = u128::from(holding.kept()?.part_of(u128::from(policy.retention_target.0), one)?.0);
        let most = u128::from(policy.max_multiplier.0.checked_sub(Ppb::ONE.0)?);
        let extra = p.checked_mul(p)?.checked_mul(most)? / one / one;
        let factor = Ppb(Ppb::ONE.0.checked_add(u64::try_from(extra).ok()?)?);
        let limited_by =
            if factor == policy.max_multiplier { LimitedBy::Nothing } else { LimitedBy::HoldingPercentage };
        Some((factor, limited_by))
    }
}

/// What a subnet decides: this formula, a window of 14 days, up to ×2.
fn policy() -> Result<Policy, PolicyError> {
    let policy = Policy {
        formula: Arc::new(KeptSquared),
        retention_window: vesting_core::Millis(14 * vesting_core::policy::DAY_MS),
        max_multiplier: Ppb(2_000_000_000),
        minimum_stake: Rao(0),
        ..Policy::default()
    };
    policy.check()?;
    Ok(policy)
}

/// Who earned 10 alpha and kept so much of it. A real one comes from `StakeTracker::report`.
fn kept(rao: u128) -> Holding {
    Holding { rewards: 10_000_000_000, rewards_kept: rao, ..Holding::default() }
}

/// Equal weights after the multipliers of holders who kept so much.
fn weights(policy: &Policy, kept_rao: &[u128]) -> Result<Vec<f64>, WeightsError> {
    let factors: Vec<_> = kept_rao.iter().map(|rao| Some(multiplier(&kept(*rao), policy).factor)).collect();
    normalise(&vec![1.0; factors.len()], &factors)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let policy = policy()?;
    print!("{}", policy.text());
    println!("digest {}", policy.digest());
    let some = [10_000_000_000, 9_000_000_000, 4_500_000_000, 0];
    for (rao, weight) in some.iter().zip(weights(&policy, &some)?) {
        let found = multiplier(&kept(*rao), &policy);
        println!("kept {rao:>11} of 10000000000 rao: multiplier {}, weight {weight:.3} of 1", found.factor);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_the_target_gives_a_quarter_of_the_way() {
        let policy = policy().unwrap();
        let factors = [10_000_000_000, 9_000_000_000, 4_500_000_000, 0]
            .map(|rao| multiplier(&kept(rao), &policy).factor);
        assert_eq!(factors, [2_000_000_000, 2_000_000_000, 1_250_000_000, 1_000_000_000].map(Ppb));
    }

    #[test]
    fn it_is_another_policy_and_moves_weight_to_who_keeps() {
        let policy = policy().unwrap();
        assert!(policy.text().contains("formula kept_squared\n"));
        assert_ne!(policy.digest(), Policy::default().digest());
        let weights = weights(&policy, &[10_000_000_000, 0]).unwrap();
        assert!((weights[0] - 4.0 / 3.0).abs() < 1e-12 && (weights[1] - 2.0 / 3.0).abs() < 1e-12);
    }
}
