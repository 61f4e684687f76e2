//! `DatabaseStore`: the core's port over a database.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use vesting_core::ports::{
    Commit, Holder, LedgerState, NeuronRow, OpenInterval, Pruned, ReadRecord, Snapshot, StoreError,
    TranchePage, TrancheStand, Watermark, WholeRecord, WriteRecord,
};
use vesting_core::{
    BlockHash, BlockNumber, BlockRef, Coldkey, Entry, Epoch, EpochRecord, Millis, NetUid, OpenTranche,
    PositionKey, Rao, SkippedSlot, Succession,
};

use crate::access::{OpenConnection, Readers, Writer};
use crate::database::{AnyConnection, Place};
use crate::error::Fault;
use crate::record::{prune, read, rewind, write};

/// A store in a SQLite file or on a PostgreSQL server. One connection writes; others read at the same time.
pub struct DatabaseStore {
    /// `None` if the store was opened for reading only.
    writer: Option<Writer>,
    /// `None` for a database in memory, which has no connection but the writer's.
    readers: Option<Readers>,
}

impl std::fmt::Debug for DatabaseStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DatabaseStore")
    }
}

impl DatabaseStore {
    /// Opens the record at a database URL for writing. Creates it if there is none.
    ///
    /// # Errors
    /// - [`StoreError::Unusable`] says what is wrong and what to do. The database was not changed.
    /// - [`StoreError::Busy`]: another program holds the database.
    /// - [`StoreError::Unreachable`]: the server does not answer.
    pub fn open(url: &str) -> Result<Self, StoreError> {
        let place = Place::of(url)?;
        // The writer comes first: it creates the record that the readers need.
        let connection = OpenConnection::writer(&place)?;
        let readers = if place == Place::Memory {
            None
        } else {
            Some(Readers::new(&place, connection.file().cloned())?)
        };
        Ok(Self { writer: Some(Writer::new(&place, connection)), readers })
    }

    /// Opens the record at a database URL for reading. Creates nothing, and refuses to write.
    ///
    /// # Errors
    /// Those of [`DatabaseStore::open`], and if there is no record yet.
    pub fn open_read_only(url: &str) -> Result<Self, StoreError> {
        let place = Place::of(url)?;
        // Opening one connection now shows that there is a record.
        let file = OpenConnection::reader(&place)?.file().cloned();
        Ok(Self { writer: None, readers: Some(Readers::new(&place, file)?) })
    }

    pub(super) fn writer(&self) -> Result<&Writer, StoreError> {
        let why = "nothing was written: the database was opened for reading only";
        self.writer.as_ref().ok_or_else(|| StoreError::Unusable(why.to_owned()))
    }

    async fn read<T, F>(&self, task: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Fn(&mut AnyConnection) -> Result<T, Fault> + Send + Sync + Clone + 'static,
    {
        match &self.readers {
            Some(readers) => readers.read(task).await,
            None => self.writer()?.read(task).await,
        }
    }
}

#[async_trait]
impl ReadRecord for DatabaseStore {
    async fn genesis(&self) -> Result<Option<BlockHash>, StoreError> {
        self.read(read::genesis).await
    }

    async fn netuids(&self) -> Result<Vec<NetUid>, StoreError> {
        self.read(read::netuids).await
    }

    async fn watermark(&self, netuid: NetUid) -> Result<Option<Watermark>, StoreError> {
        self.read(move |conn| read::watermark(conn, netuid)).await
    }

    async fn ledger_state(&self, netuid: NetUid) -> Result<Option<LedgerState>, StoreError> {
        self.read(move |conn| read::ledger_state(conn, netuid)).await
    }

    async fn entries(
        &self,
        netuid: NetUid,
        from: BlockNumber,
        to: BlockNumber,
    ) -> Result<Vec<Entry>, StoreError> {
        self.read(move |conn| read::entries(conn, netuid, from, to)).await
    }

    async fn block_times(
        &self,
        netuid: NetUid,
        from: BlockNumber,
        to: BlockNumber,
    ) -> Result<BTreeMap<BlockNumber, Millis>, StoreError> {
        self.read(move |conn| read::block_times(conn, netuid, from, to)).await
    }

    async fn epochs(
        &self,
        netuid: NetUid,
        from: BlockNumber,
        to: BlockNumber,
    ) -> Result<Vec<EpochRecord>, StoreError> {
        self.read(move |conn| read::epochs(conn, netuid, from, to)).await
    }

