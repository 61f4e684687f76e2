//! A coldkey with all its neurons.

use serde::Serialize;
use vesting_core::{Coldkey as Account, MinerReport, Rao, Report};

use super::holder::Holder;
use super::miner::Miner;
use crate::output::days;

#[derive(Serialize)]
pub struct Coldkey {
    netuid: u16,
    coldkey: String,
    as_of: u64,
    incomplete_since: Option<u64>,
    multiplier: String,
    limited_by: &'static str,
    reason: String,
    holding_percentage: Option<f64>,
    holding_duration: Option<f64>,
    /// Over its neurons; what it holds on the hotkeys of others is in `holder` alone.
    stake: String,
    opening_stake: String,
    manual_stake: String,
    earned_stake: String,
    locked_stake: Option<String>,
    holder: Option<Holder>,
    neurons: Vec<Miner>,
}

impl Coldkey {
    /// `None` for who is neither a holder of the window nor owns a neuron.
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
            coldkey: coldkey.to_string(),
            as_of: report.window.as_of.block.number.0,
            incomplete_since: report.window.incomplete_since.map(|block| block.0),
            multiplier: multiplier.factor.to_string(),
            limited_by: multiplier.limited_by.name(),
            reason: reason.to_string(),
            holding_percentage: holding.and_then(|h| h.percentage()).map(|h| h.as_f64()),
            holding_duration: holding.and_then(|h| h.duration_ms()).map(days),
            stake: sum(|miner| miner.stake).to_string(),
            opening_stake: sum(|miner| miner.opening_stake).to_string(),
            manual_stake: sum(|miner| miner.manual_stake).to_string(),
            earned_stake: sum(|miner| miner.earned_stake).to_string(),
            locked_stake: locked.sum::<Option<u128>>().map(|locked| locked.to_string()),
            holder: holding.as_ref().map(Holder::from),
            neurons: own.iter().map(|miner| Miner::of(report, miner)).collect(),
        })
    }
}
