//! A store without a database: for tests, and for whoever needs no record beyond the process.

mod gather;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::sync::{Mutex, MutexGuard};

use async_trait::async_trait;

use crate::block::{Epoch, EpochRecord, Phase, SkippedSlot};
use crate::ledger::{
    Entry, EntryId, EntryOrder, Exit, OpenTranche, Source, Succession, Successions, Tranche,
};
use crate::ports::{
    BalanceChange, Commit, Holder, LedgerState, LockRow, MultiplierRow, NeuronRow, OpenInterval, Pruned,
    Snapshot, StakeStore, StoreError, TranchePage, TrancheStand, Watermark,
};
use crate::store::{balances, prune, rewind};
use crate::units::{
    BlockHash, BlockNumber, BlockRef, Coldkey, Hotkey, Millis, NetUid, PositionKey, Rao, RaoDelta, Uid,
};

pub(crate) use gather::Gathered;

/// Keeps the record in memory, and is as strict as a database: what one cannot hold is refused.
#[derive(Debug, Default)]
pub struct MemoryStore {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    genesis: Option<BlockHash>,
    records: BTreeMap<NetUid, (Watermark, Record)>,
    multipliers: BTreeMap<NetUid, BTreeMap<(BlockNumber, String, Uid), MultiplierRow>>,
}

/// What identifies a tranche on a subnet, in the order in which tranches are given back.
type TrancheKey = (Coldkey, EntryOrder);

#[derive(Debug, Default)]
struct Record {
    entries: BTreeMap<EntryOrder, Entry>,
    times: BTreeMap<BlockNumber, Millis>,
    holders: BTreeMap<Coldkey, Holder>,
    epochs: BTreeMap<BlockNumber, EpochRecord>,
    balance_changes: BTreeMap<(BlockNumber, PositionKey), BalanceChange>,
    snapshots: BTreeMap<(PositionKey, BlockNumber), Rao>,
    locks: BTreeMap<(Coldkey, BlockNumber), Rao>,
    neurons: BTreeMap<(BlockNumber, Uid), Option<(Hotkey, Coldkey)>>,
    skipped: BTreeMap<BlockNumber, SkippedSlot>,
    successions: BTreeMap<(BlockNumber, u32), Succession>,
    tranches: BTreeMap<TrancheKey, OpenTranche>,
    exits: BTreeMap<(TrancheKey, EntryOrder), Exit>,
    interval: OpenInterval,
}

/// Where the entry of that identity stands in its holder's ledger.
fn place(netuid: NetUid, coldkey: Coldkey, id: EntryId) -> EntryOrder {
    // The phase does not bear on the order.
    let source = id.event_index.map(|event_index| Source { event_index, phase: Phase::Initialization });
    let key = PositionKey { hotkey: id.hotkey, coldkey };
    Entry { netuid, block: id.block, source, key, kind: id.kind, alpha: RaoDelta::ZERO }.order()
}

fn tranche_key(tranche: &Tranche) -> TrancheKey {
    (tranche.coldkey, place(tranche.netuid, tranche.coldkey, tranche.id))
}

fn exit_key(exit: &Exit) -> (TrancheKey, EntryOrder) {
    (
        (exit.coldkey, place(exit.netuid, exit.coldkey, exit.tranche)),
        place(exit.netuid, exit.coldkey, exit.by),
    )
}

fn refuse(why: impl Display) -> StoreError {
    StoreError::Unusable(format!("nothing was written: {why}"))
}

/// Collects rows by their key, of which there may be only one each.
fn unique<K: Ord, V>(what: &str, rows: impl Iterator<Item = (K, V)>) -> Result<BTreeMap<K, V>, StoreError> {
    let mut map = BTreeMap::new();
    for (key, row) in rows {
        if map.insert(key, row).is_some() {
            return Err(refuse(format_args!("a row of the {what} is there twice")));
        }
    }
    Ok(map)
}

fn disjoint<K: Ord, V>(what: &str, old: &BTreeMap<K, V>, new: &BTreeMap<K, V>) -> Result<(), StoreError> {
    match new.keys().any(|key| old.contains_key(key)) {
        true => Err(refuse(format_args!("a row of the {what} is in the record already"))),
        false => Ok(()),
    }
}

