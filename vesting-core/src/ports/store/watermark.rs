//! How far a record goes.

use crate::units::{BlockNumber, BlockRef, Millis};

/// How far the record of a subnet goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Watermark {
    /// The last block recorded.
    pub block: BlockRef,
    /// The time of that block.
    pub time: Millis,
    /// The first block recorded. After [`WholeRecord::prune`](super::WholeRecord::prune) it is the block
    /// after an epoch, and all openings are at the end of that epoch's block. No other record begins so.
    pub first_block: BlockNumber,
    /// The time of that block; after a prune, the time of the epoch before it.
    pub first_time: Millis,
    /// The block up to which `stake_snapshots` hold every change of every holder's positions.
    pub observed: BlockNumber,
    /// The version of the runtime that made the last block.
    pub spec_version: u32,
}
