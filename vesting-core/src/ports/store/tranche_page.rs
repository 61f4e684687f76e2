//! A page of the tranches of some coldkeys.

use crate::units::BlockNumber;

/// One end of a holder's tranches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum End {
    /// Those entered first.
    Oldest,
    /// Those entered last.
    Newest,
}

/// A page of the tranches of some coldkeys. It has either all tranches of a block or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TranchePage {
    /// Entered in this block or later.
    pub from: BlockNumber,
    /// Entered in this block or before.
    pub to: BlockNumber,
    /// Which end the page begins with.
    pub first: End,
    /// The page has at least this many tranches, if there are so many. A page with fewer is the last.
    pub least: u32,
}

impl TranchePage {
    /// All of them.
    pub const ALL: Self =
        Self { from: BlockNumber(0), to: BlockNumber(u64::MAX), first: End::Newest, least: u32::MAX };

    /// The first and the last block of this page, given the blocks of the tranches that may be on it, in any
    /// order.
    #[must_use]
    pub fn bounds(&self, mut blocks: Vec<BlockNumber>) -> (BlockNumber, BlockNumber) {
        blocks.retain(|block| (self.from..=self.to).contains(block));
        blocks.sort_unstable();
        let Some(past) = usize::try_from(self.least).ok().and_then(|least| least.checked_sub(1)) else {
            return (self.from, self.to);
        };
        match self.first {
            End::Newest => (blocks.iter().rev().nth(past).copied().unwrap_or(self.from), self.to),
            End::Oldest => (self.from, blocks.get(past).copied().unwrap_or(self.to)),
        }
    }
}
