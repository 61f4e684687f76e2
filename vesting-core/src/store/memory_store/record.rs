//! The record of one subnet.

use std::collections::BTreeMap;

use super::checks::{disjoint, fits, refuse, unique};
use crate::block::{EpochRecord, SkippedSlot};
use crate::ledger::{Entry, EntryOrder, Exit, OpenTranche, Succession, Tranche};
use crate::ports::{
    BalanceChange, Commit, Holder, LockRow, NeuronRow, OpenInterval, Snapshot, StoreError, Watermark,
};
use crate::units::{BlockNumber, Coldkey, Hotkey, Millis, NetUid, PositionKey, Rao, Uid};

/// Identifies a tranche on a subnet. Tranches are returned in this order.
pub(super) type TrancheKey = (Coldkey, EntryOrder);

#[derive(Debug, Default)]
pub(super) struct Record {
    pub(super) entries: BTreeMap<EntryOrder, Entry>,
    pub(super) times: BTreeMap<BlockNumber, Millis>,
    pub(super) holders: BTreeMap<Coldkey, Holder>,
    pub(super) epochs: BTreeMap<BlockNumber, EpochRecord>,
    pub(super) balance_changes: BTreeMap<(BlockNumber, PositionKey), BalanceChange>,
    pub(super) snapshots: BTreeMap<(PositionKey, BlockNumber), Rao>,
    pub(super) locks: BTreeMap<(Coldkey, BlockNumber), Rao>,
    pub(super) neurons: BTreeMap<(BlockNumber, Uid), Option<(Hotkey, Coldkey)>>,
    pub(super) skipped: BTreeMap<BlockNumber, SkippedSlot>,
    pub(super) successions: BTreeMap<(BlockNumber, u32), Succession>,
    pub(super) tranches: BTreeMap<TrancheKey, OpenTranche>,
    pub(super) exits: BTreeMap<(TrancheKey, EntryOrder), Exit>,
    pub(super) interval: OpenInterval,
}

pub(super) fn tranche_key(tranche: &Tranche) -> TrancheKey {
    (tranche.coldkey, tranche.id.order(tranche.coldkey))
}

pub(super) fn exit_key(exit: &Exit) -> (TrancheKey, EntryOrder) {
    ((exit.coldkey, exit.tranche.order(exit.coldkey)), exit.by.order(exit.coldkey))
}

impl Record {
    pub(super) fn of(commit: &Commit) -> Result<Self, StoreError> {
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
    pub(super) fn absorb(&mut self, mut new: Self) -> Result<(), StoreError> {
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
        // A block has one time, even if it is given twice.
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

    /// The commit that would make this record.
    pub(super) fn as_commit(&self, netuid: NetUid, watermark: Watermark) -> Commit {
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

    /// The newest snapshot of each position up to `block`.
    pub(super) fn newest(&self, block: BlockNumber) -> BTreeMap<PositionKey, Rao> {
        self.snapshots
            .iter()
            .filter(|((_, at), _)| *at <= block)
            .map(|((key, _), alpha)| (*key, *alpha))
            .collect()
    }

    /// The newest locked part of each holder up to `block`.
    pub(super) fn locks_at(&self, block: BlockNumber) -> BTreeMap<Coldkey, Rao> {
        self.locks
            .iter()
            .filter(|((_, at), _)| *at <= block)
            .map(|((coldkey, _), locked)| (*coldkey, *locked))
            .collect()
    }
}

/// Changes are returned by position.
fn sorted(mut record: EpochRecord) -> EpochRecord {
    record.changes.sort_by_key(|change| change.key);
    record
}
