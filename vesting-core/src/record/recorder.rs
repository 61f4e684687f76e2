//! Takes blocks of one subnet into its ledger, with whatever the chain must be asked besides.
//!
//! What a block did depends on its events and the states around it, never on how it was come upon:
//! following and catching up write the same.

use std::collections::{BTreeMap, BTreeSet};

use crate::block::{BlockFacts, Detection, Epoch, EpochRecord, SkippedSlot, SubnetCounters, is_epoch};
use crate::flow::classify::{Flows, classify};
use crate::flow::emission::EpochSetting;
use crate::flow::settle::{BlockStates, Settled, affected, settle};
use crate::ledger::{Entry, HolderTranches, Kind, OpenTranche, Succession};
use crate::ports::{
    ChainError, ChainPort, Fingerprint, NeuronsAsk, OwnWord, ReadChain, Roster, Snapshot, StakeStore,
    StoreError, SubnetAsk, SubnetState, TraceKeys, TranchePage,
};
use crate::record::agreed::{agreed, agreed_block, agreed_glance, two_answers};
use crate::record::doubt::{Doubt, Doubts, Misfit};
use crate::record::error::MonitorError;
use crate::record::interval::{Interval, Residue, residues};
use crate::record::known_tranches::Need;
use crate::record::subnet_ledger::SubnetLedger;
use crate::units::{BlockNumber, BlockRef, Coldkey, Hotkey, Millis, NetUid, PositionKey, Rao};

/// Takes blocks into one ledger.
pub(crate) struct Recorder<'a> {
    pub(crate) chain: &'a dyn ChainPort,
    /// Where what the ledger does not know of its past is.
    pub(crate) store: &'a dyn StakeStore,
    pub(crate) ledger: &'a mut SubnetLedger,
    /// What did not fit the last time.
    pub(crate) doubts: &'a mut Doubts,
    /// How its epochs are come upon.
    pub(crate) detected: Detection,
    /// Where not every block is read: which were.
    pub(crate) seen: Option<Seen<'a>>,
}

/// The blocks that were read, and those that turn out to be missing.
pub(crate) struct Seen<'a> {
    /// The block after which only these were read.
    pub(crate) after: BlockNumber,
    pub(crate) blocks: &'a BTreeSet<BlockNumber>,
    /// Blocks in which something unexplained happened that were not read. When there are any, what was
    /// written is to be forgotten, and the interval taken in again with them.
    pub(crate) missed: &'a mut BTreeSet<BlockNumber>,
}

/// The states before and after a block, as far as they were read. Which coldkeys' positions they hold
/// is told by their traces.
#[derive(Debug, Clone, Default)]
pub(crate) struct Around {
    pub(crate) before: SubnetState,
    pub(crate) after: SubnetState,
    /// The parent and its time, as its state says.
    pub(crate) parent: Option<(BlockRef, Millis)>,
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

/// What a block is to a ledger.
enum Sort {
    /// An epoch.
    Epoch(SubnetCounters),
    /// The end of the subnet.
    End,
    /// There is no such subnet: nobody has anything there, and nobody goes on under another name.
    Absent,
    /// None of these.
    Between,
}

impl Sort {
    fn of(ledger: &SubnetLedger, facts: &BlockFacts, flows: &Flows) -> Self {
        match facts.subnets.get(&ledger.netuid()).filter(|counters| is_epoch(facts.block.number, counters)) {
            Some(counters) => Self::Epoch(*counters),
            None if flows.dissolved.is_some() && ledger.interval().from.is_some() => Self::End,
            None if !facts.subnets.contains_key(&ledger.netuid()) => Self::Absent,
            None => Self::Between,
        }
    }
}

/// The positions of these coldkeys.
pub(crate) fn of_coldkeys(
    positions: &BTreeMap<PositionKey, Rao>,
    coldkeys: &BTreeSet<Coldkey>,
) -> BTreeMap<PositionKey, Rao> {
    positions
        .iter()
        .filter(|(key, _)| coldkeys.contains(&key.coldkey))
        .map(|(key, alpha)| (*key, *alpha))
        .collect()
}

impl<'a> Recorder<'a> {
    /// One that is offered every block.
    pub(crate) fn of_every_block(
        chain: &'a dyn ChainPort,
        store: &'a dyn StakeStore,
        ledger: &'a mut SubnetLedger,
        doubts: &'a mut Doubts,
    ) -> Self {
        Self { chain, store, ledger, doubts, detected: Detection::Storage, seen: None }
    }

