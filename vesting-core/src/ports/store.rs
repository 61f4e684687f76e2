//! The store, as the core sees it.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;

use crate::block::{Epoch, EpochRecord, SkippedSlot};
use crate::ledger::{Entry, Exit, Flow, OpenTranche, Succession, Tranche};
use crate::units::{
    BlockHash, BlockNumber, BlockRef, Coldkey, Hotkey, Millis, NetUid, Neuron, PositionKey, Ppb, Rao,
    RaoDelta, Uid,
};

/// Why a store refused. Each kind demands one reaction.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Somebody else holds the database. Reaction: try again.
    #[error("the database is busy: {0}; another program may be writing to it")]
    Busy(String),
    /// The database's server does not answer. Reaction: try again; what was being written is in the record or
    /// it is not, as the watermark tells.
    #[error("the database cannot be reached: {0}")]
    Unreachable(String),
    /// There is no room for what is to be written. Reaction: somebody must make room; try again later.
    #[error("there is no room for the database: {0}; make room, nothing is lost")]
    Full(String),
    /// Another process has the right to write this subnet's record. Reaction: stand by and try again.
    #[error("the record of subnet {netuid} is being written by {by}: only one may at a time")]
    Taken {
        /// The subnet.
        netuid: NetUid,
        /// Who, as far as it is known.
        by: String,
    },
    /// The batch does not follow on the watermark. Reaction: read the watermark again and go on from there.
    #[error("subnet {netuid}: the store stands at {stands_at}, but the block offered follows on {offered}")]
    NotNext {
        /// The subnet.
        netuid: NetUid,
        /// The watermark, in words.
        stands_at: String,
        /// The parent offered, in words.
        offered: String,
    },
    /// The database belongs to another chain. Reaction: stop and say so.
    #[error(
        "the database holds the chain with genesis {stored}, but the endpoint serves {offered}: use another `--database-url` or another endpoint"
    )]
    OtherChain {
        /// What the database holds.
        stored: BlockHash,
        /// What was offered.
        offered: BlockHash,
    },
    /// The database cannot be read or written as it is. Reaction: stop and say so.
    #[error("{0}")]
    Unusable(String),
    /// What is stored does not mean what it should. Reaction: stop and say so.
    #[error("the database is damaged: {0}")]
    Corrupt(String),
}

impl StoreError {
    /// A part of a record was asked for that begins or ends at no epoch of it.
    #[must_use]
    pub fn no_epoch(netuid: NetUid, block: BlockNumber) -> Self {
        Self::Unusable(format!("the record of subnet {netuid} has no epoch at block {block}"))
    }

    /// A record was changed while it was read, and not only by what was added.
    #[must_use]
    pub fn changed(netuid: NetUid) -> Self {
        Self::Busy(format!(
            "the record of subnet {netuid} was pruned or taken back while it was read: try again"
        ))
    }

    /// Whether the same may go well a little later.
    #[must_use]
    pub const fn is_passing(&self) -> bool {
        matches!(
            self,
            Self::Busy(_) | Self::Full(_) | Self::NotNext { .. } | Self::Taken { .. } | Self::Unreachable(_)
        )
    }
}

/// How far the record of a subnet goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Watermark {
    /// The last block recorded.
    pub block: BlockRef,
    /// The time of that block.
    pub time: Millis,
    /// The first block recorded. After [`StakeStore::prune`] it is the one after an epoch, which no other
    /// record begins with: at the end of that epoch's block everything opens.
    pub first_block: BlockNumber,
    /// The time of that block; after a prune that of the epoch before it.
    pub first_time: Millis,
    /// The block up to which `stake_snapshots` hold every change of every holder's positions.
    pub observed: BlockNumber,
    /// The version of the runtime that made the last block.
    pub spec_version: u32,
}

/// A coldkey whose positions are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Holder {
    /// The coldkey.
    pub coldkey: Coldkey,
    /// The block at whose end its record opens.
    pub since: BlockNumber,
}

