//! The store over SQLite.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use vesting_core::ports::{
    BalanceChange, Commit, Holder, LedgerState, MultiplierRow, NeuronRow, OpenInterval, Snapshot, StakeStore, StoreError, Watermark,
};
use vesting_core::{
    BlockHash, BlockNumber, BlockRef, Coldkey, Entry, Epoch, EpochRecord, Millis, NetUid, PositionKey, Rao, RaoDelta, SkippedSlot,
    Succession, TrancheHistory,
};

use crate::held::Held;
use crate::{link, read, write};

#[cfg(test)]
mod tests;

/// A record in a SQLite file: one connection writes, another reads beside it.
pub struct SqliteStore {
    writer: Arc<Held>,
    reader: Arc<Held>,
}

impl std::fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SqliteStore")
    }
}

impl SqliteStore {
    /// Opens a file for writing, and makes it where there is none.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] with what is wrong and what to do, in which case a file that is
    /// there was not touched; [`StoreError::Busy`] while another program holds it, [`StoreError::Full`] while
    /// there is no room for it, [`StoreError::Corrupt`] where it is damaged.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        // The writer first: it makes the file that the reader then finds.
        Ok(Self { writer: Held::open(path, link::writer)?, reader: Held::open(path, link::reader)? })
    }

    /// Opens a file that holds a record; creates nothing and refuses to write.
    ///
    /// # Errors
    /// As [`SqliteStore::open`], and where there is no record yet.
    pub fn open_read_only(path: &Path) -> Result<Self, StoreError> {
        let only = Held::open(path, link::reader)?;
        Ok(Self { writer: Arc::clone(&only), reader: only })
    }

    /// A record that lives as long as the store.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn in_memory() -> Result<Self, StoreError> {
        let only = Held::memory(link::memory()?);
        Ok(Self { writer: Arc::clone(&only), reader: only })
    }
}

#[async_trait]
impl StakeStore for SqliteStore {
    async fn bind_chain(&self, genesis: BlockHash) -> Result<(), StoreError> {
        // Most often it is bound, and then nothing needs the write lock.
        match self.reader.read(read::genesis).await? {
            Some(stored) => write::same_chain(stored, genesis),
            None => self.writer.write(move |conn| write::bind_chain(conn, genesis)).await,
        }
    }

    async fn genesis(&self) -> Result<Option<BlockHash>, StoreError> {
        self.reader.read(read::genesis).await
    }

    async fn netuids(&self) -> Result<Vec<NetUid>, StoreError> {
        self.reader.read(read::netuids).await
    }

    async fn watermark(&self, netuid: NetUid) -> Result<Option<Watermark>, StoreError> {
        self.reader.read(move |conn| read::watermark(conn, netuid)).await
    }

    async fn ledger_state(&self, netuid: NetUid) -> Result<Option<LedgerState>, StoreError> {
        self.reader.read(move |conn| read::ledger_state(conn, netuid)).await
    }

    async fn commit(&self, commit: &Commit) -> Result<(), StoreError> {
        let commit = commit.clone();
        self.writer.write(move |conn| write::commit(conn, &commit)).await
    }

    async fn observe(&self, netuid: NetUid, at: BlockRef, snapshots: &[Snapshot], interval: &OpenInterval) -> Result<(), StoreError> {
        let snapshots = snapshots.to_vec();
        let interval = interval.clone();
        self.writer.write(move |conn| write::observe(conn, netuid, at, &snapshots, &interval)).await
    }

    async fn entries(&self, netuid: NetUid, from: BlockNumber, to: BlockNumber) -> Result<Vec<Entry>, StoreError> {
        self.reader.read(move |conn| read::entries(conn, netuid, from, to)).await
    }

    async fn balances_at(&self, netuid: NetUid, block: BlockNumber) -> Result<BTreeMap<PositionKey, RaoDelta>, StoreError> {
        self.reader.read(move |conn| read::balances_at(conn, netuid, block)).await
    }

    async fn block_times(&self, netuid: NetUid, from: BlockNumber, to: BlockNumber) -> Result<BTreeMap<BlockNumber, Millis>, StoreError> {
        self.reader.read(move |conn| read::block_times(conn, netuid, from, to)).await
    }

    async fn epochs(&self, netuid: NetUid, from: BlockNumber, to: BlockNumber) -> Result<Vec<EpochRecord>, StoreError> {
        self.reader.read(move |conn| read::epochs(conn, netuid, from, to)).await
    }

    async fn epoch_list(&self, netuid: NetUid, from: BlockNumber, to: BlockNumber) -> Result<Vec<Epoch>, StoreError> {
        self.reader.read(move |conn| read::epoch_list(conn, netuid, from, to)).await
    }

    async fn skipped_slots(&self, netuid: NetUid, from: BlockNumber, to: BlockNumber) -> Result<Vec<SkippedSlot>, StoreError> {
        self.reader.read(move |conn| read::skipped_slots(conn, netuid, from, to)).await
    }

    async fn successions(&self, netuid: NetUid, to: BlockNumber) -> Result<Vec<Succession>, StoreError> {
        self.reader.read(move |conn| read::successions(conn, netuid, to)).await
    }

    async fn neurons(&self, netuid: NetUid, to: BlockNumber) -> Result<Vec<NeuronRow>, StoreError> {
        self.reader.read(move |conn| read::neurons(conn, netuid, to)).await
    }

    async fn holders(&self, netuid: NetUid) -> Result<Vec<Holder>, StoreError> {
        self.reader.read(move |conn| read::holders(conn, netuid)).await
    }

    async fn positions_at(&self, netuid: NetUid, block: BlockNumber) -> Result<BTreeMap<PositionKey, Rao>, StoreError> {
        self.reader.read(move |conn| read::positions_at(conn, netuid, block)).await
    }

    async fn locks_at(&self, netuid: NetUid, block: BlockNumber) -> Result<BTreeMap<Coldkey, Rao>, StoreError> {
        self.reader.read(move |conn| read::locks_at(conn, netuid, block)).await
    }

    async fn tranches(&self, netuid: NetUid, as_of: BlockNumber) -> Result<Vec<TrancheHistory>, StoreError> {
        self.reader.read(move |conn| read::tranches(conn, netuid, as_of)).await
    }

    async fn balance_changes(&self, netuid: NetUid, from: BlockNumber, to: BlockNumber) -> Result<Vec<BalanceChange>, StoreError> {
        self.reader.read(move |conn| read::balance_changes(conn, netuid, from, to)).await
    }

    async fn record(&self, netuid: NetUid) -> Result<Option<Commit>, StoreError> {
        self.reader.read(move |conn| read::record(conn, netuid)).await
    }

    async fn put_multipliers(&self, netuid: NetUid, rows: &[MultiplierRow]) -> Result<(), StoreError> {
        let rows = rows.to_vec();
        self.writer.write(move |conn| write::put_multipliers(conn, netuid, &rows)).await
    }

    async fn multipliers(&self, netuid: NetUid, as_of: BlockNumber, policy: &str) -> Result<Vec<MultiplierRow>, StoreError> {
        let policy = policy.to_owned();
        self.reader.read(move |conn| read::multipliers(conn, netuid, as_of, &policy)).await
    }
}
