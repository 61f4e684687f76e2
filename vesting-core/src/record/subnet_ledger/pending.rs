//! Rows that are not committed yet.

use std::collections::BTreeMap;

use crate::block::{EpochRecord, SkippedSlot};
use crate::ledger::{Entry, Exit, Succession, Tranche};
use crate::ports::{BalanceChange, Holder, LockRow, NeuronRow, Snapshot};
use crate::units::{BlockNumber, BlockRef, Millis};

/// Rows that are not committed yet.
#[derive(Debug, Clone, Default)]
pub(super) struct Pending {
    pub(super) parent: Option<BlockRef>,
    pub(super) blocks: u32,
    pub(super) entries: Vec<Entry>,
    pub(super) times: BTreeMap<BlockNumber, Millis>,
    pub(super) holders: Vec<Holder>,
    pub(super) epoch: Option<EpochRecord>,
    pub(super) balance_changes: Vec<BalanceChange>,
    pub(super) snapshots: Vec<Snapshot>,
    pub(super) locks: Vec<LockRow>,
    pub(super) skipped: Vec<SkippedSlot>,
    pub(super) neurons: Vec<NeuronRow>,
    pub(super) successions: Vec<Succession>,
    pub(super) tranches: Vec<Tranche>,
    pub(super) exits: Vec<Exit>,
}