/// The alpha of a position in the state of a block. Written when it differs from the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Snapshot {
    /// The block.
    pub block: BlockNumber,
    /// The position.
    pub key: PositionKey,
    /// Its alpha.
    pub alpha: Rao,
}

/// The part of a holder's stake that it cannot move, in the state of an epoch's block. Written when it
/// differs from the one before, and when it is first known; no row means that it is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LockRow {
    /// The epoch's block.
    pub block: BlockNumber,
    /// The holder.
    pub coldkey: Coldkey,
    /// How much is locked, on all its hotkeys together.
    pub locked: Rao,
}

/// A change in who holds a uid, seen in the state of `block`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct NeuronRow {
    /// The uid.
    pub uid: Uid,
    /// The block in whose state it was first seen.
    pub block: BlockNumber,
    /// Who holds it from there; `None` when nobody does.
    pub holder: Option<(Hotkey, Coldkey)>,
}

/// What one position did from one epoch (after it) to the next (before it), by flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BalanceChange {
    /// B₁, the epoch at whose end the interval begins.
    pub from: BlockNumber,
    /// B₂−1, the block at whose end it ends.
    pub to: BlockNumber,
    /// The position.
    pub key: PositionKey,
    /// Its alpha at B₁.
    pub start: Rao,
    /// Its alpha at B₂−1.
    pub end: Rao,
    /// The entries between, summed by flow.
    pub by_flow: BTreeMap<Flow, RaoDelta>,
}

/// What must be remembered of the interval that is still open, so that a restart judges its
/// rounding as an undisturbed run would.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OpenInterval {
    /// B₁, at whose end it begins; `None` before the first epoch recorded.
    pub from: Option<BlockNumber>,
    /// Stake operations by anyone on each hotkey of this subnet since the last epoch.
    pub operations: BTreeMap<Hotkey, u64>,
    /// Operations since then of which no event says on which hotkeys: root claims, coldkey swaps.
    pub anywhere: u64,
    /// Whether the runtime changed since the last epoch.
    pub runtime_changed: bool,
}

impl OpenInterval {
    /// The most that rounding by operations known to be on `hotkey` may move a position there.
    #[must_use]
    pub fn bound(&self, hotkey: &Hotkey) -> u64 {
        let operations = self.operations.get(hotkey).copied().unwrap_or(0);
        operations.saturating_add(u64::from(self.runtime_changed))
    }
}

/// The multiplier of a neuron as of an epoch, under a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MultiplierRow {
    /// The epoch's block.
    pub as_of: BlockNumber,
    /// The policy, as its canonical text.
    pub policy: String,
    /// The neuron.
    pub neuron: Neuron,
    /// Its multiplier.
    pub multiplier: Ppb,
}

/// Blocks of one subnet that become part of the record in one transaction, with the watermark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// The subnet.
    pub netuid: NetUid,
    /// What the record must stand at: the parent of the first block; `None` for a new record.
    pub parent: Option<BlockRef>,
    /// The new watermark.
    pub watermark: Watermark,
    /// Entries, in ledger order.
    pub entries: Vec<Entry>,
    /// The times of their blocks.
    pub times: BTreeMap<BlockNumber, Millis>,
    /// Coldkeys followed from here on.
    pub holders: Vec<Holder>,
    /// Its epochs. A recorder ends a commit with each, so it has one at most, the last block.
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
}

impl Commit {
    /// Puts all rows in the one order in which [`StakeStore::record`] gives them.
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

/// What a recorder needs to go on where the record ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerState {
    /// Where it ends.
    pub watermark: Watermark,
    /// The coldkeys followed.
    pub holders: Vec<Holder>,
    /// The newest snapshot of each position.
    pub observed: BTreeMap<PositionKey, Rao>,
    /// The newest locked part of each holder, as far as it is known.
    pub locks: BTreeMap<Coldkey, Rao>,
    /// Who holds which uid.
    pub neurons: Vec<NeuronRow>,
    /// Every coldkey that took over from a holder, in order.
    pub successions: Vec<Succession>,
    /// The open interval.
    pub interval: OpenInterval,
}

