//! A commit that was written to the record, and the sums of what no event explains.

use vesting_core::ports::Commit;
use vesting_core::{BlockNumber, Kind, RaoDelta};

use crate::output::time;

/// A commit, with the sums of the magnitudes of what no event explains, in rao.
pub struct Recorded<'a> {
    pub commit: &'a Commit,
    pub unattributed: u64,
    pub rounding: u64,
}

impl<'a> Recorded<'a> {
    pub fn of(commit: &'a Commit) -> Self {
        let magnitude = |kind: Kind| {
            let sum = commit
                .entries
                .iter()
                .filter(|entry| entry.kind == kind)
                .map(|e| RaoDelta(e.alpha.0.saturating_abs()))
                .sum::<RaoDelta>();
            u64::try_from(sum.0).unwrap_or(u64::MAX)
        };
        Self { commit, unattributed: magnitude(Kind::Unattributed), rounding: magnitude(Kind::Rounding) }
    }

    /// Logs its epochs, and what no event explains.
    pub fn log(&self, head: Option<BlockNumber>) {
        let Self { commit, unattributed, rounding } = *self;
        for record in &commit.epochs {
            tracing::info!(
                netuid = commit.netuid.0,
                block = record.epoch.block.number.0,
                time = time(record.epoch.time),
                lag_blocks = head.map(|head| head.0.saturating_sub(commit.watermark.block.number.0)),
                entries = commit.entries.len(),
                unattributed_rao = unattributed,
                rounding_rao = rounding,
                detected = record.detected.name(),
                "epoch"
            );
        }
        if unattributed > 0 {
            tracing::error!(
                netuid = commit.netuid.0,
                unattributed_rao = unattributed,
                "no event explains a change: please report it"
            );
        }
    }
}
