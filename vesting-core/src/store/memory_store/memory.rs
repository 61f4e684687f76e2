//! The records, each under its subnet.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::record::Record;
use crate::ports::{StoreError, Watermark};
use crate::units::{BlockHash, NetUid};

/// Keeps records in memory. It is as strict as a database: it refuses what a database cannot hold.
///
/// ```
/// use futures_util::FutureExt;
/// use vesting_core::ports::{Commit, OpenInterval, ReadRecord, StoreError, Watermark, WriteRecord};
/// use vesting_core::{BlockHash, BlockNumber, BlockRef, MemoryStore, Millis, NetUid};
///
/// let block = BlockRef { number: BlockNumber(5), hash: BlockHash([5; 32]) };
/// let mark = Watermark {
///     block,
///     time: Millis(60_000),
///     first_block: block.number,
///     first_time: Millis(60_000),
///     observed: block.number,
///     spec_version: 300,
/// };
/// let commit = Commit::without_rows(NetUid(1), None, mark, OpenInterval::default());
/// let store = MemoryStore::new();
/// assert_eq!(store.commit(&commit).now_or_never(), Some(Ok(())));
/// assert_eq!(store.watermark(NetUid(1)).now_or_never(), Some(Ok(Some(mark))));
///
/// // A commit that does not follow the watermark is refused.
/// assert!(matches!(store.commit(&commit).now_or_never(), Some(Err(StoreError::NotNext { .. }))));
/// ```
#[derive(Debug, Default)]
pub struct MemoryStore {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
pub(super) struct Inner {
    pub(super) genesis: Option<BlockHash>,
    pub(super) records: BTreeMap<NetUid, (Watermark, Record)>,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        // A poisoned lock may be used: no step leaves the records half changed.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn query<T: Default>(
        &self,
        netuid: NetUid,
        read: impl FnOnce(&Record) -> T,
    ) -> Result<T, StoreError> {
        Ok(self.lock().records.get(&netuid).map(|(_, record)| read(record)).unwrap_or_default())
    }
}
