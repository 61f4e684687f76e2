//! A tranche, worked out from both sides.

use crate::ledger::Tranche;
use crate::units::RaoDelta;

/// A tranche as it stood at the end of a block, worked out from both sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrancheStand {
    /// The tranche.
    pub tranche: Tranche,
    /// The number of exits from it up to that block.
    pub exits: u64,
    /// Σ of these.
    pub taken: RaoDelta,
    /// What remains at the watermark, and Σ of the exits after that block: `initial` less `taken`, in a
    /// record that is consistent.
    pub remaining: RaoDelta,
}
