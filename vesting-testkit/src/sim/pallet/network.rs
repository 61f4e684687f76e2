//! Subnets: how they are registered, dissolved and cleared away.

use vesting_core::{Coldkey, Hotkey, NetUid};

use crate::sim::chain::state::{CONVERSION, SimChain};
use crate::sim::chain::subnet::{Subnet, SubnetConfig};
use crate::sim::runtime::event::{self, PalletEvent, Phase};

/// The most neurons of a subnet that is registered after genesis.
const CAPACITY: usize = 8;
/// How many hotkeys of a dissolved subnet one block clears away.
const CLEARED_A_BLOCK: usize = 2;
/// A conversion of shares unstakes positions below this, in rao of alpha.
const LEAST_CONVERTED: u64 = 3_000_000;

impl SimChain {
    /// Dissolves a subnet.
    ///
    /// On older runtimes every position on it goes to 0 at once, and only `NetworkRemoved` says so
    /// (docs/chain.md#the-end). On newer ones the subnet ends as well, but the next blocks clear its storage
    /// away (docs/chain.md#the-clearing-away).
    pub(in crate::sim) fn dissolve(&mut self, phase: Phase, netuid: NetUid) -> bool {
        let gone = self.positions_now(netuid);
        let Some(subnet) = self.subnets.remove(&netuid) else { return false };
        self.dirty.gone.extend(gone.into_iter().map(|key| (netuid, key)));
        self.dirty.pools.extend(subnet.pools.keys().map(|hotkey| (netuid, *hotkey)));
        self.note_ended(netuid, &subnet);
        if self.generation.dissolves_slowly() {
            self.dissolving.push_back((netuid, subnet));
        } else {
            self.note_cleared(netuid, &subnet);
        }
        self.emit(phase, PalletEvent::NetworkRemoved(event::NetUid(netuid.0)));
        true
    }

    /// Marks as changed what changes when a subnet ends, and again when its storage is cleared away.
    fn note_ended(&mut self, netuid: NetUid, subnet: &Subnet) {
        self.dirty
            .locks
            .extend(subnet.locks.iter().map(|(coldkey, (hotkey, _))| (*coldkey, netuid, *hotkey)));
        self.dirty
            .collateral
            .extend(subnet.collateral.keys().map(|(hotkey, coldkey)| (netuid, *hotkey, *coldkey)));
        self.dirty.neurons.insert(netuid);
        self.dirty.schedules.insert(netuid);
    }

    /// Marks as changed what changes only when storage is cleared away.
    fn note_cleared(&mut self, netuid: NetUid, subnet: &Subnet) {
        self.dirty.auto_stake.extend(subnet.auto_stake.keys().map(|coldkey| (*coldkey, netuid)));
        self.dirty.unregistered.extend(subnet.neurons.iter().map(|hotkey| (netuid, *hotkey)));
        self.dirty.vacated.insert(netuid, subnet.neurons.len());
    }

    /// Whether a subnet is dissolved and its storage is not cleared away yet.
    pub(in crate::sim) fn is_dissolving(&self, netuid: NetUid) -> bool {
        self.dissolving.iter().any(|(gone, _)| *gone == netuid)
    }