/// Databases hold 64 bits with a sign.
fn fits(what: &str, amounts: impl IntoIterator<Item = RaoDelta>) -> Result<(), StoreError> {
    match amounts.into_iter().find(|amount| i64::try_from(amount.0).is_err()) {
        Some(amount) => Err(refuse(format_args!("{what}: {amount} is more than a database holds"))),
        None => Ok(()),
    }
}

fn not_next(netuid: NetUid, stands_at: Option<BlockRef>, offered: Option<BlockRef>) -> StoreError {
    let words = |block: Option<BlockRef>, none: &str| {
        block.map_or_else(|| none.to_owned(), |block| format!("block {block}"))
    };
    StoreError::NotNext {
        netuid,
        stands_at: words(stands_at, "no block yet"),
        offered: words(offered, "no block, as a new record"),
    }
}

impl Record {
    fn of(commit: &Commit) -> Result<Self, StoreError> {
        let record = Self {
            entries: unique("entries", commit.entries.iter().map(|e| (e.order(), *e)))?,
            times: commit.times.clone(),
            holders: unique("holders", commit.holders.iter().map(|h| (h.coldkey, *h)))?,
            epochs: unique(
                "epochs",
                commit.epochs.iter().map(|e| (e.epoch.block.number, sorted(e.clone()))),
            )?,
            balance_changes: unique(
                "balance changes",
                commit.balance_changes.iter().map(|c| ((c.to, c.key), c.clone())),
            )?,
            snapshots: unique("snapshots", commit.snapshots.iter().map(|s| ((s.key, s.block), s.alpha)))?,
            locks: unique("locked parts", commit.locks.iter().map(|l| ((l.coldkey, l.block), l.locked)))?,
            neurons: unique("neurons", commit.neurons.iter().map(|n| ((n.block, n.uid), n.holder)))?,
            skipped: unique("skipped slots", commit.skipped.iter().map(|s| (s.block, *s)))?,
            successions: unique(
                "successions",
                commit.successions.iter().map(|s| ((s.block, s.event_index), *s)),
            )?,
            tranches: unique(
                "tranches",
                commit
                    .tranches
                    .iter()
                    .map(|t| (tranche_key(t), OpenTranche { tranche: *t, remaining: t.initial })),
            )?,
            exits: unique("exits", commit.exits.iter().map(|e| (exit_key(e), *e)))?,
            interval: commit.interval.clone(),
        };
        for change in commit.epochs.iter().flat_map(|e| &e.changes) {
            let parts = [
                change.manual_add,
                change.manual_remove,
                change.neutral,
                change.true_emission,
                change.incentive,
            ];
            fits("change of stake", parts)?;
            fits(
                "change of stake",
                [change.before.delta(), change.after.delta(), change.rounding, change.unattributed],
            )?;
        }
        for epoch in &commit.epochs {
            let (pre, block) = (epoch.epoch.pre_block.number, epoch.epoch.block.number);
            if pre != block.parent() {
                return Err(refuse(format_args!(
                    "block {pre} is not the one before the epoch at block {block}"
                )));
            }
            unique("changes of stake", epoch.changes.iter().map(|change| (change.key, ())))?;
        }
        fits("entry", commit.entries.iter().map(|e| e.alpha))?;
        fits("snapshot", commit.snapshots.iter().map(|s| s.alpha.delta()))?;
        fits("locked part", commit.locks.iter().map(|l| l.locked.delta()))?;
        fits("tranche", commit.tranches.iter().map(|t| t.initial.delta()))?;
        fits("exit", commit.exits.iter().map(|e| e.amount.delta()))?;
        for change in &commit.balance_changes {
            fits(
                "balance change",
                change.by_flow.values().copied().chain([change.start.delta(), change.end.delta()]),
            )?;
        }
        let foreign = commit.entries.iter().map(|e| e.netuid).chain(commit.tranches.iter().map(|t| t.netuid));
        match foreign.chain(commit.exits.iter().map(|e| e.netuid)).find(|netuid| *netuid != commit.netuid) {
            Some(netuid) => {
                Err(refuse(format_args!("a row of subnet {netuid} among those of subnet {}", commit.netuid)))
            }
            None => Ok(record),
        }
    }