    fn netuid(&self) -> NetUid {
        self.ledger.netuid()
    }

    /// What must be read in the states before and after a block to take it in; `None` where its events
    /// say all.
    pub(crate) fn wants(ledger: &SubnetLedger, facts: &BlockFacts, flows: &Flows) -> Option<SubnetAsk> {
        let sort = Sort::of(ledger, facts, flows);
        if matches!(sort, Sort::Absent) {
            return None;
        }
        let mut coldkeys = affected(flows, &ledger.holders(), ledger.balances());
        let mut neurons = NeuronsAsk::No;
        match sort {
            Sort::Epoch(_) => neurons = NeuronsAsk::WithPositions,
            Sort::End => {}
            Sort::Absent | Sort::Between if coldkeys.is_empty() => return None,
            Sort::Absent | Sort::Between => {
                return Some(SubnetAsk {
                    coldkeys,
                    recorded: true,
                    expected: Self::expected(ledger, flows),
                    ..SubnetAsk::default()
                });
            }
        }
        coldkeys.extend(ledger.holders());
        let own_word = OwnWord::ComparedSince(ledger.interval().from.unwrap_or_default());
        let expected = Self::expected(ledger, flows);
        Some(SubnetAsk { neurons, coldkeys, own_word, recorded: true, expected, ..SubnetAsk::default() })
    }

    /// What to expect around a block: what the ledger knows, and what the block's events name.
    fn expected(ledger: &SubnetLedger, flows: &Flows) -> Roster {
        let mut expected = ledger.roster();
        expected.positions.extend(flows.legs.iter().map(|leg| leg.key));
        for swap in &flows.swaps {
            let renamed: Vec<PositionKey> =
                expected.positions.iter().filter_map(|key| swap.keys.renamed(key)).collect();
            expected.positions.extend(renamed);
        }
        expected
    }

    /// Takes in the block after the watermark.
    pub(crate) async fn take(
        &mut self,
        facts: &BlockFacts,
        flows: &Flows,
        around: Around,
    ) -> Result<Taken, MonitorError> {
        let (netuid, number) = (self.netuid(), facts.block.number);
        let mut runtime_changed = false;
        if let Some(watermark) = self.ledger.watermark() {
            if watermark.block.number != number.parent() {
                return Err(MonitorError::OutOfOrder {
                    netuid,
                    block: number,
                    stands_at: watermark.block.number,
                });
            }
            if watermark.block.hash != facts.parent_hash {
                // One answer does not make a fork.
                let netuids: Vec<NetUid> = facts.subnets.keys().copied().collect();
                let again = agreed_block(self.chain, number, &netuids, None).await?;
                if again.parent_hash == watermark.block.hash {
                    return Err(two_answers(format_args!("the parent of block {number}")).into());
                }
                return Err(MonitorError::Fork { block: number, stands_at: watermark.block });
            }
            runtime_changed = watermark.spec_version != facts.spec_version;
        }
        self.see_epochs(facts)?;
        if flows.skipped {
            self.ledger.skip(SkippedSlot { block: number, time: facts.time });
        }
        let sort = Sort::of(self.ledger, facts, flows);
        let looked_at = around.before.traces.positions.keys().chain(around.after.traces.positions.keys());
        self.ledger.look_at(looked_at.copied(), matches!(sort, Sort::Epoch(_) | Sort::End));
        let (taken, observed) = match sort {
            Sort::Epoch(counters) => (
                self.take_boundary(facts, Some(counters), flows, around, runtime_changed).await?,
                Some(number),
            ),
            Sort::End => {
                (self.take_boundary(facts, None, flows, around, runtime_changed).await?, Some(number))
            }
            Sort::Absent => (Taken::default(), None),
            Sort::Between => (self.take_between(facts, flows, around, runtime_changed).await?, None),
        };
        self.ledger.seal(facts, observed);
        Ok(taken)
    }

