//! A subnet in figures.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use vesting_core::policy::{Policy as CorePolicy, Redistribution};
use vesting_core::{RaoDelta, Report, VestingStats};

use super::text::{Amount, Factor, Hash, Time};
use crate::output::days;

/// A subnet in figures.
#[derive(Serialize, ToSchema)]
pub struct Stats {
    netuid: u16,
    /// The block of the epoch.
    as_of: u64,
    as_of_time: Time,
    num_miners: usize,
    num_holders: usize,
    total_stake: Amount,
    avg_stake: Amount,
    min_stake_requirement: Amount,
    avg_holding_percentage: Option<f64>,
    /// In days.
    avg_holding_duration: Option<f64>,
    epoch_count: usize,
    emission_count: usize,
    total_emission: Amount,
    avg_emission: Amount,
    rounding_total: Amount,
    unattributed_total: Amount,
    /// The first block of the record.
    recorded_from: Option<u64>,
    /// The last block of the record.
    recorded_to: Option<u64>,
    /// How many blocks the record goes on after the epoch.
    lag_blocks: Option<u64>,
    window_start: u64,
    /// Whether the record covers the window.
    covered: bool,
    /// Where the record begins, if that is inside the window: then every multiplier is 1.
    incomplete_since: Option<u64>,
    policy_digest: Hash,
    policy: Policy,
}

/// The policy.
#[derive(Serialize, ToSchema)]
struct Policy {
    minimum_stake: Amount,
    retention_window_days: f64,
    retention_target: Factor,
    max_multiplier: Factor,
    formula: &'static str,
    /// The formula's own keys, as the policy's text has them.
    formula_keys: BTreeMap<&'static str, String>,
    duration_rule: &'static str,
    /// How many times the rewards the opening counts at most.
    opening_cap: Option<Factor>,
    below_minimum: &'static str,
    redistribution: &'static str,
    threshold_factor: Option<Factor>,
    absolute_threshold: Option<Factor>,
    burn_uid: Option<u16>,
    unattributed: &'static str,
    effective_from_block: Option<u64>,
    shadow: bool,
}

impl From<&CorePolicy> for Policy {
    fn from(policy: &CorePolicy) -> Self {
        let (threshold, burn_uid) = match policy.redistribution {
            Redistribution::Normalise => (None, None),
            Redistribution::Threshold { factor, absolute } => (Some((factor, absolute)), None),
            Redistribution::Burn { uid } => (None, Some(uid.0)),
        };
        Self {
            minimum_stake: policy.minimum_stake.into(),
            retention_window_days: days(policy.retention_window.0),
            retention_target: policy.retention_target.into(),
            max_multiplier: policy.max_multiplier.into(),
            formula: policy.formula.name(),
            formula_keys: policy.formula.keys().into_iter().collect(),
            duration_rule: policy.duration_rule.name(),
            opening_cap: policy.opening_cap.map(Into::into),
            below_minimum: policy.below_minimum.name(),
            redistribution: policy.redistribution.name(),
            threshold_factor: threshold.map(|(factor, _)| factor.into()),
            absolute_threshold: threshold.map(|(_, absolute)| absolute.into()),
            burn_uid,
            unattributed: policy.unattributed.name(),
            effective_from_block: policy.effective_from_block.map(|block| block.0),
            shadow: policy.shadow,
        }
    }
}

/// The figures of a subnet, by name.
pub fn figures(policy: &CorePolicy, stats: &VestingStats, report: &Report) -> Map<String, Value> {
    // A structure of text and numbers: this cannot fail.
    match serde_json::to_value(Stats::of(policy, stats, report)) {
        Ok(Value::Object(figures)) => figures,
        _ => Map::new(),
    }
}

impl Stats {
    fn of(policy: &CorePolicy, stats: &VestingStats, report: &Report) -> Self {
        let as_of = stats.as_of.block.number;
        let average = |sum: RaoDelta, count: usize| {
            i128::try_from(count).ok().filter(|n| *n > 0).map_or(0, |n| sum.0 / n)
        };
        let held: Vec<f64> = report
            .holders
            .values()
            .filter_map(|holder| holder.holding.percentage())
            .map(|h| h.as_f64())
            .collect();
        let durations: Vec<f64> =
            report.holders.values().filter_map(|holder| holder.holding.duration_ms()).map(days).collect();
        let mean =
            |values: &[f64]| (!values.is_empty()).then(|| values.iter().sum::<f64>() / f64_of(values.len()));
        Self {
            netuid: report.netuid.0,
            as_of: as_of.0,
            as_of_time: stats.as_of.time.into(),
            num_miners: stats.miners,
            num_holders: stats.holders,
            total_stake: stats.total_stake.into(),
            avg_stake: average(stats.total_stake, stats.miners).into(),
            min_stake_requirement: policy.minimum_stake.into(),
            avg_holding_percentage: mean(&held),
            avg_holding_duration: mean(&durations),
            epoch_count: stats.epochs,
            emission_count: stats.emissions,
            total_emission: stats.total_emission.into(),
            avg_emission: average(stats.total_emission, stats.emissions).into(),
            rounding_total: stats.rounding.into(),
            unattributed_total: stats.unattributed.into(),
            recorded_from: stats.recorded.map(|record| record.first_block.0),
            recorded_to: stats.recorded.map(|record| record.block.number.0),
            lag_blocks: stats.recorded.map(|record| record.block.number.0.saturating_sub(as_of.0)),
            window_start: stats.window_start.0,
            covered: stats.incomplete_since.is_none(),
            incomplete_since: stats.incomplete_since.map(|block| block.0),
            policy_digest: policy.digest().into(),
            policy: policy.into(),
        }
    }
}

#[allow(clippy::cast_precision_loss)] // the output's edge: counts are far below 2⁵³
fn f64_of(count: usize) -> f64 {
    count as f64
}
