//! The default formula.

use super::any_formula::Formula;
use super::part;
use super::term::Term;
use crate::score::holding::Holding;
use crate::score::multiplier::LimitedBy;
use crate::score::policy::Policy;
use crate::units::Ppb;

/// The default: m = 1 + √(p·q)·(M − 1). Here p is the part kept as a part of the target, and q is the time
/// held as a part of the window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GeometricMean;

impl Formula for GeometricMean {
    fn name(&self) -> &'static str {
        "geometric_mean"
    }

    fn factor(&self, holding: &Holding, policy: &Policy) -> Option<(Ppb, LimitedBy)> {
        let (p, q) = (part::p(holding, policy)?, part::q(holding, policy)?);
        let root = u128::from(p.0).checked_mul(u128::from(q.0))?.isqrt();
        let factor = part::towards_most(root, u128::from(Ppb::ONE.0), policy)?;
        Some((factor, part::smaller(factor, p, q, policy)))
    }

    fn terms(&self, holding: &Holding, policy: &Policy) -> Vec<Term> {
        let (Some(p), Some(q)) = (part::p(holding, policy), part::q(holding, policy)) else {
            return Vec::new();
        };
        let meaning = "the time held, against the window";
        vec![part::p_term(p), Term { name: "q", value: q, most: Ppb::ONE, meaning }]
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
