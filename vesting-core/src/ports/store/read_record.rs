//! Reading a record.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;

use super::{Holder, LedgerState, NeuronRow, StoreError, TranchePage, TrancheStand, Watermark};
use crate::block::{Epoch, EpochRecord, SkippedSlot};
use crate::ledger::{Entry, OpenTranche, Succession};
use crate::units::{BlockHash, BlockNumber, Coldkey, Millis, NetUid, PositionKey, Rao};

/// Reads the records of a store: where they end, what happened, and what was held.
///
/// Each answer is read at one moment. A subnet without a record has no rows. Ranges of blocks include both
/// ends.
///
/// ```
/// use futures_util::FutureExt;
/// use vesting_core::ports::ReadRecord;
/// use vesting_core::{MemoryStore, NetUid};
///
/// let store = MemoryStore::new();
/// assert_eq!(store.netuids().now_or_never(), Some(Ok(Vec::new())));
/// assert_eq!(store.watermark(NetUid(1)).now_or_never(), Some(Ok(None)));
/// ```
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait ReadRecord: Send + Sync {
    /// The genesis of the chain that the store is bound to; `None` before it is.
    async fn genesis(&self) -> Result<Option<BlockHash>, StoreError>;

    /// The subnets with a record, in order.
    async fn netuids(&self) -> Result<Vec<NetUid>, StoreError>;

    /// How far the record of a subnet goes; `None` where there is none.
    async fn watermark(&self, netuid: NetUid) -> Result<Option<Watermark>, StoreError>;

    /// What a recorder needs to resume; `None` where there is no record.
    async fn ledger_state(&self, netuid: NetUid) -> Result<Option<LedgerState>, StoreError>;

    /// The entries with `from` ≤ block ≤ `to`, in ledger order.
    async fn entries(
        &self,
        netuid: NetUid,
        from: BlockNumber,
        to: BlockNumber,
    ) -> Result<Vec<Entry>, StoreError>;

    /// The times of the blocks with entries with `from` ≤ block ≤ `to`.
    async fn block_times(
        &self,
        netuid: NetUid,
        from: BlockNumber,
        to: BlockNumber,
    ) -> Result<BTreeMap<BlockNumber, Millis>, StoreError>;

    /// The epochs with `from` ≤ block ≤ `to`, in order, with their changes by position.
    async fn epochs(
        &self,
        netuid: NetUid,
        from: BlockNumber,
        to: BlockNumber,
    ) -> Result<Vec<EpochRecord>, StoreError>;

    /// The same epochs without their changes. The changes are most of the data.
    async fn epoch_list(
        &self,
        netuid: NetUid,
        from: BlockNumber,
        to: BlockNumber,
    ) -> Result<Vec<Epoch>, StoreError> {
        Ok(self.epochs(netuid, from, to).await?.into_iter().map(|record| record.epoch).collect())
    }

    /// The slots with `from` ≤ block ≤ `to` whose epoch was skipped, in order.
    async fn skipped_slots(
        &self,
        netuid: NetUid,
        from: BlockNumber,
        to: BlockNumber,
    ) -> Result<Vec<SkippedSlot>, StoreError>;

    /// The coldkeys that took over from a holder up to `to`, in order.
    async fn successions(&self, netuid: NetUid, to: BlockNumber) -> Result<Vec<Succession>, StoreError>;

    /// Who held which uid: every change up to `to`, by block and uid.
    async fn neurons(&self, netuid: NetUid, to: BlockNumber) -> Result<Vec<NeuronRow>, StoreError>;

    /// Every holder, by coldkey.
    async fn holders(&self, netuid: NetUid) -> Result<Vec<Holder>, StoreError>;

    /// The alpha of every position at the end of `block`, by the newest snapshots up to it. Positions of zero
    /// are left out.
    async fn positions_at(
        &self,
        netuid: NetUid,
        block: BlockNumber,
    ) -> Result<BTreeMap<PositionKey, Rao>, StoreError>;

    /// How much of each holder's stake was locked at the last epoch up to `block`, as far as it is known.
    async fn locks_at(
        &self,
        netuid: NetUid,
        block: BlockNumber,
    ) -> Result<BTreeMap<Coldkey, Rao>, StoreError>;

    /// The tranches entered in `from` ≤ block ≤ `to`, as they were at the end of `as_of`, by coldkey and
    /// entry.
    async fn tranches(
        &self,
        netuid: NetUid,
        from: BlockNumber,
        to: BlockNumber,
        as_of: BlockNumber,
    ) -> Result<Vec<TrancheStand>, StoreError>;

    /// A page of the open tranches that these coldkeys entered, as they are at the watermark, by coldkey and
    /// entry.
    async fn open_tranches(
        &self,
        netuid: NetUid,
        coldkeys: &BTreeSet<Coldkey>,
        page: &TranchePage,
    ) -> Result<Vec<OpenTranche>, StoreError>;
}
