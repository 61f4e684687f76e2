//! What becomes part of a record in one transaction.

use std::collections::BTreeMap;

use super::{BalanceChange, Holder, LockRow, NeuronRow, OpenInterval, Snapshot, Watermark};
use crate::block::{EpochRecord, SkippedSlot};
use crate::ledger::{Entry, Exit, Succession, Tranche};
use crate::units::{BlockNumber, BlockRef, Millis, NetUid};

/// Blocks of one subnet that become part of the record in one transaction, with the watermark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// The subnet.
    pub netuid: NetUid,
    /// The block at which the record must end: the parent of the first block. `None` for a new record.
    pub parent: Option<BlockRef>,
    /// The new watermark.
    pub watermark: Watermark,
    /// Entries, in ledger order.
    pub entries: Vec<Entry>,
    /// The times of their blocks.
    pub times: BTreeMap<BlockNumber, Millis>,
    /// Coldkeys followed from here on.
    pub holders: Vec<Holder>,
    /// Its epochs. A recorder ends each commit with an epoch, so a commit of a recorder has at most one: its
    /// last block.
    pub epochs: Vec<EpochRecord>,
    /// Changes of the interval that the epoch closes.
    pub balance_changes: Vec<BalanceChange>,
    /// Slots whose epoch was skipped.
    pub skipped: Vec<SkippedSlot>,
    /// Positions that changed.
    pub snapshots: Vec<Snapshot>,
    /// Locked parts that changed.
    pub locks: Vec<LockRow>,
    /// Uids that changed hands.
    pub neurons: Vec<NeuronRow>,
    /// Coldkeys that took over from a holder.
    pub successions: Vec<Succession>,
    /// Tranches opened.
    pub tranches: Vec<Tranche>,
    /// Exits from tranches.
    pub exits: Vec<Exit>,
    /// The open interval after the last block.
    pub interval: OpenInterval,
}

impl Commit {
    /// A commit without rows.
    #[must_use]
    pub fn without_rows(
        netuid: NetUid,
        parent: Option<BlockRef>,
        watermark: Watermark,
        interval: OpenInterval,
    ) -> Self {
        Self {
            netuid,
            parent,
            watermark,
            entries: Vec::new(),
            times: BTreeMap::new(),
            holders: Vec::new(),
            epochs: Vec::new(),
            balance_changes: Vec::new(),
            skipped: Vec::new(),
            snapshots: Vec::new(),
            locks: Vec::new(),
            neurons: Vec::new(),
            successions: Vec::new(),
            tranches: Vec::new(),
            exits: Vec::new(),
            interval,
        }
    }

    /// Sorts all rows into the order in which [`WholeRecord::record`](super::WholeRecord::record) returns
    /// them.
    pub fn sort(&mut self) {
        self.entries.sort_by_key(Entry::order);
        self.holders.sort_unstable();
        self.epochs.sort_by_key(|record| record.epoch.block.number);
        self.epochs.iter_mut().for_each(|record| record.changes.sort_by_key(|change| change.key));
        self.balance_changes.sort_by_key(|change| (change.to, change.key));
        self.skipped.sort_unstable();
        self.snapshots.sort_unstable();
        self.locks.sort_unstable();
        self.neurons.sort_by_key(|row| (row.block, row.uid));
        self.successions.sort_unstable();
        self.tranches.sort_by_key(|tranche| (tranche.coldkey, tranche.id));
        self.exits.sort_by_key(|exit| (exit.coldkey, exit.tranche, exit.by));
    }
}