    /// Reads what is still missing of the positions of `coldkeys` around a block.
    async fn complete(
        &self,
        number: BlockNumber,
        around: &mut Around,
        coldkeys: &BTreeSet<Coldkey>,
    ) -> Result<(), MonitorError> {
        for (block, state) in [(number.parent(), &mut around.before), (number, &mut around.after)] {
            let missing = state.lacking(coldkeys);
            if !missing.is_empty() {
                let ask = SubnetAsk {
                    locks: state.locks.is_some(),
                    recorded: true,
                    ..SubnetAsk::positions(missing, self.ledger.roster())
                };
                state.absorb(self.chain.subnet(block, self.netuid(), ask).await?);
            }
        }
        Ok(())
    }

    /// Takes in a block without an epoch.
    async fn take_between(
        &mut self,
        facts: &BlockFacts,
        flows: &Flows,
        mut around: Around,
        runtime_changed: bool,
    ) -> Result<Taken, MonitorError> {
        let (netuid, number) = (self.netuid(), facts.block.number);
        let holders = self.ledger.holders();
        let concerned = affected(flows, &holders, self.ledger.balances());
        let mut settled = Settled::default();
        let mut before = BTreeMap::new();
        if !concerned.is_empty() {
            self.complete(number, &mut around, &concerned).await?;
            before = of_coldkeys(&around.before.positions, &concerned);
            settled = settle(&BlockStates {
                netuid,
                facts,
                flows,
                holders: &holders,
                coldkeys: &concerned,
                before: &before,
                after: &of_coldkeys(&around.after.positions, &concerned),
                balances: self.ledger.balances(),
                epoch: None,
                runtime_changed,
            });
        }
        let plain = flows
            .legs
            .iter()
            .filter(|leg| holders.contains(&leg.key.coldkey) && !concerned.contains(&leg.key.coldkey));
        settled.entries.extend(plain.filter_map(|leg| Flows::entry(netuid, number, leg)));
        settled.entries.sort_by_key(Entry::order);
        self.open_successors(&settled, number.parent(), &before).await?;
        self.ledger.count(flows, &settled, runtime_changed);
        let taken = Taken::entries(settled.entries.len());
        self.write(settled, facts.time).await?;
        Ok(taken)
    }

    /// Who takes over from a holder in a block is followed from its parent on, with what it held there.
    async fn open_successors(
        &mut self,
        settled: &Settled,
        pre: BlockNumber,
        before: &BTreeMap<PositionKey, Rao>,
    ) -> Result<(), MonitorError> {
        let new: BTreeSet<Coldkey> =
            settled.successions.iter().map(|s| s.new).filter(|c| !self.ledger.is_holder(c)).collect();
        if new.is_empty() {
            return Ok(());
        }
        // Such are few: what was passed over on the way to them was read once.
        let time = agreed_glance(self.chain, pre, &[]).await?.time;
        for coldkey in &new {
            self.ledger.open_holder(*coldkey, pre, time, before);
        }
        let rows = self.ledger.observe(pre, &new, before);
        self.ledger.keep_snapshots(rows);
        Ok(())
    }

    /// Reads the tranches that entries and successions bear on, where they are not at hand.
    async fn know_tranches(
        &mut self,
        entries: &[Entry],
        successions: &[Succession],
    ) -> Result<(), MonitorError> {
        let mut needs: BTreeMap<Coldkey, Need> = BTreeMap::new();
        for entry in entries.iter().filter(|entry| HolderTranches::matter_to(entry)) {
            needs.entry(entry.key.coldkey).or_default().leaving.add(entry);
        }
        for coldkey in successions.iter().flat_map(|by| [by.old, by.new]) {
            // Of one name or the other.
            needs.entry(coldkey).or_default().all = true;
        }
        for (holder, need) in needs {
            if let Some(mut reading) = self.ledger.reading(holder) {
                while let Some(page) = reading.page() {
                    let stored = self.page(holder, &page).await?;
                    self.ledger.take_reading(holder, &mut reading, stored);
                }
                self.ledger.read_tranches(holder, reading);
            }
            while let Some(page) = self.ledger.lacks(holder, &need) {
                let stored = self.page(holder, &page).await?;
                self.ledger.take_page(holder, &page, stored);
            }
        }
        Ok(())
    }

