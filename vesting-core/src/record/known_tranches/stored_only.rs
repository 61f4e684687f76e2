//! Tranches that are only in the store.

use crate::ledger::OpenTranche;
use crate::units::{BlockNumber, RaoDelta};

/// Tranches that are only in the store: all that the holder has from the blocks `from` to `to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct StoredOnly {
    pub(super) from: BlockNumber,
    pub(super) to: BlockNumber,
    /// Σ of what remains in them.
    pub(super) held: RaoDelta,
}

impl StoredOnly {
    /// Adds tranches next to those that are only in the store.
    pub(super) fn with(stored_only: Option<Self>, more: &[OpenTranche]) -> Option<Self> {
        let (Some(from), Some(to)) = (more.iter().map(block).min(), more.iter().map(block).max()) else {
            return stored_only;
        };
        let more = Self { from, to, held: held(more) };
        Some(stored_only.map_or(more, |stored_only| Self {
            from: stored_only.from.min(more.from),
            to: stored_only.to.max(more.to),
            held: stored_only.held + more.held,
        }))
    }
}

pub(super) fn held(tranches: &[OpenTranche]) -> RaoDelta {
    tranches.iter().map(|open| open.remaining.delta()).sum()
}

pub(super) const fn block(open: &OpenTranche) -> BlockNumber {
    open.tranche.id.block
}