/// How many rows of each table a prune removed, and how many came in their place.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Entries (`stake_transactions`).
    pub entries: u64,
    /// Entries that came in their place, all at the end of the block pruned up to.
    pub openings: u64,
    /// Times of blocks (`block_times`).
    pub times: u64,
    /// Changes of epochs by position (`stake_changes`).
    pub changes: u64,
    /// Changes of intervals by position (`stake_balance_changes`).
    pub balance_changes: u64,
    /// Snapshots of positions (`stake_snapshots`).
    pub snapshots: u64,
    /// Locked parts (`stake_locks`).
    pub locks: u64,
    /// Tranches (`stake_tranches`).
    pub tranches: u64,
    /// Exits from tranches (`tranche_exits`).
    pub exits: u64,
}

impl Pruned {
    /// With what another part of a record had.
    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            entries: self.entries.saturating_add(other.entries),
            openings: self.openings.saturating_add(other.openings),
            times: self.times.saturating_add(other.times),
            changes: self.changes.saturating_add(other.changes),
            balance_changes: self.balance_changes.saturating_add(other.balance_changes),
            snapshots: self.snapshots.saturating_add(other.snapshots),
            locks: self.locks.saturating_add(other.locks),
            tranches: self.tranches.saturating_add(other.tranches),
            exits: self.exits.saturating_add(other.exits),
        }
    }
}

/// One end of a holder's tranches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum End {
    /// Those entered first.
    Oldest,
    /// Those entered last.
    Newest,
}

/// A part of the tranches of some coldkeys: always all that were entered in a block, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TranchePage {
    /// Entered in this block or later.
    pub from: BlockNumber,
    /// Entered in this block or before.
    pub to: BlockNumber,
    /// Which come first.
    pub first: End,
    /// As many as this, where there are so many; with fewer the page is the last.
    pub least: u32,
}

impl TranchePage {
    /// All of them.
    pub const ALL: Self =
        Self { from: BlockNumber(0), to: BlockNumber(u64::MAX), first: End::Newest, least: u32::MAX };

    /// The blocks that this page ends with, given those of the tranches that may be on it, in any order.
    #[must_use]
    pub fn bounds(&self, mut blocks: Vec<BlockNumber>) -> (BlockNumber, BlockNumber) {
        blocks.retain(|block| (self.from..=self.to).contains(block));
        blocks.sort_unstable();
        let Some(past) = usize::try_from(self.least).ok().and_then(|least| least.checked_sub(1)) else {
            return (self.from, self.to);
        };
        match self.first {
            End::Newest => (blocks.iter().rev().nth(past).copied().unwrap_or(self.from), self.to),
            End::Oldest => (self.from, blocks.get(past).copied().unwrap_or(self.to)),
        }
    }
}

/// A tranche as it stood at the end of a block, worked out from both sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrancheStand {
    /// The tranche.
    pub tranche: Tranche,
    /// The number of exits from it up to that block.
    pub exits: u64,
    /// Σ of these.
    pub taken: RaoDelta,
    /// What remains at the watermark, and Σ of the exits after that block: `initial` less `taken`, in a
    /// record that is consistent.
    pub remaining: RaoDelta,
}