    async fn epoch_list(
        &self,
        netuid: NetUid,
        from: BlockNumber,
        to: BlockNumber,
    ) -> Result<Vec<Epoch>, StoreError> {
        self.read(move |conn| read::epoch_list(conn, netuid, from, to)).await
    }

    async fn skipped_slots(
        &self,
        netuid: NetUid,
        from: BlockNumber,
        to: BlockNumber,
    ) -> Result<Vec<SkippedSlot>, StoreError> {
        self.read(move |conn| read::skipped_slots(conn, netuid, from, to)).await
    }

    async fn successions(&self, netuid: NetUid, to: BlockNumber) -> Result<Vec<Succession>, StoreError> {
        self.read(move |conn| read::successions(conn, netuid, to)).await
    }

    async fn neurons(&self, netuid: NetUid, to: BlockNumber) -> Result<Vec<NeuronRow>, StoreError> {
        self.read(move |conn| read::neurons(conn, netuid, to)).await
    }

    async fn holders(&self, netuid: NetUid) -> Result<Vec<Holder>, StoreError> {
        self.read(move |conn| read::holders(conn, netuid)).await
    }

    async fn positions_at(
        &self,
        netuid: NetUid,
        block: BlockNumber,
    ) -> Result<BTreeMap<PositionKey, Rao>, StoreError> {
        self.read(move |conn| read::positions_at(conn, netuid, block)).await
    }

    async fn locks_at(
        &self,
        netuid: NetUid,
        block: BlockNumber,
    ) -> Result<BTreeMap<Coldkey, Rao>, StoreError> {
        self.read(move |conn| read::locks_at(conn, netuid, block)).await
    }

    async fn tranches(
        &self,
        netuid: NetUid,
        from: BlockNumber,
        to: BlockNumber,
        as_of: BlockNumber,
    ) -> Result<Vec<TrancheStand>, StoreError> {
        self.read(move |conn| read::tranches(conn, netuid, from, to, as_of)).await
    }

    async fn open_tranches(
        &self,
        netuid: NetUid,
        coldkeys: &BTreeSet<Coldkey>,
        page: &TranchePage,
    ) -> Result<Vec<OpenTranche>, StoreError> {
        let (coldkeys, page) = (coldkeys.clone(), *page);
        self.read(move |conn| read::open_tranches(conn, netuid, &coldkeys, &page)).await
    }
}

#[async_trait]
impl WriteRecord for DatabaseStore {
    async fn bind_chain(&self, genesis: BlockHash) -> Result<(), StoreError> {
        // Most often the chain is bound already, and then no write lock is needed.
        match self.read(read::genesis).await? {
            Some(stored) => StoreError::unless_same_chain(stored, genesis),
            None => self.writer()?.write(move |conn| write::bind_chain(conn, genesis)).await,
        }
    }

    async fn claim(&self, netuid: NetUid) -> Result<(), StoreError> {
        self.writer()?.claim(netuid).await
    }

    async fn commit(&self, commit: &Commit) -> Result<(), StoreError> {
        let commit = commit.clone();
        self.writer()?.write_to(commit.netuid, move |conn| write::commit(conn, &commit)).await
    }

    async fn observe(
        &self,
        netuid: NetUid,
        at: BlockRef,
        snapshots: &[Snapshot],
        interval: &OpenInterval,
    ) -> Result<(), StoreError> {
        let snapshots = snapshots.to_vec();
        let interval = interval.clone();
        self.writer()?
            .write_to(netuid, move |conn| write::observe(conn, netuid, at, &snapshots, &interval))
            .await
    }
}

#[async_trait]
impl WholeRecord for DatabaseStore {
    async fn part(
        &self,
        netuid: NetUid,
        after: Option<BlockNumber>,
        to: Option<BlockNumber>,
    ) -> Result<Option<Commit>, StoreError> {
        self.read(move |conn| read::part(conn, netuid, after, to)).await
    }

    async fn prune(&self, netuid: NetUid, base: BlockNumber) -> Result<Pruned, StoreError> {
        self.writer()?.write_to(netuid, move |conn| prune::prune(conn, netuid, base)).await
    }

    async fn rewind(&self, netuid: NetUid, to: Option<Watermark>) -> Result<(), StoreError> {
        self.writer()?.write_to(netuid, move |conn| rewind::rewind(conn, netuid, to)).await
    }
}
