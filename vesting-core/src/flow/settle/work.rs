//! A block while it is being settled.

use std::collections::{BTreeMap, BTreeSet};

use super::BlockStates;
use crate::flow::classify::{Leg, Swap};
use crate::flow::emission::incentives;
use crate::ledger::{Entry, Kind, Source};
use crate::units::{BlockNumber, PositionKey, Rao, RaoDelta};

/// The alpha of a position in a state.
pub(super) fn alpha_of(positions: &BTreeMap<PositionKey, Rao>, key: &PositionKey) -> RaoDelta {
    positions.get(key).copied().unwrap_or_default().delta()
}

/// A block while it is being settled.
pub(super) struct Work<'a> {
    pub(super) states: &'a BlockStates<'a>,
    pub(super) number: BlockNumber,
    pub(super) incentives: BTreeMap<(PositionKey, Source), RaoDelta>,
    pub(super) legs: Vec<Leg>,
    /// The swaps that carried their stake.
    pub(super) swaps: Vec<Swap>,
    pub(super) keys: BTreeSet<PositionKey>,
    /// Emission beyond what was announced.
    pub(super) rest: BTreeMap<PositionKey, RaoDelta>,
    pub(super) claimed: BTreeMap<PositionKey, (Source, RaoDelta)>,
    /// Corrections of positions by reconciled pools.
    pub(super) corrected: BTreeMap<PositionKey, (Source, RaoDelta)>,
}

impl<'a> Work<'a> {
    pub(super) fn new(states: &'a BlockStates<'a>) -> Self {
        let incentives =
            states.epoch.map(|setting| incentives(states.netuid, states.facts, setting)).unwrap_or_default();
        let read = |key: &PositionKey| states.coldkeys.contains(&key.coldkey);
        let incentives: BTreeMap<_, _> = incentives.into_iter().filter(|((key, _), _)| read(key)).collect();
        let legs: Vec<Leg> = states.flows.legs.iter().filter(|leg| read(&leg.key)).copied().collect();
        let mut keys: BTreeSet<PositionKey> =
            states.before.keys().chain(states.after.keys()).copied().collect();
        keys.extend(incentives.keys().map(|(key, _)| *key));
        keys.extend(legs.iter().map(|leg| leg.key));
        keys.extend(
            states.balances.iter().filter(|(key, alpha)| read(key) && !alpha.is_zero()).map(|(key, _)| *key),
        );
        Self {
            states,
            number: states.facts.block.number,
            incentives,
            legs,
            swaps: Vec::new(),
            keys,
            rest: BTreeMap::new(),
            claimed: BTreeMap::new(),
            corrected: BTreeMap::new(),
        }
    }

    /// A position's balance at the parent: the ledger's where its coldkey is a holder, else the chain's.
    pub(super) fn start(&self, key: &PositionKey) -> RaoDelta {
        if self.states.holders.contains(&key.coldkey) {
            self.states.balances.get(key).copied().unwrap_or_default()
        } else {
            alpha_of(self.states.before, key)
        }
    }

    pub(super) fn entry(
        &self,
        source: Option<Source>,
        key: PositionKey,
        kind: Kind,
        alpha: RaoDelta,
    ) -> Entry {
        Entry { netuid: self.states.netuid, block: self.number, source, key, kind, alpha }
    }
}
