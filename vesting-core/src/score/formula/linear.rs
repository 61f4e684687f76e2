//! Retention alone.

use super::any_formula::Formula;
use super::part;
use super::term::Term;
use crate::score::holding::Holding;
use crate::score::multiplier::LimitedBy;
use crate::score::policy::Policy;
use crate::units::Ppb;

/// Retention alone: m = 1 + p·(M − 1). For how long the rewards were held does not count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Linear;

impl Formula for Linear {
    fn name(&self) -> &'static str {
        "linear"
    }

    fn factor(&self, holding: &Holding, policy: &Policy) -> Option<(Ppb, LimitedBy)> {
        let p = part::p(holding, policy)?;
        let factor = part::towards_most(u128::from(p.0), u128::from(Ppb::ONE.0), policy)?;
        let limited_by =
            if factor == policy.max_multiplier { LimitedBy::Nothing } else { LimitedBy::HoldingPercentage };
        Some((factor, limited_by))
    }

    fn terms(&self, holding: &Holding, policy: &Policy) -> Vec<Term> {
        part::p(holding, policy).map(part::p_term).into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(kept: u128) -> (Ppb, LimitedBy) {
        let policy = Policy { max_multiplier: Ppb(6_000_000_000), ..Policy::default() };
        let holding = Holding { rewards: 1_000, rewards_kept: kept, ..Holding::default() };
        Linear.factor(&holding, &policy).unwrap()
    }

    #[test]
    fn each_part_kept_is_the_same_part_of_the_way() {
        // Of a target of .9.
        assert_eq!(judge(0), (Ppb::ONE, LimitedBy::HoldingPercentage));
        assert_eq!(judge(450), (Ppb(3_500_000_000), LimitedBy::HoldingPercentage));
        assert_eq!(judge(899), (Ppb(5_994_444_440), LimitedBy::HoldingPercentage));
        assert_eq!(judge(900), (Ppb(6_000_000_000), LimitedBy::Nothing));
        assert_eq!(judge(1_000), (Ppb(6_000_000_000), LimitedBy::Nothing));
    }

    #[test]
    fn its_term_is_the_part_kept() {
        let holding = Holding { rewards: 1_000, rewards_kept: 450, ..Holding::default() };
        let terms = Linear.terms(&holding, &Policy::default());
        assert_eq!(
            terms.iter().map(|term| (term.name, term.value.0)).collect::<Vec<_>>(),
            [("p", 500_000_000)]
        );
        assert_eq!(Linear.terms(&Holding::default(), &Policy::default()), []);
    }
}