/// Keeps the record. Nothing is ever lost or counted twice: a commit is one transaction, and one
/// that does not follow on the watermark is refused.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait StakeStore: Send + Sync {
    /// Binds an empty store to a chain, or checks that it belongs to it.
    async fn bind_chain(&self, genesis: BlockHash) -> Result<(), StoreError>;

    /// Takes the right to write a subnet's record, which one process has at a time; it ends with the process,
    /// or with its connection. Whatever writes takes it too. Refuses with [`StoreError::Taken`] while another
    /// one has it.
    async fn claim(&self, netuid: NetUid) -> Result<(), StoreError>;

    /// The genesis of the chain that the store is bound to; `None` before it is.
    async fn genesis(&self) -> Result<Option<BlockHash>, StoreError>;

    /// The subnets with a record, in order.
    async fn netuids(&self) -> Result<Vec<NetUid>, StoreError>;

    /// How far the record of a subnet goes; `None` where there is none.
    async fn watermark(&self, netuid: NetUid) -> Result<Option<Watermark>, StoreError>;

    /// All that is needed to go on; `None` where there is no record.
    async fn ledger_state(&self, netuid: NetUid) -> Result<Option<LedgerState>, StoreError>;

    /// Adds blocks to the record, in one transaction. Refuses with [`StoreError::NotNext`] unless
    /// `commit.parent` is the watermark, and leaves the record as it was. Where there is a record, its
    /// `first_block` and `first_time` stay: who writes may not know that it was pruned.
    async fn commit(&self, commit: &Commit) -> Result<(), StoreError>;

    /// Writes snapshots read in the state of the watermark `at`, after which `observed` is that
    /// block, and the open interval as it is known then. Refuses with [`StoreError::NotNext`] when the
    /// watermark is another.
    async fn observe(
        &self,
        netuid: NetUid,
        at: BlockRef,
        snapshots: &[Snapshot],
        interval: &OpenInterval,
    ) -> Result<(), StoreError>;

    /// The entries with `from` ≤ block ≤ `to`, in ledger order.
    async fn entries(
        &self,
        netuid: NetUid,
        from: BlockNumber,
        to: BlockNumber,
    ) -> Result<Vec<Entry>, StoreError>;

    /// The times of the blocks with entries with `from` ≤ block ≤ `to`.
    async fn block_times(
        &self,
        netuid: NetUid,
        from: BlockNumber,
        to: BlockNumber,
    ) -> Result<BTreeMap<BlockNumber, Millis>, StoreError>;

    /// The epochs with `from` ≤ block ≤ `to`, in order, with their changes by position.
    async fn epochs(
        &self,
        netuid: NetUid,
        from: BlockNumber,
        to: BlockNumber,
    ) -> Result<Vec<EpochRecord>, StoreError>;

    /// The epochs with `from` ≤ block ≤ `to`, in order, without their changes.
    async fn epoch_list(
        &self,
        netuid: NetUid,
        from: BlockNumber,
        to: BlockNumber,
    ) -> Result<Vec<Epoch>, StoreError>;

    /// The slots with `from` ≤ block ≤ `to` whose epoch was skipped, in order.
    async fn skipped_slots(
        &self,
        netuid: NetUid,
        from: BlockNumber,
        to: BlockNumber,
    ) -> Result<Vec<SkippedSlot>, StoreError>;

    /// The coldkeys that took over from a holder up to `to`, in order.
    async fn successions(&self, netuid: NetUid, to: BlockNumber) -> Result<Vec<Succession>, StoreError>;

    /// Who held which uid: every change seen up to `to`, by block and uid.
    async fn neurons(&self, netuid: NetUid, to: BlockNumber) -> Result<Vec<NeuronRow>, StoreError>;

    /// Every holder, by coldkey.
    async fn holders(&self, netuid: NetUid) -> Result<Vec<Holder>, StoreError>;

    /// The alpha of every position at the end of `block`, as far as snapshots go (zero left out).
    async fn positions_at(
        &self,
        netuid: NetUid,
        block: BlockNumber,
    ) -> Result<BTreeMap<PositionKey, Rao>, StoreError>;

    /// How much of each holder's stake was locked at the last epoch up to `block`, as far as it is known.
    async fn locks_at(
        &self,
        netuid: NetUid,
        block: BlockNumber,
    ) -> Result<BTreeMap<Coldkey, Rao>, StoreError>;

    /// The tranches entered in `from` ≤ block ≤ `to` as they stood at the end of `as_of`, by coldkey and
    /// entry. Read at one moment.
    async fn tranches(
        &self,
        netuid: NetUid,
        from: BlockNumber,
        to: BlockNumber,
        as_of: BlockNumber,
    ) -> Result<Vec<TrancheStand>, StoreError>;

    /// A page of the tranches entered by these coldkeys that still hold something, as they stand at the
    /// watermark, by coldkey and entry.
    async fn open_tranches(
        &self,
        netuid: NetUid,
        coldkeys: &BTreeSet<Coldkey>,
        page: &TranchePage,
    ) -> Result<Vec<OpenTranche>, StoreError>;

    /// The changes of intervals that end in `from` ≤ block ≤ `to`, by end and position.
    async fn balance_changes(
        &self,
        netuid: NetUid,
        from: BlockNumber,
        to: BlockNumber,
    ) -> Result<Vec<BalanceChange>, StoreError>;

    /// The whole record of a subnet as the one commit that would make it anew, read at one moment, its rows
    /// in the order of [`Commit::sort`]; `None` where there is none.
    async fn record(&self, netuid: NetUid) -> Result<Option<Commit>, StoreError> {
        self.part(netuid, None, None).await
    }

    /// A part of the record, as the commit that would make it of the record up to `after`: the rows of the
    /// blocks after `after` up to `to`, both blocks of epochs of the record; without them from its first row
    /// on, and up to its watermark. Read at one moment, its rows in the order of [`Commit::sort`]; `None`
    /// where there is no record.
    ///
    /// Where the record stood at an epoch, its last state was of that epoch, and nothing had happened in the
    /// open interval.
    async fn part(
        &self,
        netuid: NetUid,
        after: Option<BlockNumber>,
        to: Option<BlockNumber>,
    ) -> Result<Option<Commit>, StoreError>;

    /// Condenses the record to one that begins at the end of `base`, the block of one of its epochs, in one
    /// transaction. [`prune`](crate::store::prune) says when it may be, and works out the entries that come.
    ///
    /// - The entries up to `base` go, and [`openings`](crate::store::prune::openings) come in their place.
    /// - Of each position's snapshots up to `base` the newest stays, unless it is 0; of each coldkey's locked
    ///   parts the newest.
    /// - The changes of epochs and of intervals that end up to `base` go, and the times of blocks before it;
    ///   that of `base` is there.
    /// - Exits by entries up to `base` go. Tranches entered up to `base` keep what was left of them at its
    ///   end as `initial`, and go where that is nothing.
    /// - A holder's record opens at `base` at the earliest.
    /// - `first_block` is the block after `base`, and `first_time` the time of `base`.
    ///
    /// Epochs, skipped slots, neurons, successions and multipliers stay. Nothing that follows from the chain
    /// after `base` changes.
    async fn prune(&self, netuid: NetUid, base: BlockNumber) -> Result<Pruned, StoreError>;

    /// Takes the record back, in one transaction, to the end of the block of `to`, which is one of its
    /// epochs; to nothing, as if the subnet had never been recorded, where `to` is `None`. The record is then
    /// what it was when it stood there: whatever was recorded since goes, multipliers as of later epochs too,
    /// what remains of tranches is what remained, and the open interval begins anew. Of `to` the record takes
    /// the version of the runtime, which no other row has; where it begins stays its own to know.
    /// [`rewind`](crate::store::rewind) says the rest.
    ///
    /// Refuses with [`StoreError::Unusable`], and changes nothing, where `to` is not the end of an epoch of
    /// the record as that has it, or lies before its first block.
    async fn rewind(&self, netuid: NetUid, to: Option<Watermark>) -> Result<(), StoreError>;

    /// Stores the multipliers of an epoch under a policy; storing them again changes nothing.
    async fn put_multipliers(&self, netuid: NetUid, rows: &[MultiplierRow]) -> Result<(), StoreError>;

    /// The multipliers stored as of an epoch under a policy, by uid.
    async fn multipliers(
        &self,
        netuid: NetUid,
        as_of: BlockNumber,
        policy: &str,
    ) -> Result<Vec<MultiplierRow>, StoreError>;
}

