//! The tranches that a block needs.

use crate::ledger::tranche::Leaving;

/// The tranches of a holder that must be in memory before a block is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Need {
    /// What the block debits from the newest tranches and from the oldest.
    pub(crate) leaving: Leaving,
    /// Whether all tranches are needed.
    pub(crate) all: bool,
}
