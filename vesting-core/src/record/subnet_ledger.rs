//! The ledger of one subnet while it is written: running balances, tranches, the open interval.
//!
//! Everything here is derived from what is committed, so a restart takes it up from the store.

use std::collections::{BTreeMap, BTreeSet};

use crate::block::{BlockFacts, EpochRecord, SkippedSlot};
use crate::flow::classify::Flows;
use crate::flow::settle::Settled;
use crate::ledger::{Entry, Exit, Flow, Kind, OpenTranche, Succession, Successions, Tranche, TrancheChange};
use crate::ports::{
    BalanceChange, Commit, Fingerprint, Holder, LedgerState, LockRow, NeuronRow, OpenInterval, Roster,
    Snapshot, TranchePage, Watermark,
};
use crate::record::conservation_error::ConservationError;
use crate::record::known_tranches::{KnownTranches, Need, Reading};
use crate::store::balances;
use crate::store::rewind::open_at;
use crate::units::{
    BlockNumber, BlockRef, Coldkey, Hotkey, Millis, NetUid, Neuron, PositionKey, Rao, RaoDelta, Uid,
};

/// The ledger of one subnet, at its watermark plus the blocks not committed yet.
#[derive(Debug, Clone)]
pub struct SubnetLedger {
    netuid: NetUid,
    watermark: Option<Watermark>,
    holders: BTreeMap<Coldkey, BlockNumber>,
    balances: BTreeMap<PositionKey, RaoDelta>,
    observed: BTreeMap<PositionKey, Rao>,
    locks: BTreeMap<Coldkey, Rao>,
    neurons: BTreeMap<Uid, (Hotkey, Coldkey)>,
    tranches: KnownTranches,
    successions: Successions,
    /// The entries of the open interval, and the balances at its start.
    interval_entries: Vec<Entry>,
    interval_start: BTreeMap<PositionKey, RaoDelta>,
    interval: OpenInterval,
    /// The share pools at the start of the open interval, as far as they are known: only to save requests.
    interval_pools: BTreeMap<Hotkey, Fingerprint>,
    /// Positions that were looked at, stake or not: only to save requests.
    looked_at: BTreeSet<PositionKey>,
    pending: Pending,
}

/// What is not committed yet.
#[derive(Debug, Clone, Default)]
struct Pending {
    parent: Option<BlockRef>,
    blocks: u32,
    entries: Vec<Entry>,
    times: BTreeMap<BlockNumber, Millis>,
    holders: Vec<Holder>,
    epoch: Option<EpochRecord>,
    balance_changes: Vec<BalanceChange>,
    snapshots: Vec<Snapshot>,
    locks: Vec<LockRow>,
    skipped: Vec<SkippedSlot>,
    neurons: Vec<NeuronRow>,
    successions: Vec<Succession>,
    tranches: Vec<Tranche>,
    exits: Vec<Exit>,
}

impl SubnetLedger {
    /// A ledger without a record yet.
    #[must_use]
    pub fn new(netuid: NetUid) -> Self {
        Self {
            netuid,
            watermark: None,
            holders: BTreeMap::new(),
            balances: BTreeMap::new(),
            observed: BTreeMap::new(),
            locks: BTreeMap::new(),
            neurons: BTreeMap::new(),
            tranches: KnownTranches::default(),
            successions: Successions::default(),
            interval_entries: Vec::new(),
            interval_start: BTreeMap::new(),
            interval: OpenInterval::default(),
            interval_pools: BTreeMap::new(),
            looked_at: BTreeSet::new(),
            pending: Pending::default(),
        }
    }

    /// Takes up a ledger where the store left it: with the balances at the start of its open interval, and
    /// that interval's entries. Tranches are read when something leaves them.
    #[must_use]
    pub(crate) fn resume(
        netuid: NetUid,
        state: LedgerState,
        interval_start: BTreeMap<PositionKey, RaoDelta>,
        interval_entries: Vec<Entry>,
    ) -> Self {
        let mut balances = interval_start.clone();
        balances::add(&mut balances, &interval_entries);
        let tranches = KnownTranches::unread(state.holders.iter().map(|h| h.coldkey), &balances);
        Self {
            netuid,
            watermark: Some(state.watermark),
            holders: state.holders.iter().map(|h| (h.coldkey, h.since)).collect(),
            balances,
            observed: state.observed,
            locks: state.locks,
            neurons: state
                .neurons
                .iter()
                .filter_map(|row| row.holder.map(|holder| (row.uid, holder)))
                .collect(),
            tranches,
            successions: Successions::new(state.successions),
            interval_entries,
            interval_start,
            interval: state.interval,
            interval_pools: BTreeMap::new(),
            looked_at: BTreeSet::new(),
            pending: Pending { parent: Some(state.watermark.block), ..Pending::default() },
        }
    }