    /// A page of the tranches that may be a holder's.
    async fn page(&self, holder: Coldkey, page: &TranchePage) -> Result<Vec<OpenTranche>, StoreError> {
        self.store.open_tranches(self.netuid(), &self.ledger.entered_by(holder), page).await
    }

    /// Writes what a block did, in order.
    async fn write(&mut self, settled: Settled, time: Millis) -> Result<(), MonitorError> {
        self.know_tranches(&settled.entries, &settled.successions).await?;
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
        Ok(())
    }

    async fn time_of(&self, block: BlockNumber) -> Result<Millis, MonitorError> {
        match self.ledger.watermark() {
            Some(watermark) if watermark.block.number == block => Ok(watermark.time),
            _ => Ok(agreed_glance(self.chain, block, &[]).await?.time),
        }
    }

    /// Closes the open interval at `pre`, where the chain has the positions `before`.
    async fn close(
        &mut self,
        pre: BlockNumber,
        before: &BTreeMap<PositionKey, Rao>,
        pools: &BTreeMap<Hotkey, Fingerprint>,
    ) -> Result<usize, MonitorError> {
        let mut closing = Vec::new();
        if let Some(from) = self.ledger.interval().from {
            let ledger = &*self.ledger;
            let mut found = residues(
                ledger.balances(),
                before,
                |key| ledger.is_holder(&key.coldkey),
                |key| ledger.interval().bound(&key.hotkey),
            );
            self.judge(from, pre, pools, &mut found).await?;
            for residue in found {
                if residue.is_rounding() {
                    closing.push(self.interval(from, pre).rounding(residue));
                } else {
                    let located = self.interval(from, pre).locate(self.chain, residue).await?;
                    self.note_missed(&located);
                    closing.extend(located);
                }
            }
            closing.sort_by_key(Entry::order);
            let unexplained: Vec<Entry> =
                closing.iter().filter(|entry| entry.kind == Kind::Unattributed).copied().collect();
            if !unexplained.is_empty() && !self.is_missing_blocks() {
                self.doubt(from, Misfit::Unexplained(unexplained))?;
            }
        }
        let written = closing.len();
        if !closing.is_empty() {
            self.know_tranches(&closing, &[]).await?;
            let at_pre = self.time_of(pre).await?;
            for entry in closing {
                // What nothing explains was located in an earlier block.
                let time = if entry.block == pre { at_pre } else { self.time_of(entry.block).await? };
                self.ledger.add(entry, time);
            }
        }
        self.ledger.check(pre, before)?;
        self.ledger.close_interval(pre);
        Ok(written)
    }

    /// Takes down the holders' positions at the watermark; gives those that changed. What the open interval
    /// leaves unexplained there is looked into, so that its closing can be computed without the chain.
    pub(crate) async fn observe(
        &mut self,
        positions: &BTreeMap<PositionKey, Rao>,
    ) -> Result<Vec<Snapshot>, MonitorError> {
        let Some(block) = self.ledger.watermark().map(|watermark| watermark.block.number) else {
            return Ok(Vec::new());
        };
        if let Some(from) = self.ledger.interval().from.filter(|from| *from < block) {
            let ledger = &*self.ledger;
            // As the closing counts.
            let bound = |key: &PositionKey| {
                ledger.interval().bound(&key.hotkey).saturating_add(ledger.interval().anywhere)
            };
            let mut found =
                residues(ledger.balances(), positions, |key| ledger.is_holder(&key.coldkey), bound);
            self.judge(from, block, &BTreeMap::new(), &mut found).await?;
            for residue in found {
                self.ledger.operated_on(residue.key.hotkey, residue.bound);
                if !residue.is_rounding() && self.seen.is_some() {
                    let located = self.interval(from, block).locate(self.chain, residue).await?;
                    self.note_missed(&located);
                }
            }
        }
        let rows = self.ledger.observe(block, &self.ledger.holders(), positions);
        self.ledger.observed_now();
        Ok(rows)
    }

