//! The monitor: the ledgers of its subnets, and the store that they are resumed from.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::ports::{ChainError, ChainPort, StakeStore};
use crate::record::agreed::agreed_glance;
use crate::record::doubt::Doubts;
use crate::record::error::MonitorError;
use crate::record::load::load;
use crate::record::subnet_ledger::SubnetLedger;
use crate::units::{BlockNumber, NetUid};

/// Follows the stake of subnets on the chain.
///
/// ```
/// use std::sync::Arc;
///
/// use async_trait::async_trait;
/// use futures_util::FutureExt;
/// use vesting_core::ports::{Ask, BlockState, ChainError, ChainPort, ReadRecord};
/// use vesting_core::{
///     BlockHash, BlockNumber, BlockRef, BlockchainMonitor, MemoryStore, MonitorError, NetUid, Pace,
/// };
///
/// /// A chain that has only its genesis block.
/// struct Genesis(BlockHash);
///
/// #[async_trait]
/// impl ChainPort for Genesis {
///     async fn genesis(&self) -> Result<BlockHash, ChainError> {
///         Ok(self.0)
///     }
///
///     async fn finalized_head(&self) -> Result<BlockRef, ChainError> {
///         Ok(BlockRef { number: BlockNumber(0), hash: self.0 })
///     }
///
///     async fn wait_for_head_above(&self, _after: BlockNumber) -> Result<BlockRef, ChainError> {
///         self.finalized_head().await
///     }
///
///     async fn read(&self, number: BlockNumber, _ask: &Ask) -> Result<BlockState, ChainError> {
///         Err(ChainError::NoSuchBlock(number))
///     }
/// }
///
/// let (chain, store) = (Arc::new(Genesis(BlockHash([7; 32]))), Arc::new(MemoryStore::new()));
/// let opened = BlockchainMonitor::open(chain, store.clone(), &[NetUid(1)], 8).now_or_never();
/// let monitor = opened.expect("neither the chain nor the store waits")?;
/// // The store is bound to the chain now, and there is no record yet.
/// assert_eq!(store.genesis().now_or_never(), Some(Ok(Some(BlockHash([7; 32])))));
/// assert_eq!(monitor.ledgers()[&NetUid(1)].watermark(), None);
/// // Far behind the head, it reads only the blocks in which something happened.
/// assert_eq!(monitor.pace(BlockNumber(1), BlockNumber(1_000)), Pace::CatchingUp);
/// # Ok::<(), MonitorError>(())
/// ```
pub struct BlockchainMonitor {
    pub(super) chain: Arc<dyn ChainPort>,
    pub(super) store: Arc<dyn StakeStore>,
    pub(super) ledgers: BTreeMap<NetUid, SubnetLedger>,
    /// Whether ledgers may hold more than the store, so that they must be resumed from it. So it is after a
    /// failure, and after a future that was dropped half-way.
    pub(super) stale: bool,
    /// The first blocks of records that were taken back completely. They begin there again.
    pub(super) begin_again_at: BTreeMap<NetUid, BlockNumber>,
    /// The misfits that were met so far.
    pub(super) doubts: Doubts,
    pub(super) in_flight: usize,
}

impl BlockchainMonitor {
    /// Resumes the records of `netuids`, and checks that the store belongs to the chain.
    ///
    /// # Errors
    /// When the chain or the store cannot be read, or they do not belong together.
    pub async fn open(
        chain: Arc<dyn ChainPort>,
        store: Arc<dyn StakeStore>,
        netuids: &[NetUid],
        in_flight: usize,
    ) -> Result<Self, MonitorError> {
        let genesis = chain.genesis().await?;
        store.bind_chain(genesis).await?;
        let mut monitor = Self {
            chain,
            store,
            ledgers: BTreeMap::new(),
            stale: false,
            begin_again_at: BTreeMap::new(),
            doubts: Doubts::default(),
            in_flight: in_flight.max(1),
        };
        for netuid in netuids {
            monitor.reload(*netuid).await?;
        }
        monitor.check_forks().await?;
        Ok(monitor)
    }

    /// Checks that the last block of every record is on the chain.
    async fn check_forks(&self) -> Result<(), MonitorError> {
        for ledger in self.ledgers.values() {
            let Some(watermark) = ledger.watermark() else { continue };
            let stands_at = watermark.block;
            match agreed_glance(self.chain.as_ref(), stands_at.number, &[]).await {
                Ok(facts) if facts.block == stands_at => {}
                // A node that is behind the record cannot show a fork.
                Err(ChainError::NoSuchBlock(_) | ChainError::Pruned { .. }) => {}
                Ok(facts) => return Err(MonitorError::Fork { block: facts.block.number, stands_at }),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    async fn reload(&mut self, netuid: NetUid) -> Result<(), MonitorError> {
        self.ledgers.insert(netuid, load(self.store.as_ref(), netuid).await?);
        Ok(())
    }

    /// The chain.
    #[must_use]
    pub fn chain(&self) -> &Arc<dyn ChainPort> {
        &self.chain
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn StakeStore> {
        &self.store
    }

    /// The ledgers, by subnet.
    #[must_use]
    pub fn ledgers(&self) -> &BTreeMap<NetUid, SubnetLedger> {
        &self.ledgers
    }

    /// The next block of a ledger. A record that does not exist yet begins at `first`, unless it was taken
    /// back completely.
    pub(super) fn next_block_of(&self, ledger: &SubnetLedger, first: BlockNumber) -> BlockNumber {
        let begins = || self.begin_again_at.get(&ledger.netuid()).copied().unwrap_or(first);
        ledger.watermark().map_or_else(begins, |watermark| watermark.block.number.child())
    }

    /// The block up to which every subnet is recorded. New records begin at `first`.
    pub(super) fn recorded_up_to(&self, first: BlockNumber) -> BlockNumber {
        self.ledgers.values().map(|ledger| self.next_block_of(ledger, first)).min().unwrap_or(first).parent()
    }

    /// Resumes the ledgers from the store, if they may differ from it.
    pub(super) async fn refresh(&mut self) -> Result<(), MonitorError> {
        if self.stale {
            let netuids: Vec<NetUid> = self.ledgers.keys().copied().collect();
            for netuid in netuids {
                self.reload(netuid).await?;
            }
            self.stale = false;
        }
        Ok(())
    }

    /// Ends a call that changed ledgers. After a failure, whatever was not committed is discarded, so that
    /// the store is the truth again.
    pub(super) async fn finish(&mut self, done: Result<(), MonitorError>) -> Result<(), MonitorError> {
        if done.is_ok() {
            self.stale = false;
            return done;
        }
        match self.refresh().await {
            // An error that stays is reported before one that may pass.
            Err(error) if !error.is_passing() => Err(error),
            _ => done,
        }
    }

    pub(super) async fn commit(&mut self, netuid: NetUid) -> Result<(), MonitorError> {
        let Some(ledger) = self.ledgers.get_mut(&netuid) else { return Ok(()) };
        if let Some(commit) = ledger.take_commit() {
            self.store.commit(&commit).await?;
            ledger.evict();
        }
        Ok(())
    }
}