    /// Adds rows, all or none.
    fn absorb(&mut self, mut new: Self) -> Result<(), StoreError> {
        disjoint("entries", &self.entries, &new.entries)?;
        disjoint("holders", &self.holders, &new.holders)?;
        disjoint("epochs", &self.epochs, &new.epochs)?;
        disjoint("balance changes", &self.balance_changes, &new.balance_changes)?;
        disjoint("snapshots", &self.snapshots, &new.snapshots)?;
        disjoint("locked parts", &self.locks, &new.locks)?;
        disjoint("neurons", &self.neurons, &new.neurons)?;
        disjoint("skipped slots", &self.skipped, &new.skipped)?;
        disjoint("successions", &self.successions, &new.successions)?;
        disjoint("tranches", &self.tranches, &new.tranches)?;
        disjoint("exits", &self.exits, &new.exits)?;
        let mut touched: BTreeMap<TrancheKey, OpenTranche> = BTreeMap::new();
        for ((key, _), exit) in &new.exits {
            let found = touched
                .get(key)
                .or_else(|| new.tranches.get(key))
                .or_else(|| self.tranches.get(key))
                .copied();
            let mut open = found.ok_or_else(|| refuse("an exit from a tranche that is not in the record"))?;
            let left = open.remaining.0.checked_sub(exit.amount.0);
            open.remaining = Rao(left.ok_or_else(|| refuse("an exit of more than its tranche holds"))?);
            touched.insert(*key, open);
        }
        self.entries.append(&mut new.entries);
        // A block has one time, told once or twice.
        for (block, time) in new.times {
            self.times.entry(block).or_insert(time);
        }
        self.holders.append(&mut new.holders);
        self.epochs.append(&mut new.epochs);
        self.balance_changes.append(&mut new.balance_changes);
        self.snapshots.append(&mut new.snapshots);
        self.locks.append(&mut new.locks);
        self.neurons.append(&mut new.neurons);
        self.skipped.append(&mut new.skipped);
        self.successions.append(&mut new.successions);
        self.tranches.append(&mut new.tranches);
        self.tranches.append(&mut touched);
        self.exits.append(&mut new.exits);
        self.interval = new.interval;
        Ok(())
    }

    /// The commit that would make it.
    fn as_commit(&self, netuid: NetUid, watermark: Watermark) -> Commit {
        let mut commit = Commit {
            netuid,
            parent: None,
            watermark,
            entries: self.entries.values().copied().collect(),
            times: self.times.clone(),
            holders: self.holders.values().copied().collect(),
            epochs: self.epochs.values().cloned().collect(),
            balance_changes: self.balance_changes.values().cloned().collect(),
            skipped: self.skipped.values().copied().collect(),
            snapshots: self
                .snapshots
                .iter()
                .map(|((key, block), alpha)| Snapshot { block: *block, key: *key, alpha: *alpha })
                .collect(),
            locks: self
                .locks
                .iter()
                .map(|((coldkey, block), locked)| LockRow {
                    block: *block,
                    coldkey: *coldkey,
                    locked: *locked,
                })
                .collect(),
            neurons: self
                .neurons
                .iter()
                .map(|((block, uid), holder)| NeuronRow { uid: *uid, block: *block, holder: *holder })
                .collect(),
            successions: self.successions.values().copied().collect(),
            tranches: self.tranches.values().map(|open| open.tranche).collect(),
            exits: self.exits.values().copied().collect(),
            interval: self.interval.clone(),
        };
        commit.sort();
        commit
    }

