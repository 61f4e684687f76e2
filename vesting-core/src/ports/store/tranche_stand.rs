//! A tranche at a block, as a store computes it in two ways.

use crate::ledger::Tranche;
use crate::units::RaoDelta;

/// A tranche as it was at the end of a block, computed in two ways: from its exits, and from what remains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrancheStand {
    /// The tranche.
    pub tranche: Tranche,
    /// The number of exits from it up to that block.
    pub exits: u64,
    /// Σ of these exits.
    pub taken: RaoDelta,
    /// What remains at the watermark, plus Σ of the exits after that block. In a consistent record it is
    /// `initial` less `taken`.
    pub remaining: RaoDelta,
}
