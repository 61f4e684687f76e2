//! What was checked.

/// What was checked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Checked {
    /// Entries.
    pub entries: u64,
    /// Epochs.
    pub epochs: u64,
    /// Blocks at which the sums of entries were compared with the snapshots.
    pub boundaries: u64,
    /// Positions compared at these blocks. A position counts once for each block.
    pub positions: u64,
    /// Rows of `stake_changes` and `stake_balance_changes`.
    pub changes: u64,
    /// Tranches.
    pub tranches: u64,
    /// Exits from them.
    pub exits: u64,
}

pub(super) fn count(rows: usize) -> u64 {
    u64::try_from(rows).unwrap_or(u64::MAX)
}