    /// Condenses it to what begins at the end of `base`, at the time `time`.
    fn prune(&mut self, netuid: NetUid, base: BlockNumber, time: Millis) -> Result<Pruned, StoreError> {
        let mut left: BTreeMap<TrancheKey, Rao> = self
            .tranches
            .iter()
            .filter(|(_, open)| open.tranche.id.block <= base)
            .map(|(key, open)| (*key, open.remaining))
            .collect();
        for ((key, _), exit) in self.exits.iter().filter(|(_, exit)| exit.by.block > base) {
            if let Some(left) = left.get_mut(key) {
                left.0 = left.0.saturating_add(exit.amount.0);
            }
        }
        let successions = Successions::new(self.successions.values().copied().collect());
        let mut held: BTreeMap<Coldkey, RaoDelta> = BTreeMap::new();
        for (key, left) in &left {
            let Some(open) = self.tranches.get(key) else { continue };
            *held.entry(successions.holder_of(open.tranche.coldkey, &open.tranche.id, base)).or_default() +=
                left.delta();
        }
        let mut sums: BTreeMap<PositionKey, RaoDelta> = BTreeMap::new();
        balances::add(&mut sums, self.entries.values().take_while(|entry| entry.block <= base));
        let openings = prune::openings(netuid, base, &sums, &held);
        fits("opening", openings.iter().map(|entry| entry.alpha))?;
        // Nothing is refused from here on.
        let (newest, newest_locks) = (newest_rows(&self.snapshots, base), newest_rows(&self.locks, base));
        let mut pruned = Pruned {
            entries: remove(&mut self.entries, |_, entry| entry.block <= base),
            openings: u64::try_from(openings.len()).unwrap_or(u64::MAX),
            times: remove(&mut self.times, |block, _| *block < base),
            balance_changes: remove(&mut self.balance_changes, |_, change| change.to <= base),
            snapshots: remove(&mut self.snapshots, |(key, block), alpha| {
                *block <= base && (newest.get(key) != Some(block) || *alpha == Rao::ZERO)
            }),
            locks: remove(&mut self.locks, |(coldkey, block), _| {
                *block <= base && newest_locks.get(coldkey) != Some(block)
            }),
            tranches: remove(&mut self.tranches, |key, _| left.get(key) == Some(&Rao::ZERO)),
            exits: remove(&mut self.exits, |_, exit| exit.by.block <= base),
            changes: 0,
        };
        for record in self.epochs.range_mut(..=base).map(|(_, record)| record) {
            let gone = u64::try_from(record.changes.len()).unwrap_or(u64::MAX);
            pruned.changes = pruned.changes.saturating_add(gone);
            record.changes.clear();
        }
        self.entries.extend(openings.into_iter().map(|entry| (entry.order(), entry)));
        self.times.entry(base).or_insert(time);
        for (key, open) in &mut self.tranches {
            open.tranche.initial = left.get(key).copied().unwrap_or(open.tranche.initial);
        }
        for holder in self.holders.values_mut() {
            holder.since = holder.since.max(base);
        }
        Ok(pruned)
    }

    /// Takes it back to the end of an epoch's `block`, where `interval` begins.
    fn rewind(&mut self, block: BlockNumber, interval: OpenInterval) {
        let later: BTreeSet<Coldkey> =
            self.holders.values().filter(|holder| holder.since >= block).map(|h| h.coldkey).collect();
        let goes =
            |at: BlockNumber, coldkey: &Coldkey| at > block || (at == block && later.contains(coldkey));
        for ((key, _), exit) in self.exits.iter().filter(|(_, exit)| exit.by.block > block) {
            if let Some(open) = self.tranches.get_mut(key) {
                open.remaining.0 = open.remaining.0.saturating_add(exit.amount.0);
            }
        }
        self.exits.retain(|_, exit| exit.by.block <= block);
        self.tranches.retain(|(coldkey, _), open| !goes(open.tranche.id.block, coldkey));
        self.entries.retain(|_, entry| !goes(entry.block, &entry.key.coldkey));
        // A block without entries has no time.
        let timed = self.entries.values().any(|entry| entry.block == block);
        self.times.retain(|at, _| *at < block || (*at == block && timed));
        self.snapshots.retain(|(key, at), _| !goes(*at, &key.coldkey));
        self.holders.retain(|coldkey, _| !later.contains(coldkey));
        self.epochs.retain(|at, _| *at <= block);
        self.balance_changes.retain(|_, change| change.from < block);
        self.locks.retain(|(_, at), _| *at <= block);
        self.neurons.retain(|(at, _), _| *at <= block);
        self.skipped.retain(|at, _| *at <= block);
        self.successions.retain(|(at, _), _| *at <= block);
        self.interval = interval;
    }

    /// The newest snapshot of each position up to `block`.
    fn newest(&self, block: BlockNumber) -> BTreeMap<PositionKey, Rao> {
        self.snapshots
            .iter()
            .filter(|((_, at), _)| *at <= block)
            .map(|((key, _), alpha)| (*key, *alpha))
            .collect()
    }

    /// The newest locked part of each holder up to `block`.
    fn locks_at(&self, block: BlockNumber) -> BTreeMap<Coldkey, Rao> {
        self.locks
            .iter()
            .filter(|((_, at), _)| *at <= block)
            .map(|((coldkey, _), locked)| (*coldkey, *locked))
            .collect()
    }
}

