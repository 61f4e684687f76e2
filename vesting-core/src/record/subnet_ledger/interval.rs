//! The open interval. It is closed before an epoch, and a new one begins with the epoch.

use std::collections::BTreeMap;

use crate::block::EpochRecord;
use crate::ledger::Flow;
use crate::ports::{BalanceChange, Fingerprint};
use crate::record::subnet_ledger::ledger::SubnetLedger;
use crate::store::rewind::open_at;
use crate::units::{BlockNumber, Hotkey, PositionKey, Rao, RaoDelta};

impl SubnetLedger {
    /// Closes the open interval, if there is one, at block `to`, which is B₂−1. Adds its changes by flow to
    /// what is committed next.
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

    /// Begins a new interval at the end of `block`, which is an epoch or ends the subnet. `pools` are the
    /// share pools there, as far as they are known.
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
}
