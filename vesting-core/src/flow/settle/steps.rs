//! What a block did in order of its events.

use std::collections::BTreeMap;

use crate::flow::classify::{Leg, Swap, SwappedKeys};
use crate::ledger::Source;
use crate::units::{PositionKey, RaoDelta};

/// What happens in order of events.
pub(super) enum Step<'a> {
    Leg(&'a Leg),
    Swap(&'a Swap),
}

impl Step<'_> {
    pub(super) const fn source(&self) -> Source {
        match self {
            Self::Leg(leg) => leg.source,
            Self::Swap(swap) => swap.source,
        }
    }
}

pub(super) fn steps<'a>(legs: &'a [Leg], swaps: &'a [Swap]) -> Vec<Step<'a>> {
    let mut steps: Vec<Step<'a>> = legs.iter().map(Step::Leg).chain(swaps.iter().map(Step::Swap)).collect();
    steps.sort_by_key(|step| step.source().event_index);
    steps
}

/// Carries every balance of the old key to the new one; gives what went where.
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
