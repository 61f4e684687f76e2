//! What a store keeps of tranches besides their exits: what remains of each.

use super::error::CheckError;
use super::inconsistency::{Inconsistency, RowPlace};
use crate::ports::{ReadRecord, TrancheStand, Watermark};
use crate::store::all_tranches;
use crate::units::NetUid;

/// Checks that what remains of every tranche is its initial amount less its exits, and that each of the
/// record's `exits` belongs to a tranche.
///
/// # Errors
/// The first inconsistency found. Also when the store cannot be read.
pub(super) async fn check_left(
    store: &dyn ReadRecord,
    netuid: NetUid,
    mark: &Watermark,
    exits: u64,
) -> Result<(), CheckError> {
    let (end, mut found) = (mark.block.number, 0u64);
    all_tranches::for_each(store, netuid, mark, end, |stand| {
        found = found.saturating_add(stand.exits);
        check(netuid, stand).map_err(CheckError::from)
    })
    .await?;
    if found == exits {
        return Ok(());
    }
    let what = format!("of {exits} exits {found} are from a tranche that is there");
    Err(RowPlace(netuid, "tranche_exits", end).wrong(None, what).into())
}

fn check(netuid: NetUid, stand: &TrancheStand) -> Result<(), Inconsistency> {
    let TrancheStand { tranche, taken, remaining, .. } = *stand;
    let left = tranche.initial.delta() - taken;
    if left == remaining && left.0 >= 0 {
        return Ok(());
    }
    let what = format!("{remaining} rao of {} remain, but less its exits it is {left}", tranche.initial);
    Err(RowPlace(netuid, "stake_tranches", tranche.id.block).holder(tranche.coldkey, what))
}
