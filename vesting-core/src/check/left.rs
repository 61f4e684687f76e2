//! What a store keeps of tranches beside their exits: what is left of each.

use super::error::CheckError;
use super::inconsistency::{At, Inconsistency};
use crate::ports::{ReadRecord, TrancheStand, Watermark};
use crate::store::stands;
use crate::units::NetUid;

/// Checks that of every tranche as much is left as did not leave, and that each of the `exits` of the record
/// is from one of them.
///
/// # Errors
/// The first thing found wrong, and when the store cannot be read.
pub(super) async fn check_left(
    store: &dyn ReadRecord,
    netuid: NetUid,
    mark: &Watermark,
    exits: u64,
) -> Result<(), CheckError> {
    let (end, mut found) = (mark.block.number, 0u64);
    stands::each(store, netuid, mark, end, |stand| {
        found = found.saturating_add(stand.exits);
        check(netuid, stand).map_err(CheckError::from)
    })
    .await?;
    if found == exits {
        return Ok(());
    }
    let what = format!("of {exits} exits {found} are from a tranche that is there");
    Err(At(netuid, "tranche_exits", end).wrong(None, what).into())
}

fn check(netuid: NetUid, stand: &TrancheStand) -> Result<(), Inconsistency> {
    let TrancheStand { tranche, taken, remaining, .. } = *stand;
    let left = tranche.initial.delta() - taken;
    if left == remaining && left.0 >= 0 {
        return Ok(());
    }
    let what = format!("{remaining} rao of {} remain, but less its exits it is {left}", tranche.initial);
    Err(At(netuid, "stake_tranches", tranche.id.block).holder(tranche.coldkey, what))
}