/// The block of the newest row up to `block` of each name.
fn newest_rows<K: Ord + Copy, V>(
    rows: &BTreeMap<(K, BlockNumber), V>,
    block: BlockNumber,
) -> BTreeMap<K, BlockNumber> {
    rows.keys().filter(|(_, at)| *at <= block).copied().collect()
}

/// Removes rows, and says how many.
fn remove<K: Ord, V>(rows: &mut BTreeMap<K, V>, which: impl Fn(&K, &V) -> bool) -> u64 {
    let before = rows.len();
    rows.retain(|key, row| !which(key, row));
    u64::try_from(before.saturating_sub(rows.len())).unwrap_or(u64::MAX)
}

/// Changes come back by position.
fn sorted(mut record: EpochRecord) -> EpochRecord {
    record.changes.sort_by_key(|change| change.key);
    record
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // No step in between leaves it half changed.
        self.inner.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn query<T: Default>(&self, netuid: NetUid, read: impl FnOnce(&Record) -> T) -> Result<T, StoreError> {
        Ok(self.lock().records.get(&netuid).map(|(_, record)| read(record)).unwrap_or_default())
    }
}

#[async_trait]
impl StakeStore for MemoryStore {
    async fn bind_chain(&self, genesis: BlockHash) -> Result<(), StoreError> {
        match *self.lock().genesis.get_or_insert(genesis) {
            stored if stored == genesis => Ok(()),
            stored => Err(StoreError::OtherChain { stored, offered: genesis }),
        }
    }

    async fn claim(&self, _: NetUid) -> Result<(), StoreError> {
        // No other process has this memory.
        Ok(())
    }

    async fn genesis(&self) -> Result<Option<BlockHash>, StoreError> {
        Ok(self.lock().genesis)
    }

    async fn netuids(&self) -> Result<Vec<NetUid>, StoreError> {
        Ok(self.lock().records.keys().copied().collect())
    }

    async fn watermark(&self, netuid: NetUid) -> Result<Option<Watermark>, StoreError> {
        Ok(self.lock().records.get(&netuid).map(|(watermark, _)| *watermark))
    }

    async fn ledger_state(&self, netuid: NetUid) -> Result<Option<LedgerState>, StoreError> {
        Ok(self.lock().records.get(&netuid).map(|(watermark, record)| {
            let neurons: BTreeMap<Uid, NeuronRow> = record
                .neurons
                .iter()
                .map(|((block, uid), holder)| (*uid, NeuronRow { uid: *uid, block: *block, holder: *holder }))
                .collect();
            LedgerState {
                watermark: *watermark,
                holders: record.holders.values().copied().collect(),
                observed: record.newest(BlockNumber(u64::MAX)),
                locks: record.locks_at(BlockNumber(u64::MAX)),
                neurons: neurons.into_values().collect(),
                successions: record.successions.values().copied().collect(),
                interval: record.interval.clone(),
            }
        }))
    }

    async fn commit(&self, commit: &Commit) -> Result<(), StoreError> {
        let mut inner = self.lock();
        let stands_at = inner.records.get(&commit.netuid).map(|(watermark, _)| watermark.block);
        if stands_at != commit.parent {
            return Err(not_next(commit.netuid, stands_at, commit.parent));
        }
        let new = Record::of(commit)?;
        if let Some((watermark, record)) = inner.records.get_mut(&commit.netuid) {
            record.absorb(new)?;
            // Where it begins is the record's to know, which may have been pruned.
            *watermark = Watermark {
                first_block: watermark.first_block,
                first_time: watermark.first_time,
                ..commit.watermark
            };
            return Ok(());
        }
        let mut record = Record::default();
        record.absorb(new)?;
        inner.records.insert(commit.netuid, (commit.watermark, record));
        Ok(())
    }

    async fn observe(
        &self,
        netuid: NetUid,
        at: BlockRef,
        snapshots: &[Snapshot],
        interval: &OpenInterval,
    ) -> Result<(), StoreError> {
        fits("snapshot", snapshots.iter().map(|s| s.alpha.delta()))?;
        let mut inner = self.lock();
        match inner.records.get_mut(&netuid) {
            Some((watermark, record)) if watermark.block == at => {
                record.snapshots.extend(snapshots.iter().map(|s| ((s.key, s.block), s.alpha)));
                record.interval = interval.clone();
                watermark.observed = at.number;
                Ok(())
            }
            found => Err(not_next(netuid, found.map(|(watermark, _)| watermark.block), Some(at))),
        }
    }

