//! Condensing a record to one that begins at the end of an epoch.

use std::collections::BTreeMap;

use super::checks::fits;
use super::record::{Record, TrancheKey};
use crate::ledger::Successions;
use crate::ports::{Pruned, StoreError};
use crate::store::{balances, prune};
use crate::units::{BlockNumber, Coldkey, Millis, NetUid, PositionKey, Rao, RaoDelta};

impl Record {
    /// Condenses the record to one that begins at the end of `base`, at the time `time`.
    pub(super) fn prune(
        &mut self,
        netuid: NetUid,
        base: BlockNumber,
        time: Millis,
    ) -> Result<Pruned, StoreError> {
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
            // With its memory: there is a list for every epoch of the past.
            record.changes = Vec::new();
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
}

/// The block of each key's newest row up to `block`.
fn newest_rows<K: Ord + Copy, V>(
    rows: &BTreeMap<(K, BlockNumber), V>,
    block: BlockNumber,
) -> BTreeMap<K, BlockNumber> {
    rows.keys().filter(|(_, at)| *at <= block).copied().collect()
}

/// Removes rows, and returns how many.
fn remove<K: Ord, V>(rows: &mut BTreeMap<K, V>, which: impl Fn(&K, &V) -> bool) -> u64 {
    let before = rows.len();
    rows.retain(|key, row| !which(key, row));
    u64::try_from(before.saturating_sub(rows.len())).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::{Detection, EpochRecord};
    use crate::window::span::tests::epoch;

    #[test]
    fn an_epoch_of_the_past_holds_no_memory_for_its_changes() {
        let mut record = Record::default();
        for block in [20, 40] {
            let (epoch, changes) = (epoch(block), Vec::with_capacity(1_000));
            let with_room = EpochRecord { epoch, detected: Detection::Storage, changes };
            record.epochs.insert(epoch.block.number, with_room);
        }
        record.prune(NetUid(1), BlockNumber(20), Millis(240_000)).unwrap();
        let rooms: Vec<usize> = record.epochs.values().map(|epoch| epoch.changes.capacity()).collect();
        assert_eq!(rooms, [0, 1_000]);
    }
}
