//! Parts of a record. Each ends at an epoch; committed one after the other, they make the record anew.

use std::collections::BTreeSet;

use crate::block::Epoch;
use crate::ports::{Commit, StakeStore, StoreError};
use crate::store::rewind::{open_at, stood_at};
use crate::units::{BlockNumber, BlockRef, Coldkey, NetUid};

/// The number of epochs in a part.
pub(crate) const EPOCHS: usize = 128;

/// The blocks at which parts of so many epochs end. What follows the last of them is one more part.
pub(crate) fn ends(list: &[Epoch], epochs: usize) -> impl DoubleEndedIterator<Item = BlockNumber> {
    list.chunks_exact(epochs.max(1)).filter_map(<[Epoch]>::last).map(|epoch| epoch.block.number)
}

/// The parts of a record, read one by one. Only one is in memory, however long the record is.
///
/// For the crates of this workspace.
pub struct Parts<'a> {
    store: &'a dyn StakeStore,
    netuid: NetUid,
    /// The first block of the record, and the epochs at which parts end. The next one is last in the list.
    record: Option<(BlockNumber, Vec<BlockNumber>)>,
    after: Option<BlockNumber>,
}

impl<'a> Parts<'a> {
    /// The parts of a subnet's record, from its first row on.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn of(store: &'a dyn StakeStore, netuid: NetUid) -> Result<Self, StoreError> {
        Self::of_size(store, netuid, EPOCHS).await
    }

    /// The parts with so many epochs each, at least one.
    ///
    /// # Errors
    /// As [`Self::of`].
    pub async fn of_size(
        store: &'a dyn StakeStore,
        netuid: NetUid,
        epochs: usize,
    ) -> Result<Self, StoreError> {
        let Some(mark) = store.watermark(netuid).await? else {
            return Ok(Self { store, netuid, record: None, after: None });
        };
        // The last part is what follows the last full one. It may be empty.
        let all = store.epoch_list(netuid, mark.first_block, mark.block.number.parent()).await?;
        Ok(Self {
            store,
            netuid,
            record: Some((mark.first_block, ends(&all, epochs).rev().collect())),
            after: None,
        })
    }

    /// The subnet.
    #[must_use]
    pub const fn netuid(&self) -> NetUid {
        self.netuid
    }

    /// The store.
    pub(crate) const fn store(&self) -> &'a dyn StakeStore {
        self.store
    }

    /// The next part; `None` after the last, and where there is no record.
    ///
    /// # Errors
    /// When the store cannot be read, or the record was changed meanwhile other than by new blocks.
    pub async fn next(&mut self) -> Result<Option<Commit>, StoreError> {
        let Some((first_block, ends)) = self.record.as_mut() else { return Ok(None) };
        let to = ends.pop();
        let gone = [self.after, to].map(|block| block.map(|block| StoreError::no_epoch(self.netuid, block)));
        let part = match self.store.part(self.netuid, self.after, to).await {
            Ok(Some(part)) if part.watermark.first_block == *first_block => part,
            Err(error) if !gone.contains(&Some(error.clone())) => return Err(error),
            Ok(_) | Err(_) => return Err(StoreError::changed(self.netuid)),
        };
        self.after = to;
        if to.is_none() {
            self.record = None;
        }
        Ok(Some(part))
    }
}

impl Commit {
    /// Removes what was recorded up to an epoch's block, which becomes its parent.
    pub fn begin_after(&mut self, parent: BlockRef) {
        self.parent = Some(parent);
        let late = self.open_from(parent.number);
        self.keep(|block, coldkey| {
            block > parent.number
                || (block == parent.number && coldkey.is_some_and(|coldkey| late.contains(coldkey)))
        });
        self.holders.retain(|holder| holder.since >= parent.number);
    }

    /// Removes what was recorded after an epoch, so that it ends there.
    pub fn end_with(&mut self, epoch: &Epoch) {
        let end = epoch.block.number;
        (self.watermark, self.interval) = (stood_at(epoch, self.watermark), open_at(end));
        let late = self.open_from(end);
        self.keep(|block, coldkey| {
            block < end || (block == end && coldkey.is_none_or(|coldkey| !late.contains(coldkey)))
        });
        if !late.is_empty() && self.entries.iter().all(|entry| entry.block != end) {
            self.times.remove(&end);
        }
        self.holders.retain(|holder| holder.since < end);
    }

    /// A coldkey that takes over from a holder in the block after an epoch is followed from the end of the
    /// epoch, but recorded later ([`rewind`](crate::store::rewind)).
    fn open_from(&self, block: BlockNumber) -> BTreeSet<Coldkey> {
        self.holders.iter().filter(|holder| holder.since >= block).map(|holder| holder.coldkey).collect()
    }

    fn keep(&mut self, of: impl Fn(BlockNumber, Option<&Coldkey>) -> bool) {
        self.entries.retain(|entry| of(entry.block, Some(&entry.key.coldkey)));
        self.tranches.retain(|tranche| of(tranche.id.block, Some(&tranche.coldkey)));
        self.snapshots.retain(|row| of(row.block, Some(&row.key.coldkey)));
        self.exits.retain(|exit| of(exit.by.block, None));
        self.epochs.retain(|record| of(record.epoch.block.number, None));
        self.balance_changes.retain(|change| of(change.to, None));
        self.skipped.retain(|slot| of(slot.block, None));
        self.locks.retain(|row| of(row.block, None));
        self.neurons.retain(|row| of(row.block, None));
        self.successions.retain(|by| of(by.block, None));
        // The time of a block is removed with its entries.
        let timed: BTreeSet<BlockNumber> = self.entries.iter().map(|entry| entry.block).collect();
        self.times.retain(|block, _| timed.contains(block) || of(*block, None));
    }
}
