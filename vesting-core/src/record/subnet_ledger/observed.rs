//! Positions, locks and neurons, as they were read in the chain's states.

use std::collections::{BTreeMap, BTreeSet};

use crate::ports::{LockRow, NeuronRow, Roster, Snapshot};
use crate::record::subnet_ledger::ledger::SubnetLedger;
use crate::units::{BlockNumber, Coldkey, Hotkey, Neuron, PositionKey, Rao, Uid};

impl SubnetLedger {
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

    /// Remembers positions that were read, so that the next states need few requests. At an interval's end
    /// `all` positions are read, and earlier ones are forgotten.
    pub fn look_at(&mut self, keys: impl IntoIterator<Item = PositionKey>, all: bool) {
        if all {
            self.looked_at.clear();
        }
        self.looked_at.extend(keys);
    }

    /// Notes the positions of some coldkeys in the state of `block`. Returns snapshots of those that changed.
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

    /// Notes how much of each holder's stake is locked in the state of an epoch's `block`.
    pub fn observe_locks(&mut self, block: BlockNumber, locks: &BTreeMap<Coldkey, Rao>) {
        for coldkey in self.holders.keys() {
            let locked = locks.get(coldkey).copied().unwrap_or_default();
            if self.locks.insert(*coldkey, locked) != Some(locked) {
                self.pending.locks.push(LockRow { block, coldkey: *coldkey, locked });
            }
        }
    }

    /// Notes who holds which uid in the state of `block`, where that changed.
    pub fn observe_neurons(&mut self, block: BlockNumber, neurons: &[Neuron]) {
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
}
