//! `BlockchainMonitor`: takes finalized blocks in order into the ledgers of the subnets it follows.
//!
//! Its own watermark in the store is the truth: after any gap or restart it goes on from there, and
//! an epoch's interval is measured at B₁ and B₂−1 only, so following and catching up write the same.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt, stream};

use crate::classify::{Flows, classify};
use crate::emission::{EpochStates, split};
use crate::interval::{Interval, Residue};
use crate::ledger::{ConservationError, SubnetLedger};
use crate::ports::{ChainError, ChainPort, StakeStore, StoreError};
use crate::{BlockFacts, BlockNumber, BlockRef, Coldkey, Entry, Epoch, EpochRecord, NetUid, PositionKey, Rao, SubnetCounters, is_epoch};

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

/// How blocks are taken in: what is read beside them, and how many share a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// One block, one transaction; positions that may have changed are read at once.
    Following,
    /// An epoch with the blocks that lead to it (or this many blocks) is one transaction; positions
    /// are read at epochs only.
    CatchingUp {
        /// The most blocks in one transaction.
        blocks_per_commit: u32,
    },
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
    /// Entries written so far.
    pub entries: u64,
}

/// Follows the stake of subnets on the chain.
pub struct BlockchainMonitor {
    chain: Arc<dyn ChainPort>,
    store: Arc<dyn StakeStore>,
    ledgers: BTreeMap<NetUid, SubnetLedger>,
    in_flight: usize,
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
        let head = chain.finalized_head().await?;
        // Asked before anything is written: a subnet that does not exist leaves no trace.
        let facts = chain.block(head.number, netuids).await?;
        for netuid in netuids {
            if !facts.subnets.contains_key(netuid) && store.watermark(*netuid).await?.is_none() {
                return Err(ChainError::NoSuchSubnet { netuid: *netuid, block: head.number }.into());
            }
        }
        store.bind_chain(genesis).await?;
        let mut monitor = Self { chain, store, ledgers: BTreeMap::new(), in_flight: in_flight.max(1) };
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
            match self.chain.block(stands_at.number, &[]).await {
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
        let ledger = match self.store.ledger_state(netuid).await? {
            None => SubnetLedger::new(netuid),
            Some(state) => {
                let since = state.last_epoch.map_or(BlockNumber(0), BlockNumber::child);
                let entries = self.store.entries(netuid, since, state.watermark.block.number).await?;
                SubnetLedger::resume(netuid, state, entries)
            }
        };
        self.ledgers.insert(netuid, ledger);
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
        let done = self.advance_blocks(first, to, pace, progress).await;
        if done.is_err() {
            // What was taken in but not committed is forgotten, so that the store is the truth again.
            let netuids: Vec<NetUid> = self.ledgers.keys().copied().collect();
            for netuid in netuids {
                self.reload(netuid).await?;
            }
        }
        done
    }

