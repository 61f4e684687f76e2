//! Parses the policy of a subnet.

use vesting_core::policy::{BelowMinimum, DurationRule, Policy, Redistribution, UnattributedRule};
use vesting_core::{BlockNumber, Ppb, Rao, Uid};

use super::formula;
use super::mistake::{Mistake, Mistakes};
use super::setting::SettingMap;
use super::values::Values;

/// The policy. A key with a mistake has its default, so that the rest can be checked too.
pub fn parse(values: &SettingMap, mistakes: &mut Mistakes) -> Policy {
    let values = Values(values);
    let minimum_stake = mistakes.note_err(values.decimal("minimum_stake"));
    let window = mistakes.note_err(values.decimal("retention_window_days"));
    let window = window.and_then(|days| {
        let too_long = || values.wrong("retention_window_days", &"it is too long");
        mistakes.note_err(Policy::days(days).ok_or_else(too_long))
    });
    let retention_target = mistakes.note_err(values.decimal("retention_target"));
    let max_multiplier = mistakes.note_err(values.decimal("max_multiplier"));
    let formula = formula::parse(&values, mistakes);
    let duration_rule =
        mistakes.note_err(values.choice("duration_rule", DurationRule::ALL, |rule| rule.name()));
    let opening_cap = mistakes.note_err(values.optional_decimal("opening_cap"));
    let below_minimum =
        mistakes.note_err(values.choice("below_minimum", BelowMinimum::ALL, |rule| rule.name()));
    let redistribution = redistribution(&values, mistakes);
    let unattributed =
        mistakes.note_err(values.choice("unattributed", UnattributedRule::ALL, |rule| rule.name()));
    let effective_from_block = mistakes.note_err(values.whole("effective_from_block"));
    let shadow = mistakes.note_err(values.yes_or_no("shadow"));
    let otherwise = Policy::default();
    let policy = Policy {
        minimum_stake: minimum_stake.map_or(otherwise.minimum_stake, |stake| Rao(stake.0)),
        retention_window: window.unwrap_or(otherwise.retention_window),
        retention_target: retention_target.unwrap_or(otherwise.retention_target),
        max_multiplier: max_multiplier.unwrap_or(otherwise.max_multiplier),
        formula: formula.unwrap_or(otherwise.formula),
        duration_rule: duration_rule.unwrap_or(otherwise.duration_rule),
        opening_cap: opening_cap.unwrap_or(otherwise.opening_cap),
        below_minimum: below_minimum.unwrap_or(otherwise.below_minimum),
        redistribution: redistribution.unwrap_or(otherwise.redistribution),
        unattributed: unattributed.unwrap_or(otherwise.unattributed),
        effective_from_block: effective_from_block.flatten().map(BlockNumber),
        shadow: shadow.unwrap_or(otherwise.shadow),
    };
    check(policy.clone(), &values, mistakes);
    policy
}

/// The rule of redistribution. Its numbers are checked even if the rule does not use them.
fn redistribution(values: &Values<'_>, mistakes: &mut Mistakes) -> Option<Redistribution> {
    let name = mistakes.note_err(values.choice("redistribution", Redistribution::NAMES, |name| *name));
    let factor = mistakes.note_err(values.decimal("threshold_factor"));
    let absolute = mistakes.note_err(values.decimal("absolute_threshold"));
    let uid = mistakes.note_err(burn_uid(values));
    if name != Some("threshold") {
        check_threshold(factor, values, mistakes);
    }
    match name? {
        "threshold" => Some(Redistribution::Threshold { factor: factor?, absolute: absolute? }),
        "burn" => match uid? {
            Some(uid) => Some(Redistribution::Burn { uid }),
            None => {
                mistakes.note(values.wrong("burn_uid", &"`redistribution = burn` needs it"));
                None
            }
        },
        _ => Some(Redistribution::Normalise),
    }
}

/// Checks a threshold that the rule does not use.
fn check_threshold(factor: Option<Ppb>, values: &Values<'_>, mistakes: &mut Mistakes) {
    let Some(factor) = factor else { return };
    let redistribution = Redistribution::Threshold { factor, absolute: Ppb::ONE };
    if let Err(error) = (Policy { redistribution, ..Policy::default() }).check() {
        mistakes.note(values.wrong(error.key, &error.why));
    }
}

fn burn_uid(values: &Values<'_>) -> Result<Option<Uid>, Mistake> {
    let uid = values.whole("burn_uid")?;
    let wrong = |_| values.wrong("burn_uid", &"it must be a uid, a number from 0 to 65535");
    uid.map(|uid| u16::try_from(uid).map(Uid).map_err(wrong)).transpose()
}

/// Adds everything that the core refuses. The core names one mistake at a time, so each is corrected here
/// before the rest is checked.
fn check(mut policy: Policy, values: &Values<'_>, mistakes: &mut Mistakes) {
    let fine = Policy::default();
    while let Err(error) = policy.check() {
        mistakes.note(values.wrong(error.key, &error.why));
        match error.key {
            "retention_window_days" => policy.retention_window = fine.retention_window,
            "retention_target" => policy.retention_target = fine.retention_target,
            "max_multiplier" => policy.max_multiplier = fine.max_multiplier,
            "opening_cap" => policy.opening_cap = fine.opening_cap,
            "duration_scale_days" | "stake_tiers" => policy.formula = fine.formula.clone(),
            "threshold_factor" => {
                policy.redistribution = Redistribution::Threshold { factor: Ppb::ONE, absolute: Ppb(0) }
            }
            _ => break,
        }
    }
}
