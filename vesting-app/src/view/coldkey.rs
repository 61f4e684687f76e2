//! A coldkey with all its neurons.

use serde::Serialize;
use utoipa::ToSchema;
use vesting_core::{Coldkey as Account, MinerReport, Rao, Report};

use super::holder::Holder;
use super::limited_by::LimitedBy;
use super::miner::Miner;
use super::text::{Address, Amount, Factor};
use crate::output::days;

/// A coldkey with all its neurons; the sums are over them.
#[derive(Serialize, ToSchema)]
pub struct Coldkey {
    netuid: u16,
    coldkey: Address,
    /// The block of the epoch.
    as_of: u64,
    /// Where the record begins, if that is inside the window: then every multiplier is 1.
    incomplete_since: Option<u64>,
    multiplier: Factor,
    limited_by: LimitedBy,
    reason: String,
    /// The part of the rewards of the window that is kept; null where nothing was earned.
    holding_percentage: Option<f64>,
    /// For how many days, on average, what was held was held.
    holding_duration: Option<f64>,
    /// On the hotkeys of its neurons; what it holds on the hotkeys of others is in `holder` alone.
    stake: Amount,
    opening_stake: Amount,
    manual_stake: Amount,
    earned_stake: Amount,
    locked_stake: Option<Amount>,
    holder: Option<Holder>,
    neurons: Vec<Miner>,
}

impl Coldkey {
    /// `None` for a coldkey that is no holder of the window and owns no neuron.
    pub fn of(report: &Report, coldkey: Account) -> Option<Self> {
        let own: Vec<&MinerReport> =
            report.miners.iter().filter(|miner| miner.neuron.coldkey == coldkey).collect();
        let (holding, multiplier, reason) = report.holder(coldkey)?;
        let sum = |part: fn(&MinerReport) -> Rao| {
            own.iter().fold(0u128, |sum, miner| sum.saturating_add(part(miner).0.into()))
        };
        let locked = own.iter().map(|miner| miner.locked_stake.map(|locked| u128::from(locked.0)));
        Some(Self {
            netuid: report.netuid.0,
            coldkey: coldkey.into(),
            as_of: report.window.as_of.block.number.0,
            incomplete_since: report.window.incomplete_since.map(|block| block.0),
            multiplier: multiplier.factor.into(),
            limited_by: multiplier.limited_by.into(),
            reason: reason.to_string(),
            holding_percentage: holding.and_then(|h| h.percentage()).map(|h| h.as_f64()),
            holding_duration: holding.and_then(|h| h.duration_ms()).map(days),
            stake: sum(|miner| miner.stake).into(),
            opening_stake: sum(|miner| miner.opening_stake).into(),
            manual_stake: sum(|miner| miner.manual_stake).into(),
            earned_stake: sum(|miner| miner.earned_stake).into(),
            locked_stake: locked.sum::<Option<u128>>().map(|locked| locked.into()),
            holder: holding.as_ref().map(Holder::from),
            neurons: own.iter().map(|miner| Miner::of(report, miner)).collect(),
        })
    }
}
