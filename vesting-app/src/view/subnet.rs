//! How far the record of a subnet goes.

use serde::Serialize;
use vesting_core::ports::Watermark;
use vesting_core::{Epoch, NetUid};

use crate::output::time;

#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Subnet {
    pub netuid: u16,
    /// The last block recorded, and its time.
    pub block: u64,
    pub time: String,
    /// The last epoch; `None` before the first.
    pub as_of: Option<u64>,
    pub lag_blocks: Option<u64>,
    /// Whether the last block is older than it should be by the machine's clock.
    pub stale: bool,
}

impl Subnet {
    pub fn of(netuid: NetUid, record: &Watermark, last: Option<&Epoch>, stale: bool) -> Self {
        let block = record.block.number;
        Self {
            netuid: netuid.0,
            block: block.0,
            time: time(record.time),
            as_of: last.map(|epoch| epoch.block.number.0),
            lag_blocks: last.map(|epoch| block.0.saturating_sub(epoch.block.number.0)),
            stale,
        }
    }
}
