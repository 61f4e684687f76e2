//! The ledger of one subnet: its fields, and how they are read.

use std::collections::{BTreeMap, BTreeSet};

use crate::ledger::{Entry, Successions};
use crate::ports::{Fingerprint, LedgerState, OpenInterval, Watermark};
use crate::record::known_tranches::KnownTranches;
use crate::record::subnet_ledger::pending::Pending;
use crate::store::balances;
use crate::units::{BlockNumber, Coldkey, Hotkey, NetUid, PositionKey, Rao, RaoDelta, Uid};

/// The ledger of one subnet, at its watermark plus the blocks not committed yet.
///
/// For the crates of this workspace.
#[derive(Debug, Clone)]
pub struct SubnetLedger {
    pub(super) netuid: NetUid,
    pub(super) watermark: Option<Watermark>,
    pub(super) holders: BTreeMap<Coldkey, BlockNumber>,
    pub(super) balances: BTreeMap<PositionKey, RaoDelta>,
    pub(super) observed: BTreeMap<PositionKey, Rao>,
    pub(super) locks: BTreeMap<Coldkey, Rao>,
    pub(super) neurons: BTreeMap<Uid, (Hotkey, Coldkey)>,
    pub(super) tranches: KnownTranches,
    pub(super) successions: Successions,
    /// The entries of the open interval, and the balances at its start.
    pub(super) interval_entries: Vec<Entry>,
    pub(super) interval_start: BTreeMap<PositionKey, RaoDelta>,
    pub(super) interval: OpenInterval,
    /// The share pools at the start of the open interval, as far as they are known. They only save requests.
    pub(super) interval_pools: BTreeMap<Hotkey, Fingerprint>,
    /// Positions that were read, with or without stake. They only save requests.
    pub(super) looked_at: BTreeSet<PositionKey>,
    pub(super) pending: Pending,
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

    /// Resumes a ledger from the store: from the balances at the start of its open interval, and that
    /// interval's entries. Tranches are read when a debit needs them.
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

    /// The subnet.
    #[must_use]
    pub fn netuid(&self) -> NetUid {
        self.netuid
    }

    /// The last block recorded, committed or not.
    #[must_use]
    pub fn watermark(&self) -> Option<Watermark> {
        self.watermark
    }

    /// The coldkeys that are followed.
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

    /// The open interval.
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

    /// Whether the last block recorded ended an interval.
    #[must_use]
    pub fn has_boundary(&self) -> bool {
        self.pending.blocks > 0 && self.watermark.is_some_and(|w| self.interval.from == Some(w.block.number))
    }

    /// How many blocks are not committed yet.
    #[must_use]
    pub fn pending_blocks(&self) -> u32 {
        self.pending.blocks
    }
}
