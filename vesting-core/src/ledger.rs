//! The ledger of one subnet while it is written: running balances, tranches, the open interval.
//!
//! Everything here is derived from what is committed, so a restart takes it up from the store.

use std::collections::{BTreeMap, BTreeSet};

use crate::ports::{BalanceChange, Commit, Holder, LedgerState, NeuronRow, OpenInterval, Snapshot, Watermark};
use crate::{
    BlockFacts, BlockNumber, BlockRef, Coldkey, Entry, EpochRecord, Flow, HolderTranches, Hotkey, Kind, Millis, NetUid, Neuron,
    PositionKey, Rao, RaoDelta, Uid,
};

/// A conservation law that does not hold: a bug or a damaged database. Reaction: stop and say so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "conservation broken on subnet {netuid} at block {block}: the ledger says {ledger} rao for hotkey {} of coldkey {}, the chain says {chain} rao; nothing was written. Please report this with the database",
    key.hotkey, key.coldkey
)]
pub struct ConservationError {
    /// The subnet.
    pub netuid: NetUid,
    /// The block in whose state they differ.
    pub block: BlockNumber,
    /// The position.
    pub key: PositionKey,
    /// Σ entries.
    pub ledger: RaoDelta,
    /// The chain's alpha.
    pub chain: Rao,
}

/// The ledger of one subnet, at its watermark plus the blocks not committed yet.
#[derive(Debug, Clone)]
pub struct SubnetLedger {
    netuid: NetUid,
    watermark: Option<Watermark>,
    holders: BTreeMap<Coldkey, BlockNumber>,
    balances: BTreeMap<PositionKey, RaoDelta>,
    observed: BTreeMap<PositionKey, Rao>,
    neurons: BTreeMap<Uid, (Hotkey, Coldkey)>,
    tranches: BTreeMap<Coldkey, HolderTranches>,
    last_epoch: Option<BlockNumber>,
    /// The entries of the open interval, and the balances at its start.
    interval_entries: Vec<Entry>,
    interval_start: BTreeMap<PositionKey, RaoDelta>,
    interval: OpenInterval,
    pending: Pending,
}

