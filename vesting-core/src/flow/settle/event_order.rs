//! Legs and swaps of a block, in order of events.

use std::collections::BTreeMap;

use crate::flow::classify::{Leg, Swap, SwappedKeys};
use crate::ledger::Source;
use crate::units::{PositionKey, RaoDelta};

/// A leg or a swap.
pub(super) enum LegOrSwap<'a> {
    Leg(&'a Leg),
    Swap(&'a Swap),
}

impl LegOrSwap<'_> {
    pub(super) const fn source(&self) -> Source {
        match self {
            Self::Leg(leg) => leg.source,
            Self::Swap(swap) => swap.source,
        }
    }
}

pub(super) fn in_event_order<'a>(legs: &'a [Leg], swaps: &'a [Swap]) -> Vec<LegOrSwap<'a>> {
    let mut steps: Vec<LegOrSwap<'a>> =
        legs.iter().map(LegOrSwap::Leg).chain(swaps.iter().map(LegOrSwap::Swap)).collect();
    steps.sort_by_key(|step| step.source().event_index);
    steps
}

/// Carries every balance of the old key to the new one. Returns each move as (from, to, amount).
pub(super) fn carry(
    running: &mut BTreeMap<PositionKey, RaoDelta>,
    keys: &SwappedKeys,
) -> Vec<(PositionKey, PositionKey, RaoDelta)> {
    let moved: Vec<(PositionKey, PositionKey, RaoDelta)> = running
        .iter()
        .filter(|(_, alpha)| !alpha.is_zero())
        .filter_map(|(key, alpha)| keys.renamed(key).map(|renamed| (*key, renamed, *alpha)))
        .collect();
    for (from, to, alpha) in &moved {
        running.insert(*from, RaoDelta::ZERO);
        *running.entry(*to).or_default() += *alpha;
    }
    moved
}
