//! A holder as of an epoch.

use serde::Serialize;
use vesting_core::{HistoryPoint, NetUid};

use super::holder::Holder;
use crate::output::{days, time};

#[derive(Serialize)]
pub struct Point {
    netuid: u16,
    as_of: u64,
    time: String,
    coldkey: String,
    multiplier: String,
    limited_by: &'static str,
    reason: String,
    holding_percentage: Option<f64>,
    holding_duration: Option<f64>,
    stake: Option<String>,
    /// Since the epoch before.
    earned: String,
    sold: String,
    /// Over the window that ends here.
    holder: Option<Holder>,
}

impl Point {
    pub fn of(netuid: NetUid, point: &HistoryPoint) -> Self {
        Self {
            netuid: netuid.0,
            as_of: point.epoch.block.number.0,
            time: time(point.epoch.time),
            coldkey: point.coldkey.to_string(),
            multiplier: point.multiplier.factor.to_string(),
            limited_by: point.multiplier.limited_by.name(),
            reason: point.reason.to_string(),
            holding_percentage: point.holding.and_then(|h| h.percentage()).map(|h| h.as_f64()),
            holding_duration: point.holding.and_then(|h| h.duration_ms()).map(days),
            stake: point.holding.map(|h| h.stake().to_string()),
            earned: point.earned.to_string(),
            sold: point.sold.to_string(),
            holder: point.holding.as_ref().map(Holder::from),
        }
    }
}
