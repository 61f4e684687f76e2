//! Positions that are too small to be kept.

use vesting_core::{Coldkey, Hotkey, NetUid};

use crate::sim::chain::rates::FEE;
use crate::sim::chain::state::SimChain;
use crate::sim::runtime::event::Phase;
use crate::sim::runtime::generation::Generation;

impl SimChain {
    /// Removes the positions of nominators that are below the least nomination.
    pub(super) fn clear_small(&mut self, phase: Phase, netuid: NetUid) -> bool {
        let Some(subnet) = self.subnets.get(&netuid) else { return false };
        let rules = self.generation.rules();
        let pairs: Vec<(Hotkey, Coldkey)> = subnet
            .pools
            .iter()
            .flat_map(|(hotkey, pool)| pool.holders(rules).map(|(coldkey, _)| (*hotkey, coldkey)))
            .collect();
        for (hotkey, coldkey) in pairs {
            self.clear_if_small(phase, netuid, hotkey, coldkey);
        }
        true
    }

    /// Removes a nominator's position that is below the least nomination. It has a removal event, though
    /// nobody asked for it (docs/chain.md#what-no-event-tells).
    pub(super) fn clear_if_small(&mut self, phase: Phase, netuid: NetUid, hotkey: Hotkey, coldkey: Coldkey) {
        let alpha = self.alpha(netuid, hotkey, coldkey);
        let nominates = self.owners.get(&hotkey) != Some(&coldkey) && self.generation >= Generation::Present;
        if nominates
            && (1..self.least_nomination).contains(&alpha)
            && self.may_leave(netuid, hotkey, coldkey, alpha)
        {
            let taken = self.debit(netuid, hotkey, coldkey, alpha);
            self.removed(phase, coldkey, hotkey, netuid, taken, taken / FEE);
            self.paid(coldkey, taken);
        }
    }

    /// Unstakes, at the end of a block, the positions that are too small for a conversion of shares
    /// (docs/chain.md#what-no-event-tells).
    pub(in crate::sim) fn unstake_below(&mut self, below: u64) {
        let rules = self.generation.rules();
        for netuid in self.subnets.keys().copied().collect::<Vec<_>>() {
            let pools = self.subnets.get(&netuid).into_iter().flat_map(|subnet| &subnet.pools);
            let small: Vec<(Hotkey, Coldkey)> = pools
                .flat_map(|(hotkey, pool)| {
                    pool.holders(rules).map(|(coldkey, alpha)| (*hotkey, coldkey, alpha))
                })
                .filter(|(.., alpha)| *alpha < below)
                .map(|(hotkey, coldkey, _)| (hotkey, coldkey))
                .collect();
            for (hotkey, coldkey) in small {
                if self.may_leave(netuid, hotkey, coldkey, u64::MAX) {
                    let taken = self.debit(netuid, hotkey, coldkey, u64::MAX);
                    self.removed(Phase::Finalization, coldkey, hotkey, netuid, taken, 0);
                    self.paid(coldkey, taken);
                }
            }
        }
    }
}
