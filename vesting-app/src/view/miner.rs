//! A neuron with what it holds and which multiplier follows.

use serde::Serialize;
use vesting_core::{MinerReport, Report};

use super::holder::Holder;
use crate::output::days;

#[derive(Serialize)]
pub struct Miner {
    netuid: u16,
    uid: u16,
    hotkey: String,
    coldkey: String,
    stake: String,
    opening_stake: String,
    manual_stake: String,
    earned_stake: String,
    locked_stake: Option<String>,
    /// What was earned on this hotkey in the window, what is left of it, and what left the position.
    rewards: String,
    rewards_kept: String,
    other: String,
    other_kept: String,
    sold: String,
    holder: Option<Holder>,
    holding_percentage: Option<f64>,
    holding_duration: Option<f64>,
    multiplier: String,
    limited_by: &'static str,
    reason: String,
    as_of: u64,
    incomplete_since: Option<u64>,
}

impl Miner {
    pub fn of(report: &Report, miner: &MinerReport) -> Self {
        Self {
            netuid: report.netuid.0,
            uid: miner.neuron.uid.0,
            hotkey: miner.neuron.hotkey.to_string(),
            coldkey: miner.neuron.coldkey.to_string(),
            stake: miner.stake.to_string(),
            opening_stake: miner.opening_stake.to_string(),
            manual_stake: miner.manual_stake.to_string(),
            earned_stake: miner.earned_stake.to_string(),
            locked_stake: miner.locked_stake.map(|locked| locked.to_string()),
            rewards: miner.figures.rewards.to_string(),
            rewards_kept: miner.figures.rewards_kept.to_string(),
            other: miner.figures.other.to_string(),
            other_kept: miner.figures.other_kept.to_string(),
            sold: miner.figures.sold.to_string(),
            holder: miner.holding.as_ref().map(Holder::from),
            holding_percentage: miner.holding.and_then(|h| h.percentage()).map(|h| h.as_f64()),
            holding_duration: miner.holding.and_then(|h| h.duration_ms()).map(days),
            multiplier: miner.multiplier.factor.to_string(),
            limited_by: miner.multiplier.limited_by.name(),
            reason: miner.reason.to_string(),
            as_of: report.window.as_of.block.number.0,
            incomplete_since: report.window.incomplete_since.map(|block| block.0),
        }
    }
}