    async fn entries(
        &self,
        netuid: NetUid,
        from: BlockNumber,
        to: BlockNumber,
    ) -> Result<Vec<Entry>, StoreError> {
        self.query(netuid, |r| {
            r.entries.values().filter(|e| (from..=to).contains(&e.block)).copied().collect()
        })
    }

    async fn block_times(
        &self,
        netuid: NetUid,
        from: BlockNumber,
        to: BlockNumber,
    ) -> Result<BTreeMap<BlockNumber, Millis>, StoreError> {
        self.query(netuid, |r| {
            r.times
                .iter()
                .filter(|(block, _)| (from..=to).contains(block))
                .map(|(block, time)| (*block, *time))
                .collect()
        })
    }

    async fn epochs(
        &self,
        netuid: NetUid,
        from: BlockNumber,
        to: BlockNumber,
    ) -> Result<Vec<EpochRecord>, StoreError> {
        self.query(netuid, |r| {
            r.epochs.values().filter(|e| (from..=to).contains(&e.epoch.block.number)).cloned().collect()
        })
    }

    async fn epoch_list(
        &self,
        netuid: NetUid,
        from: BlockNumber,
        to: BlockNumber,
    ) -> Result<Vec<Epoch>, StoreError> {
        self.query(netuid, |r| {
            r.epochs.values().map(|e| e.epoch).filter(|e| (from..=to).contains(&e.block.number)).collect()
        })
    }

    async fn neurons(&self, netuid: NetUid, to: BlockNumber) -> Result<Vec<NeuronRow>, StoreError> {
        let row = |((block, uid), holder): (&(BlockNumber, Uid), &Option<_>)| NeuronRow {
            uid: *uid,
            block: *block,
            holder: *holder,
        };
        self.query(netuid, |r| r.neurons.iter().map(row).filter(|n| n.block <= to).collect())
    }

    async fn skipped_slots(
        &self,
        netuid: NetUid,
        from: BlockNumber,
        to: BlockNumber,
    ) -> Result<Vec<SkippedSlot>, StoreError> {
        self.query(netuid, |r| {
            r.skipped.values().filter(|s| (from..=to).contains(&s.block)).copied().collect()
        })
    }

    async fn successions(&self, netuid: NetUid, to: BlockNumber) -> Result<Vec<Succession>, StoreError> {
        self.query(netuid, |r| r.successions.values().filter(|s| s.block <= to).copied().collect())
    }

    async fn holders(&self, netuid: NetUid) -> Result<Vec<Holder>, StoreError> {
        self.query(netuid, |r| r.holders.values().copied().collect())
    }

    async fn positions_at(
        &self,
        netuid: NetUid,
        block: BlockNumber,
    ) -> Result<BTreeMap<PositionKey, Rao>, StoreError> {
        self.query(netuid, |r| r.newest(block).into_iter().filter(|(_, alpha)| *alpha > Rao::ZERO).collect())
    }

    async fn locks_at(
        &self,
        netuid: NetUid,
        block: BlockNumber,
    ) -> Result<BTreeMap<Coldkey, Rao>, StoreError> {
        self.query(netuid, |r| r.locks_at(block))
    }

    async fn tranches(
        &self,
        netuid: NetUid,
        from: BlockNumber,
        to: BlockNumber,
        as_of: BlockNumber,
    ) -> Result<Vec<TrancheStand>, StoreError> {
        self.query(netuid, |r| {
            let mut stands: BTreeMap<TrancheKey, TrancheStand> = BTreeMap::new();
            for (key, open) in
                r.tranches.iter().filter(|(_, open)| (from..=to).contains(&open.tranche.id.block))
            {
                let remaining = open.remaining.delta();
                stands.insert(
                    *key,
                    TrancheStand { tranche: open.tranche, exits: 0, taken: RaoDelta::ZERO, remaining },
                );
            }
            for ((key, _), exit) in &r.exits {
                let Some(stand) = stands.get_mut(key) else { continue };
                if exit.by.block > as_of {
                    stand.remaining += exit.amount.delta();
                } else {
                    stand.exits = stand.exits.saturating_add(1);
                    stand.taken += exit.amount.delta();
                }
            }
            stands.into_values().collect()
        })
    }

