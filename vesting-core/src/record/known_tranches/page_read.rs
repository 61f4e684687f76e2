//! What was read of a page.

use crate::ledger::OpenTranche;
use crate::ports::{End, TranchePage};
use crate::record::known_tranches::stored_only::block;
use crate::units::BlockNumber;

/// What was read of a page, whichever holder the tranches belong to.
#[derive(Debug, Clone, Copy)]
pub(super) struct PageRead {
    rows: usize,
    first: BlockNumber,
    last: BlockNumber,
}

impl PageRead {
    pub(super) fn of(stored: &[OpenTranche]) -> Self {
        let first = stored.iter().map(block).min().unwrap_or_default();
        let last = stored.iter().map(block).max().unwrap_or_default();
        Self { rows: stored.len(), first, last }
    }

    /// The blocks of a page that are still to be read.
    pub(super) fn rest(&self, page: &TranchePage) -> Option<(BlockNumber, BlockNumber)> {
        if self.rows < usize::try_from(page.least).unwrap_or(usize::MAX) {
            return None;
        }
        let (from, to) = match page.first {
            End::Newest => (page.from, self.first.parent()),
            End::Oldest => (self.last.child(), page.to),
        };
        (from <= to && self.first > BlockNumber(0)).then_some((from, to))
    }
}
