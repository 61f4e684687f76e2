//! The state that a recorder resumes from.

use std::collections::BTreeMap;

use crate::check::inconsistency::{Inconsistency, RowPlace};
use crate::ports::{Commit, LedgerState, Watermark};
use crate::units::{PositionKey, Rao};

/// Checks the newest snapshots as a store returns them to a recorder that resumes.
///
/// For the crates of this workspace.
///
/// # Errors
/// The first inconsistency found.
pub fn check_state(record: &Commit, state: &LedgerState) -> Result<(), Inconsistency> {
    let at = |table| RowPlace(record.netuid, table, record.watermark.block.number);
    let mark_of = |mark: &Watermark| (mark.block, mark.time, mark.observed, mark.spec_version);
    if (mark_of(&state.watermark), &state.interval) != (mark_of(&record.watermark), &record.interval) {
        return Err(
            at("blockchain_state").wrong(None, "the record was written to while it was read: check again")
        );
    }
    let newest: BTreeMap<PositionKey, Rao> =
        record.snapshots.iter().map(|row| (row.key, row.alpha)).collect();
    for key in newest.keys().chain(state.observed.keys()) {
        // A position without a snapshot has 0.
        let of = |snapshots: &BTreeMap<PositionKey, Rao>| snapshots.get(key).copied().unwrap_or_default();
        if of(&newest) != of(&state.observed) {
            let what = format!(
                "its newest snapshot is {} rao, the store finds {} rao",
                of(&newest),
                of(&state.observed)
            );
            return Err(at("stake_snapshots").position(*key, what));
        }
    }
    Ok(())
}
