//! Alpha that is bought and sold, and the stake events of it.

use vesting_core::{Coldkey, Hotkey, NetUid};

use crate::sim::chain::rates::FEE;
use crate::sim::chain::state::SimChain;
use crate::sim::runtime::event::{self, AlphaBalance, PalletEvent, Phase, TaoBalance};

impl SimChain {
    /// Emits the event of a removal. `fee` is the part of `taken` that is paid as its fee.
    pub(in crate::sim) fn removed(
        &mut self,
        phase: Phase,
        coldkey: Coldkey,
        hotkey: Hotkey,
        netuid: NetUid,
        taken: u64,
        fee: u64,
    ) {
        self.emit(
            phase,
            PalletEvent::StakeRemoved(
                coldkey.into(),
                hotkey.into(),
                TaoBalance(taken / 2),
                AlphaBalance(if self.generation.fee_inside() { taken } else { taken - fee }),
                event::NetUid(netuid.0),
                fee,
            ),
        );
        self.point(coldkey, hotkey);
    }

    /// Credits alpha, and emits the event of an addition.
    pub(in crate::sim) fn added(
        &mut self,
        phase: Phase,
        coldkey: Coldkey,
        hotkey: Hotkey,
        netuid: NetUid,
        alpha: u64,
    ) {
        self.credit(netuid, hotkey, coldkey, alpha);
        self.emit(
            phase,
            PalletEvent::StakeAdded(
                coldkey.into(),
                hotkey.into(),
                TaoBalance(alpha / 2),
                AlphaBalance(alpha),
                event::NetUid(netuid.0),
                0,
            ),
        );
        self.point(coldkey, hotkey);
    }

    /// Stores this block as the last one of a stake operation, where the runtime does so.
    pub(in crate::sim) fn point(&mut self, coldkey: Coldkey, hotkey: Hotkey) {
        if self.generation.points_to_stake() {
            self.dirty.pointers.insert((coldkey, hotkey));
        }
    }

    /// Buys alpha at the price of half a TAO.
    pub(in crate::sim) fn bought(
        &mut self,
        phase: Phase,
        coldkey: Coldkey,
        hotkey: Hotkey,
        netuid: NetUid,
        alpha: u64,
    ) {
        self.accounts.spend(coldkey, alpha / 2);
        self.added(phase, coldkey, hotkey, netuid, alpha);
    }

    /// Pays for alpha that was sold, at the price of half a TAO less the fee. Whoever buys and sells again
    /// has less than before.
    pub(in crate::sim) fn paid(&mut self, coldkey: Coldkey, taken: u64) {
        self.accounts.earn(coldkey, (taken - taken / FEE) / 2);
    }
}
