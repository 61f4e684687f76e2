//! Taking a record back to the end of an epoch.

use std::collections::BTreeSet;

use super::record::Record;
use crate::ports::OpenInterval;
use crate::units::{BlockNumber, Coldkey};

impl Record {
    /// Takes the record back to the end of an epoch's `block`, where `interval` begins.
    pub(super) fn rewind(&mut self, block: BlockNumber, interval: OpenInterval) {
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
}
