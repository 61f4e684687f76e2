//! The default formula.

use super::any_formula::Formula;
use super::term::Term;
use crate::score::holding::Holding;
use crate::score::multiplier::LimitedBy;
use crate::score::policy::Policy;
use crate::units::Ppb;

/// The default: m = 1 + √(p·q)·(M − 1). Here p is the part kept as a part of the target, and q is the time
/// held as a part of the window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GeometricMean;

impl GeometricMean {
    /// p = ⌊Σ remaining · 10¹⁸ / (Σ initial · T)⌋ and q = ⌊10⁹ · d / W⌋.
    fn p_and_q(holding: &Holding, policy: &Policy) -> Option<(Ppb, Ppb)> {
        let p = holding.kept()?.part_of(u128::from(policy.retention_target.0), u128::from(Ppb::ONE.0))?;
        let q = holding.duration()?.part_of(u128::from(policy.retention_window.0), 1)?;
        Some((p, q))
    }
}

impl Formula for GeometricMean {
    fn name(&self) -> &'static str {
        "geometric_mean"
    }

    fn factor(&self, holding: &Holding, policy: &Policy) -> Option<(Ppb, LimitedBy)> {
        let one = u128::from(Ppb::ONE.0);
        let (p, q) = Self::p_and_q(holding, policy)?;
        let root = u128::from(p.0).checked_mul(u128::from(q.0))?.isqrt();
        let extra = root.checked_mul(u128::from(policy.max_multiplier.0.checked_sub(Ppb::ONE.0)?))? / one;
        let factor = Ppb(Ppb::ONE.0.checked_add(u64::try_from(extra).ok()?)?);
        let limited_by = match () {
            () if factor == policy.max_multiplier => LimitedBy::Nothing,
            () if p < q => LimitedBy::HoldingPercentage,
            () => LimitedBy::HoldingDuration,
        };
        Some((factor, limited_by))
    }

    fn terms(&self, holding: &Holding, policy: &Policy) -> Vec<Term> {
        let Some((p, q)) = Self::p_and_q(holding, policy) else { return Vec::new() };
        vec![
            Term {
                name: "p",
                value: p,
                most: Ppb::ONE,
                meaning: "the part of the rewards kept, against the retention target",
            },
            Term { name: "q", value: q, most: Ppb::ONE, meaning: "the time held, against the window" },
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::policy::DAY_MS;

    #[test]
    fn its_terms_are_those_of_the_worked_example() {
        // h = .45 and d = 15 of 30 days.
        let age = 15 * u128::from(DAY_MS) * 1_000;
        let holding = Holding { rewards: 1_000, rewards_kept: 450, rewards_age: age, ..Holding::default() };
        let terms = GeometricMean.terms(&holding, &Policy::default());
        assert_eq!(
            terms.iter().map(|term| (term.name, term.value.0)).collect::<Vec<_>>(),
            [("p", 500_000_000), ("q", 500_000_000)]
        );
        assert_eq!(GeometricMean.terms(&Holding::default(), &Policy::default()), []);
    }
}
