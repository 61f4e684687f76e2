//! Parses the formula of a policy, with its keys.

use std::sync::Arc;

use vesting_core::formula::{Formula, Logarithmic, StakeTiers, Tier, TierStake, built_in};
use vesting_core::policy::Policy;
use vesting_core::{Ppb, Rao};

use super::mistake::{Mistake, Mistakes};
use super::values::Values;

/// The formula. Its keys are checked even if another one is named, as far as they stand alone.
pub fn parse(values: &Values<'_>, mistakes: &mut Mistakes) -> Option<Arc<dyn Formula>> {
    let formula = mistakes.note_err(values.choice("formula", built_in(), |formula| formula.name()));
    let scale = mistakes.note_err(scale(values));
    let on = mistakes.note_err(values.choice("stake_tiers_on", TierStake::ALL, |on| on.name()));
    let tiers = mistakes.note_err(tiers(values));
    let stake_tiers = StakeTiers { on: on?, tiers: tiers? };
    let is_set = !stake_tiers.tiers.is_empty();
    let own: [(Arc<dyn Formula>, bool); 2] = [(Arc::new(scale?), true), (Arc::new(stake_tiers), is_set)];
    let mut formula = formula?;
    for (own, is_set) in own {
        if own.name() == formula.name() {
            formula = own;
        } else if is_set {
            // Under the highest limit there is, since this policy's limit is not for it.
            let alone = Policy { max_multiplier: Policy::MOST_FACTOR, ..Policy::default() };
            if let Err(error) = own.check(&alone) {
                mistakes.note(values.wrong(error.key, &error.why));
            }
        }
    }
    Some(formula)
}

fn scale(values: &Values<'_>) -> Result<Logarithmic, Mistake> {
    let too_long = || values.wrong("duration_scale_days", &"it is too long");
    Ok(Logarithmic { scale: Policy::days(values.decimal("duration_scale_days")?).ok_or_else(too_long)? })
}

/// Lines as `1000:1.2`, of alpha and a factor.
fn tiers(values: &Values<'_>) -> Result<Vec<Tier>, Mistake> {
    let wrong = |line: &str, why: &dyn std::fmt::Display| {
        let why = format!("`{line}`: {why}: a line is ALPHA:FACTOR, as in 1000:1.2");
        values.wrong("stake_tiers", &why)
    };
    let tier = |line: String| {
        let (from, factor) = line.split_once(':').ok_or_else(|| wrong(&line, &"there is no `:`"))?;
        let number = |text: &str| text.trim().parse::<Ppb>().map_err(|error| wrong(&line, &error));
        Ok(Tier { from: Rao(number(from)?.0), factor: number(factor)? })
    };
    values.list("stake_tiers").into_iter().map(tier).collect()
}
