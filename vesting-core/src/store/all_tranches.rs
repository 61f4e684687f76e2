//! All tranches of a record, one after the other. Only those entered in one part of it are in memory at once.

use crate::ports::{ReadRecord, StoreError, TrancheStand, Watermark};
use crate::store::parts::{EPOCHS, ends};
use crate::units::{BlockNumber, NetUid};

/// Calls `look` with every tranche entered up to block `to`, as it was at the end of that block. `mark` is
/// the watermark of the record.
///
/// # Errors
/// The first error of `look`. Also when the store cannot be read, or the record was changed meanwhile other
/// than by new blocks; then the calls of `look` mean nothing.
pub(crate) async fn for_each<E: From<StoreError>>(
    store: &dyn ReadRecord,
    netuid: NetUid,
    mark: &Watermark,
    to: BlockNumber,
    look: impl FnMut(&TrancheStand) -> Result<(), E> + Send,
) -> Result<(), E> {
    let looked_at = all(store, netuid, to, look).await;
    match store.watermark(netuid).await? {
        Some(now) if now.first_block == mark.first_block && now.block.number >= mark.block.number => {
            looked_at
        }
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
    // A pruned record keeps its old epochs, and tranches from them.
    for end in ends(&store.epoch_list(netuid, from, to).await?, EPOCHS).chain([to]) {
        if from <= end {
            store.tranches(netuid, from, end, to).await?.iter().try_for_each(&mut look)?;
        }
        from = end.child();
    }
    Ok(())
}
