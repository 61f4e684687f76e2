//! What this process has recorded.

use std::collections::BTreeMap;

use vesting_core::Detection;

use super::recorded::Recorded;

/// What this process has recorded of a subnet since it started.
#[derive(Debug, Clone, Default)]
pub struct Counts {
    pub epochs: BTreeMap<Detection, u64>,
    pub entries: u64,
    /// Σ of the magnitudes, in rao.
    pub unattributed: u64,
    pub rounding: u64,
    pub conservation_failures: u64,
}

impl Counts {
    /// Adds what a commit brought.
    pub fn add(&mut self, recorded: &Recorded<'_>) {
        let commit = recorded.commit;
        self.unattributed = self.unattributed.saturating_add(recorded.unattributed);
        self.rounding = self.rounding.saturating_add(recorded.rounding);
        self.entries = self.entries.saturating_add(u64::try_from(commit.entries.len()).unwrap_or(u64::MAX));
        for record in &commit.epochs {
            let found = self.epochs.entry(record.detected).or_default();
            *found = found.saturating_add(1);
        }
    }
}
