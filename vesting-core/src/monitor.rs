//! `BlockchainMonitor`: takes finalized blocks in order into the ledgers of the subnets it follows.
//!
//! Its own watermark in the store is the truth: after any gap or restart it goes on from there, and
//! an epoch's interval is measured at B₁ and B₂−1 only, so following and catching up write the same.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt, stream};

use crate::catch_up::CatchUp;
use crate::classify::classify;
use crate::ledger::{ConservationError, SubnetLedger};
use crate::ports::{Ask, ChainError, ChainPort, StakeStore, StoreError, SubnetAsk};
use crate::recorder::{Around, Recorder, Taken};
use crate::{BlockFacts, BlockNumber, BlockRef, Detection, NetUid, balances};

/// Blocks behind the head beyond which following is catching up.
const FAR_BEHIND: u64 = 16;

/// Blocks fetched before they are taken in.
const BLOCKS_AHEAD: u64 = 256;

/// Why the record cannot go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MonitorError {
    /// The chain. Reaction: as its kind says.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The store. Reaction: as its kind says.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The ledger does not agree with the chain. Reaction: stop and say so.
    #[error(transparent)]
    Conservation(#[from] ConservationError),
    /// The chain's blocks do not follow on the record. Reaction: stop and say so.
    #[error(
        "block {block} of the chain does not follow on the record, which stands at {stands_at}: the database holds another fork or another chain of this name; use another `--database-url`"
    )]
    Fork {
        /// The chain's block.
        block: BlockNumber,
        /// Where the record stands.
        stands_at: BlockRef,
    },
    /// A block was offered out of order. Reaction: catch up from the watermark.
    #[error("block {block} was offered, but subnet {netuid} stands at {stands_at}")]
    OutOfOrder {
        /// The subnet.
        netuid: NetUid,
        /// The block.
        block: BlockNumber,
        /// Where the record stands.
        stands_at: BlockNumber,
    },
}

impl MonitorError {
    /// Whether the same may go well a little later.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Chain(error) => error.is_passing(),
            Self::Store(error) => error.is_passing(),
            Self::Conservation(_) | Self::Fork { .. } | Self::OutOfOrder { .. } => false,
        }
    }
}

/// How blocks are read, and how many share a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// Every block, one a transaction.
    Following,
    /// Every block; an epoch with the blocks that lead to it (or this many blocks) is one transaction.
    EveryBlock {
        /// The most blocks in one transaction.
        blocks_per_commit: u32,
    },
    /// Only the blocks in which something happened; an epoch with what led to it is one transaction.
    CatchingUp,
}

/// Where a catch-up stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// The last block taken in.
    pub block: BlockNumber,
    /// The last block to take in.
    pub to: BlockNumber,
    /// Epochs taken in so far.
    pub epochs: u64,
    /// Blocks taken in so far in which a stake operation was looked for and found.
    pub operations: u64,
    /// Entries written so far.
    pub entries: u64,
}

impl Progress {
    /// What `next` counted from nothing, counted on from here.
    #[must_use]
    pub fn plus(self, next: Self) -> Self {
        Self {
            epochs: self.epochs.saturating_add(next.epochs),
            operations: self.operations.saturating_add(next.operations),
            entries: self.entries.saturating_add(next.entries),
            ..next
        }
    }

    pub(crate) fn add(&mut self, taken: Taken) {
        self.epochs = self.epochs.saturating_add(taken.epochs);
        self.entries = self.entries.saturating_add(taken.entries);
    }
}

/// Follows the stake of subnets on the chain.
pub struct BlockchainMonitor {
    chain: Arc<dyn ChainPort>,
    store: Arc<dyn StakeStore>,
    ledgers: BTreeMap<NetUid, SubnetLedger>,
    /// Whether ledgers may have taken in what the store did not, so that they are to be taken up from it again:
    /// after a failure, and after a future that was dropped half-way.
    stale: bool,
    in_flight: usize,
}

/// The ledger of a subnet as the store has it.
pub(crate) async fn load(store: &dyn StakeStore, netuid: NetUid) -> Result<SubnetLedger, StoreError> {
    let Some(state) = store.ledger_state(netuid).await? else { return Ok(SubnetLedger::new(netuid)) };
    let (from, end) = (state.interval.from, state.watermark.block.number);
    // An interval begins where entries and snapshots agree.
    let start = balances::opening(store, netuid, from).await?;
    let entries = store.entries(netuid, from.map_or(BlockNumber(0), BlockNumber::child), end).await?;
    Ok(SubnetLedger::resume(netuid, state, start, entries))
}

