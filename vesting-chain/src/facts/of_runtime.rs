//! What is known of one runtime by its version.

use crate::facts::fee::FeeRule;
use crate::facts::measured::Standing;
use crate::facts::rule::{Fact, RULES, Rule};

/// What is known of one runtime.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    spec_version: u32,
}

impl Facts {
    /// The facts of the runtime of this version.
    #[must_use]
    pub const fn of(spec_version: u32) -> Self {
        Self { spec_version }
    }

    /// Whether a rule holds on this runtime.
    #[must_use]
    pub fn hold(self, rule: Rule) -> bool {
        self.in_force().any(|fact| fact.rule == rule)
    }

    /// The rules that hold on this runtime, in the order of the table.
    pub fn in_force(self) -> impl Iterator<Item = &'static Fact> {
        RULES.iter().filter(move |fact| fact.spans(self.spec_version))
    }

    /// Where this runtime's removals have their fee.
    #[must_use]
    pub fn fee(self) -> FeeRule {
        if self.hold(Rule::FeeOnTop) { FeeRule::OnTop } else { FeeRule::Inside }
    }

    /// How this runtime compares with the measured ones.
    #[must_use]
    pub fn standing(self) -> Standing {
        Standing::of(self.spec_version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::measured::MEASURED;
    use crate::facts::rule::Evidence;

    #[test]
    fn every_rule_is_listed_once_and_was_measured_where_it_holds() {
        for rule in Rule::ALL {
            let facts: Vec<&Fact> = RULES.iter().filter(|fact| fact.rule == *rule).collect();
            assert_eq!(facts.len(), 1, "{}", rule.name());
            let fact = facts[0];
            assert!(
                fact.since.is_none_or(|since| fact.until.is_none_or(|until| since <= until)),
                "{}",
                rule.name()
            );
            let (specs, among): (&[u32], &[u32]) = match fact.found {
                Evidence::Measured(specs) => (specs, &MEASURED),
                Evidence::Tried(specs) => (specs, specs),
                Evidence::Read => continue,
            };
            assert!(
                !specs.is_empty() && specs.iter().all(|spec| fact.spans(*spec) && among.contains(spec)),
                "{}",
                rule.name()
            );
        }
        assert_eq!(RULES.len(), Rule::ALL.len());
    }

    #[test]
    fn the_fee_is_in_one_place_on_every_runtime() {
        for spec in 0..1_000 {
            let facts = Facts::of(spec);
            assert!(facts.hold(Rule::FeeInside) != facts.hold(Rule::FeeOnTop), "{spec}");
        }
        assert_eq!(
            [393, 400, 401, 425, 475, 999].map(|spec| Facts::of(spec).fee() == FeeRule::OnTop),
            [false, false, true, true, true, true]
        );
    }

    #[test]
    fn rules_begin_and_end_where_they_were_found_to() {
        let hold = |rule, specs: [u32; 2]| specs.map(|spec| Facts::of(spec).hold(rule));
        assert_eq!(hold(Rule::StakePointer, [440, 441]), [true, false]);
        assert_eq!(hold(Rule::ValueCapped, [457, 458]), [false, true]);
        assert_eq!(hold(Rule::SharePoolEpochs, [458, 459]), [false, true]);
        assert_eq!(hold(Rule::UnlistedLegacyRows, [472, 473]), [false, true]);
        assert_eq!(hold(Rule::DissolvedAtOnce, [425, 426]), [true, false]);
        assert_eq!(hold(Rule::DissolvedOverBlocks, [425, 426]), [false, true]);
    }
}
