//! Swapped keys: which of them carried their stake, and which positions they join.

use std::collections::BTreeMap;

use super::steps::{Step, carry, steps};
use super::work::{Work, of};
use crate::flow::classify::{Swap, SwappedKeys};
use crate::units::{PositionKey, RaoDelta};

/// Swaps of one block whose outcome is tried in every combination; beyond, all are taken to have
/// carried their stake.
const SWAPS_TRIED: usize = 8;

impl Work<'_> {
    /// Which swaps carried their stake, by whatever comes nearest to the state after the block.
    pub(super) fn find_swaps(&mut self) {
        let swaps: Vec<Swap> = self.states.flows.swaps.clone();
        // A position may have been credited and renamed within the block, so that neither state shows it.
        for swap in swaps.iter().rev() {
            let origins: Vec<PositionKey> =
                self.keys.iter().filter_map(|key| swap.keys.origin(key)).collect();
            self.keys.extend(origins.into_iter().filter(|key| self.states.coldkeys.contains(&key.coldkey)));
        }
        for swap in &swaps {
            let renamed: Vec<PositionKey> =
                self.keys.iter().filter_map(|key| swap.keys.renamed(key)).collect();
            self.keys.extend(renamed.into_iter().filter(|key| self.states.coldkeys.contains(&key.coldkey)));
        }
        // A coldkey never leaves its stake behind.
        let open: Vec<usize> =
            (0..swaps.len()).filter(|i| matches!(swaps[*i].keys, SwappedKeys::Hotkey(..))).collect();
        let mut best: Option<((u128, u128), Vec<Swap>)> = None;
        let tried = if open.len() > SWAPS_TRIED { 1 } else { 1usize << open.len() };
        for choice in 0..tried {
            // The first choice carries everything, so that a tie means that the stake went along.
            let stays = |i: usize| {
                open.iter()
                    .position(|o| *o == i)
                    .is_some_and(|bit| bit < SWAPS_TRIED && choice & (1 << bit) != 0)
            };
            let carried: Vec<Swap> = (0..swaps.len()).filter(|i| !stays(*i)).map(|i| swaps[i]).collect();
            let off = self.distance(&carried);
            if best.as_ref().is_none_or(|(least, _)| off < *least) {
                best = Some((off, carried));
            }
        }
        self.swaps = best.map(|(_, carried)| carried).unwrap_or_default();
    }

    /// How far from the state after the block the known flows lead if these swaps carried stake; and how much
    /// of that is under names that were given up, where nothing can be that came before.
    pub(super) fn distance(&self, swaps: &[Swap]) -> (u128, u128) {
        let mut running: BTreeMap<PositionKey, RaoDelta> =
            self.keys.iter().map(|key| (*key, self.start(key))).collect();
        for ((key, _), alpha) in &self.incentives {
            *running.entry(*key).or_default() += *alpha;
        }
        for step in steps(&self.legs, swaps) {
            match step {
                Step::Leg(leg) => *running.entry(leg.key).or_default() += leg.alpha.unwrap_or_default(),
                Step::Swap(swap) => {
                    carry(&mut running, &swap.keys);
                }
            }
        }
        let given_up = |key: &PositionKey| swaps.iter().any(|swap| swap.keys.renamed(key).is_some());
        let off = |wanted: &dyn Fn(&PositionKey) -> bool| {
            let wanted = running.iter().filter(|(key, _)| wanted(key));
            wanted
                .map(|(key, alpha)| (of(self.states.after, key) - *alpha).magnitude())
                .fold(0, u128::saturating_add)
        };
        (off(&|_| true), off(&given_up))
    }

    /// The positions that swaps join into one, each group in order.
    pub(super) fn groups(&self) -> Vec<Vec<PositionKey>> {
        let mut group: BTreeMap<PositionKey, PositionKey> =
            self.keys.iter().map(|key| (*key, *key)).collect();
        for swap in &self.swaps {
            for key in &self.keys {
                let Some(renamed) = swap.keys.renamed(key).filter(|renamed| self.keys.contains(renamed))
                else {
                    continue;
                };
                let (Some(a), Some(b)) = (group.get(key).copied(), group.get(&renamed).copied()) else {
                    continue;
                };
                group.values_mut().filter(|name| **name == b).for_each(|name| *name = a);
            }
        }
        let mut groups: BTreeMap<PositionKey, Vec<PositionKey>> = BTreeMap::new();
        for (key, name) in group {
            groups.entry(name).or_default().push(key);
        }
        groups.into_values().collect()
    }
}
