//! What a prune removed.

/// How many rows of each table a prune removed, and how many replaced them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Entries (`stake_transactions`).
    pub entries: u64,
    /// Entries that replaced them, all at the end of the block up to which the record was pruned.
    pub openings: u64,
    /// Times of blocks (`block_times`).
    pub times: u64,
    /// Changes of epochs by position (`stake_changes`).
    pub changes: u64,
    /// Changes of intervals by position (`stake_balance_changes`).
    pub balance_changes: u64,
    /// Snapshots of positions (`stake_snapshots`).
    pub snapshots: u64,
    /// Locked parts (`stake_locks`).
    pub locks: u64,
    /// Tranches (`stake_tranches`).
    pub tranches: u64,
    /// Exits from tranches (`tranche_exits`).
    pub exits: u64,
}

impl Pruned {
    /// Adds the counts of another part of a record.
    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            entries: self.entries.saturating_add(other.entries),
            openings: self.openings.saturating_add(other.openings),
            times: self.times.saturating_add(other.times),
            changes: self.changes.saturating_add(other.changes),
            balance_changes: self.balance_changes.saturating_add(other.balance_changes),
            snapshots: self.snapshots.saturating_add(other.snapshots),
            locks: self.locks.saturating_add(other.locks),
            tranches: self.tranches.saturating_add(other.tranches),
            exits: self.exits.saturating_add(other.exits),
        }
    }
}
