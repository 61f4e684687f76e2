//! The blocks that a catch-up has read, since it does not read every block.

use std::collections::BTreeSet;

use crate::ledger::{Entry, Kind};
use crate::units::BlockNumber;

/// The blocks that were read, and those that turn out to be needed too.
pub(crate) struct BlocksRead<'a> {
    /// Every block up to this one is recorded. After it, only `blocks` were read.
    pub(crate) after: BlockNumber,
    pub(crate) blocks: &'a BTreeSet<BlockNumber>,
    /// Blocks with unexplained changes that were not read. If there are any, the interval must be recorded
    /// again with them, and what was written of it is discarded.
    pub(crate) missed: &'a mut BTreeSet<BlockNumber>,
}

impl BlocksRead<'_> {
    /// Notes the blocks of unattributed entries that were not read.
    pub(crate) fn note_missed(&mut self, located: &[Entry]) {
        let blocks = located.iter().filter(|entry| entry.kind == Kind::Unattributed).map(|entry| entry.block);
        self.missed.extend(blocks.filter(|block| *block > self.after && !self.blocks.contains(block)));
    }
}
