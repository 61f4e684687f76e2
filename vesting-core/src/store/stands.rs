//! All tranches of a record, one after the other: however many there are, as many are held as were entered in
//! a part of it.

use crate::ports::{ReadRecord, StoreError, TrancheStand, Watermark};
use crate::store::parts::{EPOCHS, ends};
use crate::units::{BlockNumber, NetUid};

/// Looks at every tranche entered up to block `to` of the record with this watermark, as it stood at its end.
///
/// # Errors
/// The first that `look` gives; when the store cannot be read, or the record was changed meanwhile but for
/// what was added, in which case nothing that was seen counts.
pub(crate) async fn each<E: From<StoreError>>(
    store: &dyn ReadRecord,
    netuid: NetUid,
    mark: &Watermark,
    to: BlockNumber,
    look: impl FnMut(&TrancheStand) -> Result<(), E> + Send,
) -> Result<(), E> {
    let seen = all(store, netuid, to, look).await;
    match store.watermark(netuid).await? {
        Some(now) if now.first_block == mark.first_block && now.block.number >= mark.block.number => seen,
        _ => Err(StoreError::changed(netuid).into()),
    }
}

async fn all<E: From<StoreError>>(
    store: &dyn ReadRecord,
    netuid: NetUid,
    to: BlockNumber,
    mut look: impl FnMut(&TrancheStand) -> Result<(), E> + Send,
) -> Result<(), E> {
    let mut from = BlockNumber(0);
    // A record that was pruned keeps its old epochs, and tranches from them.
    for end in ends(&store.epoch_list(netuid, from, to).await?, EPOCHS).chain([to]) {
        if from <= end {
            store.tranches(netuid, from, end, to).await?.iter().try_for_each(&mut look)?;
        }
        from = end.child();
    }
    Ok(())
}
