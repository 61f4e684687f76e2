//! The incentive of an epoch: announced by uid, credited to positions.

use std::collections::BTreeMap;

use crate::{BlockFacts, Coldkey, Hotkey, NetUid, Neuron, Phase, PositionKey, Rao, RaoDelta, Source, StakeEvent, Uid};

/// What the announcements of an epoch's block B mean, read at B−1.
#[derive(Debug, Clone, Copy)]
pub struct EpochSetting<'a> {
    /// The neurons at B−1: registrations follow the emission within B, so uids mean these (FACTS 8).
    pub neurons: &'a [Neuron],
    /// The owner of the subnet at B−1: its hotkeys' incentive is never credited.
    pub subnet_owner: Option<Coldkey>,
}

/// The incentive credited to each position by each announcement (one a mechanism).
#[must_use]
pub fn incentives(netuid: NetUid, facts: &BlockFacts, setting: &EpochSetting<'_>) -> BTreeMap<(PositionKey, Source), RaoDelta> {
    let by_uid: BTreeMap<Uid, &Neuron> = setting.neurons.iter().map(|n| (n.uid, n)).collect();
    let mut destinations: BTreeMap<PositionKey, Hotkey> = BTreeMap::new();
    for event in &facts.events {
        if let (Phase::Initialization, StakeEvent::AutoStakeAdded { netuid: on, destination, hotkey, owner, .. }) =
            (event.phase, &event.event)
            && *on == netuid
        {
            destinations.insert(PositionKey { hotkey: *hotkey, coldkey: *owner }, *destination);
        }
    }
    let mut found: BTreeMap<(PositionKey, Source), RaoDelta> = BTreeMap::new();
    for event in &facts.events {
        let StakeEvent::IncentiveEmitted { netuid: on, emissions, .. } = &event.event else { continue };
        if *on != netuid {
            continue;
        }
        let source = Source { event_index: event.index, phase: event.phase };
        for (uid, alpha) in (0u16..).zip(emissions) {
            let Some(neuron) = by_uid.get(&Uid(uid)) else { continue };
            // Announced, but burned or recycled (FACTS 8).
            if *alpha == Rao::ZERO || setting.subnet_owner == Some(neuron.coldkey) {
                continue;
            }
            let mut key = neuron.position();
            key.hotkey = destinations.get(&key).copied().unwrap_or(key.hotkey);
            *found.entry((key, source)).or_default() += alpha.delta();
        }
    }
    found
}
