//! The entries of a settled block.

use std::collections::{BTreeMap, BTreeSet};

use super::Settled;
use super::event_order::{LegOrSwap, carry, in_event_order};
use super::work::{Work, alpha_of};
use crate::flow::classify::{Flows, Leg, SwappedKeys};
use crate::ledger::{Entry, Kind, Source, Succession};
use crate::units::{Coldkey, Hotkey, PositionKey, RaoDelta};

impl Work<'_> {
    pub(super) fn write(self) -> Settled {
        let states = self.states;
        let mut holders: BTreeSet<Coldkey> = states.holders.clone();
        let mut entries: Vec<Entry> = Vec::new();
        let mut successions = Vec::new();
        let mut renamed = Vec::new();
        let mut received = BTreeSet::new();
        let mut unnamed: BTreeMap<Hotkey, u64> = BTreeMap::new();
        let is_order = |leg: &&Leg| states.flows.orders.iter().any(|order| order.source == leg.source);
        for key in self.claimed.keys().copied().chain(self.legs.iter().filter(is_order).map(|leg| leg.key)) {
            *unnamed.entry(key.hotkey).or_default() += 1;
        }
        for ((key, source), alpha) in &self.incentives {
            entries.push(self.entry(Some(*source), *key, Kind::Incentive, *alpha));
        }
        for (key, alpha) in &self.rest {
            // A runtime that announces nothing pays incentive too. Then all emission counts as incentive.
            let kind = if states.facts.announces_incentive { Kind::DividendOrOther } else { Kind::Incentive };
            entries.push(self.entry(None, *key, kind, *alpha));
        }
        for (key, (source, alpha)) in &self.corrected {
            entries.push(self.entry(Some(*source), *key, Kind::Corrected, *alpha));
        }
        let mut running: BTreeMap<PositionKey, RaoDelta> =
            self.keys.iter().map(|key| (*key, self.start(key))).collect();
        for entry in &entries {
            *running.entry(entry.key).or_default() += entry.alpha;
        }
        let mut claims: Vec<(Source, Entry)> = self
            .claimed
            .iter()
            .map(|(key, (source, alpha))| (*source, self.entry(Some(*source), *key, Kind::RootClaim, *alpha)))
            .collect();
        claims.sort_by_key(|(source, entry)| (source.event_index, entry.key));
        let mut claims = claims.into_iter().peekable();
        let mut post =
            |entries: &mut Vec<Entry>, running: &mut BTreeMap<PositionKey, RaoDelta>, before: u32| {
                while let Some((_, claim)) = claims.next_if(|(source, _)| source.event_index < before) {
                    *running.entry(claim.key).or_default() += claim.alpha;
                    entries.push(claim);
                }
            };
        for step in in_event_order(&self.legs, &self.swaps) {
            post(&mut entries, &mut running, step.source().event_index);
            self.dissolve(&mut entries, &mut running, Some(step.source().event_index));
            match step {
                LegOrSwap::Leg(leg) => {
                    *running.entry(leg.key).or_default() += leg.alpha.unwrap_or_default();
                    entries.extend(Flows::entry(states.netuid, self.number, leg));
                }
                LegOrSwap::Swap(swap) => {
                    if let SwappedKeys::Hotkey(old, new) = swap.keys {
                        renamed.push((old, new));
                    }
                    if let SwappedKeys::Coldkey(old, new) = swap.keys {
                        let event_index = swap.source.event_index;
                        if holders.contains(&old) {
                            holders.insert(new);
                            successions.push(Succession { block: self.number, event_index, old, new });
                        } else {
                            received.insert(event_index);
                        }
                    }
                    for (from, to, alpha) in carry(&mut running, &swap.keys) {
                        // One operation debits a position, another credits the other one.
                        *unnamed.entry(to.hotkey).or_default() += 2;
                        entries.push(self.entry(Some(swap.source), from, Kind::KeySwap, -alpha));
                        entries.push(self.entry(Some(swap.source), to, Kind::KeySwap, alpha));
                    }
                }
            }
        }
        post(&mut entries, &mut running, u32::MAX);
        self.dissolve(&mut entries, &mut running, None);
        let off =
            |key: &PositionKey| alpha_of(states.after, key) - running.get(key).copied().unwrap_or_default();
        let left = self
            .keys
            .iter()
            .map(|key| (key, off(key)))
            .filter(|(_, alpha)| states.epoch.is_some() && !alpha.is_zero());
        for (key, alpha) in left {
            let kind = if alpha.magnitude() <= u128::from(self.epoch_rounding_limit(&key.hotkey)) {
                Kind::Rounding
            } else {
                Kind::Unattributed
            };
            entries.push(self.entry(None, *key, kind, alpha));
        }
        entries.retain(|entry| holders.contains(&entry.key.coldkey) && !entry.alpha.is_zero());
        entries.sort_by_key(Entry::order);
        let rows = self.rows(&entries, &holders);
        Settled { entries, successions, rows, received, unnamed, renamed }
    }

    /// Debits what a dissolved subnet leaves, once its event is reached.
    pub(super) fn dissolve(
        &self,
        entries: &mut Vec<Entry>,
        running: &mut BTreeMap<PositionKey, RaoDelta>,
        reached: Option<u32>,
    ) {
        let Some(source) = self
            .states
            .flows
            .dissolved
            .filter(|source| reached.is_none_or(|index| index > source.event_index))
        else {
            return;
        };
        let gone = |entry: &Entry| entry.kind == Kind::Dissolved;
        if entries.iter().any(gone) {
            return;
        }
        for (key, alpha) in running.iter_mut().filter(|(_, alpha)| !alpha.is_zero()) {
            entries.push(self.entry(Some(source), *key, Kind::Dissolved, -*alpha));
            *alpha = RaoDelta::ZERO;
        }
    }

    /// The most that rounding may be in an epoch's block: a rao for each operation on the hotkey. Credits of
    /// incentive and the dividends are operations too. So are claims and orders, whose hotkeys are not known.
    pub(super) fn epoch_rounding_limit(&self, hotkey: &Hotkey) -> u64 {
        let flows = self.states.flows;
        let on = |hotkey: &Hotkey| {
            let credits = self.incentives.keys().filter(|(key, _)| key.hotkey == *hotkey).count();
            flows
                .operations
                .get(hotkey)
                .copied()
                .unwrap_or(0)
                .saturating_add(u64::try_from(credits).unwrap_or(u64::MAX))
        };
        // Each position of a swapped hotkey is debited from it and credited to the new one.
        let carried = |old: &Hotkey| {
            let positions = self.keys.iter().filter(|key| key.hotkey == *old).count();
            u64::try_from(positions).unwrap_or(u64::MAX).saturating_mul(2)
        };
        let old = self.swaps.iter().filter_map(|swap| match swap.keys {
            SwappedKeys::Hotkey(old, new) if new == *hotkey => Some(on(&old).saturating_add(carried(&old))),
            SwappedKeys::Hotkey(..) => None,
            SwappedKeys::Coldkey(..) => Some(1),
        });
        let operations = on(hotkey).saturating_add(old.sum());
        let unnamed =
            u64::try_from(flows.claims.len().saturating_add(flows.orders.len())).unwrap_or(u64::MAX);
        operations
            .saturating_add(unnamed)
            .saturating_add(1)
            .saturating_add(u64::from(self.states.runtime_changed))
    }
}
