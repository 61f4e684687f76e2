//! Swaps of hotkeys and coldkeys.

use vesting_core::{Coldkey, Hotkey, NetUid, PositionKey};

use crate::sim::chain::state::SimChain;
use crate::sim::runtime::event::{self, PalletEvent, Phase, TaoBalance};
use crate::sim::runtime::generation::Generation;

impl SimChain {
    /// Swaps a hotkey on one subnet or on all. `keep` leaves the stake on the old one. No event says an
    /// amount (docs/chain.md#swapped-keys).
    pub(in crate::sim) fn swap_hotkey(
        &mut self,
        phase: Phase,
        coldkey: Coldkey,
        (old, new): (Hotkey, Hotkey),
        on: Option<NetUid>,
        keep: bool,
    ) -> bool {
        let netuids: Vec<NetUid> =
            on.map_or_else(|| self.subnets.keys().copied().collect(), |netuid| vec![netuid]);
        let taken =
            |netuid: &NetUid| self.subnets.get(netuid).is_none_or(|subnet| subnet.neurons.contains(&new));
        let owned = self.owners.get(&old) == Some(&coldkey)
            && self.owners.get(&new).is_none_or(|owner| *owner == coldkey);
        // The older runtimes swap on all subnets only.
        let known = on.is_none() || self.generation > Generation::Older;
        // Collateral cannot stay behind.
        let collateral = |netuid: &NetUid| {
            self.subnets.get(netuid).is_some_and(|s| s.collateral.contains_key(&(old, coldkey)))
        };
        if old == new
            || !owned
            || !known
            || netuids.iter().any(taken)
            || keep && netuids.iter().any(collateral)
        {
            return false;
        }
        self.own(new, coldkey);
        for netuid in &netuids {
            self.rename_neuron(*netuid, old, new);
            if !keep {
                self.rename_pool(*netuid, old, new);
                self.move_collateral(*netuid, |hotkey, coldkey| (hotkey == old).then_some((new, coldkey)));
            }
        }
        let (coldkey_id, old_hotkey, new_hotkey) = (coldkey.into(), old.into(), new.into());
        let event = match on {
            Some(netuid) => PalletEvent::HotkeySwappedOnSubnet {
                coldkey: coldkey_id,
                old_hotkey,
                new_hotkey,
                netuid: event::NetUid(netuid.0),
            },
            None => PalletEvent::HotkeySwapped { coldkey: coldkey_id, old_hotkey, new_hotkey },
        };
        if on.is_none() && !keep {
            self.disown(old, coldkey);
        }
        self.emit(phase, event);
        true
    }

    fn rename_neuron(&mut self, netuid: NetUid, old: Hotkey, new: Hotkey) {
        let Some(subnet) = self.subnets.get_mut(&netuid) else { return };
        self.dirty.unregistered.insert((netuid, old));
        subnet.neurons.iter_mut().filter(|hotkey| **hotkey == old).for_each(|hotkey| *hotkey = new);
        if let Some(weight) = subnet.weights.remove(&old) {
            subnet.weights.insert(new, weight);
        }
        if subnet.validators.remove(&old) {
            subnet.validators.insert(new);
        }
        if subnet.owner.1 == old {
            subnet.owner.1 = new;
        }
        for (coldkey, destination) in &mut subnet.auto_stake {
            if *destination == old {
                *destination = new;
                self.dirty.auto_stake.insert((*coldkey, netuid));
            }
        }
        self.dirty.neurons.insert(netuid);
        self.dirty.schedules.insert(netuid);
    }

    fn rename_pool(&mut self, netuid: NetUid, old: Hotkey, new: Hotkey) {
        let pool = self.subnets.get(&netuid).and_then(|subnet| subnet.pools.get(&old));
        let coldkeys: Vec<Coldkey> = pool.into_iter().flat_map(|pool| pool.rows.keys().copied()).collect();
        for coldkey in coldkeys {
            let alpha = self.debit(netuid, old, coldkey, u64::MAX);
            self.credit(netuid, new, coldkey, alpha);
        }
    }

    /// Takes the owner from a hotkey. Its stake is on the new hotkey already.
    fn disown(&mut self, hotkey: Hotkey, owner: Coldkey) {
        self.owners.remove(&hotkey);
        self.dirty.disowned.insert(hotkey);
        self.dirty.staking.insert(owner);
        for (coldkey, hotkeys) in &mut self.staking {
            if hotkeys.remove(&hotkey) {
                self.dirty.staking.insert(*coldkey);
            }
        }
    }

    /// Swaps a coldkey on all subnets. No event says an amount (docs/chain.md#swapped-keys). Every runtime
    /// refuses a new coldkey that stakes on any hotkey (`ColdKeyAlreadyAssociated`).
    pub(in crate::sim) fn swap_coldkey(&mut self, phase: Phase, old: Coldkey, new: Coldkey) -> bool {
        let associated = self.staking.get(&new).is_some_and(|hotkeys| !hotkeys.is_empty());
        if old == new || associated || !self.staking.contains_key(&old) {
            return false;
        }
        for netuid in self.subnets.keys().copied().collect::<Vec<_>>() {
            let Some(subnet) = self.subnets.get_mut(&netuid) else { continue };
            if subnet.owner.0 == old {
                subnet.owner.0 = new;
            }
            if let Some(lease) = &mut subnet.lease {
                if lease.coldkey == old {
                    lease.coldkey = new;
                }
                if let Some(part) = lease.contributors.remove(&old) {
                    lease.contributors.insert(new, part);
                }
            }
            if let Some(destination) = subnet.auto_stake.remove(&old) {
                subnet.auto_stake.insert(new, destination);
                self.dirty.auto_stake.extend([(old, netuid), (new, netuid)]);
            }
            if let Some((hotkey, locked)) = subnet.locks.remove(&old) {
                let (on, taken_over) = subnet.locks.entry(new).or_insert((hotkey, 0));
                *taken_over = taken_over.saturating_add(locked);
                self.dirty.locks.extend([(old, netuid, hotkey), (new, netuid, *on)]);
            }
            let held: Vec<Hotkey> = subnet
                .pools
                .iter()
                .filter(|(_, pool)| pool.rows.contains_key(&old))
                .map(|(hotkey, _)| *hotkey)
                .collect();
            for hotkey in held {
                let alpha = self.debit(netuid, hotkey, old, u64::MAX);
                self.credit(netuid, hotkey, new, alpha);
            }
            self.move_collateral(netuid, |hotkey, coldkey| (coldkey == old).then_some((hotkey, new)));
            self.dirty.neurons.insert(netuid);
            self.dirty.schedules.insert(netuid);
        }
        self.owners.values_mut().filter(|owner| **owner == old).for_each(|owner| *owner = new);
        let hotkeys = self.staking.remove(&old).unwrap_or_default();
        self.staking.entry(new).or_default().extend(hotkeys);
        self.dirty.staking.extend([old, new]);
        self.accounts.hand_over(old, new);
        let event = PalletEvent::ColdkeySwapped {
            old_coldkey: old.into(),
            new_coldkey: new.into(),
            swap_cost: TaoBalance(100_000_000),
        };
        self.emit(phase, event);
        true
    }

    /// Every position that a subnet has now.
    pub(in crate::sim) fn positions_now(&self, netuid: NetUid) -> Vec<PositionKey> {
        let pools = self.subnets.get(&netuid).into_iter().flat_map(|subnet| &subnet.pools);
        pools
            .flat_map(|(hotkey, pool)| {
                pool.rows.keys().map(|coldkey| PositionKey { hotkey: *hotkey, coldkey: *coldkey })
            })
            .collect()
    }
}
