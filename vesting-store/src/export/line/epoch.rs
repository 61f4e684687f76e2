//! Lines of epochs: the epoch, its stake changes, the balance changes of its interval, and times of blocks.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use vesting_core::ports::BalanceChange;
use vesting_core::{
    BlockHash, BlockNumber, BlockRef, Coldkey, Detection, Epoch, Flow, Hotkey, Millis, PositionKey, Rao,
    RaoDelta, SkippedSlot, StakeChange, Uid,
};

use crate::export::text::{Spelled, Text};

/// A block with its time: a skipped slot, or a block with entries.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlockTimeLine {
    pub block: u64,
    pub time: u64,
}

impl From<&SkippedSlot> for BlockTimeLine {
    fn from(row: &SkippedSlot) -> Self {
        Self { block: row.block.0, time: row.time.0 }
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EpochLine {
    block: u64,
    hash: Spelled<BlockHash>,
    pre_block: u64,
    pre_hash: Spelled<BlockHash>,
    time: u64,
    index: Option<u64>,
    tempo: u16,
    registered_at: u64,
    detected: Spelled<Detection>,
}

impl EpochLine {
    pub fn new(epoch: &Epoch, detected: Detection) -> Self {
        Self {
            block: epoch.block.number.0,
            hash: Spelled(epoch.block.hash),
            pre_block: epoch.pre_block.number.0,
            pre_hash: Spelled(epoch.pre_block.hash),
            time: epoch.time.0,
            index: epoch.index,
            tempo: epoch.tempo,
            registered_at: epoch.registered_at.0,
            detected: Spelled(detected),
        }
    }

    pub fn read(self) -> (Epoch, Detection) {
        let epoch = Epoch {
            block: BlockRef { number: BlockNumber(self.block), hash: self.hash.0 },
            pre_block: BlockRef { number: BlockNumber(self.pre_block), hash: self.pre_hash.0 },
            time: Millis(self.time),
            index: self.index,
            tempo: self.tempo,
            registered_at: BlockNumber(self.registered_at),
        };
        (epoch, self.detected.0)
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeLine {
    uid: Option<u16>,
    hotkey: Text<Hotkey>,
    coldkey: Text<Coldkey>,
    before: Text<u64>,
    after: Text<u64>,
    manual_add: Text<i128>,
    manual_remove: Text<i128>,
    neutral: Text<i128>,
    true_emission: Text<i128>,
    incentive: Text<i128>,
    rounding: Text<i128>,
    unattributed: Text<i128>,
}

impl From<&StakeChange> for ChangeLine {
    fn from(row: &StakeChange) -> Self {
        Self {
            uid: row.uid.map(|uid| uid.0),
            hotkey: Text(row.key.hotkey),
            coldkey: Text(row.key.coldkey),
            before: Text(row.before.0),
            after: Text(row.after.0),
            manual_add: Text(row.manual_add.0),
            manual_remove: Text(row.manual_remove.0),
            neutral: Text(row.neutral.0),
            true_emission: Text(row.true_emission.0),
            incentive: Text(row.incentive.0),
            rounding: Text(row.rounding.0),
            unattributed: Text(row.unattributed.0),
        }
    }
}

impl ChangeLine {
    pub fn read(self) -> StakeChange {
        StakeChange {
            uid: self.uid.map(Uid),
            key: PositionKey { hotkey: self.hotkey.0, coldkey: self.coldkey.0 },
            before: Rao(self.before.0),
            after: Rao(self.after.0),
            manual_add: RaoDelta(self.manual_add.0),
            manual_remove: RaoDelta(self.manual_remove.0),
            neutral: RaoDelta(self.neutral.0),
            true_emission: RaoDelta(self.true_emission.0),
            incentive: RaoDelta(self.incentive.0),
            rounding: RaoDelta(self.rounding.0),
            unattributed: RaoDelta(self.unattributed.0),
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BalanceLine {
    from: u64,
    to: u64,
    hotkey: Text<Hotkey>,
    coldkey: Text<Coldkey>,
    start: Text<u64>,
    end: Text<u64>,
    by_flow: BTreeMap<Spelled<Flow>, Text<i128>>,
}

impl From<&BalanceChange> for BalanceLine {
    fn from(row: &BalanceChange) -> Self {
        Self {
            from: row.from.0,
            to: row.to.0,
            hotkey: Text(row.key.hotkey),
            coldkey: Text(row.key.coldkey),
            start: Text(row.start.0),
            end: Text(row.end.0),
            by_flow: row.by_flow.iter().map(|(flow, alpha)| (Spelled(*flow), Text(alpha.0))).collect(),
        }
    }
}

impl BalanceLine {
    pub fn read(self) -> BalanceChange {
        BalanceChange {
            from: BlockNumber(self.from),
            to: BlockNumber(self.to),
            key: PositionKey { hotkey: self.hotkey.0, coldkey: self.coldkey.0 },
            start: Rao(self.start.0),
            end: Rao(self.end.0),
            by_flow: self.by_flow.into_iter().map(|(flow, alpha)| (flow.0, RaoDelta(alpha.0))).collect(),
        }
    }
}