    /// What was recorded of the parent must be what its state says now.
    fn see_parent(&mut self, parent: Option<(BlockRef, Millis)>) -> Result<(), MonitorError> {
        let (Some((block, time)), Some(watermark)) = (parent, self.ledger.watermark()) else { return Ok(()) };
        if (watermark.block, watermark.time) == (block, time) || watermark.block.number != block.number {
            return Ok(());
        }
        let from = self.ledger.interval().from.unwrap_or(watermark.first_block.parent());
        self.doubt(from, Misfit::Time { block: block.number, recorded: watermark.time, said: time })
    }

    /// Whether the interval is to be taken in once more in any case, with blocks that were not read.
    fn is_missing_blocks(&self) -> bool {
        self.seen.as_ref().is_some_and(|seen| !seen.missed.is_empty())
    }

    /// Meets what does not fit: an error the first time.
    fn doubt(&mut self, from: BlockNumber, misfit: Misfit) -> Result<(), MonitorError> {
        let doubt = Doubt { netuid: self.netuid(), from, misfit };
        if self.doubts.settles(&doubt) { Ok(()) } else { Err(MonitorError::Doubtful(doubt)) }
    }

    /// The counters after an epoch name it until the next: another one was not seen as what it was.
    fn see_epochs(&mut self, facts: &BlockFacts) -> Result<(), MonitorError> {
        let Some(from) = self.ledger.interval().from else { return Ok(()) };
        let Some(counters) = facts.subnets.get(&self.netuid()) else { return Ok(()) };
        let (block, named) = (facts.block.number, counters.last_step_block);
        // A new life has had none yet.
        if named <= from || named == block || counters.registered_at >= from {
            return Ok(());
        }
        self.doubt(from, Misfit::Epoch { block, named })
    }

    /// The open interval, up to `to`.
    fn interval(&self, from: BlockNumber, to: BlockNumber) -> Interval<'_> {
        let ledger = &*self.ledger;
        Interval {
            netuid: ledger.netuid(),
            from,
            to,
            start: ledger.interval_start(),
            entries: ledger.interval_entries(),
        }
    }

    fn note_missed(&mut self, located: &[Entry]) {
        if let Some(seen) = self.seen.as_mut() {
            let blocks =
                located.iter().filter(|entry| entry.kind == Kind::Unattributed).map(|entry| entry.block);
            seen.missed.extend(blocks.filter(|block| *block > seen.after && !seen.blocks.contains(block)));
        }
    }

    /// Raises the bounds of residues that the operations known do not explain: not every operation was
    /// seen, or said on which hotkey it was, but the pools tell.
    async fn judge(
        &self,
        from: BlockNumber,
        to: BlockNumber,
        pools: &BTreeMap<Hotkey, Fingerprint>,
        found: &mut [Residue],
    ) -> Result<(), MonitorError> {
        let names: BTreeMap<Hotkey, BTreeSet<Hotkey>> = found
            .iter()
            .filter(|residue| !residue.is_rounding())
            .map(|residue| (residue.key.hotkey, self.names_of(residue.key.hotkey)))
            .collect();
        if names.is_empty() {
            return Ok(());
        }
        let hotkeys: BTreeSet<Hotkey> = names.values().flatten().copied().collect();
        let at_from = self.pools(from, &hotkeys, self.ledger.interval_pools()).await?;
        let at_to = self.pools(to, &hotkeys, pools).await?;
        for residue in found.iter_mut().filter(|residue| !residue.is_rounding()) {
            let Some(names) = names.get(&residue.key.hotkey) else { continue };
            let of = |pools: &BTreeMap<Hotkey, Fingerprint>| {
                names
                    .iter()
                    .filter_map(|hotkey| pools.get(hotkey).map(|print| (*hotkey, print.clone())))
                    .collect::<BTreeMap<_, _>>()
            };
            let (at_from, at_to) = (of(&at_from), of(&at_to));
            let runtime = u64::from(self.ledger.interval().runtime_changed);
            // A pool that changed was operated on at least once.
            let once = runtime.saturating_add(u64::from(at_from != at_to));
            residue.bound = residue.bound.max(once);
            if !residue.is_rounding() {
                residue.bound = self.operations((from, at_from), (to, at_to), *residue).await?;
            }
        }
        Ok(())
    }

