//! Locked stake, which may not leave its coldkey or its subnet.

use vesting_core::{Coldkey, Hotkey, NetUid};

use crate::sim::chain::state::SimChain;

impl SimChain {
    /// Locks alpha of a coldkey, on the hotkey of its first lock.
    pub(super) fn lock(&mut self, netuid: NetUid, hotkey: Hotkey, coldkey: Coldkey, alpha: u64) {
        if let Some(subnet) = self.subnets.get_mut(&netuid) {
            let (on, locked) = subnet.locks.entry(coldkey).or_insert((hotkey, 0));
            *locked = locked.saturating_add(alpha);
            self.dirty.locks.insert((coldkey, netuid, *on));
        }
    }

    /// Whether this much of a position may leave its coldkey or its subnet. Locked stake may not.
    pub(in crate::sim) fn may_leave(
        &self,
        netuid: NetUid,
        hotkey: Hotkey,
        coldkey: Coldkey,
        alpha: u64,
    ) -> bool {
        let Some(subnet) = self.subnets.get(&netuid) else { return false };
        let locked = subnet
            .locks
            .get(&coldkey)
            .map_or(0, |(_, locked)| *locked)
            .saturating_add(self.collateral_of(netuid, coldkey));
        if locked == 0 {
            return true;
        }
        let held = subnet
            .pools
            .values()
            .fold(0u64, |sum, pool| sum.saturating_add(pool.alpha(&coldkey, self.generation.rules())));
        held.saturating_sub(alpha.min(self.alpha(netuid, hotkey, coldkey))) >= locked
            && self.leaves_collateral(netuid, hotkey, coldkey, alpha)
    }

    /// Whether a position still holds its collateral once this much is taken.
    pub(super) fn leaves_collateral(
        &self,
        netuid: NetUid,
        hotkey: Hotkey,
        coldkey: Coldkey,
        alpha: u64,
    ) -> bool {
        let held = self.alpha(netuid, hotkey, coldkey);
        alpha.min(held) <= self.free(netuid, hotkey, coldkey)
    }
}
