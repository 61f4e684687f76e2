//! What a store finds of a record, by which a recorder goes on.

use std::collections::BTreeMap;

use crate::check::inconsistency::{At, Inconsistency};
use crate::ports::{Commit, LedgerState, Watermark};
use crate::units::{PositionKey, Rao};

/// Checks the newest snapshots as a store finds them, by which a recorder goes on.
///
/// # Errors
/// The first thing found wrong.
pub fn check_state(record: &Commit, state: &LedgerState) -> Result<(), Inconsistency> {
    let at = |table| At(record.netuid, table, record.watermark.block.number);
    let stands = |mark: &Watermark| (mark.block, mark.time, mark.observed, mark.spec_version);
    if (stands(&state.watermark), &state.interval) != (stands(&record.watermark), &record.interval) {
        return Err(
            at("blockchain_state").wrong(None, "the record was written to while it was read: check again")
        );
    }
    let newest: BTreeMap<PositionKey, Rao> =
        record.snapshots.iter().map(|row| (row.key, row.alpha)).collect();
    for key in newest.keys().chain(state.observed.keys()) {
        // Without a snapshot there is nothing.
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