/// What is not committed yet.
#[derive(Debug, Clone, Default)]
struct Pending {
    parent: Option<BlockRef>,
    blocks: u32,
    entries: Vec<Entry>,
    holders: Vec<Holder>,
    epoch: Option<EpochRecord>,
    balance_changes: Vec<BalanceChange>,
    snapshots: Vec<Snapshot>,
    neurons: Vec<NeuronRow>,
    tranches: Vec<crate::Tranche>,
    exits: Vec<crate::Exit>,
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
            neurons: BTreeMap::new(),
            tranches: BTreeMap::new(),
            last_epoch: None,
            interval_entries: Vec::new(),
            interval_start: BTreeMap::new(),
            interval: OpenInterval::default(),
            pending: Pending::default(),
        }
    }

    /// Takes up a ledger where the store left it. `interval_entries` are the entries after its last
    /// epoch.
    #[must_use]
    pub fn resume(netuid: NetUid, state: LedgerState, interval_entries: Vec<Entry>) -> Self {
        let mut interval_start = state.balances.clone();
        for entry in &interval_entries {
            *interval_start.entry(entry.key).or_default() += -entry.alpha;
        }
        let mut held: BTreeMap<Coldkey, RaoDelta> = BTreeMap::new();
        for (key, alpha) in &state.balances {
            *held.entry(key.coldkey).or_default() += *alpha;
        }
        let mut open: BTreeMap<Coldkey, Vec<crate::OpenTranche>> = BTreeMap::new();
        for tranche in state.open_tranches {
            open.entry(tranche.tranche.coldkey).or_default().push(tranche);
        }
        let tranches = state
            .holders
            .iter()
            .map(|h| {
                (
                    h.coldkey,
                    HolderTranches::resume(open.remove(&h.coldkey).unwrap_or_default(), held.get(&h.coldkey).copied().unwrap_or_default()),
                )
            })
            .collect();
        Self {
            netuid,
            watermark: Some(state.watermark),
            holders: state.holders.iter().map(|h| (h.coldkey, h.since)).collect(),
            balances: state.balances,
            observed: state.observed,
            neurons: state.neurons.iter().filter_map(|row| row.holder.map(|holder| (row.uid, holder))).collect(),
            tranches,
            last_epoch: state.last_epoch,
            interval_entries,
            interval_start,
            interval: state.interval,
            pending: Pending { parent: Some(state.watermark.block), ..Pending::default() },
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

    /// The coldkeys followed, in order.
    #[must_use]
    pub fn holders(&self) -> Vec<Coldkey> {
        self.holders.keys().copied().collect()
    }

    /// Whether a coldkey is followed.
    #[must_use]
    pub fn is_holder(&self, coldkey: &Coldkey) -> bool {
        self.holders.contains_key(coldkey)
    }

    /// The last epoch taken in.
    #[must_use]
    pub fn last_epoch(&self) -> Option<BlockNumber> {
        self.last_epoch
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

    /// The running balances.
    #[must_use]
    pub fn balances(&self) -> &BTreeMap<PositionKey, RaoDelta> {
        &self.balances
    }

    /// How many blocks wait to be committed.
    #[must_use]
    pub fn pending_blocks(&self) -> u32 {
        self.pending.blocks
    }

    /// The holders whose positions an operation on these hotkeys may have touched.
    #[must_use]
    pub fn touched_by(&self, hotkeys: &BTreeMap<Hotkey, u64>) -> BTreeSet<Coldkey> {
        self.balances.keys().filter(|key| hotkeys.contains_key(&key.hotkey)).map(|key| key.coldkey).collect()
    }

    /// Follows a coldkey from the end of `since` on, with the positions it has there.
    pub fn open_holder(&mut self, coldkey: Coldkey, since: BlockNumber, time: Millis, positions: &BTreeMap<PositionKey, Rao>) {
        if self.holders.contains_key(&coldkey) {
            return;
        }
        self.holders.insert(coldkey, since);
        self.pending.holders.push(Holder { coldkey, since });
        for (key, alpha) in positions.iter().filter(|(key, alpha)| key.coldkey == coldkey && **alpha > Rao::ZERO) {
            self.add(Entry { netuid: self.netuid, block: since, source: None, key: *key, kind: Kind::Opening, alpha: alpha.delta() }, time);
        }
        self.tranches.entry(coldkey).or_default();
    }

    /// Adds an entry of a holder; entries come in ledger order.
    pub fn add(&mut self, entry: Entry, time: Millis) {
        *self.balances.entry(entry.key).or_default() += entry.alpha;
        let change = self.tranches.entry(entry.key.coldkey).or_default().apply(&entry, time);
        self.pending.tranches.extend(change.opened);
        self.pending.exits.extend(change.exits);
        self.pending.entries.push(entry);
        self.interval_entries.push(entry);
    }

    /// Remembers the stake operations of a block for the interval's rounding.
    pub fn count(&mut self, operations: &BTreeMap<Hotkey, u64>, runtime_changed: bool) {
        for (hotkey, count) in operations {
            let counted = self.interval.operations.entry(*hotkey).or_default();
            *counted = counted.saturating_add(*count);
        }
        self.interval.runtime_changed |= runtime_changed;
    }

    /// Takes down the positions of some coldkeys read in the state of `block`, where they differ
    /// from those before.
    pub fn observe(&mut self, block: BlockNumber, coldkeys: &BTreeSet<Coldkey>, positions: &BTreeMap<PositionKey, Rao>) -> Vec<Snapshot> {
        let gone =
            self.observed.keys().filter(|key| coldkeys.contains(&key.coldkey) && !positions.contains_key(key)).map(|key| (*key, Rao::ZERO));
        let mut changed: Vec<(PositionKey, Rao)> = gone.collect();
        changed.extend(positions.iter().filter(|(key, _)| coldkeys.contains(&key.coldkey)).map(|(key, alpha)| (*key, *alpha)));
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

    /// Takes down who holds which uid in the state of `block`, where it changed.
    pub fn see_neurons(&mut self, block: BlockNumber, neurons: &[Neuron]) {
        let now: BTreeMap<Uid, (Hotkey, Coldkey)> = neurons.iter().map(|n| (n.uid, (n.hotkey, n.coldkey))).collect();
        let uids: BTreeSet<Uid> = self.neurons.keys().chain(now.keys()).copied().collect();
        for uid in uids {
            let holder = now.get(&uid).copied();
            if self.neurons.get(&uid).copied() != holder {
                self.pending.neurons.push(NeuronRow { uid, block, holder });
            }
        }
        self.neurons = now;
    }

    /// Checks Σ entries = alpha for every position of every holder in the state of `block`.
    ///
    /// # Errors
    /// Names the first position that differs.
    pub fn check(&self, block: BlockNumber, positions: &BTreeMap<PositionKey, Rao>) -> Result<(), ConservationError> {
        let keys: BTreeSet<&PositionKey> =
            self.balances.keys().chain(positions.keys().filter(|key| self.is_holder(&key.coldkey))).collect();
        for key in keys {
            let ledger = self.balances.get(key).copied().unwrap_or_default();
            let chain = positions.get(key).copied().unwrap_or_default();
            if ledger != chain.delta() {
                return Err(ConservationError { netuid: self.netuid, block, key: *key, ledger, chain });
            }
        }
        Ok(())
    }

    /// Closes the open interval at B₂−1, when there is one: its changes by flow.
    pub fn close_interval(&mut self, to: BlockNumber) {
        let Some(from) = self.last_epoch else { return };
        let mut by_position: BTreeMap<PositionKey, BTreeMap<Flow, RaoDelta>> = BTreeMap::new();
        for entry in &self.interval_entries {
            *by_position.entry(entry.key).or_default().entry(entry.flow()).or_default() += entry.alpha;
        }
        for (key, by_flow) in by_position {
            let of = |balances: &BTreeMap<PositionKey, RaoDelta>| balances.get(&key).and_then(|alpha| alpha.amount()).unwrap_or_default();
            let (start, end) = (of(&self.interval_start), of(&self.balances));
            self.pending.balance_changes.push(BalanceChange { from, to, key, start, end, by_flow });
        }
    }

    /// Begins a new interval at the epoch just taken in.
    pub fn begin_interval(&mut self, record: EpochRecord) {
        self.last_epoch = Some(record.epoch.block.number);
        self.pending.epoch = Some(record);
        self.interval_entries.clear();
        self.balances.retain(|_, alpha| !alpha.is_zero());
        self.interval_start = self.balances.clone();
        self.interval = OpenInterval::default();
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
        let pending = std::mem::replace(&mut self.pending, Pending { parent: Some(watermark.block), ..Pending::default() });
        Some(Commit {
            netuid: self.netuid,
            parent: pending.parent,
            watermark,
            entries: pending.entries,
            holders: pending.holders,
            epoch: pending.epoch,
            balance_changes: pending.balance_changes,
            snapshots: pending.snapshots,
            neurons: pending.neurons,
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
