//! What must be at hand before a block is written.

use crate::ledger::tranche::Leaving;

/// What must be at hand of a holder's tranches before a block is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Need {
    /// What leaves the newest, and the oldest.
    pub(crate) leaving: Leaving,
    /// Whether it may be anything.
    pub(crate) all: bool,
}
