//! A store that wraps another one.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;

use async_trait::async_trait;

use super::{
    Commit, Holder, LedgerState, NeuronRow, OpenInterval, Pruned, ReadRecord, Snapshot, StakeStore,
    StoreError, TranchePage, TrancheStand, Watermark, WholeRecord, WriteRecord,
};
use crate::block::{Epoch, EpochRecord, SkippedSlot};
use crate::ledger::{Entry, OpenTranche, Succession};
use crate::units::{BlockHash, BlockNumber, BlockRef, Coldkey, Millis, NetUid, PositionKey, Rao};

/// The answer to a call, still to be waited for.
pub type StoreAnswer<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// A store that passes every call on to another one. It may time a call, refuse it, or act when it ends.
///
/// A type that implements this trait is a [`StakeStore`]:
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU32, Ordering};
///
/// use futures_util::FutureExt;
/// use vesting_core::ports::{ReadRecord, StakeStore, StoreAnswer, StoreLayer};
/// use vesting_core::{MemoryStore, NetUid};
///
/// /// Counts the calls.
/// struct Counted {
///     inner: Arc<dyn StakeStore>,
///     calls: AtomicU32,
/// }
///
/// impl StoreLayer for Counted {
///     fn inner(&self) -> &dyn StakeStore {
///         self.inner.as_ref()
///     }
///
///     fn pass<'a, T: Send + 'a>(
///         &'a self,
///         _method: &'static str,
///         answer: StoreAnswer<'a, T>,
///     ) -> StoreAnswer<'a, T> {
///         self.calls.fetch_add(1, Ordering::Relaxed);
///         answer
///     }
/// }
///
/// let store = Counted { inner: Arc::new(MemoryStore::new()), calls: AtomicU32::new(0) };
/// assert_eq!(store.watermark(NetUid(1)).now_or_never(), Some(Ok(None)));
/// assert_eq!(store.calls.load(Ordering::Relaxed), 1);
/// ```
///
/// For the crates of this workspace.
pub trait StoreLayer: Send + Sync {
    /// The store that the calls are passed on to.
    fn inner(&self) -> &dyn StakeStore;

    /// Passes on one call of the method of that name. The call has not begun: it runs while `answer` is
    /// waited for.
    fn pass<'a, T: Send + 'a>(
        &'a self,
        _method: &'static str,
        answer: StoreAnswer<'a, T>,
    ) -> StoreAnswer<'a, T> {
        answer
    }

    /// Hears of a commit that was written.
    fn committed(&self, _commit: &Commit) {}

    /// Hears of a record that was taken back.
    fn rewound(&self, _netuid: NetUid, _to: Option<Watermark>) {}
}

#[async_trait]
impl<L: StoreLayer> ReadRecord for L {
    async fn genesis(&self) -> Result<Option<BlockHash>, StoreError> {
        self.pass("genesis", self.inner().genesis()).await
    }

    async fn netuids(&self) -> Result<Vec<NetUid>, StoreError> {
        self.pass("netuids", self.inner().netuids()).await
    }

    async fn watermark(&self, netuid: NetUid) -> Result<Option<Watermark>, StoreError> {
        self.pass("watermark", self.inner().watermark(netuid)).await
    }

    async fn ledger_state(&self, netuid: NetUid) -> Result<Option<LedgerState>, StoreError> {
        self.pass("ledger_state", self.inner().ledger_state(netuid)).await
    }

    async fn entries(
        &self,
        netuid: NetUid,
        from: BlockNumber,
        to: BlockNumber,
    ) -> Result<Vec<Entry>, StoreError> {
        self.pass("entries", self.inner().entries(netuid, from, to)).await
    }

    async fn block_times(
        &self,
        netuid: NetUid,
        from: BlockNumber,
        to: BlockNumber,
    ) -> Result<BTreeMap<BlockNumber, Millis>, StoreError> {
        self.pass("block_times", self.inner().block_times(netuid, from, to)).await
    }

    async fn epochs(
        &self,
        netuid: NetUid,
        from: BlockNumber,
        to: BlockNumber,
    ) -> Result<Vec<EpochRecord>, StoreError> {
        self.pass("epochs", self.inner().epochs(netuid, from, to)).await
    }

