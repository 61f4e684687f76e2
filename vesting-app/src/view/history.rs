//! A holder as of an epoch.

use serde::Serialize;
use utoipa::ToSchema;
use vesting_core::{HistoryPoint, NetUid};

use super::holder::Holder;
use super::limited_by::LimitedBy;
use super::text::{Address, Amount, Factor, Time};
use crate::output::days;

/// A holder as of an epoch.
#[derive(Serialize, ToSchema)]
pub struct Point {
    netuid: u16,
    /// The block of the epoch.
    as_of: u64,
    time: Time,
    coldkey: Address,
    multiplier: Factor,
    limited_by: LimitedBy,
    reason: String,
    /// The part of the rewards of the window that is kept; null where nothing was earned.
    holding_percentage: Option<f64>,
    /// For how many days, on average, what was held was held.
    holding_duration: Option<f64>,
    stake: Option<Amount>,
    /// Rewards since the epoch before.
    earned: Amount,
    /// What left since the epoch before.
    sold: Amount,
    /// Over the window that ends with this epoch.
    holder: Option<Holder>,
}

impl Point {
    pub fn of(netuid: NetUid, point: &HistoryPoint) -> Self {
        Self {
            netuid: netuid.0,
            as_of: point.epoch.block.number.0,
            time: point.epoch.time.into(),
            coldkey: point.coldkey.into(),
            multiplier: point.multiplier.factor.into(),
            limited_by: point.multiplier.limited_by.into(),
            reason: point.reason.to_string(),
            holding_percentage: point.holding.and_then(|h| h.percentage()).map(|h| h.as_f64()),
            holding_duration: point.holding.and_then(|h| h.duration_ms()).map(days),
            stake: point.holding.map(|h| h.stake().into()),
            earned: point.earned.into(),
            sold: point.sold.into(),
            holder: point.holding.as_ref().map(Holder::from),
        }
    }
}
