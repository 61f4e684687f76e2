//! Tranches that are only in the store.

use crate::ledger::OpenTranche;
use crate::units::{BlockNumber, RaoDelta};

/// Tranches that are only in the store: all that the holder has from these blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hidden {
    pub(super) from: BlockNumber,
    pub(super) to: BlockNumber,
    /// Σ of what is left of them.
    pub(super) held: RaoDelta,
}

impl Hidden {
    /// What is hidden with tranches that are next to it.
    pub(super) fn with(hidden: Option<Self>, more: &[OpenTranche]) -> Option<Self> {
        let (Some(from), Some(to)) = (more.iter().map(block).min(), more.iter().map(block).max()) else {
            return hidden;
        };
        let more = Self { from, to, held: held(more) };
        Some(hidden.map_or(more, |hidden| Self {
            from: hidden.from.min(more.from),
            to: hidden.to.max(more.to),
            held: hidden.held + more.held,
        }))
    }
}

pub(super) fn held(tranches: &[OpenTranche]) -> RaoDelta {
    tranches.iter().map(|open| open.remaining.delta()).sum()
}

pub(super) const fn block(open: &OpenTranche) -> BlockNumber {
    open.tranche.id.block
}
