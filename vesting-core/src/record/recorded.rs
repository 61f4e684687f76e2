//! Counts of what was recorded.

/// How many epochs and entries were recorded of some blocks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Recorded {
    pub(crate) epochs: u64,
    pub(crate) entries: u64,
}

impl Recorded {
    /// A count of entries only.
    pub(crate) fn entries(count: usize) -> Self {
        Self { epochs: 0, entries: u64::try_from(count).unwrap_or(u64::MAX) }
    }

    /// Adds the counts of other blocks.
    pub(crate) fn add(&mut self, other: Self) {
        self.epochs = self.epochs.saturating_add(other.epochs);
        self.entries = self.entries.saturating_add(other.entries);
    }
}