    /// The share pools of hotkeys in the state of a block, as two answers have them; what is `known` is of
    /// one. They decide which operations are kept.
    async fn pools(
        &self,
        block: BlockNumber,
        hotkeys: &BTreeSet<Hotkey>,
        known: &BTreeMap<Hotkey, Fingerprint>,
    ) -> Result<BTreeMap<Hotkey, Fingerprint>, ChainError> {
        let told =
            hotkeys.iter().map(|hotkey| known.get(hotkey).map(|print| (*hotkey, print.clone()))).collect();
        let ask = SubnetAsk {
            traces: TraceKeys { pools: hotkeys.clone(), ..TraceKeys::default() },
            ..SubnetAsk::default()
        };
        agreed(block, told, || async {
            Ok(self.chain.subnet(block, self.netuid(), ask.clone()).await?.traces.pools)
        })
        .await
    }

    /// The operations after `from` up to `to` that may have rounded a position: those in blocks where
    /// its hotkey's pool changed, found by bisection, as far as they are needed to explain the residue.
    async fn operations(
        &self,
        from: (BlockNumber, BTreeMap<Hotkey, Fingerprint>),
        to: (BlockNumber, BTreeMap<Hotkey, Fingerprint>),
        residue: Residue,
    ) -> Result<u64, MonitorError> {
        let netuid = self.netuid();
        let hotkeys: BTreeSet<Hotkey> = from.1.keys().copied().collect();
        let mut bound = u64::from(self.ledger.interval().runtime_changed);
        let mut parts = vec![(from, to)];
        while let Some(((low, at_low), (high, at_high))) = parts.pop() {
            if at_low == at_high || low >= high || u128::from(bound) >= residue.alpha.magnitude() {
                continue;
            }
            if high == low.child() {
                let flows = classify(netuid, &agreed_block(self.chain, high, &[netuid], None).await?);
                let named = hotkeys
                    .iter()
                    .filter_map(|hotkey| flows.operations.get(hotkey))
                    .fold(0u64, |sum, n| sum.saturating_add(*n));
                bound = bound.saturating_add(named).saturating_add(flows.anywhere());
                continue;
            }
            let middle = BlockNumber(low.0.midpoint(high.0));
            let at_middle = self.pools(middle, &hotkeys, &BTreeMap::new()).await?;
            parts.push(((middle, at_middle.clone()), (high, at_high)));
            parts.push(((low, at_low), (middle, at_middle)));
        }
        Ok(bound)
    }

    /// The hotkeys whose stake was renamed to this one in the open interval, and itself.
    fn names_of(&self, hotkey: Hotkey) -> BTreeSet<Hotkey> {
        let mut names = BTreeSet::from([hotkey]);
        let swaps: Vec<&Entry> =
            self.ledger.interval_entries().iter().filter(|e| e.kind == Kind::KeySwap).collect();
        for entry in swaps.iter().rev().filter(|e| e.alpha.0 > 0) {
            if names.contains(&entry.key.hotkey) {
                let from = swaps.iter().filter(|e| {
                    e.block == entry.block && e.source == entry.source && e.alpha == -entry.alpha
                });
                names.extend(from.map(|e| e.key.hotkey));
            }
        }
        names
    }

