//! A subnet in figures.

use serde::Serialize;
use serde_json::{Map, Value, json};
use vesting_core::policy::{Policy as CorePolicy, Redistribution};
use vesting_core::{Ppb, Rao, RaoDelta, Report, VestingStats};

use crate::output::{days, time};

#[derive(Serialize)]
struct Policy {
    minimum_stake: String,
    retention_window_days: f64,
    retention_target: String,
    max_multiplier: String,
    formula: &'static str,
    duration_rule: &'static str,
    below_minimum: &'static str,
    redistribution: &'static str,
    threshold_factor: Option<String>,
    absolute_threshold: Option<String>,
    burn_uid: Option<u16>,
    unattributed: &'static str,
    effective_from_block: Option<u64>,
    shadow: bool,
}

/// The figures; amounts in rao, as text.
pub fn figures(policy: &CorePolicy, stats: &VestingStats, report: &Report) -> Map<String, Value> {
    let as_of = stats.as_of.block.number;
    let average =
        |sum: RaoDelta, count: usize| i128::try_from(count).ok().filter(|n| *n > 0).map_or(0, |n| sum.0 / n);
    let held: Vec<Ppb> = report.holders.values().filter_map(|(h, _)| h.percentage()).collect();
    let durations: Vec<u64> = report.holders.values().filter_map(|(h, _)| h.duration_ms()).collect();
    let mean = |values: &[f64]| {
        if values.is_empty() { Value::Null } else { json!(values.iter().sum::<f64>() / f64_of(values.len())) }
    };
    let (threshold, burn_uid) = match policy.redistribution {
        Redistribution::Normalise => (None, None),
        Redistribution::Threshold { factor, absolute } => (Some((factor, absolute)), None),
        Redistribution::Burn { uid } => (None, Some(uid.0)),
    };
    let figures = json!({
        "netuid": report.netuid.0,
        "as_of": as_of.0,
        "as_of_time": time(stats.as_of.time),
        "num_miners": stats.miners,
        "num_holders": stats.holders,
        "total_stake": stats.total_stake.to_string(),
        "avg_stake": average(stats.total_stake, stats.miners).to_string(),
        "min_stake_requirement": policy.minimum_stake.to_string(),
        "avg_holding_percentage": mean(&held.iter().map(|h| h.as_f64()).collect::<Vec<_>>()),
        "avg_holding_duration": mean(&durations.iter().map(|ms| days(*ms)).collect::<Vec<_>>()),
        "epoch_count": stats.epochs,
        "emission_count": stats.emissions,
        "total_emission": stats.total_emission.to_string(),
        "avg_emission": average(stats.total_emission, stats.emissions).to_string(),
        "rounding_total": stats.rounding.to_string(),
        "unattributed_total": stats.unattributed.to_string(),
        "recorded_from": stats.recorded.map(|w| w.first_block.0),
        "recorded_to": stats.recorded.map(|w| w.block.number.0),
        "lag_blocks": stats.recorded.map(|w| w.block.number.0.saturating_sub(as_of.0)),
        "window_start": stats.window_start.0,
        "covered": stats.incomplete_since.is_none(),
        "incomplete_since": stats.incomplete_since.map(|b| b.0),
        "policy_digest": policy.digest().to_string(),
        "policy": Policy {
            minimum_stake: Rao(policy.minimum_stake.0).to_string(),
            retention_window_days: days(policy.retention_window.0),
            retention_target: policy.retention_target.to_string(),
            max_multiplier: policy.max_multiplier.to_string(),
            formula: policy.formula.name(),
            duration_rule: policy.duration_rule.name(),
            below_minimum: policy.below_minimum.name(),
            redistribution: policy.redistribution.name(),
            threshold_factor: threshold.map(|(factor, _)| factor.to_string()),
            absolute_threshold: threshold.map(|(_, absolute)| absolute.to_string()),
            burn_uid,
            unattributed: policy.unattributed.name(),
            effective_from_block: policy.effective_from_block.map(|b| b.0),
            shadow: policy.shadow,
        },
    });
    match figures {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

#[allow(clippy::cast_precision_loss)] // the output's edge: counts are far below 2⁵³
fn f64_of(count: usize) -> f64 {
    count as f64
}
