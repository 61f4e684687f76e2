//! Swapped keys: which of them carried their stake, and which positions they join.

use std::collections::BTreeMap;

use super::event_order::{LegOrSwap, carry, in_event_order};
use super::work::{Work, alpha_of};
use crate::flow::classify::{Swap, SwappedKeys};
use crate::units::{PositionKey, RaoDelta};

/// The most hotkey swaps of one block whose outcomes are tried in every combination. If there are more, all
/// are taken to have carried their stake.
const SWAPS_TRIED: usize = 8;

impl Work<'_> {
    /// Finds which swaps carried their stake: the choice that comes nearest to the state after the block.
    pub(super) fn find_swaps(&mut self) {
        let swaps: Vec<Swap> = self.states.flows.swaps.clone();
        // A position may be credited and swapped away within the block. Then neither state shows it.
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
            // The first choice carries everything, so a tie means that the stake went along.
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

    /// How far the known flows end from the state after the block, if these swaps carried stake. The second
    /// number is the part of that distance on positions that were swapped away.
    pub(super) fn distance(&self, swaps: &[Swap]) -> (u128, u128) {
        let mut running: BTreeMap<PositionKey, RaoDelta> =
            self.keys.iter().map(|key| (*key, self.start(key))).collect();
        for ((key, _), alpha) in &self.incentives {
            *running.entry(*key).or_default() += *alpha;
        }
        for step in in_event_order(&self.legs, swaps) {
            match step {
                LegOrSwap::Leg(leg) => *running.entry(leg.key).or_default() += leg.alpha.unwrap_or_default(),
                LegOrSwap::Swap(swap) => {
                    carry(&mut running, &swap.keys);
                }
            }
        }
        let swapped_away = |key: &PositionKey| swaps.iter().any(|swap| swap.keys.renamed(key).is_some());
        let off = |wanted: &dyn Fn(&PositionKey) -> bool| {
            let wanted = running.iter().filter(|(key, _)| wanted(key));
            wanted
                .map(|(key, alpha)| (alpha_of(self.states.after, key) - *alpha).magnitude())
                .fold(0, u128::saturating_add)
        };
        (off(&|_| true), off(&swapped_away))
    }

    /// The positions that swaps join into one group, each group in order.
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
