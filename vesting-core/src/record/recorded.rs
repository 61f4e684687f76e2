//! What blocks brought to a record.

/// What was recorded of some blocks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Recorded {
    pub(crate) epochs: u64,
    pub(crate) entries: u64,
}

impl Recorded {
    /// So many entries.
    pub(crate) fn entries(count: usize) -> Self {
        Self { epochs: 0, entries: u64::try_from(count).unwrap_or(u64::MAX) }
    }

    /// Adds what other blocks brought.
    pub(crate) fn add(&mut self, other: Self) {
        self.epochs = self.epochs.saturating_add(other.epochs);
        self.entries = self.entries.saturating_add(other.entries);
    }
}
