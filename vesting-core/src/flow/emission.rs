//! The incentive of an epoch: announced by uid, credited to positions.

use std::collections::BTreeMap;

use crate::block::{BlockFacts, Phase, StakeEvent};
use crate::ledger::Source;
use crate::units::{Coldkey, Hotkey, NetUid, Neuron, PositionKey, Rao, RaoDelta, SubnetOwner, Uid};

/// The neurons and the owner that an epoch pays.
///
/// For the crates of this workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EpochSetting {
    /// The neurons that are paid, by uid.
    pub neurons: Vec<Neuron>,
    /// The owner of the subnet. The incentive of its hotkeys is never credited.
    pub owner: Option<SubnetOwner>,
}

impl EpochSetting {
    /// The neurons and the owner that block B pays. Registrations follow the payout within B, so uids and
    /// owner are those at B−1 (docs/chain.md#announced-incentive).
    ///
    /// A change of owner comes before the payout. The new owner's hotkey then takes its uid without an event,
    /// and the new owner forgoes the incentive (docs/chain.md#a-new-owner-before-the-payout).
    #[must_use]
    pub fn new(
        before: (&[Neuron], Option<SubnetOwner>),
        after: (&[Neuron], Option<SubnetOwner>),
        new_owner: Option<Coldkey>,
    ) -> Self {
        let (mut neurons, mut owner) = (before.0.to_vec(), before.1);
        if let Some(coldkey) = new_owner {
            let hotkey =
                after.1.filter(|after| after.coldkey == coldkey).or(owner).and_then(|owner| owner.hotkey);
            owner = Some(SubnetOwner { coldkey, hotkey });
            let registered = after.0.iter().find(|neuron| hotkey == Some(neuron.hotkey));
            if let Some(registered) =
                registered.filter(|new| neurons.iter().all(|old| old.hotkey != new.hotkey))
            {
                neurons.retain(|old| old.uid != registered.uid);
                neurons.push(*registered);
                neurons.sort_unstable();
            }
        }
        Self { neurons, owner }
    }
}