impl BlockchainMonitor {
    /// Takes up the record of `netuids`, checking that the store belongs to the chain.
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
        let mut monitor = Self { chain, store, ledgers: BTreeMap::new(), stale: false, in_flight: in_flight.max(1) };
        for netuid in netuids {
            monitor.reload(*netuid).await?;
        }
        monitor.check_forks().await?;
        Ok(monitor)
    }

    /// The record's last block must be on the chain.
    async fn check_forks(&self) -> Result<(), MonitorError> {
        for ledger in self.ledgers.values() {
            let Some(watermark) = ledger.watermark() else { continue };
            let stands_at = watermark.block;
            match self.chain.glance(stands_at.number, &[]).await {
                Ok(facts) if facts.block == stands_at => {}
                // A node that is behind us says nothing about the fork.
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

    /// The pace at which to go on to `to`, with new records beginning at `first`: that of a follower where it
    /// is near.
    #[must_use]
    pub fn pace(&self, first: BlockNumber, to: BlockNumber) -> Pace {
        let behind = to.0.saturating_sub(self.stands_at(first).0);
        if behind > FAR_BEHIND { Pace::CatchingUp } else { Pace::Following }
    }

    /// The block up to which every subnet is recorded, with new records beginning at `first`.
    fn stands_at(&self, first: BlockNumber) -> BlockNumber {
        let reached = |ledger: &SubnetLedger| ledger.watermark().map_or(first.parent(), |w| w.block.number);
        self.ledgers.values().map(reached).min().unwrap_or(first.parent())
    }

    /// Takes in every block up to `to`, from the watermark of each subnet or, where there is no
    /// record, from `first`. Blocks are fetched several at a time and taken in order.
    ///
    /// # Errors
    /// As [`MonitorError`] says; what was committed stays, and a later call goes on from there.
    pub async fn advance(
        &mut self,
        first: BlockNumber,
        to: BlockNumber,
        pace: Pace,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<(), MonitorError> {
        self.refresh().await?;
        self.stale = true;
        let done = self.advance_blocks(first, to, pace, progress).await;
        self.after(done).await
    }

    /// Takes up from the store what may differ from it.
    async fn refresh(&mut self) -> Result<(), MonitorError> {
        if self.stale {
            let netuids: Vec<NetUid> = self.ledgers.keys().copied().collect();
            for netuid in netuids {
                self.reload(netuid).await?;
            }
            self.stale = false;
        }
        Ok(())
    }

    /// Ends something that changed ledgers. What was taken in but not committed is forgotten, so that the store
    /// is the truth again.
    async fn after(&mut self, done: Result<(), MonitorError>) -> Result<(), MonitorError> {
        if done.is_ok() {
            self.stale = false;
            return done;
        }
        match self.refresh().await {
            // What does not pass outweighs what may.
            Err(error) if !error.is_passing() => Err(error),
            _ => done,
        }
    }

    async fn advance_blocks(
        &mut self,
        first: BlockNumber,
        to: BlockNumber,
        pace: Pace,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<(), MonitorError> {
        let first = BlockNumber(first.0.max(1));
        if pace == Pace::CatchingUp {
            return self.catch_up(first, to, progress).await;
        }
        let next = |ledger: &SubnetLedger| ledger.watermark().map_or(first, |w| w.block.number.child());
        let Some(from) = self.ledgers.values().map(next).min() else { return Ok(()) };
        let netuids: Arc<[NetUid]> = self.ledgers.keys().copied().collect();
        let mut state = Progress { block: from.parent(), to, epochs: 0, operations: 0, entries: 0 };
        let mut next_block = from;
        while next_block <= to {
            let last = BlockNumber(next_block.0.saturating_add(BLOCKS_AHEAD - 1).min(to.0));
            for facts in self.fetch(next_block, last, &netuids).await? {
                let behind: Vec<NetUid> =
                    self.ledgers.values().filter(|ledger| next(ledger) <= facts.block.number).map(SubnetLedger::netuid).collect();
                let taken = self.take(&behind, &facts, pace).await?;
                state.add(taken);
                state.block = facts.block.number;
                progress(state);
            }
            next_block = last.child();
        }
        for netuid in netuids.iter() {
            self.commit(*netuid).await?;
        }
        Ok(())
    }

    /// Takes in only the blocks in which something happened, one subnet after the other.
    async fn catch_up(
        &mut self,
        first: BlockNumber,
        to: BlockNumber,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<(), MonitorError> {
        let mut state = Progress { block: first.parent(), to, epochs: 0, operations: 0, entries: 0 };
        for ledger in self.ledgers.values_mut() {
            CatchUp {
                chain: self.chain.as_ref(),
                store: self.store.as_ref(),
                ledger,
                in_flight: self.in_flight,
                state: &mut state,
                progress,
            }
            .run(first, to)
            .await?;
        }
        Ok(())
    }

    /// Fetches a run of blocks, several at a time. All of it, before any is taken in: a fetch left
    /// half done while a ledger asks for more would hold on to the places it waits for.
    async fn fetch(&self, from: BlockNumber, to: BlockNumber, netuids: &Arc<[NetUid]>) -> Result<Vec<BlockFacts>, ChainError> {
        stream::iter(from.0..=to.0)
            .map(|number| {
                let (chain, netuids) = (Arc::clone(&self.chain), Arc::clone(netuids));
                async move { chain.block(BlockNumber(number), &netuids).await }
            })
            .buffered(self.in_flight)
            .try_collect()
            .await
    }

    /// Takes one block into these ledgers, and commits where it is due. What must be read around the
    /// block is read for all of them at once.
    async fn take(&mut self, netuids: &[NetUid], facts: &BlockFacts, pace: Pace) -> Result<Taken, MonitorError> {
        let mut flows = BTreeMap::new();
        let mut ask = Ask::default();
        for ledger in netuids.iter().filter_map(|netuid| self.ledgers.get(netuid)) {
            let own = classify(ledger.netuid(), &facts.events);
            ask.subnets.extend(Recorder::wants(ledger, facts, &own).map(|wanted| (ledger.netuid(), wanted)));
            flows.insert(ledger.netuid(), own);
        }
        let (mut before, mut after) = (BTreeMap::new(), BTreeMap::new());
        if !ask.subnets.is_empty() {
            before = self.chain.read(facts.block.number.parent(), &ask).await?.subnets;
            after = self.chain.read(facts.block.number, &ask.after()).await?.subnets;
        }
        let mut all = Taken::default();
        for (netuid, flows) in flows {
            let Some(ledger) = self.ledgers.get_mut(&netuid) else { continue };
            let around = Around { before: before.remove(&netuid).unwrap_or_default(), after: after.remove(&netuid).unwrap_or_default() };
            let mut recorder =
                Recorder { chain: self.chain.as_ref(), store: self.store.as_ref(), ledger, detected: Detection::Storage, seen: None };
            all.add(recorder.take(facts, &flows, around).await?);
            let due = match pace {
                Pace::EveryBlock { blocks_per_commit } => ledger.has_boundary() || ledger.pending_blocks() >= blocks_per_commit,
                Pace::Following | Pace::CatchingUp => true,
            };
            if due {
                self.commit(netuid).await?;
            }
        }
        Ok(all)
    }

    /// Follows the finalized head: catches up to it, waits for the next, and so on until `until` is in
    /// the store (or for ever). `wake` hears of every head reached; dropping the future stops at once
    /// with nothing half done, since every block is one transaction.
    ///
    /// # Errors
    /// As [`MonitorError`] says; a later call goes on from the watermark.
    pub async fn follow(
        &mut self,
        first: BlockNumber,
        until: Option<BlockNumber>,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<(), MonitorError> {
        let mut all = Progress { block: first.parent(), to: first, epochs: 0, operations: 0, entries: 0 };
        loop {
            self.refresh().await?;
            let done = self.stands_at(first);
            if until.is_some_and(|until| done >= until) {
                return self.observe().await;
            }
            let head = self.chain.wait_for_head_above(done).await?;
            let to = until.map_or(head.number, |until| until.min(head.number));
            let pace = self.pace(first, to);
            // Each advance counts from nothing; followers hear of all since they began.
            let mut last = all;
            let counted = &mut |state: Progress| {
                last = all.plus(state);
                progress(last);
            };
            self.advance(first, to, pace, counted).await?;
            all = last;
        }
    }

    async fn commit(&mut self, netuid: NetUid) -> Result<(), MonitorError> {
        let Some(ledger) = self.ledgers.get_mut(&netuid) else { return Ok(()) };
        if let Some(commit) = ledger.take_commit() {
            self.store.commit(&commit).await?;
        }
        Ok(())
    }

    /// Reads every holder's positions at the watermark, so that the record knows every balance there.
    ///
    /// # Errors
    /// When the chain or the store cannot be read or written.
    pub async fn observe(&mut self) -> Result<(), MonitorError> {
        self.refresh().await?;
        self.stale = true;
        let done = self.observe_all().await;
        self.after(done).await
    }

    async fn observe_all(&mut self) -> Result<(), MonitorError> {
        for (netuid, ledger) in &mut self.ledgers {
            let Some(watermark) = ledger.watermark() else { continue };
            if watermark.observed == watermark.block.number || ledger.pending_blocks() > 0 {
                continue;
            }
            let ask = SubnetAsk::positions(ledger.holders(), ledger.roster());
            let positions = self.chain.subnet(watermark.block.number, *netuid, ask).await?.positions;
            let mut recorder =
                Recorder { chain: self.chain.as_ref(), store: self.store.as_ref(), ledger, detected: Detection::Storage, seen: None };
            let rows = recorder.observe(&positions).await?;
            self.store.observe(*netuid, watermark.block, &rows, ledger.interval()).await?;
        }
        Ok(())
    }
}
