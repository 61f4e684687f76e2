//! The incentive of an epoch: announced by uid, credited to positions.

use std::collections::BTreeMap;

use crate::{BlockFacts, Coldkey, Hotkey, NetUid, Neuron, Phase, PositionKey, Rao, RaoDelta, Source, StakeEvent, SubnetOwner, Uid};

/// What the announcements of an epoch's block mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EpochSetting {
    /// The neurons that are paid, by uid.
    pub neurons: Vec<Neuron>,
    /// The owner of the subnet, whose hotkeys' incentive is never credited.
    pub owner: Option<SubnetOwner>,
}

impl EpochSetting {
    /// What the announcements of block B mean: registrations follow the payout within B, so uids and owner are
    /// those at B−1 (FACTS 8). Where the owner changes in the block, that comes before the payout: the new
    /// owner's hotkey takes its uid there without an event, and the new owner forgoes the incentive (FACTS 21, 22).
    #[must_use]
    pub fn new(before: (&[Neuron], Option<SubnetOwner>), after: (&[Neuron], Option<SubnetOwner>), new_owner: Option<Coldkey>) -> Self {
        let (mut neurons, mut owner) = (before.0.to_vec(), before.1);
        if let Some(coldkey) = new_owner {
            let hotkey = after.1.filter(|after| after.coldkey == coldkey).or(owner).and_then(|owner| owner.hotkey);
            owner = Some(SubnetOwner { coldkey, hotkey });
            let registered = after.0.iter().find(|neuron| hotkey == Some(neuron.hotkey));
            if let Some(registered) = registered.filter(|new| neurons.iter().all(|old| old.hotkey != new.hotkey)) {
                neurons.retain(|old| old.uid != registered.uid);
                neurons.push(*registered);
                neurons.sort_unstable();
            }
        }
        Self { neurons, owner }
    }
}

/// The incentive credited to each position by each announcement (one a mechanism).
///
/// Where a hotkey's owner has an auto-stake destination, `AutoStakeAdded` says how much went there. The rest was
/// captured as the hotkey's collateral, and stays on the hotkey itself; all of it where there is no such event
/// (FACTS 27).
#[must_use]
pub fn incentives(netuid: NetUid, facts: &BlockFacts, setting: &EpochSetting) -> BTreeMap<(PositionKey, Source), RaoDelta> {
    let by_uid: BTreeMap<Uid, &Neuron> = setting.neurons.iter().map(|n| (n.uid, n)).collect();
    let mut diverted = diverted(netuid, facts);
    let mut found: BTreeMap<(PositionKey, Source), RaoDelta> = BTreeMap::new();
    for (source, emissions) in announced(netuid, facts) {
        for (uid, alpha) in (0u16..).zip(emissions) {
            let Some(neuron) = by_uid.get(&Uid(uid)) else { continue };
            if *alpha == Rao::ZERO || setting.owner.is_some_and(|owner| owner.forgoes(neuron)) {
                continue;
            }
            let (own, mut kept) = (neuron.position(), alpha.0);
            for (destination, left) in diverted.get_mut(&own).into_iter().flatten() {
                let part = kept.min(*left);
                *left -= part;
                kept -= part;
                if part > 0 {
                    *found.entry((PositionKey { hotkey: *destination, ..own }, source)).or_default() += Rao(part).delta();
                }
            }
            if kept > 0 {
                *found.entry((own, source)).or_default() += Rao(kept).delta();
            }
        }
    }
    found
}

/// The announcements of a block, in order.
fn announced(netuid: NetUid, facts: &BlockFacts) -> impl Iterator<Item = (Source, &[Rao])> {
    facts.events.iter().filter_map(move |event| match &event.event {
        StakeEvent::IncentiveEmitted { netuid: on, emissions, .. } if *on == netuid => {
            Some((Source { event_index: event.index, phase: event.phase }, emissions.as_slice()))
        }
        _ => None,
    })
}

/// What of a neuron's incentive went elsewhere, by where.
fn diverted(netuid: NetUid, facts: &BlockFacts) -> BTreeMap<PositionKey, Vec<(Hotkey, u64)>> {
    let mut found: BTreeMap<PositionKey, Vec<(Hotkey, u64)>> = BTreeMap::new();
    for event in facts.events.iter().filter(|event| event.phase == Phase::Initialization) {
        if let StakeEvent::AutoStakeAdded { netuid: on, destination, hotkey, owner, incentive } = &event.event
            && *on == netuid
        {
            found.entry(PositionKey { hotkey: *hotkey, coldkey: *owner }).or_default().push((*destination, incentive.0));
        }
    }
    found
}
