//! Takes blocks of one subnet into its ledger, with whatever the chain must be asked besides.
//!
//! What a block did depends on its events and the states around it, never on how it was come upon:
//! following and catching up write the same.

use std::collections::{BTreeMap, BTreeSet};

use crate::classify::{Flows, classify};
use crate::emission::EpochSetting;
use crate::interval::{Interval, Residue, residues};
use crate::ledger::SubnetLedger;
use crate::monitor::MonitorError;
use crate::ports::{Asked, ChainError, ChainPort, TraceKeys};
use crate::settle::{BlockStates, Settled, affected, settle};
use crate::{
    BlockFacts, BlockNumber, BlockRef, Coldkey, Detection, Entry, Epoch, EpochRecord, Hotkey, Kind, Millis, NetUid, PositionKey, Rao,
    SkippedSlot, SubnetCounters, is_epoch,
};

/// Takes blocks into one ledger.
pub(crate) struct Recorder<'a> {
    pub(crate) chain: &'a dyn ChainPort,
    pub(crate) ledger: &'a mut SubnetLedger,
}

/// The positions of the coldkeys concerned, before and after a block.
#[derive(Debug, Default)]
pub(crate) struct Around {
    pub(crate) coldkeys: BTreeSet<Coldkey>,
    pub(crate) before: BTreeMap<PositionKey, Rao>,
    pub(crate) after: BTreeMap<PositionKey, Rao>,
}

/// What one block brought.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Taken {
    pub(crate) epochs: u64,
    pub(crate) entries: u64,
}

impl Taken {
    /// Adds what another brought.
    pub(crate) fn add(&mut self, other: Self) {
        self.epochs = self.epochs.saturating_add(other.epochs);
        self.entries = self.entries.saturating_add(other.entries);
    }

    fn entries(count: usize) -> Self {
        Self { epochs: 0, entries: u64::try_from(count).unwrap_or(u64::MAX) }
    }
}

