//! Subnets that come and go.

use vesting_core::{Coldkey, Hotkey, NetUid};

use super::chain::{SimChain, SubnetConfig};
use super::event::{self, PalletEvent, Phase};

/// The most neurons of a subnet registered while the chain lives.
const CAPACITY: usize = 8;

impl SimChain {
    /// Dissolves a subnet: every position on it goes to 0, and only `NetworkRemoved` says so (docs/chain.md#the-end).
    pub(super) fn dissolve(&mut self, phase: Phase, netuid: NetUid) -> bool {
        let gone = self.positions_now(netuid);
        let Some(subnet) = self.subnets.remove(&netuid) else { return false };
        self.dirty.gone.extend(gone.into_iter().map(|key| (netuid, key)));
        self.dirty.pools.extend(subnet.pools.keys().map(|hotkey| (netuid, *hotkey)));
        self.dirty.auto_stake.extend(subnet.auto_stake.keys().map(|coldkey| (*coldkey, netuid)));
        self.dirty.locks.extend(subnet.locks.iter().map(|(coldkey, (hotkey, _))| (*coldkey, netuid, *hotkey)));
        self.dirty.vacated.insert(netuid, subnet.neurons.len());
        self.dirty.neurons.insert(netuid);
        self.dirty.schedules.insert(netuid);
        self.emit(phase, PalletEvent::NetworkRemoved(event::NetUid(netuid.0)));
        true
    }

    /// Registers a subnet under a free netuid, with its owner as the first neuron.
    pub(super) fn register_network(&mut self, netuid: NetUid, owner: (Coldkey, Hotkey), tempo: u16) -> bool {
        if self.subnets.contains_key(&netuid) || self.owners.get(&owner.1).is_some_and(|coldkey| *coldkey != owner.0) {
            return false;
        }
        let number = self.head().0 + 1;
        let neurons = vec![(owner.0, owner.1, 1, true, 0)];
        self.add_subnet(&SubnetConfig { netuid, tempo, owner, neurons, capacity: CAPACITY }, number);
        true
    }
}
