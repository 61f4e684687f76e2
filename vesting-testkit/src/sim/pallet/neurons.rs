//! Neurons of a subnet, and its owner.

use vesting_core::{Coldkey, Hotkey, NetUid};

use crate::sim::chain::state::SimChain;
use crate::sim::runtime::event::{self, PalletEvent, Phase};
use crate::sim::runtime::generation::Generation;

impl SimChain {
    /// Whether a coldkey may register a hotkey.
    pub(in crate::sim) fn may_register(&self, coldkey: Coldkey, hotkey: Hotkey, netuid: NetUid) -> bool {
        let vacant = self.subnets.get(&netuid).is_some_and(|subnet| !subnet.neurons.contains(&hotkey));
        vacant && self.owners.get(&hotkey).is_none_or(|owner| *owner == coldkey)
    }

    /// Registers a hotkey.
    pub(in crate::sim) fn register(
        &mut self,
        phase: Phase,
        coldkey: Coldkey,
        hotkey: Hotkey,
        netuid: NetUid,
    ) -> bool {
        if !self.may_register(coldkey, hotkey, netuid) {
            return false;
        }
        let Some(uid) = self.take_uid(coldkey, hotkey, netuid) else { return false };
        self.emit(phase, PalletEvent::NeuronRegistered(event::NetUid(netuid.0), uid, hotkey.into()));
        true
    }

    /// Gives a hotkey a uid. On a full subnet it replaces the neuron with the least weight. The stake of that
    /// one stays where it is, and no event names it.
    fn take_uid(&mut self, coldkey: Coldkey, hotkey: Hotkey, netuid: NetUid) -> Option<u16> {
        let subnet = self.subnets.get_mut(&netuid)?;
        let uid = if subnet.neurons.len() < subnet.capacity {
            subnet.neurons.push(hotkey);
            subnet.neurons.len() - 1
        } else {
            let least = (0..subnet.neurons.len())
                .min_by_key(|i| subnet.weights.get(&subnet.neurons[*i]).copied().unwrap_or(0))
                .unwrap_or(0);
            self.dirty.unregistered.insert((netuid, subnet.neurons[least]));
            subnet.neurons[least] = hotkey;
            least
        };
        self.dirty.neurons.insert(netuid);
        self.own(hotkey, coldkey);
        u16::try_from(uid).ok()
    }

    /// Removes the neurons with the least weight until `left` are left. The others move up, and no event says
    /// so (docs/chain.md#silent-changes-of-uids).
    pub(in crate::sim) fn trim(&mut self, netuid: NetUid, left: usize) -> bool {
        let Some(subnet) = self.subnets.get_mut(&netuid) else { return false };
        let before = subnet.neurons.len();
        while subnet.neurons.len() > left.max(1) {
            let weight = |hotkey: &Hotkey| subnet.weights.get(hotkey).copied().unwrap_or(0);
            let Some(least) = (0..subnet.neurons.len()).rev().min_by_key(|uid| weight(&subnet.neurons[*uid]))
            else {
                break;
            };
            let gone = subnet.neurons.remove(least);
            self.dirty.unregistered.insert((netuid, gone));
        }
        let trimmed = subnet.neurons.len() < before;
        if trimmed {
            self.dirty.neurons.insert(netuid);
            self.dirty.vacated.insert(netuid, before);
        }
        trimmed
    }

    /// Sets the hotkey that gets the owner's cut.
    pub(in crate::sim) fn set_owner_hotkey(&mut self, phase: Phase, netuid: NetUid, hotkey: Hotkey) -> bool {
        let owned = self.owners.contains_key(&hotkey);
        let Some(subnet) = self.subnets.get_mut(&netuid).filter(|_| owned) else { return false };
        subnet.owner.1 = hotkey;
        self.dirty.schedules.insert(netuid);
        self.emit(phase, PalletEvent::SubnetOwnerHotkeySet(event::NetUid(netuid.0), hotkey.into()));
        true
    }

    /// Makes the next owner the owner before an epoch is paid out. The new owner's hotkey gets a uid if it
    /// has none, without an event (docs/chain.md#a-new-owner-before-the-payout).
    pub(in crate::sim) fn change_owner(&mut self, netuid: NetUid) {
        let Some(subnet) = self.subnets.get_mut(&netuid).filter(|_| self.generation >= Generation::Present)
        else {
            return;
        };
        let (Some((coldkey, hotkey)), old) = (subnet.next_owner.take(), subnet.owner.0) else { return };
        if coldkey == old || self.owners.get(&hotkey).is_some_and(|owner| *owner != coldkey) {
            return;
        }
        subnet.owner = (coldkey, hotkey);
        let registered = subnet.neurons.contains(&hotkey);
        let (id, old_coldkey, new_coldkey) = (event::NetUid(netuid.0), old.into(), coldkey.into());
        self.emit(
            Phase::Initialization,
            PalletEvent::SubnetOwnerChanged { netuid: id, old_coldkey, new_coldkey },
        );
        if registered {
            self.dirty.schedules.insert(netuid);
        } else {
            self.take_uid(coldkey, hotkey, netuid);
        }
    }
}
