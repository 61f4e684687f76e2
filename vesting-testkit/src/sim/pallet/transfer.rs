//! Stake that moves from one position to another.

use vesting_core::{Coldkey, Hotkey, NetUid};

use crate::sim::chain::rates::FEE;
use crate::sim::chain::state::SimChain;
use crate::sim::runtime::event::{self, AlphaBalance, PalletEvent, Phase};

impl SimChain {
    /// Moves stake from one position to another, with a removal and an addition. Returns whether anything
    /// moved.
    pub(super) fn carry(
        &mut self,
        phase: Phase,
        from: (NetUid, Hotkey, Coldkey),
        to: (NetUid, Hotkey, Coldkey),
        alpha: u64,
    ) -> bool {
        // Stake that moves to its own position fails (`SameNetuid`).
        if !self.subnets.contains_key(&to.0) || from == to {
            return false;
        }
        let leaves = (from.0, from.2) != (to.0, to.2);
        if leaves && !self.may_leave(from.0, from.1, from.2, alpha)
            || !self.leaves_collateral(from.0, from.1, from.2, alpha)
        {
            return false;
        }
        let taken = self.debit(from.0, from.1, from.2, alpha);
        if taken == 0 {
            return false;
        }
        // Within a subnet no fee is paid (docs/chain.md#moves-transfers-swaps).
        let fee = if from.0 == to.0 { 0 } else { taken / FEE };
        self.removed(phase, from.2, from.1, from.0, taken, fee);
        self.added(phase, to.2, to.1, to.0, taken - fee);
        true
    }

    /// Moves stake from one coldkey to another with a single event, and returns whether anything moved.
    pub(super) fn give(
        &mut self,
        phase: Phase,
        netuid: NetUid,
        hotkey: Hotkey,
        (from, to): (Coldkey, Coldkey),
        alpha: u64,
    ) -> bool {
        if !self.may_leave(netuid, hotkey, from, alpha) {
            return false;
        }
        let taken = self.debit(netuid, hotkey, from, alpha);
        self.credit(netuid, hotkey, to, taken);
        if taken > 0 {
            let (from, to, hotkey, alpha) = (from.into(), to.into(), hotkey.into(), AlphaBalance(taken));
            self.emit(
                phase,
                PalletEvent::AlphaGifted { from, to, hotkey, netuid: event::NetUid(netuid.0), alpha },
            );
        }
        taken > 0
    }
}
