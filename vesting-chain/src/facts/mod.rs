//! What is known of runtimes, by version: one table, [`RULES`], of which everything that depends on a version
//! is asked.
//!
//! A runtime tells most of itself by its metadata, and is read by that. What it does not tell is here: a
//! meaning that changed under the same name and fields, and what a reader may leave out. Each rule says how
//! it was found, so that on a runtime that nobody measured one can see what is taken on faith.

mod fee;
mod measured;
mod rule;

pub use fee::FeeRule;
pub use measured::{MEASURED, Standing};
pub use rule::{Fact, Found, RULES, Rule};

/// What is known of one runtime.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    spec_version: u32,
}

impl Facts {
    /// Of the runtime of this version.
    #[must_use]
    pub const fn of(spec_version: u32) -> Self {
        Self { spec_version }
    }

    /// Whether a rule holds on it.
    #[must_use]
    pub fn hold(self, rule: Rule) -> bool {
        self.in_force().any(|fact| fact.rule == rule)
    }

    /// The rules that hold on it, in the order of the table.
    pub fn in_force(self) -> impl Iterator<Item = &'static Fact> {
        RULES.iter().filter(move |fact| fact.spans(self.spec_version))
    }

    /// Where the fee of a removal is.
    #[must_use]
    pub fn fee(self) -> FeeRule {
        if self.hold(Rule::FeeOnTop) { FeeRule::OnTop } else { FeeRule::Inside }
    }

    /// Where it stands beside the runtimes that were measured.
    #[must_use]
    pub fn standing(self) -> Standing {
        Standing::of(self.spec_version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_stands_once_and_was_measured_where_it_holds() {
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
                Found::Measured(specs) => (specs, &MEASURED),
                Found::Tried(specs) => (specs, specs),
                Found::Read => continue,
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