    async fn epoch_list(
        &self,
        netuid: NetUid,
        from: BlockNumber,
        to: BlockNumber,
    ) -> Result<Vec<Epoch>, StoreError> {
        self.pass("epoch_list", self.inner().epoch_list(netuid, from, to)).await
    }

    async fn skipped_slots(
        &self,
        netuid: NetUid,
        from: BlockNumber,
        to: BlockNumber,
    ) -> Result<Vec<SkippedSlot>, StoreError> {
        self.pass("skipped_slots", self.inner().skipped_slots(netuid, from, to)).await
    }

    async fn successions(&self, netuid: NetUid, to: BlockNumber) -> Result<Vec<Succession>, StoreError> {
        self.pass("successions", self.inner().successions(netuid, to)).await
    }

    async fn neurons(&self, netuid: NetUid, to: BlockNumber) -> Result<Vec<NeuronRow>, StoreError> {
        self.pass("neurons", self.inner().neurons(netuid, to)).await
    }

    async fn holders(&self, netuid: NetUid) -> Result<Vec<Holder>, StoreError> {
        self.pass("holders", self.inner().holders(netuid)).await
    }

    async fn positions_at(
        &self,
        netuid: NetUid,
        block: BlockNumber,
    ) -> Result<BTreeMap<PositionKey, Rao>, StoreError> {
        self.pass("positions_at", self.inner().positions_at(netuid, block)).await
    }

    async fn locks_at(
        &self,
        netuid: NetUid,
        block: BlockNumber,
    ) -> Result<BTreeMap<Coldkey, Rao>, StoreError> {
        self.pass("locks_at", self.inner().locks_at(netuid, block)).await
    }

    async fn tranches(
        &self,
        netuid: NetUid,
        from: BlockNumber,
        to: BlockNumber,
        as_of: BlockNumber,
    ) -> Result<Vec<TrancheStand>, StoreError> {
        self.pass("tranches", self.inner().tranches(netuid, from, to, as_of)).await
    }

    async fn open_tranches(
        &self,
        netuid: NetUid,
        coldkeys: &BTreeSet<Coldkey>,
        page: &TranchePage,
    ) -> Result<Vec<OpenTranche>, StoreError> {
        self.pass("open_tranches", self.inner().open_tranches(netuid, coldkeys, page)).await
    }
}

#[async_trait]
impl<L: StoreLayer> WriteRecord for L {
    async fn bind_chain(&self, genesis: BlockHash) -> Result<(), StoreError> {
        self.pass("bind_chain", self.inner().bind_chain(genesis)).await
    }

    async fn claim(&self, netuid: NetUid) -> Result<(), StoreError> {
        self.pass("claim", self.inner().claim(netuid)).await
    }

    async fn commit(&self, commit: &Commit) -> Result<(), StoreError> {
        self.pass("commit", self.inner().commit(commit)).await?;
        self.committed(commit);
        Ok(())
    }

    async fn observe(
        &self,
        netuid: NetUid,
        at: BlockRef,
        snapshots: &[Snapshot],
        interval: &OpenInterval,
    ) -> Result<(), StoreError> {
        self.pass("observe", self.inner().observe(netuid, at, snapshots, interval)).await
    }
}

#[async_trait]
impl<L: StoreLayer> WholeRecord for L {
    async fn part(
        &self,
        netuid: NetUid,
        after: Option<BlockNumber>,
        to: Option<BlockNumber>,
    ) -> Result<Option<Commit>, StoreError> {
        self.pass("part", self.inner().part(netuid, after, to)).await
    }

    async fn prune(&self, netuid: NetUid, base: BlockNumber) -> Result<Pruned, StoreError> {
        self.pass("prune", self.inner().prune(netuid, base)).await
    }

    async fn rewind(&self, netuid: NetUid, to: Option<Watermark>) -> Result<(), StoreError> {
        self.pass("rewind", self.inner().rewind(netuid, to)).await?;
        self.rewound(netuid, to);
        Ok(())
    }
}
