//! How far a catch-up has got.

use crate::record::recorded::Recorded;
use crate::units::BlockNumber;

/// Where a catch-up stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// The last block taken in.
    pub block: BlockNumber,
    /// The last block to take in.
    pub to: BlockNumber,
    /// Epochs taken in so far.
    pub epochs: u64,
    /// Blocks taken in so far in which a stake operation was looked for and found.
    pub operations: u64,
    /// Entries written so far.
    pub entries: u64,
}

impl Progress {
    /// What `next` counted from nothing, counted on from here.
    #[must_use]
    pub fn plus(self, next: Self) -> Self {
        Self {
            epochs: self.epochs.saturating_add(next.epochs),
            operations: self.operations.saturating_add(next.operations),
            entries: self.entries.saturating_add(next.entries),
            ..next
        }
    }

    pub(crate) fn add(&mut self, recorded: Recorded) {
        self.epochs = self.epochs.saturating_add(recorded.epochs);
        self.entries = self.entries.saturating_add(recorded.entries);
    }
}