    /// The coldkeys that may have entered tranches of a holder: itself, and whomever it took over from.
    pub(crate) fn entered_by(&self, holder: Coldkey) -> BTreeSet<Coldkey> {
        let mut names = BTreeSet::from([holder]);
        for succession in self.successions.iter().rev() {
            if names.contains(&succession.new) {
                names.insert(succession.old);
            }
        }
        names
    }

    /// Whether an open tranche is a holder's now.
    fn owns(successions: &Successions, holder: Coldkey, open: &OpenTranche) -> bool {
        successions.holder_of(open.tranche.coldkey, &open.tranche.id, BlockNumber(u64::MAX)) == holder
    }

    /// How to read the tranches of a holder of which nothing was read yet.
    pub(crate) fn reading(&self, holder: Coldkey) -> Option<Reading> {
        self.tranches.reading(&holder, self.interval.from.unwrap_or_default())
    }

    /// Takes a page of such a holder: the open tranches in the store that were entered by
    /// [`Self::entered_by`] it.
    pub(crate) fn take_reading(&self, holder: Coldkey, reading: &mut Reading, stored: Vec<OpenTranche>) {
        reading.take(stored, |open| Self::owns(&self.successions, holder, open));
    }

    /// Takes up such a holder between two blocks.
    pub(crate) fn read_tranches(&mut self, holder: Coldkey, reading: Reading) {
        let balance =
            self.balances.iter().filter(|(key, _)| key.coldkey == holder).map(|(_, alpha)| *alpha).sum();
        self.tranches.read(holder, reading, balance);
    }

    /// The page of a holder's tranches that must be read before something leaves it.
    pub(crate) fn lacks(&self, holder: Coldkey, need: &Need) -> Option<TranchePage> {
        self.tranches.lacks(&holder, need)
    }

    /// Takes up such a page.
    pub(crate) fn take_page(&mut self, holder: Coldkey, page: &TranchePage, stored: Vec<OpenTranche>) {
        let successions = &self.successions;
        self.tranches.take_page(&holder, page, stored, |open| Self::owns(successions, holder, open));
    }

    /// Lets go of the tranches that need not be at hand, once all that was taken in is in the store.
    pub(crate) fn let_go(&mut self) {
        if self.pending.blocks == 0
            && let Some(from) = self.interval.from
        {
            self.tranches.let_go(from);
        }
    }

    /// The subnet.
    #[must_use]
    pub fn netuid(&self) -> NetUid {
        self.netuid
    }

    /// The last block taken in, committed or not.
    #[must_use]
    pub fn watermark(&self) -> Option<Watermark> {
        self.watermark
    }

    /// The coldkeys followed.
    #[must_use]
    pub fn holders(&self) -> BTreeSet<Coldkey> {
        self.holders.keys().copied().collect()
    }

    /// Whether a coldkey is followed.
    #[must_use]
    pub fn is_holder(&self, coldkey: &Coldkey) -> bool {
        self.holders.contains_key(coldkey)
    }

    /// The open interval's entries.
    #[must_use]
    pub fn interval_entries(&self) -> &[Entry] {
        &self.interval_entries
    }

    /// The balances at the start of the open interval.
    #[must_use]
    pub fn interval_start(&self) -> &BTreeMap<PositionKey, RaoDelta> {
        &self.interval_start
    }

    /// The operations of the open interval.
    #[must_use]
    pub fn interval(&self) -> &OpenInterval {
        &self.interval
    }

    /// The share pools at the start of the open interval, as far as they are known.
    #[must_use]
    pub fn interval_pools(&self) -> &BTreeMap<Hotkey, Fingerprint> {
        &self.interval_pools
    }

    /// The running balances.
    #[must_use]
    pub fn balances(&self) -> &BTreeMap<PositionKey, RaoDelta> {
        &self.balances
    }

