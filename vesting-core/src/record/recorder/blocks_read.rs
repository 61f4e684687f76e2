//! Which blocks were read, where not every block is.

use std::collections::BTreeSet;

use crate::ledger::{Entry, Kind};
use crate::units::BlockNumber;

/// The blocks that were read, and those that turn out to be missing.
pub(crate) struct BlocksRead<'a> {
    /// The block after which only these were read.
    pub(crate) after: BlockNumber,
    pub(crate) blocks: &'a BTreeSet<BlockNumber>,
    /// Blocks in which something unexplained happened that were not read. When there are any, what was
    /// written is to be forgotten, and the interval taken in again with them.
    pub(crate) missed: &'a mut BTreeSet<BlockNumber>,
}

impl BlocksRead<'_> {
    /// Notes the blocks of what nothing explains, where they were not read.
    pub(crate) fn note_missed(&mut self, located: &[Entry]) {
        let blocks = located.iter().filter(|entry| entry.kind == Kind::Unattributed).map(|entry| entry.block);
        self.missed.extend(blocks.filter(|block| *block > self.after && !self.blocks.contains(block)));
    }
}
