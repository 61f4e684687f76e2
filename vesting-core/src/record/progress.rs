//! The progress of a monitor.

use crate::record::recorded::Recorded;
use crate::units::BlockNumber;

/// How far a monitor has got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// The last block recorded.
    pub block: BlockNumber,
    /// The last block to record.
    pub to: BlockNumber,
    /// Epochs recorded so far.
    pub epochs: u64,
    /// Blocks with a stake operation that a catch-up has found so far.
    pub operations: u64,
    /// Entries written so far.
    pub entries: u64,
}

impl Progress {
    /// Adds the counts of `next`, which began at 0, to these.
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