/// The incentive that each announcement credited to each position. Each mechanism has one announcement.
///
/// Where a hotkey's owner has an auto-stake destination, `AutoStakeAdded` says how much went there. The rest
/// was captured as the hotkey's collateral and stays on the hotkey. Without such an event, all of it stays
/// there (docs/chain.md#auto-stake-and-collateral).
///
/// For the crates of this workspace.
#[must_use]
pub fn incentives(
    netuid: NetUid,
    facts: &BlockFacts,
    setting: &EpochSetting,
) -> BTreeMap<(PositionKey, Source), RaoDelta> {
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
                    *found.entry((PositionKey { hotkey: *destination, ..own }, source)).or_default() +=
                        Rao(part).delta();
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

/// The parts of each neuron's incentive that went to another hotkey.
fn diverted(netuid: NetUid, facts: &BlockFacts) -> BTreeMap<PositionKey, Vec<(Hotkey, u64)>> {
    let mut found: BTreeMap<PositionKey, Vec<(Hotkey, u64)>> = BTreeMap::new();
    for event in facts.events.iter().filter(|event| event.phase == Phase::Initialization) {
        if let StakeEvent::AutoStakeAdded { netuid: on, destination, hotkey, owner, incentive } = &event.event
            && *on == netuid
        {
            found
                .entry(PositionKey { hotkey: *hotkey, coldkey: *owner })
                .or_default()
                .push((*destination, incentive.0));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::ChainEvent;
    use crate::units::{BlockHash, BlockNumber, BlockRef, Millis};

    const NETUID: NetUid = NetUid(2);

    fn neuron(uid: u16, hotkey: u8, coldkey: u8) -> Neuron {
        Neuron { uid: Uid(uid), hotkey: Hotkey([hotkey; 32]), coldkey: Coldkey([coldkey; 32]) }
    }

    fn owner(coldkey: u8, hotkey: u8) -> Option<SubnetOwner> {
        Some(SubnetOwner { coldkey: Coldkey([coldkey; 32]), hotkey: Some(Hotkey([hotkey; 32])) })
    }

    fn emitted(mechanism: u16, emissions: &[u64]) -> StakeEvent {
        StakeEvent::IncentiveEmitted {
            netuid: NETUID,
            mechanism,
            emissions: emissions.iter().copied().map(Rao).collect(),
        }
    }

    /// What is credited, by hotkey and coldkey.
    fn credited(events: &[StakeEvent], setting: &EpochSetting) -> Vec<(u8, u8, i128)> {
        let events = (0u32..).zip(events).map(|(index, event)| ChainEvent {
            index,
            phase: Phase::Initialization,
            event: event.clone(),
        });
        let facts = BlockFacts {
            block: BlockRef { number: BlockNumber(9), hash: BlockHash::default() },
            parent_hash: BlockHash::default(),
            time: Millis(0),
            spec_version: 475,
            measured: true,
            announces_incentive: true,
            counters_asked: false,
            subnets: BTreeMap::new(),
            registrations: BTreeMap::new(),
            events: events.collect(),
        };
        let mut sums: BTreeMap<PositionKey, RaoDelta> = BTreeMap::new();
        for ((key, _), alpha) in incentives(NETUID, &facts, setting) {
            *sums.entry(key).or_default() += alpha;
        }
        sums.into_iter().map(|(key, alpha)| (key.hotkey.0[0], key.coldkey.0[0], alpha.0)).collect()
    }

    #[test]
    fn what_is_captured_as_collateral_stays_on_the_hotkey() {
        let neurons = [neuron(0, 10, 1), neuron(1, 11, 2)];
        let setting = EpochSetting::new((&neurons, None), (&neurons, None), None);
        let stake = |incentive| StakeEvent::AutoStakeAdded {
            netuid: NETUID,
            destination: Hotkey([20; 32]),
            hotkey: Hotkey([10; 32]),
            owner: Coldkey([1; 32]),
            incentive: Rao(incentive),
        };
        let told = [emitted(0, &[70, 5]), emitted(1, &[30, 0])];
        let with = |incentive| [told.as_slice(), &[stake(incentive)]].concat();
        assert_eq!(credited(&with(100), &setting), [(11, 2, 5), (20, 1, 100)], "nothing captured");
        assert_eq!(
            credited(&with(60), &setting),
            [(10, 1, 40), (11, 2, 5), (20, 1, 60)],
            "a part, over two mechanisms"
        );
        assert_eq!(credited(&told, &setting), [(10, 1, 100), (11, 2, 5)], "all of it");
    }

    #[test]
    fn the_owner_forgoes_incentive_and_so_does_its_hotkey_whoever_owns_it() {
        let neurons = [neuron(0, 10, 1), neuron(1, 11, 2), neuron(2, 12, 3)];
        let setting = EpochSetting::new((&neurons, owner(1, 12)), (&neurons, owner(1, 12)), None);
        assert_eq!(credited(&[emitted(0, &[7, 8, 9])], &setting), [(11, 2, 8)]);
    }

    #[test]
    fn the_owner_that_comes_before_the_payout_forgoes_it_and_the_old_one_earns() {
        let before = [neuron(0, 10, 1), neuron(1, 11, 2), neuron(2, 12, 3)];
        // The new owner's hotkey takes the uid of another, without an event.
        let after = [neuron(0, 10, 1), neuron(1, 13, 4), neuron(2, 12, 3)];
        let setting =
            EpochSetting::new((&before, owner(1, 10)), (&after, owner(4, 13)), Some(Coldkey([4; 32])));
        assert_eq!(credited(&[emitted(0, &[7, 8, 9])], &setting), [(10, 1, 7), (12, 3, 9)]);
        // One that has a uid keeps it, whatever registers later in the block.
        let after = [neuron(0, 10, 1), neuron(1, 13, 5), neuron(2, 12, 3)];
        let setting =
            EpochSetting::new((&before, owner(1, 10)), (&after, owner(3, 12)), Some(Coldkey([3; 32])));
        assert_eq!(credited(&[emitted(0, &[7, 8, 9])], &setting), [(10, 1, 7), (11, 2, 8)]);
    }
}