    async fn open_tranches(
        &self,
        netuid: NetUid,
        coldkeys: &BTreeSet<Coldkey>,
        page: &TranchePage,
    ) -> Result<Vec<OpenTranche>, StoreError> {
        let asked =
            |open: &&OpenTranche| open.remaining > Rao::ZERO && coldkeys.contains(&open.tranche.coldkey);
        self.query(netuid, |r| {
            let (from, to) =
                page.bounds(r.tranches.values().filter(asked).map(|open| open.tranche.id.block).collect());
            r.tranches
                .values()
                .filter(asked)
                .filter(|open| (from..=to).contains(&open.tranche.id.block))
                .copied()
                .collect()
        })
    }

    async fn balance_changes(
        &self,
        netuid: NetUid,
        from: BlockNumber,
        to: BlockNumber,
    ) -> Result<Vec<BalanceChange>, StoreError> {
        self.query(netuid, |r| {
            r.balance_changes.values().filter(|c| (from..=to).contains(&c.to)).cloned().collect()
        })
    }

    async fn part(
        &self,
        netuid: NetUid,
        after: Option<BlockNumber>,
        to: Option<BlockNumber>,
    ) -> Result<Option<Commit>, StoreError> {
        let inner = self.lock();
        let Some((watermark, record)) = inner.records.get(&netuid) else { return Ok(None) };
        let epoch = |block| {
            record
                .epochs
                .get(&block)
                .map(|record| record.epoch)
                .ok_or_else(|| StoreError::no_epoch(netuid, block))
        };
        let mut part = record.as_commit(netuid, *watermark);
        if let Some(after) = after {
            part.begin_after(epoch(after)?.block);
        }
        if let Some(to) = to {
            part.end_with(&epoch(to)?);
        }
        Ok(Some(part))
    }

    async fn prune(&self, netuid: NetUid, base: BlockNumber) -> Result<Pruned, StoreError> {
        let mut inner = self.lock();
        let found = inner.records.get(&netuid);
        let epoch = found.and_then(|(_, record)| record.epochs.get(&base)).map(|record| record.epoch);
        let condensed = prune::condensed(
            netuid,
            found.map(|(watermark, record)| (*watermark, &record.interval)),
            epoch.as_ref(),
            base,
        )?;
        let Some((watermark, record)) = inner.records.get_mut(&netuid) else { return Ok(Pruned::default()) };
        let pruned = record.prune(netuid, base, condensed.first_time)?;
        *watermark = condensed;
        Ok(pruned)
    }

    async fn rewind(&self, netuid: NetUid, to: Option<Watermark>) -> Result<(), StoreError> {
        let mut inner = self.lock();
        let Some(to) = to else {
            inner.records.remove(&netuid);
            inner.multipliers.remove(&netuid);
            return Ok(());
        };
        let found = inner.records.get(&netuid);
        let epoch =
            found.and_then(|(_, record)| record.epochs.get(&to.block.number)).map(|record| record.epoch);
        let (rewound, interval) =
            rewind::rewound(netuid, found.map(|(watermark, _)| *watermark), epoch.as_ref(), &to)?;
        if let Some((watermark, record)) = inner.records.get_mut(&netuid) {
            record.rewind(to.block.number, interval);
            *watermark = rewound;
        }
        if let Some(multipliers) = inner.multipliers.get_mut(&netuid) {
            multipliers.retain(|(as_of, ..), _| *as_of <= to.block.number);
        }
        Ok(())
    }

    async fn put_multipliers(&self, netuid: NetUid, rows: &[MultiplierRow]) -> Result<(), StoreError> {
        fits("multiplier", rows.iter().map(|row| RaoDelta(row.multiplier.0.into())))?;
        let mut inner = self.lock();
        let stored = inner.multipliers.entry(netuid).or_default();
        for row in rows {
            stored.entry((row.as_of, row.policy.clone(), row.neuron.uid)).or_insert_with(|| row.clone());
        }
        Ok(())
    }

    async fn multipliers(
        &self,
        netuid: NetUid,
        as_of: BlockNumber,
        policy: &str,
    ) -> Result<Vec<MultiplierRow>, StoreError> {
        let inner = self.lock();
        let rows = inner.multipliers.get(&netuid).into_iter().flat_map(BTreeMap::values);
        Ok(rows.filter(|row| row.as_of == as_of && row.policy == policy).cloned().collect())
    }
}