impl Recorder<'_> {
    fn netuid(&self) -> NetUid {
        self.ledger.netuid()
    }

    /// The coldkeys whose positions must be read around a block before it can be taken in. None for a
    /// block that ends an interval: there all are read.
    pub(crate) fn concerned(ledger: &SubnetLedger, facts: &BlockFacts, flows: &Flows) -> BTreeSet<Coldkey> {
        let epoch = facts.subnets.get(&ledger.netuid()).is_some_and(|counters| is_epoch(facts.block.number, counters));
        let ends = flows.dissolved.is_some() && ledger.interval().from.is_some();
        if epoch || ends { BTreeSet::new() } else { affected(flows, &ledger.holders(), ledger.balances()) }
    }

    /// Takes in the block after the watermark.
    pub(crate) async fn take(&mut self, facts: &BlockFacts, flows: &Flows, around: &Around) -> Result<Taken, MonitorError> {
        let (netuid, number) = (self.netuid(), facts.block.number);
        let mut runtime_changed = false;
        if let Some(watermark) = self.ledger.watermark() {
            if watermark.block.number != number.parent() {
                return Err(MonitorError::OutOfOrder { netuid, block: number, stands_at: watermark.block.number });
            }
            if watermark.block.hash != facts.parent_hash {
                return Err(MonitorError::Fork { block: number, stands_at: watermark.block });
            }
            runtime_changed = watermark.spec_version != facts.spec_version;
        }
        if flows.skipped {
            self.ledger.skip(SkippedSlot { block: number, time: facts.time });
        }
        let epoch = facts.subnets.get(&netuid).filter(|counters| is_epoch(number, counters)).copied();
        let begun = self.ledger.interval().from.is_some();
        let (taken, observed) = match epoch {
            Some(counters) => (self.take_epoch(facts, &counters, flows, runtime_changed).await?, Some(number)),
            None if flows.dissolved.is_some() && begun => (self.take_end(facts, flows, runtime_changed).await?, Some(number)),
            None => (self.take_between(facts, flows, around, runtime_changed).await?, None),
        };
        self.ledger.seal(facts, observed);
        Ok(taken)
    }

    /// Takes in a block without an epoch.
    async fn take_between(
        &mut self,
        facts: &BlockFacts,
        flows: &Flows,
        around: &Around,
        runtime_changed: bool,
    ) -> Result<Taken, MonitorError> {
        let (netuid, number) = (self.netuid(), facts.block.number);
        let holders = self.ledger.holders();
        let concerned = &around.coldkeys;
        let mut settled = Settled::default();
        if !concerned.is_empty() {
            settled = settle(&BlockStates {
                netuid,
                facts,
                flows,
                holders: &holders,
                coldkeys: concerned,
                before: &around.before,
                after: &around.after,
                balances: self.ledger.balances(),
                epoch: None,
                runtime_changed,
            });
        }
        let plain = flows.legs.iter().filter(|leg| holders.contains(&leg.key.coldkey) && !concerned.contains(&leg.key.coldkey));
        settled.entries.extend(plain.filter_map(|leg| Flows::entry(netuid, number, leg)));
        settled.entries.sort_by_key(Entry::order);
        self.open_successors(&settled, number.parent(), &around.before).await?;
        self.ledger.count(flows, &settled, runtime_changed);
        let taken = Taken::entries(settled.entries.len());
        self.write(settled, facts.time);
        Ok(taken)
    }

    async fn positions(&self, block: BlockNumber, coldkeys: BTreeSet<Coldkey>) -> Result<BTreeMap<PositionKey, Rao>, MonitorError> {
        let asked = BTreeMap::from([(self.netuid(), Asked { coldkeys, expected: self.ledger.roster().positions })]);
        Ok(self.chain.positions(block, &asked).await?.remove(&self.netuid()).unwrap_or_default())
    }

    /// Who takes over from a holder in a block is followed from its parent on, with what it held there.
    async fn open_successors(
        &mut self,
        settled: &Settled,
        pre: BlockNumber,
        before: &BTreeMap<PositionKey, Rao>,
    ) -> Result<(), MonitorError> {
        let new: BTreeSet<Coldkey> = settled.successions.iter().map(|s| s.new).filter(|c| !self.ledger.is_holder(c)).collect();
        if new.is_empty() {
            return Ok(());
        }
        let time = self.time_of(pre).await?;
        for coldkey in &new {
            self.ledger.open_holder(*coldkey, pre, time, before);
        }
        let rows = self.ledger.observe(pre, &new, before);
        self.ledger.keep_snapshots(rows);
        Ok(())
    }

    /// Writes what a block did, in order.
    fn write(&mut self, settled: Settled, time: Millis) {
        let mut successions = settled.successions.into_iter().peekable();
        for entry in settled.entries {
            let reached = |index: u32| match entry.kind {
                Kind::Incentive | Kind::DividendOrOther => false,
                Kind::Unattributed | Kind::Rounding => true,
                _ => entry.source.is_some_and(|source| source.event_index >= index),
            };
            while let Some(succession) = successions.next_if(|s| reached(s.event_index)) {
                self.ledger.succeed(succession, time);
            }
            let received = entry.source.is_some_and(|source| settled.received.contains(&source.event_index));
            if received && entry.kind == Kind::KeySwap {
                self.ledger.receive(entry, time);
            } else {
                self.ledger.add(entry, time);
            }
        }
        for succession in successions {
            self.ledger.succeed(succession, time);
        }
    }

    async fn time_of(&self, block: BlockNumber) -> Result<Millis, MonitorError> {
        match self.ledger.watermark() {
            Some(watermark) if watermark.block.number == block => Ok(watermark.time),
            _ => Ok(self.chain.block(block, &[]).await?.time),
        }
    }

    /// Closes the open interval at `pre`, where the chain has the positions `before`.
    async fn close(&mut self, pre: BlockNumber, before: &BTreeMap<PositionKey, Rao>) -> Result<usize, MonitorError> {
        let netuid = self.netuid();
        let mut closing = Vec::new();
        if let Some(from) = self.ledger.interval().from {
            let ledger = &*self.ledger;
            let found =
                residues(ledger.balances(), before, |key| ledger.is_holder(&key.coldkey), |key| ledger.interval().bound(&key.hotkey));
            let interval = Interval { netuid, from, to: pre, start: ledger.interval_start(), entries: ledger.interval_entries() };
            for mut residue in found {
                if !residue.is_rounding() {
                    // Not every operation was seen, or said on which hotkey it was: the pools tell.
                    residue.bound = self.operations(from, pre, residue).await?;
                }
                if residue.is_rounding() {
                    closing.push(interval.rounding(residue));
                } else {
                    let located = interval.locate(self.chain, residue).await?;
                    closing.extend(located);
                }
            }
            closing.sort_by_key(Entry::order);
        }
        let written = closing.len();
        if !closing.is_empty() {
            let time = self.time_of(pre).await?;
            for entry in closing {
                self.ledger.add(entry, time);
            }
        }
        self.ledger.check(pre, before)?;
        self.ledger.close_interval(pre);
        Ok(written)
    }

    /// The operations in (from, to] that may have rounded a position: those in blocks where its
    /// hotkey's pool changed, found by bisection, as far as they are needed to explain the residue.
    async fn operations(&self, from: BlockNumber, to: BlockNumber, residue: Residue) -> Result<u64, MonitorError> {
        let netuid = self.netuid();
        let hotkeys = self.names_of(residue.key.hotkey);
        let keys = TraceKeys { pools: hotkeys.clone(), ..TraceKeys::default() };
        let mut bound = u64::from(self.ledger.interval().runtime_changed);
        let pools = async |block| Ok::<_, ChainError>(self.chain.traces(block, netuid, &keys).await?.pools);
        let mut parts = vec![(from, pools(from).await?, to, pools(to).await?)];
        while let Some((low, at_low, high, at_high)) = parts.pop() {
            if at_low == at_high || low >= high || u128::from(bound) >= residue.alpha.magnitude() {
                continue;
            }
            if high == low.child() {
                let flows = classify(netuid, &self.chain.block(high, &[netuid]).await?.events);
                let named = hotkeys.iter().filter_map(|hotkey| flows.operations.get(hotkey)).fold(0u64, |sum, n| sum.saturating_add(*n));
                bound = bound.saturating_add(named).saturating_add(flows.anywhere());
                continue;
            }
            let middle = BlockNumber(low.0.midpoint(high.0));
            let at_middle = pools(middle).await?;
            parts.push((middle, at_middle.clone(), high, at_high));
            parts.push((low, at_low, middle, at_middle));
        }
        Ok(bound)
    }

    /// The hotkeys whose stake was renamed to this one in the open interval, and itself.
    fn names_of(&self, hotkey: Hotkey) -> BTreeSet<Hotkey> {
        let mut names = BTreeSet::from([hotkey]);
        let swaps: Vec<&Entry> = self.ledger.interval_entries().iter().filter(|e| e.kind == Kind::KeySwap).collect();
        for entry in swaps.iter().rev().filter(|e| e.alpha.0 > 0) {
            if names.contains(&entry.key.hotkey) {
                let from = swaps.iter().filter(|e| e.block == entry.block && e.source == entry.source && e.alpha == -entry.alpha);
                names.extend(from.map(|e| e.key.hotkey));
            }
        }
        names
    }

    /// Takes in an epoch's block: closes the interval at B−1, opens new holders there, and splits
    /// what B did.
    async fn take_epoch(
        &mut self,
        facts: &BlockFacts,
        counters: &SubnetCounters,
        flows: &Flows,
        runtime_changed: bool,
    ) -> Result<Taken, MonitorError> {
        let (chain, netuid, number) = (self.chain, self.netuid(), facts.block.number);
        let pre = number.parent();
        let holders = self.ledger.holders();
        let mut coldkeys = affected(flows, &holders, self.ledger.balances());
        coldkeys.extend(&holders);
        let pre_state = chain.subnet(pre, netuid, &coldkeys, &self.ledger.roster()).await?;
        let mut followed = holders;
        followed.extend(pre_state.neurons.iter().map(|n| n.coldkey));
        // Who owns a neuron now may have got it by a swap.
        coldkeys = affected(flows, &followed, self.ledger.balances());
        coldkeys.extend(&followed);
        let post_state = chain.subnet(number, netuid, &coldkeys, &pre_state.roster()).await?;
        let mut before = pre_state.balances();
        let unread: BTreeSet<Coldkey> = coldkeys.difference(&followed).copied().collect();
        if !unread.is_empty() {
            before.extend(self.positions(pre, unread).await?);
        }
        let mut after = post_state.balances();
        after.retain(|key, _| coldkeys.contains(&key.coldkey));

        let mut written = self.close(pre, &before).await?;
        for neuron in &pre_state.neurons {
            self.ledger.open_holder(neuron.coldkey, pre, pre_state.time, &before);
        }
        self.ledger.see_neurons(pre, &pre_state.neurons);
        let rows = self.ledger.observe(pre, &followed, &before);
        self.ledger.keep_snapshots(rows);

        let settled = settle(&BlockStates {
            netuid,
            facts,
            flows,
            holders: &followed,
            coldkeys: &coldkeys,
            before: &before,
            after: &after,
            balances: self.ledger.balances(),
            epoch: Some(EpochSetting { neurons: &pre_state.neurons, subnet_owner: pre_state.owner }),
            runtime_changed,
        });
        self.open_successors(&settled, pre, &before).await?;
        written = written.saturating_add(settled.entries.len());
        let changes = settled.rows.clone();
        self.write(settled, facts.time);
        self.ledger.check(number, &after)?;
        self.ledger.see_neurons(number, &post_state.neurons);
        let rows = self.ledger.observe(number, &self.ledger.holders(), &after);
        self.ledger.keep_snapshots(rows);
        let epoch = Epoch {
            block: facts.block,
            pre_block: BlockRef { number: pre, hash: facts.parent_hash },
            time: facts.time,
            index: counters.epoch_index,
            tempo: counters.tempo,
            registered_at: counters.registered_at,
        };
        self.ledger.begin_interval(number, Some(EpochRecord { epoch, detected: Detection::Storage, changes }));
        Ok(Taken { epochs: 1, ..Taken::entries(written) })
    }

    /// Takes in the block in which the subnet was dissolved: closes the interval before it, and books
    /// what was lost.
    async fn take_end(&mut self, facts: &BlockFacts, flows: &Flows, runtime_changed: bool) -> Result<Taken, MonitorError> {
        let (netuid, number) = (self.netuid(), facts.block.number);
        let pre = number.parent();
        let holders = self.ledger.holders();
        let mut coldkeys = affected(flows, &holders, self.ledger.balances());
        coldkeys.extend(&holders);
        let before = self.positions(pre, coldkeys.clone()).await?;
        let after = self.positions(number, coldkeys.clone()).await?;
        let mut written = self.close(pre, &before).await?;
        let rows = self.ledger.observe(pre, &holders, &before);
        self.ledger.keep_snapshots(rows);
        let settled = settle(&BlockStates {
            netuid,
            facts,
            flows,
            holders: &holders,
            coldkeys: &coldkeys,
            before: &before,
            after: &after,
            balances: self.ledger.balances(),
            epoch: None,
            runtime_changed,
        });
        self.open_successors(&settled, pre, &before).await?;
        written = written.saturating_add(settled.entries.len());
        self.write(settled, facts.time);
        self.ledger.check(number, &after)?;
        self.ledger.see_neurons(number, &[]);
        let rows = self.ledger.observe(number, &self.ledger.holders(), &after);
        self.ledger.keep_snapshots(rows);
        self.ledger.begin_interval(number, None);
        Ok(Taken::entries(written))
    }
}
