//! How far the record of a subnet goes.

use serde::Serialize;
use utoipa::ToSchema;
use vesting_core::ports::Watermark;
use vesting_core::{Epoch, NetUid};

use super::text::Time;

/// How far the record of a subnet goes.
#[derive(Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Subnet {
    pub netuid: u16,
    /// The last block recorded.
    pub block: u64,
    /// Its time.
    pub time: Time,
    /// The block of the last epoch; null before the first.
    pub as_of: Option<u64>,
    /// How many blocks the record goes on after that epoch.
    pub lag_blocks: Option<u64>,
    /// Whether the last block is older than `stale_after_seconds` by the machine's clock.
    pub stale: bool,
}

impl Subnet {
    pub fn of(netuid: NetUid, record: &Watermark, last: Option<&Epoch>, stale: bool) -> Self {
        let block = record.block.number;
        Self {
            netuid: netuid.0,
            block: block.0,
            time: record.time.into(),
            as_of: last.map(|epoch| epoch.block.number.0),
            lag_blocks: last.map(|epoch| block.0.saturating_sub(epoch.block.number.0)),
            stale,
        }
    }
}