    /// Ends a block. Clears away a part of the first dissolved subnet. Once all is gone, the subnet that
    /// waits for the netuid is registered.
    pub(in crate::sim) fn finalize(&mut self, number: u64) {
        if self.converting_since.is_some_and(|since| number == since + CONVERSION) && number > CONVERSION {
            self.unstake_below(LEAST_CONVERTED);
        }
        let fresh = |netuid: &NetUid| self.dirty.schedules.contains(netuid);
        let Some((netuid, subnet)) = self.dissolving.front_mut().filter(|(netuid, _)| !fresh(netuid)) else {
            return;
        };
        let netuid = *netuid;
        for _ in 0..CLEARED_A_BLOCK {
            let Some((hotkey, pool)) = subnet.pools.pop_first() else { break };
            self.dirty.cleared.push((netuid, hotkey, pool.rows.into_keys().collect()));
        }
        if !self.dirty.cleared.is_empty() {
            return;
        }
        let Some((_, subnet)) = self.dissolving.pop_front() else { return };
        self.note_ended(netuid, &subnet);
        self.note_cleared(netuid, &subnet);
        self.emit(
            Phase::Finalization,
            PalletEvent::NetworkDissolveCleanupCompleted { netuid: event::NetUid(netuid.0) },
        );
        if let Some((owner, tempo)) = self.awaited.remove(&netuid) {
            self.register_network(Phase::Finalization, netuid, owner, tempo);
        }
    }

    /// Registers a subnet under a free netuid, with its owner as the first neuron. It waits while the netuid
    /// is being cleared away.
    pub(in crate::sim) fn register_network(
        &mut self,
        phase: Phase,
        netuid: NetUid,
        owner: (Coldkey, Hotkey),
        tempo: u16,
    ) -> bool {
        if self.subnets.contains_key(&netuid)
            || self.owners.get(&owner.1).is_some_and(|coldkey| *coldkey != owner.0)
        {
            return false;
        }
        if self.is_dissolving(netuid) {
            return self.awaited.insert(netuid, (owner, tempo)).is_none();
        }
        if self.generation.stores("RegisteredSubnetCounter") {
            *self.registrations.entry(netuid).or_default() += 1;
        }
        let number = self.head().0 + 1;
        let neurons = vec![(owner.0, owner.1, 1, true, 0)];
        self.add_subnet(&SubnetConfig { netuid, tempo, owner, neurons, capacity: CAPACITY }, number);
        self.emit(phase, PalletEvent::NetworkAdded(event::NetUid(netuid.0), 1));
        true
    }

    /// Reconciles every pool with its rows, as the first block of a runtime with other share rules does
    /// (docs/chain.md#reconciled-pools).
    pub(in crate::sim) fn reconcile(&mut self) {
        for netuid in self.subnets.keys().copied().collect::<Vec<_>>() {
            let pools = self.subnets.get_mut(&netuid).into_iter().flat_map(|subnet| &mut subnet.pools);
            let off: Vec<Hotkey> = pools
                .filter_map(|(hotkey, pool)| (pool.total > 0 && pool.reconcile()).then_some(*hotkey))
                .collect();
            for hotkey in off {
                self.dirty.pools.insert((netuid, hotkey));
                let (hotkey, netuid) = (hotkey.into(), event::NetUid(netuid.0));
                self.emit(
                    Phase::Initialization,
                    PalletEvent::SharePoolDenominatorReconciled { hotkey, netuid },
                );
            }
        }
    }

    /// Makes a pool count a quarter more shares than there are.
    pub(in crate::sim) fn miscount(&mut self, netuid: NetUid, hotkey: Hotkey) -> bool {
        let Some(pool) = self.subnets.get_mut(&netuid).and_then(|subnet| subnet.pools.get_mut(&hotkey))
        else {
            return false;
        };
        pool.miscount();
        self.dirty.pools.insert((netuid, hotkey));
        true
    }

    /// Adds worthless shares to a pool without alpha.
    pub(in crate::sim) fn add_worthless_shares(
        &mut self,
        netuid: NetUid,
        hotkey: Hotkey,
        coldkeys: &[Coldkey],
    ) -> bool {
        let Some(subnet) = self.subnets.get_mut(&netuid) else { return false };
        let pool = subnet.pools.entry(hotkey).or_default();
        if pool.total > 0 {
            return false;
        }
        for coldkey in coldkeys {
            pool.add_worthless_shares(*coldkey);
        }
        self.dirty.pools.insert((netuid, hotkey));
        for coldkey in coldkeys {
            self.stakes_on(*coldkey, hotkey);
        }
        true
    }
}
