//! What all reads of one chain share, and its heads and hashes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::FutureExt;
use tokio::sync::Mutex;
use vesting_core::ports::ChainError;
use vesting_core::{BlockHash, BlockNumber, BlockRef, NetUid};

use crate::agreement::disagreement::Disagreement;
use crate::agreement::trust::Trust;
use crate::endpoints::rpc::Rpc;
use crate::node::finalized_head::finalized_head;
use crate::node::hashes::Hashes;
use crate::node::head_watch::{HeadWatch, Patience};
use crate::node::next_head::NextHead;
use crate::reading::options::ChainOptions;
use crate::runtimes::eras::Eras;
use crate::runtimes::met_runtimes::MetRuntimes;
use crate::runtimes::runtime::Runtime;
use crate::stake::locks::Locks;
use crate::stake::proxies::Proxies;

/// What all reads of one chain share.
pub(crate) struct Chain {
    pub(crate) rpc: Rpc,
    pub(super) runtimes: MetRuntimes,
    patience: Patience,
    /// The highest block known to be finalized. Nothing above it is ever read.
    finalized: AtomicU64,
    pub(super) hashes: Hashes,
    pub(super) trust: Trust,
    pub(super) locks: Locks,
    pub(crate) proxies: Proxies,
    pub(super) eras: Mutex<Eras>,
    /// Locked by the one wait for the next head.
    watch: Mutex<HeadWatch>,
    next: NextHead,
}

impl Chain {
    pub(crate) fn new(options: &ChainOptions) -> Self {
        Self {
            rpc: Rpc::new(
                &options.endpoints,
                options.deadline,
                options.lag_patience,
                options.max_requests_in_flight,
            ),
            runtimes: MetRuntimes::default(),
            patience: Patience { notice: options.query_interval, block: options.block_patience },
            finalized: AtomicU64::new(0),
            hashes: Hashes::default(),
            trust: Trust::default(),
            locks: Locks::default(),
            proxies: Proxies::default(),
            eras: Mutex::default(),
            watch: Mutex::default(),
            next: NextHead::default(),
        }
    }

    /// The highest block known to be finalized; `None` before the first answer.
    pub(crate) fn newest_head(&self) -> Option<BlockNumber> {
        Some(BlockNumber(self.finalized.load(Ordering::Relaxed))).filter(|head| head.0 > 0)
    }

    /// The runtime of the highest version met so far.
    pub(crate) fn newest_runtime(&self) -> Option<Arc<Runtime>> {
        self.runtimes.newest_met()
    }

    /// The disagreements found between storage and the runtime's own answer.
    pub(crate) fn disagreements(&self) -> Vec<Disagreement> {
        self.trust.disagreements()
    }

    /// Notes that a subnet's record was taken back after a contradiction.
    pub(crate) fn taken_back(&self, spec_version: u32, netuid: NetUid) {
        self.trust.taken_back(spec_version, netuid);
    }

    /// The finalized head.
    pub(crate) async fn finalized_head(&self) -> Result<BlockRef, ChainError> {
        let head = finalized_head(&self.rpc).await?;
        self.note(head).await;
        Ok(head)
    }

    /// Notes a finalized head.
    async fn note(&self, head: BlockRef) {
        self.next.note(head);
        self.finalized.fetch_max(head.number.0, Ordering::Relaxed);
        self.rpc.note_finalized(head.number);
        self.hashes.note(head.number, head.hash).await;
    }

    /// Waits for a finalized head above `after`, and returns the newest.
    pub(crate) async fn head_above(self: &Arc<Self>, after: BlockNumber) -> Result<BlockRef, ChainError> {
        loop {
            let newest = self.next.newest();
            if let Some(newest) = newest.filter(|newest| newest.number > after) {
                return Ok(newest);
            }
            let waiting = self.next.join(|| {
                let (chain, after) =
                    (Arc::clone(self), newest.map_or(BlockNumber(0), |newest| newest.number));
                async move {
                    let head = chain.watch.lock().await.above(&chain.rpc, after, chain.patience).await?;
                    chain.note(head).await;
                    Ok(head)
                }
                .boxed()
            });
            waiting.await?;
        }
    }

    /// The hash of a finalized block.
    pub(crate) async fn hash(&self, number: BlockNumber) -> Result<BlockHash, ChainError> {
        let mut finalized = self.finalized.load(Ordering::Relaxed);
        if number.0 > finalized {
            finalized = self.finalized_head().await?.number.0;
        }
        if number.0 > finalized {
            return Err(ChainError::NoSuchBlock(number));
        }
        self.hashes.get(&self.rpc, number, finalized).await
    }
}
