//! A neuron with what it holds and which multiplier follows.

use serde::Serialize;
use utoipa::ToSchema;
use vesting_core::{MinerReport, Report};

use super::holder::Holder;
use super::limited_by::LimitedBy;
use super::text::{Address, Amount, Factor};
use crate::output::days;

/// A neuron: what it holds and which multiplier follows.
#[derive(Serialize, ToSchema)]
pub struct Miner {
    netuid: u16,
    uid: u16,
    hotkey: Address,
    coldkey: Address,
    /// Its owner's stake on its hotkey.
    stake: Amount,
    opening_stake: Amount,
    manual_stake: Amount,
    earned_stake: Amount,
    /// What cannot be moved; null where that is not known.
    locked_stake: Option<Amount>,
    /// Rewards earned on this hotkey in the window.
    rewards: Amount,
    /// What is left of these rewards.
    rewards_kept: Amount,
    /// Dividends and whatever else was earned on this hotkey in the window.
    other: Amount,
    /// What is left of that.
    other_kept: Amount,
    /// What left the position.
    sold: Amount,
    holder: Option<Holder>,
    /// The part of the rewards of the window that is kept; null where nothing was earned.
    holding_percentage: Option<f64>,
    /// For how many days, on average, what was held was held.
    holding_duration: Option<f64>,
    multiplier: Factor,
    limited_by: LimitedBy,
    reason: String,
    /// The block of the epoch.
    as_of: u64,
    /// Where the record begins, if that is inside the window: then every multiplier is 1.
    incomplete_since: Option<u64>,
}

impl Miner {
    pub fn of(report: &Report, miner: &MinerReport) -> Self {
        Self {
            netuid: report.netuid.0,
            uid: miner.neuron.uid.0,
            hotkey: miner.neuron.hotkey.into(),
            coldkey: miner.neuron.coldkey.into(),
            stake: miner.stake.into(),
            opening_stake: miner.opening_stake.into(),
            manual_stake: miner.manual_stake.into(),
            earned_stake: miner.earned_stake.into(),
            locked_stake: miner.locked_stake.map(|locked| locked.into()),
            rewards: miner.figures.rewards.into(),
            rewards_kept: miner.figures.rewards_kept.into(),
            other: miner.figures.other.into(),
            other_kept: miner.figures.other_kept.into(),
            sold: miner.figures.sold.into(),
            holder: miner.holding.as_ref().map(Holder::from),
            holding_percentage: miner.holding.and_then(|h| h.percentage()).map(|h| h.as_f64()),
            holding_duration: miner.holding.and_then(|h| h.duration_ms()).map(days),
            multiplier: miner.multiplier.factor.into(),
            limited_by: miner.multiplier.limited_by.into(),
            reason: miner.reason.to_string(),
            as_of: report.window.as_of.block.number.0,
            incomplete_since: report.window.incomplete_since.map(|block| block.0),
        }
    }
}