    async fn advance_blocks(
        &mut self,
        first: BlockNumber,
        to: BlockNumber,
        pace: Pace,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<(), MonitorError> {
        let first = BlockNumber(first.0.max(1));
        let next = |ledger: &SubnetLedger| ledger.watermark().map_or(first, |w| w.block.number.child());
        let Some(from) = self.ledgers.values().map(next).min() else { return Ok(()) };
        let netuids: Arc<[NetUid]> = self.ledgers.keys().copied().collect();
        let mut state = Progress { block: from.parent(), to, epochs: 0, entries: 0 };
        let mut next_block = from;
        while next_block <= to {
            let last = BlockNumber(next_block.0.saturating_add(BLOCKS_AHEAD - 1).min(to.0));
            for facts in self.fetch(next_block, last, &netuids).await? {
                for netuid in netuids.iter() {
                    let behind = self.ledgers.get(netuid).is_some_and(|ledger| next(ledger) <= facts.block.number);
                    if behind {
                        let (epochs, entries) = self.take(*netuid, &facts, pace).await?;
                        state.epochs = state.epochs.saturating_add(epochs);
                        state.entries = state.entries.saturating_add(entries);
                    }
                }
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

    /// Takes one block into one ledger; gives how many epochs and entries it brought.
    async fn take(&mut self, netuid: NetUid, facts: &BlockFacts, pace: Pace) -> Result<(u64, u64), MonitorError> {
        let Some(ledger) = self.ledgers.get_mut(&netuid) else { return Ok((0, 0)) };
        let number = facts.block.number;
        let mut runtime_changed = false;
        if let Some(watermark) = ledger.watermark() {
            if watermark.block.number != number.parent() {
                return Err(MonitorError::OutOfOrder { netuid, block: number, stands_at: watermark.block.number });
            }
            if watermark.block.hash != facts.parent_hash {
                return Err(MonitorError::Fork { block: number, stands_at: watermark.block });
            }
            runtime_changed = watermark.spec_version != facts.spec_version;
        }
        let flows = classify(netuid, number, &facts.events);
        let epoch = facts.subnets.get(&netuid).filter(|counters| is_epoch(number, counters)).copied();
        let (epochs, entries, observed) = match epoch {
            Some(counters) => (1, self.take_epoch(netuid, facts, &counters, &flows, runtime_changed).await?, Some(number)),
            None => {
                let holders: Vec<Entry> = flows.entries.iter().filter(|e| ledger.is_holder(&e.key.coldkey)).copied().collect();
                for entry in &holders {
                    ledger.add(*entry, facts.time);
                }
                ledger.count(&flows.operations, runtime_changed);
                let observed = if pace == Pace::Following { self.look(netuid, number, &flows).await? } else { None };
                (0, u64::try_from(holders.len()).unwrap_or(u64::MAX), observed)
            }
        };
        let Some(ledger) = self.ledgers.get_mut(&netuid) else { return Ok((0, 0)) };
        ledger.seal(facts, observed);
        let due = match pace {
            Pace::Following => true,
            Pace::CatchingUp { blocks_per_commit } => epochs > 0 || ledger.pending_blocks() >= blocks_per_commit,
        };
        if due {
            self.commit(netuid).await?;
        }
        Ok((epochs, entries))
    }

    /// Reads the holders' positions that operations on these hotkeys may have touched, so that the
    /// record knows every balance at its watermark. `None` when it did not know them before either.
    async fn look(&mut self, netuid: NetUid, number: BlockNumber, flows: &Flows) -> Result<Option<BlockNumber>, MonitorError> {
        let Some(ledger) = self.ledgers.get_mut(&netuid) else { return Ok(None) };
        if ledger.watermark().is_none_or(|w| w.observed != number.parent()) {
            return Ok(None);
        }
        let coldkeys = ledger.touched_by(&flows.operations);
        if !coldkeys.is_empty() {
            let positions = read(self.chain.as_ref(), number, netuid, &coldkeys).await?;
            let rows = ledger.observe(number, &coldkeys, &positions);
            ledger.keep_snapshots(rows);
        }
        Ok(Some(number))
    }

    /// Takes in an epoch's block: closes the interval at B−1, opens new holders there, and splits
    /// what B did.
    async fn take_epoch(
        &mut self,
        netuid: NetUid,
        facts: &BlockFacts,
        counters: &SubnetCounters,
        flows: &Flows,
        runtime_changed: bool,
    ) -> Result<u64, MonitorError> {
        let chain = Arc::clone(&self.chain);
        let Some(ledger) = self.ledgers.get_mut(&netuid) else { return Ok(0) };
        let number = facts.block.number;
        let pre = number.parent();
        let neurons = chain.neurons(pre, netuid).await?;
        let neurons_after = chain.neurons(number, netuid).await?;
        let subnet_owner = chain.subnet_owner(pre, netuid).await?;
        let mut coldkeys: BTreeSet<Coldkey> = ledger.holders().into_iter().collect();
        coldkeys.extend(neurons.iter().map(|n| n.coldkey));
        let before = read(chain.as_ref(), pre, netuid, &coldkeys).await?;
        let after = read(chain.as_ref(), number, netuid, &coldkeys).await?;
        let pre_time = match ledger.watermark() {
            Some(watermark) => watermark.time,
            None => chain.block(pre, &[]).await?.time,
        };

        let mut written = 0u64;
        let mut closing = Vec::new();
        if let Some(from) = ledger.last_epoch() {
            let interval = Interval { netuid, from, to: pre, start: ledger.interval_start(), entries: ledger.interval_entries() };
            for residue in residues(ledger, &before) {
                if residue.is_rounding() {
                    closing.push(interval.rounding(residue));
                } else {
                    closing.extend(interval.locate(chain.as_ref(), residue).await?);
                }
            }
            closing.sort_by_key(Entry::order);
        }
        for entry in closing {
            ledger.add(entry, pre_time);
            written = written.saturating_add(1);
        }
        ledger.check(pre, &before)?;
        ledger.close_interval(pre);
        for neuron in &neurons {
            ledger.open_holder(neuron.coldkey, pre, pre_time, &before);
        }
        ledger.see_neurons(pre, &neurons);
        let rows = ledger.observe(pre, &coldkeys, &before);
        ledger.keep_snapshots(rows);

        let own: Vec<Entry> = flows.entries.iter().filter(|e| coldkeys.contains(&e.key.coldkey)).copied().collect();
        let states = EpochStates { netuid, facts, neurons: &neurons, subnet_owner, before: &before, after: &after, runtime_changed };
        let (entries, changes) = split(&states, &own, &flows.operations);
        for entry in entries {
            ledger.add(entry, facts.time);
            written = written.saturating_add(1);
        }
        ledger.check(number, &after)?;
        ledger.see_neurons(number, &neurons_after);
        let rows = ledger.observe(number, &coldkeys, &after);
        ledger.keep_snapshots(rows);
        let epoch = Epoch {
            block: facts.block,
            pre_block: BlockRef { number: pre, hash: facts.parent_hash },
            time: facts.time,
            index: counters.epoch_index,
            tempo: counters.tempo,
            registered_at: counters.registered_at,
        };
        ledger.begin_interval(EpochRecord { epoch, changes });
        Ok(written)
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
        blocks_per_commit: u32,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<(), MonitorError> {
        let (mut epochs, mut entries) = (0u64, 0u64);
        loop {
            let stands_at = self.ledgers.values().filter_map(SubnetLedger::watermark).map(|w| w.block.number).min();
            let done = stands_at.unwrap_or(first.parent());
            if until.is_some_and(|until| done >= until) {
                return Ok(());
            }
            let head = self.chain.wait_for_head_above(done).await?;
            let to = until.map_or(head.number, |until| until.min(head.number));
            // Far behind, an epoch a transaction; near the head, block by block.
            let pace = if to.0.saturating_sub(done.0) > FAR_BEHIND { Pace::CatchingUp { blocks_per_commit } } else { Pace::Following };
            if pace == Pace::Following {
                self.observe().await?;
            }
            // Each advance counts from nothing; followers hear of all since they began.
            let mut last = (0, 0);
            let counted = &mut |state: Progress| {
                last = (state.epochs, state.entries);
                progress(Progress { epochs: epochs.saturating_add(state.epochs), entries: entries.saturating_add(state.entries), ..state });
            };
            self.advance(first, to, pace, counted).await?;
            (epochs, entries) = (epochs.saturating_add(last.0), entries.saturating_add(last.1));
            self.observe().await?;
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
        for (netuid, ledger) in &mut self.ledgers {
            let Some(watermark) = ledger.watermark() else { continue };
            if watermark.observed == watermark.block.number || ledger.pending_blocks() > 0 {
                continue;
            }
            let coldkeys: BTreeSet<Coldkey> = ledger.holders().into_iter().collect();
            let positions = read(self.chain.as_ref(), watermark.block.number, *netuid, &coldkeys).await?;
            let rows = ledger.observe(watermark.block.number, &coldkeys, &positions);
            self.store.observe(*netuid, watermark.block, &rows).await?;
            ledger.observed_now();
        }
        Ok(())
    }
}

/// What the entries of the open interval leave unexplained of each position at B₂−1.
fn residues(ledger: &SubnetLedger, before: &BTreeMap<PositionKey, Rao>) -> Vec<Residue> {
    let keys: BTreeSet<PositionKey> =
        ledger.balances().keys().chain(before.keys().filter(|key| ledger.is_holder(&key.coldkey))).copied().collect();
    let interval = ledger.interval();
    let mut found = Vec::new();
    for key in keys {
        let balance = ledger.balances().get(&key).copied().unwrap_or_default();
        let alpha = before.get(&key).copied().unwrap_or_default().delta() - balance;
        if !alpha.is_zero() {
            found.push(Residue { key, alpha, bound: interval.bound(&key.hotkey) });
        }
    }
    found
}

async fn read(
    chain: &dyn ChainPort,
    block: BlockNumber,
    netuid: NetUid,
    coldkeys: &BTreeSet<Coldkey>,
) -> Result<BTreeMap<PositionKey, Rao>, ChainError> {
    let coldkeys: Vec<Coldkey> = coldkeys.iter().copied().collect();
    Ok(chain.positions(block, netuid, &coldkeys).await?.into_iter().map(|p| (p.key, p.alpha)).collect())
}