    /// Whether the last block taken in ended an interval.
    #[must_use]
    pub fn has_boundary(&self) -> bool {
        self.pending.blocks > 0 && self.watermark.is_some_and(|w| self.interval.from == Some(w.block.number))
    }

    /// What to expect of the subnet's next states.
    #[must_use]
    pub fn roster(&self) -> Roster {
        let neurons = self.neurons.iter().map(|(uid, (hotkey, coldkey))| Neuron {
            uid: *uid,
            hotkey: *hotkey,
            coldkey: *coldkey,
        });
        let positions = self.balances.keys().chain(self.observed.keys()).chain(&self.looked_at);
        Roster { neurons: neurons.collect(), positions: positions.copied().collect() }
    }

    /// Remembers positions that were looked at, so that the next states are read in one go; at an interval's
    /// end, when all are, only these.
    pub fn look_at(&mut self, keys: impl IntoIterator<Item = PositionKey>, all: bool) {
        if all {
            self.looked_at.clear();
        }
        self.looked_at.extend(keys);
    }

    /// How many blocks wait to be committed.
    #[must_use]
    pub fn pending_blocks(&self) -> u32 {
        self.pending.blocks
    }

    /// Follows a coldkey from the end of `since` on, with the positions it has there.
    pub fn open_holder(
        &mut self,
        coldkey: Coldkey,
        since: BlockNumber,
        time: Millis,
        positions: &BTreeMap<PositionKey, Rao>,
    ) {
        if self.holders.contains_key(&coldkey) {
            return;
        }
        self.holders.insert(coldkey, since);
        self.pending.holders.push(Holder { coldkey, since });
        for (key, alpha) in
            positions.iter().filter(|(key, alpha)| key.coldkey == coldkey && **alpha > Rao::ZERO)
        {
            self.add(
                Entry {
                    netuid: self.netuid,
                    block: since,
                    source: None,
                    key: *key,
                    kind: Kind::Opening,
                    alpha: alpha.delta(),
                },
                time,
            );
        }
    }

    /// Adds an entry of a holder, with the time of its block; entries come in ledger order. The holder's
    /// tranches must have been read where they [matter](crate::ledger::HolderTranches::matter_to).
    pub fn add(&mut self, entry: Entry, time: Millis) {
        let change = self.tranches.of(entry.key.coldkey).apply(&entry, time);
        self.note(entry, time, change);
    }

    /// Adds a key swap's entry that a holder received from a coldkey that was none.
    pub fn receive(&mut self, entry: Entry, time: Millis) {
        let change = self.tranches.of(entry.key.coldkey).receive(&entry, time);
        self.note(entry, time, change);
    }

    fn note(&mut self, entry: Entry, time: Millis, change: TrancheChange) {
        self.pending.times.insert(entry.block, time);
        *self.balances.entry(entry.key).or_default() += entry.alpha;
        self.keep(change);
        self.pending.entries.push(entry);
        // What opens at the interval's own start is part of it.
        if self.interval.from.is_some_and(|from| entry.block <= from) {
            *self.interval_start.entry(entry.key).or_default() += entry.alpha;
        } else {
            self.interval_entries.push(entry);
        }
    }

    fn keep(&mut self, change: TrancheChange) {
        self.pending.tranches.extend(change.opened);
        self.pending.exits.extend(change.exits);
    }

    /// Lets a coldkey go on as the holder that swapped its key for it. Both one's tranches must have been
    /// read.
    pub fn succeed(&mut self, succession: Succession, time: Millis) {
        let old = self.tranches.take(succession.old);
        let change =
            self.tranches.of(succession.new).take_over(old, self.netuid, succession.new, &succession, time);
        self.keep(change);
        self.successions.push(succession);
        self.pending.successions.push(succession);
    }

    /// Notes a slot whose epoch was skipped.
    pub fn skip(&mut self, slot: SkippedSlot) {
        self.pending.skipped.push(slot);
    }

    /// Remembers the stake operations of a block for the interval's rounding, which goes along when a
    /// hotkey's stake gets another name.
    pub fn count(&mut self, flows: &Flows, settled: &Settled, runtime_changed: bool) {
        let counts = &mut self.interval.operations;
        for (hotkey, count) in flows.operations.iter().chain(&settled.unnamed) {
            let counted = counts.entry(*hotkey).or_default();
            *counted = counted.saturating_add(*count);
        }
        for (old, new) in &settled.renamed {
            let before = counts.get(old).copied().unwrap_or(0);
            let counted = counts.entry(*new).or_default();
            *counted = counted.saturating_add(before);
        }
        self.interval.anywhere = self.interval.anywhere.saturating_add(flows.anywhere());
        self.interval.runtime_changed |= runtime_changed;
    }

