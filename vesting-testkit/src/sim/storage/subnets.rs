//! Subnets and their neurons as storage.

use codec::Encode;

use super::change::{Change, pallet};
use crate::history::storage_key::{blake2_concat, identity};
use crate::sim::chain::state::SimChain;

/// The items of a subnet that exist as long as it does.
const SCHEDULE: [&str; 9] = [
    "NetworksAdded",
    "NetworkRegisteredAt",
    "Tempo",
    "BlocksSinceLastStep",
    "LastMechansimStepBlock",
    "LastEpochBlock",
    "SubnetEpochIndex",
    "SubnetOwner",
    "SubnetOwnerHotkey",
];

pub(super) fn schedules(chain: &SimChain, changes: &mut Vec<Change>) {
    for netuid in &chain.dirty.schedules {
        let of = |item: &'static str| pallet(chain.generation.item(item), &[identity(netuid.0)]);
        let Some(subnet) = chain.subnets.get(netuid) else {
            if chain.is_dissolving(*netuid) {
                changes.push((of("NetworksAdded"), None));
                continue;
            }
            changes.extend(SCHEDULE.into_iter().map(|item| (of(item), None)));
            continue;
        };
        let counters = &subnet.counters;
        changes.push((of("NetworksAdded"), Some(true.encode())));
        changes.push((of("NetworkRegisteredAt"), Some(counters.registered_at.0.encode())));
        changes.push((of("Tempo"), Some(counters.tempo.encode())));
        changes.push((of("LastMechansimStepBlock"), Some(counters.last_step_block.0.encode())));
        if chain.generation.counts_epochs() {
            changes.push((of("LastEpochBlock"), Some(subnet.last_epoch.encode())));
            changes.push((of("SubnetEpochIndex"), Some(counters.epoch_index.unwrap_or(0).encode())));
        }
        changes.push((of("SubnetOwner"), Some(subnet.owner.0.0.to_vec())));
        changes.push((of("SubnetOwnerHotkey"), Some(subnet.owner.1.0.to_vec())));
    }
    for (coldkey, netuid) in &chain.dirty.auto_stake {
        let destination = chain.subnets.get(netuid).and_then(|s| s.auto_stake.get(coldkey));
        let key = pallet("AutoStakeDestination", &[blake2_concat(&coldkey.0), identity(netuid.0)]);
        changes.push((key, destination.map(|hotkey| hotkey.0.to_vec())));
    }
}

pub(super) fn neurons(chain: &SimChain, changes: &mut Vec<Change>) {
    for (netuid, hotkey) in &chain.dirty.unregistered {
        changes.push((pallet("Uids", &[identity(netuid.0), blake2_concat(&hotkey.0)]), None));
    }
    for netuid in chain.dirty.neurons.iter().filter(|netuid| !chain.is_dissolving(**netuid)) {
        let subnet = chain.subnets.get(netuid);
        let count = subnet.map(|subnet| u16::try_from(subnet.neurons.len()).unwrap_or(u16::MAX));
        changes.push((pallet("SubnetworkN", &[identity(netuid.0)]), count.map(|count| count.encode())));
        for uid in 0..chain.dirty.vacated.get(netuid).copied().unwrap_or(0) {
            changes.push((
                pallet("Keys", &[identity(netuid.0), identity(u16::try_from(uid).unwrap_or(u16::MAX))]),
                None,
            ));
        }
        for (uid, hotkey) in (0u16..).zip(subnet.into_iter().flat_map(|subnet| &subnet.neurons)) {
            changes.push((pallet("Keys", &[identity(netuid.0), identity(uid)]), Some(hotkey.0.to_vec())));
            changes
                .push((pallet("Uids", &[identity(netuid.0), blake2_concat(&hotkey.0)]), Some(uid.encode())));
        }
        for hotkey in &chain.dirty.disowned {
            changes.push((pallet("Owner", &[blake2_concat(&hotkey.0)]), None));
        }
        for (hotkey, coldkey) in &chain.owners {
            changes.push((pallet("Owner", &[blake2_concat(&hotkey.0)]), Some(coldkey.0.to_vec())));
        }
    }
}