/// Hands every method of [`StakeStore`](crate::ports::StakeStore) to another macro, `commit` and `rewind`
/// first: for stores that pass on what they are asked to the one they stand before.
#[macro_export]
macro_rules! store_methods {
    ($implement:ident) => {
        $implement! {
            commit(commit: &$crate::ports::Commit) -> ();
            rewind(netuid: $crate::NetUid, to: Option<$crate::ports::Watermark>) -> ();
            bind_chain(genesis: $crate::BlockHash) -> ();
            claim(netuid: $crate::NetUid) -> ();
            genesis() -> Option<$crate::BlockHash>;
            netuids() -> Vec<$crate::NetUid>;
            watermark(netuid: $crate::NetUid) -> Option<$crate::ports::Watermark>;
            ledger_state(netuid: $crate::NetUid) -> Option<$crate::ports::LedgerState>;
            observe(
                netuid: $crate::NetUid,
                at: $crate::BlockRef,
                snapshots: &[$crate::ports::Snapshot],
                interval: &$crate::ports::OpenInterval
            ) -> ();
            entries(netuid: $crate::NetUid, from: $crate::BlockNumber, to: $crate::BlockNumber) -> Vec<$crate::Entry>;
            block_times(
                netuid: $crate::NetUid,
                from: $crate::BlockNumber,
                to: $crate::BlockNumber
            ) -> std::collections::BTreeMap<$crate::BlockNumber, $crate::Millis>;
            epochs(netuid: $crate::NetUid, from: $crate::BlockNumber, to: $crate::BlockNumber) -> Vec<$crate::EpochRecord>;
            epoch_list(netuid: $crate::NetUid, from: $crate::BlockNumber, to: $crate::BlockNumber) -> Vec<$crate::Epoch>;
            skipped_slots(netuid: $crate::NetUid, from: $crate::BlockNumber, to: $crate::BlockNumber) -> Vec<$crate::SkippedSlot>;
            successions(netuid: $crate::NetUid, to: $crate::BlockNumber) -> Vec<$crate::Succession>;
            neurons(netuid: $crate::NetUid, to: $crate::BlockNumber) -> Vec<$crate::ports::NeuronRow>;
            holders(netuid: $crate::NetUid) -> Vec<$crate::ports::Holder>;
            positions_at(
                netuid: $crate::NetUid,
                block: $crate::BlockNumber
            ) -> std::collections::BTreeMap<$crate::PositionKey, $crate::Rao>;
            locks_at(netuid: $crate::NetUid, block: $crate::BlockNumber) -> std::collections::BTreeMap<$crate::Coldkey, $crate::Rao>;
            tranches(
                netuid: $crate::NetUid,
                from: $crate::BlockNumber,
                to: $crate::BlockNumber,
                as_of: $crate::BlockNumber
            ) -> Vec<$crate::ports::TrancheStand>;
            open_tranches(
                netuid: $crate::NetUid,
                coldkeys: &std::collections::BTreeSet<$crate::Coldkey>,
                page: &$crate::ports::TranchePage
            ) -> Vec<$crate::OpenTranche>;
            balance_changes(netuid: $crate::NetUid, from: $crate::BlockNumber, to: $crate::BlockNumber) -> Vec<$crate::ports::BalanceChange>;
            part(
                netuid: $crate::NetUid,
                after: Option<$crate::BlockNumber>,
                to: Option<$crate::BlockNumber>
            ) -> Option<$crate::ports::Commit>;
            prune(netuid: $crate::NetUid, base: $crate::BlockNumber) -> $crate::ports::Pruned;
            put_multipliers(netuid: $crate::NetUid, rows: &[$crate::ports::MultiplierRow]) -> ();
            multipliers(netuid: $crate::NetUid, as_of: $crate::BlockNumber, policy: &str) -> Vec<$crate::ports::MultiplierRow>;
        }
    };
}