    /// Remembers that there were at least so many operations on a hotkey in the open interval.
    pub fn operated_on(&mut self, hotkey: Hotkey, operations: u64) {
        let counted = self.interval.operations.entry(hotkey).or_default();
        *counted = (*counted).max(operations);
    }

    /// Takes down the positions of some coldkeys read in the state of `block`, where they differ
    /// from those before.
    pub fn observe(
        &mut self,
        block: BlockNumber,
        coldkeys: &BTreeSet<Coldkey>,
        positions: &BTreeMap<PositionKey, Rao>,
    ) -> Vec<Snapshot> {
        let gone = self
            .observed
            .keys()
            .filter(|key| coldkeys.contains(&key.coldkey) && !positions.contains_key(key))
            .map(|key| (*key, Rao::ZERO));
        let mut changed: Vec<(PositionKey, Rao)> = gone.collect();
        changed.extend(
            positions
                .iter()
                .filter(|(key, _)| coldkeys.contains(&key.coldkey))
                .map(|(key, alpha)| (*key, *alpha)),
        );
        changed.retain(|(key, alpha)| self.observed.get(key).copied().unwrap_or_default() != *alpha);
        changed.sort_unstable();
        let mut rows = Vec::with_capacity(changed.len());
        for (key, alpha) in changed {
            self.observed.insert(key, alpha);
            rows.push(Snapshot { block, key, alpha });
        }
        rows
    }

    /// Adds snapshots to what is committed next.
    pub fn keep_snapshots(&mut self, rows: Vec<Snapshot>) {
        self.pending.snapshots.extend(rows);
    }

    /// Takes down how much of each holder's stake is locked in the state of an epoch's `block`.
    pub fn see_locks(&mut self, block: BlockNumber, locks: &BTreeMap<Coldkey, Rao>) {
        for coldkey in self.holders.keys() {
            let locked = locks.get(coldkey).copied().unwrap_or_default();
            if self.locks.insert(*coldkey, locked) != Some(locked) {
                self.pending.locks.push(LockRow { block, coldkey: *coldkey, locked });
            }
        }
    }

    /// Takes down who holds which uid in the state of `block`, where it changed.
    pub fn see_neurons(&mut self, block: BlockNumber, neurons: &[Neuron]) {
        let now: BTreeMap<Uid, (Hotkey, Coldkey)> =
            neurons.iter().map(|n| (n.uid, (n.hotkey, n.coldkey))).collect();
        let uids: BTreeSet<Uid> = self.neurons.keys().chain(now.keys()).copied().collect();
        for uid in uids {
            let holder = now.get(&uid).copied();
            if self.neurons.get(&uid).copied() != holder {
                self.pending.neurons.push(NeuronRow { uid, block, holder });
            }
        }
        self.neurons = now;
    }

    /// Checks Σ entries = alpha for every position of every holder in the state of `block`, and Σ tranches =
    /// Σ positions for every holder.
    ///
    /// # Errors
    /// Names the first position or holder that differs.
    pub fn check(
        &self,
        block: BlockNumber,
        positions: &BTreeMap<PositionKey, Rao>,
    ) -> Result<(), ConservationError> {
        let keys: BTreeSet<&PositionKey> =
            self.balances.keys().chain(positions.keys().filter(|key| self.is_holder(&key.coldkey))).collect();
        for key in keys {
            let ledger = self.balances.get(key).copied().unwrap_or_default();
            let chain = positions.get(key).copied().unwrap_or_default();
            if ledger != chain.delta() {
                return Err(ConservationError::Position {
                    netuid: self.netuid,
                    block,
                    key: *key,
                    ledger,
                    chain,
                });
            }
        }
        self.check_tranches(block)
    }

    fn check_tranches(&self, block: BlockNumber) -> Result<(), ConservationError> {
        let mut held: BTreeMap<Coldkey, RaoDelta> = BTreeMap::new();
        for (key, alpha) in &self.balances {
            *held.entry(key.coldkey).or_default() += *alpha;
        }
        for holder in self.holders.keys() {
            let (tranches, positions) =
                (self.tranches.stake(holder), held.get(holder).copied().unwrap_or_default());
            if tranches != positions {
                return Err(ConservationError::Tranches {
                    netuid: self.netuid,
                    block,
                    holder: *holder,
                    tranches,
                    positions,
                });
            }
        }
        Ok(())
    }