    /// Neurons and owner around an epoch's block are mostly the same, so that one answer bears the other out.
    /// Where they are not, each is read again.
    async fn agree_on_neurons(&self, number: BlockNumber, around: &Around) -> Result<(), ChainError> {
        let of = |state: &SubnetState| (state.neurons.clone(), state.owner);
        if of(&around.before) == of(&around.after) {
            return Ok(());
        }
        for (block, state) in [(number.parent(), &around.before), (number, &around.after)] {
            let ask =
                SubnetAsk { neurons: NeuronsAsk::Yes, expected: state.roster(), ..SubnetAsk::default() };
            let again = self.chain.subnet(block, self.netuid(), ask).await?;
            if of(&again) != of(state) {
                return Err(two_answers(format_args!(
                    "the neurons of subnet {} at block {block}",
                    self.netuid()
                )));
            }
        }
        Ok(())
    }

    /// Takes in a block that ends an interval: an epoch's, or the one in which the subnet was dissolved.
    /// Closes the interval at B−1, opens new holders there, and settles what B did.
    async fn take_boundary(
        &mut self,
        facts: &BlockFacts,
        epoch: Option<SubnetCounters>,
        flows: &Flows,
        mut around: Around,
        runtime_changed: bool,
    ) -> Result<Taken, MonitorError> {
        let (netuid, number) = (self.netuid(), facts.block.number);
        let pre = number.parent();
        let mut followed = self.ledger.holders();
        if epoch.is_some() {
            followed.extend(around.before.neurons.iter().map(|n| n.coldkey));
        }
        // Who owns a neuron now may have got it by a swap.
        let mut coldkeys = affected(flows, &followed, self.ledger.balances());
        coldkeys.extend(&followed);
        self.complete(number, &mut around, &coldkeys).await?;
        if epoch.is_some() {
            self.agree_on_neurons(number, &around).await?;
        }
        let Around { before: pre_state, after: post_state, parent } = around;
        self.see_parent(parent)?;
        let before = of_coldkeys(&pre_state.positions, &coldkeys);
        let after = of_coldkeys(&post_state.positions, &coldkeys);

        let mut written = self.close(pre, &before, &pre_state.traces.pools).await?;
        if epoch.is_some() {
            let time = self.time_of(pre).await?;
            for neuron in &pre_state.neurons {
                self.ledger.open_holder(neuron.coldkey, pre, time, &before);
            }
            self.ledger.see_neurons(pre, &pre_state.neurons);
        }
        let rows = self.ledger.observe(pre, &followed, &before);
        self.ledger.keep_snapshots(rows);

        let setting = epoch.map(|_| {
            let (before, after) =
                ((&*pre_state.neurons, pre_state.owner), (&*post_state.neurons, post_state.owner));
            EpochSetting::new(before, after, flows.new_owner)
        });
        let settled = settle(&BlockStates {
            netuid,
            facts,
            flows,
            holders: &followed,
            coldkeys: &coldkeys,
            before: &before,
            after: &after,
            balances: self.ledger.balances(),
            epoch: setting.as_ref(),
            runtime_changed,
        });
        self.open_successors(&settled, pre, &before).await?;
        written = written.saturating_add(settled.entries.len());
        let changes = settled.rows.clone();
        self.write(settled, facts.time).await?;
        self.ledger.check(number, &after)?;
        self.ledger.see_neurons(number, &post_state.neurons);
        if let Some(locks) = post_state.locks.filter(|_| epoch.is_some()) {
            self.ledger.see_locks(number, &locks);
        }
        let rows = self.ledger.observe(number, &self.ledger.holders(), &after);
        self.ledger.keep_snapshots(rows);
        let epoch = epoch.map(|counters| Epoch {
            block: facts.block,
            pre_block: BlockRef { number: pre, hash: facts.parent_hash },
            time: facts.time,
            index: counters.epoch_index,
            tempo: counters.tempo,
            registered_at: counters.registered_at,
        });
        let detected = if facts.counters_asked && self.detected == Detection::Storage {
            Detection::RuntimeApi
        } else {
            self.detected
        };
        let record = epoch.map(|epoch| EpochRecord { epoch, detected, changes });
        let epochs = u64::from(record.is_some());
        self.ledger.begin_interval(number, record, post_state.traces.pools);
        Ok(Taken { epochs, ..Taken::entries(written) })
    }
}
