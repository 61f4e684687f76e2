//! Subnets that come and go.

use vesting_core::{BlockNumber, Coldkey, Hotkey, NetUid, SubnetCounters};

use super::chain::{SimChain, Subnet};
use super::event::{self, PalletEvent, Phase};

/// The most neurons of a subnet registered while the chain lives.
const CAPACITY: usize = 8;

impl SimChain {
    /// Dissolves a subnet: every position on it goes to 0, and only `NetworkRemoved` says so (FACTS 3).
    pub(super) fn dissolve(&mut self, phase: Phase, netuid: NetUid) -> bool {
        let gone = self.positions_now(netuid);
        let Some(subnet) = self.subnets.remove(&netuid) else { return false };
        self.dirty.gone.extend(gone.into_iter().map(|key| (netuid, key)));
        self.dirty.pools.extend(subnet.pools.keys().map(|hotkey| (netuid, *hotkey)));
        self.dirty.auto_stake.extend(subnet.auto_stake.keys().map(|coldkey| (*coldkey, netuid)));
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
        let counters = SubnetCounters {
            tempo,
            blocks_since_last_step: 0,
            last_step_block: BlockNumber(0),
            last_epoch_block: Some(BlockNumber(number)),
            epoch_index: Some(0),
            registered_at: BlockNumber(number),
        };
        let subnet = Subnet {
            counters,
            last_epoch: number,
            pending: None,
            owner,
            neurons: vec![owner.1],
            weights: [(owner.1, 1)].into(),
            validators: [owner.1].into(),
            auto_stake: std::collections::BTreeMap::new(),
            pools: std::collections::BTreeMap::new(),
            capacity: CAPACITY,
            skip_next: false,
        };
        self.subnets.insert(netuid, subnet);
        self.own(owner.1, owner.0);
        self.dirty.neurons.insert(netuid);
        self.dirty.schedules.insert(netuid);
        true
    }
}