    /// Closes the open interval at B₂−1, when there is one: its changes by flow.
    pub fn close_interval(&mut self, to: BlockNumber) {
        let Some(from) = self.interval.from else { return };
        let mut by_position: BTreeMap<PositionKey, BTreeMap<Flow, RaoDelta>> = BTreeMap::new();
        for entry in &self.interval_entries {
            *by_position.entry(entry.key).or_default().entry(entry.flow()).or_default() += entry.alpha;
        }
        for (key, by_flow) in by_position {
            let of = |balances: &BTreeMap<PositionKey, RaoDelta>| {
                balances.get(&key).and_then(|alpha| alpha.amount()).unwrap_or_default()
            };
            let (start, end) = (of(&self.interval_start), of(&self.balances));
            self.pending.balance_changes.push(BalanceChange { from, to, key, start, end, by_flow });
        }
    }

    /// Begins a new interval at the end of `block`: with the epoch just taken in, or with the end of the
    /// subnet. `pools` are the share pools there, as far as they are known.
    pub fn begin_interval(
        &mut self,
        block: BlockNumber,
        record: Option<EpochRecord>,
        pools: BTreeMap<Hotkey, Fingerprint>,
    ) {
        self.interval_pools = pools;
        self.pending.epoch = record;
        self.interval_entries.clear();
        self.balances.retain(|_, alpha| !alpha.is_zero());
        self.observed.retain(|_, alpha| *alpha > Rao::ZERO);
        self.interval_start = self.balances.clone();
        self.interval = open_at(block);
    }

    /// Passes over blocks in which nothing happened, up to `block`: the watermark stands on it. Does
    /// nothing where it stands there already.
    pub fn pass(&mut self, block: BlockRef, time: Millis, spec_version: u32) {
        let Some(watermark) =
            self.watermark.as_mut().filter(|watermark| watermark.block.number < block.number)
        else {
            return;
        };
        let passed = block.number.0.saturating_sub(watermark.block.number.0);
        self.interval.runtime_changed |= watermark.spec_version != spec_version;
        *watermark = Watermark { block, time, spec_version, ..*watermark };
        self.pending.blocks = self.pending.blocks.saturating_add(u32::try_from(passed).unwrap_or(u32::MAX));
    }

    /// Ends a block: the watermark stands on it.
    pub fn seal(&mut self, facts: &BlockFacts, observed: Option<BlockNumber>) {
        let first_block = self.watermark.map_or(facts.block.number, |w| w.first_block);
        let first_time = self.watermark.map_or(facts.time, |w| w.first_time);
        let before = self.watermark.map_or(BlockNumber(0), |w| w.observed);
        self.watermark = Some(Watermark {
            block: facts.block,
            time: facts.time,
            first_block,
            first_time,
            observed: observed.unwrap_or(before),
            spec_version: facts.spec_version,
        });
        self.pending.blocks = self.pending.blocks.saturating_add(1);
    }

    /// What is to be committed; `None` when nothing is. The ledger counts it as committed: after a
    /// failure it must be taken up from the store again.
    pub fn take_commit(&mut self) -> Option<Commit> {
        let watermark = self.watermark.filter(|_| self.pending.blocks > 0)?;
        let pending = std::mem::replace(
            &mut self.pending,
            Pending { parent: Some(watermark.block), ..Pending::default() },
        );
        Some(Commit {
            netuid: self.netuid,
            parent: pending.parent,
            watermark,
            entries: pending.entries,
            times: pending.times,
            holders: pending.holders,
            epochs: pending.epoch.into_iter().collect(),
            balance_changes: pending.balance_changes,
            skipped: pending.skipped,
            snapshots: pending.snapshots,
            locks: pending.locks,
            neurons: pending.neurons,
            successions: pending.successions,
            tranches: pending.tranches,
            exits: pending.exits,
            interval: self.interval.clone(),
        })
    }

    /// Notes that the store's `observed` mark is the watermark now.
    pub fn observed_now(&mut self) {
        if let Some(watermark) = self.watermark.as_mut() {
            watermark.observed = watermark.block.number;
        }
    }
}
