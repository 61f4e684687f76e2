//! Merging old tranches. Where it does not matter which tranche a rao is in, a holder needs only one.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::mem::take;

use super::MemoryStore;
use super::record::{Record, TrancheKey, exit_key, tranche_key};
use crate::ledger::{EntryId, Exit, OpenTranche, Successions};
use crate::units::{BlockNumber, Coldkey, NetUid};

/// The tranches that others were merged into.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    base: BlockNumber,
    successions: Successions,
    /// The merged tranche, by the coldkey that entered it and by its holder at the end of `base`.
    into: BTreeMap<(Coldkey, Coldkey), EntryId>,
}

impl Gathered {
    /// The tranche that the one `coldkey` entered by `id` was merged into, if it was.
    fn into(&self, coldkey: Coldkey, id: &EntryId) -> Option<EntryId> {
        let old = id.block <= self.base;
        self.into.get(&(coldkey, self.successions.holder_of(coldkey, id, self.base))).copied().filter(|_| old)
    }

    /// Makes exits name the merged tranches. Exits of one entry from one tranche become one exit.
    pub(crate) fn redirect(&self, exits: &mut Vec<Exit>) {
        let mut redirected = BTreeMap::new();
        for mut exit in take(exits) {
            exit.tranche = self.into(exit.coldkey, &exit.tranche).unwrap_or(exit.tranche);
            match redirected.entry(exit_key(&exit)) {
                Entry::Vacant(place) => drop(place.insert(exit)),
                Entry::Occupied(mut place) => {
                    let sum = &mut place.get_mut().amount.0;
                    *sum = sum.saturating_add(exit.amount.0);
                }
            }
        }
        exits.extend(redirected.into_values());
    }
}

impl Record {
    fn gather(&mut self, base: BlockNumber) -> Gathered {
        let successions = Successions::new(self.successions.values().copied().collect());
        let mut sums: BTreeMap<(Coldkey, Coldkey), OpenTranche> = BTreeMap::new();
        self.tranches.retain(|_, open| {
            let old = open.tranche.id.block <= base;
            if old {
                let coldkey = open.tranche.coldkey;
                match sums.entry((coldkey, successions.holder_of(coldkey, &open.tranche.id, base))) {
                    Entry::Vacant(place) => drop(place.insert(*open)),
                    Entry::Occupied(mut place) => {
                        let sum = place.get_mut();
                        sum.tranche.initial.0 = sum.tranche.initial.0.saturating_add(open.tranche.initial.0);
                        sum.remaining.0 = sum.remaining.0.saturating_add(open.remaining.0);
                    }
                }
            }
            !old
        });
        let into = sums.iter().map(|(names, open)| (*names, open.tranche.id)).collect();
        self.tranches.extend(
            sums.into_values()
                .map(|open| -> (TrancheKey, OpenTranche) { (tranche_key(&open.tranche), open) }),
        );
        let gathered = Gathered { base, successions, into };
        let mut exits: Vec<Exit> = take(&mut self.exits).into_values().collect();
        gathered.redirect(&mut exits);
        self.exits = exits.into_iter().map(|exit| (exit_key(&exit), exit)).collect();
        gathered
    }
}

impl MemoryStore {
    /// Merges the tranches entered up to `base` into one for each holder and for each coldkey that entered
    /// them. The first of them becomes as large as all together.
    pub(crate) fn gather(&self, netuid: NetUid, base: BlockNumber) -> Gathered {
        self.lock().records.get_mut(&netuid).map(|(_, record)| record.gather(base)).unwrap_or_default()
    }
}
