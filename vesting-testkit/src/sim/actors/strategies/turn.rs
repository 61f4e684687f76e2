//! What a person can do in the next block.
//!
//! A twin's sales, transfers, burns and purchases do nothing, so that it keeps everything. Nobody buys more
//! than it sold before. So nobody brings in capital that an honest holder does not have.

use vesting_core::{Coldkey, Hotkey, NetUid, PositionKey};

use super::beginning::{RESERVE_WEIGHT, WEIGHT};
use super::person::Person;
use crate::sim::{Call, Operation, SimChain};

/// A person's turn before the next block is made.
pub struct Turn<'a> {
    pub(super) chain: &'a mut SimChain,
    pub(super) person: &'a mut Person,
    pub(super) netuid: NetUid,
    /// The subnet without emission.
    pub(super) elsewhere: NetUid,
    pub(super) validator: Hotkey,
    pub(super) tempo: u64,
    pub(super) window: u64,
    pub(super) reward: u64,
}

impl Turn<'_> {
    fn next(&self) -> u64 {
        self.chain.head().0 + 1
    }

    /// How many blocks the next block is after the last epoch; 0 where it is an epoch itself.
    #[must_use]
    pub fn blocks_since_epoch(&self) -> u64 {
        self.next() % self.tempo
    }

    /// Whether the next block is the last one before an epoch.
    #[must_use]
    pub fn is_last_before_epoch(&self) -> bool {
        self.blocks_since_epoch() == self.tempo - 1
    }

    /// The number of epochs up to and including the next block.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.next() / self.tempo
    }

    /// Whether the number of epochs is a multiple of `epochs`, and the next block is this many `blocks` after
    /// the last one.
    #[must_use]
    pub fn every(&self, epochs: u64, blocks: u64) -> bool {
        self.blocks_since_epoch() == blocks && self.epoch() > 0 && self.epoch().is_multiple_of(epochs)
    }

    /// The epochs of a window.
    #[must_use]
    pub const fn window(&self) -> u64 {
        self.window
    }

    /// What the person earns in an epoch, in rao.
    #[must_use]
    pub const fn reward(&self) -> u64 {
        self.reward
    }

    /// A number below `end`; the twin draws the same.
    pub fn below(&mut self, end: u64) -> u64 {
        self.person.rng.below(end)
    }

    /// What a coldkey of the person holds on the subnet, in rao.
    #[must_use]
    pub fn held(&self, seat: usize) -> u64 {
        self.positions(seat).map(|key| self.alpha(key)).sum()
    }

    fn positions(&self, seat: usize) -> impl Iterator<Item = PositionKey> {
        self.person.positions(seat, self.validator).into_iter()
    }

    fn alpha(&self, key: PositionKey) -> u64 {
        self.chain.alpha(self.netuid, key.hotkey, key.coldkey)
    }

    /// The calls that take `alpha` from the positions of a coldkey, one each. Also returns how much of it is
    /// there, or comes with the epoch of the next block.
    fn take(&self, seat: usize, alpha: u64, call: impl Fn(PositionKey, u64) -> Call) -> (Vec<Call>, u64) {
        let (mut calls, mut left) = (Vec::new(), alpha);
        for key in self.positions(seat) {
            let part = self.alpha(key).min(left);
            if part > 0 {
                calls.push(call(key, part));
                left -= part;
            }
        }
        if let (Some(hotkey), Some(coldkey), true) =
            (self.person.hotkey(seat), self.person.coldkey(seat), left > 0)
        {
            calls.push(call(PositionKey { hotkey, coldkey }, left));
            if self.blocks_since_epoch() == 0 && seat == self.person.earner {
                left -= left.min(self.reward);
            }
        }
        (calls, alpha - left)
    }

    fn sale(&mut self, seat: usize, alpha: u64) -> Option<Vec<Call>> {
        if !self.person.sells || alpha == 0 {
            return None;
        }
        let netuid = self.netuid;
        let (calls, sold) = self.take(seat, alpha, |PositionKey { hotkey, coldkey }, alpha| {
            Call::RemoveStake { coldkey, hotkey, netuid, alpha }
        });
        self.person.proceeds += sold;
        self.person.sold += u128::from(sold);
        Some(calls)
    }

    /// Sells alpha of a coldkey, wherever it is.
    pub fn sell(&mut self, seat: usize, alpha: u64) {
        if let Some(calls) = self.sale(seat, alpha) {
            self.chain.queue(Operation { calls, ..Operation::default() });
        }
    }

    /// Sells by the scheduler, inside initialization, where the epoch is too.
    pub fn sell_scheduled(&mut self, seat: usize, alpha: u64) {
        if let Some(calls) = self.sale(seat, alpha) {
            self.chain.queue(Operation { calls, scheduled: true, ..Operation::default() });
        }
    }

    /// Sells between two moves of one batch.
    pub fn sell_among_moves(&mut self, seat: usize, alpha: u64) {
        let (Some(coldkey), Some(own)) = (self.person.coldkey(seat), self.person.hotkey(seat)) else {
            return;
        };
        let (netuid, validator) = (self.netuid, self.validator);
        let step = |from, to| Call::MoveStake {
            coldkey,
            from,
            to,
            from_netuid: netuid,
            to_netuid: netuid,
            alpha: self.reward,
        };
        let (there, back) = (step(own, validator), step(validator, own));
        let mut calls = vec![there];
        calls.extend(self.sale(seat, alpha).unwrap_or_default());
        calls.push(back);
        self.chain.queue(Operation { calls, ..Operation::default() });
    }

    /// Pays alpha as the fee of a call that fails.
    pub fn pay_as_fee(&mut self, seat: usize, alpha: u64) {
        let (Some(coldkey), Some(hotkey), true) =
            (self.person.coldkey(seat), self.person.hotkey(seat), self.person.sells)
        else {
            return;
        };
        self.person.sold += u128::from(alpha.min(self.chain.alpha(self.netuid, hotkey, coldkey)));
        self.chain.queue(Operation {
            calls: vec![Call::Fail],
            fee: Some((coldkey, hotkey, self.netuid, alpha)),
            ..Operation::default()
        });
    }

    /// Buys back, at most what was sold.
    pub fn buy(&mut self, seat: usize, alpha: u64) {
        let alpha = alpha.min(self.person.proceeds);
        let (Some(coldkey), Some(hotkey), true) =
            (self.person.coldkey(seat), self.person.hotkey(seat), alpha > 0)
        else {
            return;
        };
        self.person.proceeds -= alpha;
        self.chain.queue(Call::AddStake { coldkey, hotkey, netuid: self.netuid, alpha });
    }

    fn give(&mut self, seat: usize, alpha: u64, call: impl Fn(PositionKey, u64) -> Call) {
        if self.person.sells && alpha > 0 {
            let (calls, given) = self.take(seat, alpha, call);
            self.person.sold += u128::from(given);
            self.chain.queue(Operation { calls, ..Operation::default() });
        }
    }

    /// Recycles alpha.
    pub fn recycle(&mut self, seat: usize, alpha: u64) {
        let netuid = self.netuid;
        self.give(seat, alpha, |PositionKey { hotkey, coldkey }, alpha| Call::Recycle {
            coldkey,
            hotkey,
            netuid,
            alpha,
        });
    }

    /// Burns alpha.
    pub fn burn(&mut self, seat: usize, alpha: u64) {
        let netuid = self.netuid;
        self.give(seat, alpha, |PositionKey { hotkey, coldkey }, alpha| Call::Burn {
            coldkey,
            hotkey,
            netuid,
            alpha,
        });
    }

    /// Transfers alpha from one coldkey of the person to another, in order to sell it. The twin does not.
    pub fn transfer(&mut self, from: usize, to: usize, alpha: u64) {
        if self.person.sells {
            self.relocate(from, to, alpha);
        }
    }

    /// Transfers alpha from one coldkey of the person to another, in order to keep it there. The twin does so
    /// too.
    pub fn relocate(&mut self, from: usize, to: usize, alpha: u64) {
        let Some(to) = self.person.coldkey(to) else { return };
        let netuid = self.netuid;
        let (calls, _) = self.take(from, alpha, |PositionKey { hotkey, coldkey }, alpha| {
            Call::TransferStake { from: coldkey, to, hotkey, from_netuid: netuid, to_netuid: netuid, alpha }
        });
        self.chain.queue(Operation { calls, ..Operation::default() });
    }

    /// Swaps alpha to another subnet.
    pub fn swap_away(&mut self, seat: usize, alpha: u64) {
        let (from_netuid, to_netuid) = (self.netuid, self.elsewhere);
        self.give(seat, alpha, |PositionKey { hotkey, coldkey }, alpha| Call::SwapStake {
            coldkey,
            hotkey,
            from_netuid,
            to_netuid,
            alpha,
        });
    }

    /// Swaps everything back from another subnet.
    pub fn swap_back(&mut self, seat: usize) {
        for PositionKey { hotkey, coldkey } in self.positions(seat).collect::<Vec<_>>() {
            let alpha = self.chain.alpha(self.elsewhere, hotkey, coldkey);
            if alpha > 0 {
                self.chain.queue(Call::SwapStake {
                    coldkey,
                    hotkey,
                    from_netuid: self.elsewhere,
                    to_netuid: self.netuid,
                    alpha,
                });
            }
        }
    }

    /// Moves all of a coldkey's stake to one hotkey.
    fn gather_on(&mut self, seat: usize, to: Hotkey) {
        let netuid = self.netuid;
        for key in self.positions(seat).collect::<Vec<_>>() {
            let alpha = self.alpha(key);
            if key.hotkey != to && alpha > 0 {
                let PositionKey { hotkey: from, coldkey } = key;
                self.chain.queue(Call::MoveStake {
                    coldkey,
                    from,
                    to,
                    from_netuid: netuid,
                    to_netuid: netuid,
                    alpha,
                });
            }
        }
    }

    /// Moves all of a coldkey's stake to the hotkey that it uses.
    pub fn gather(&mut self, seat: usize) {
        if let Some(to) = self.person.hotkey(seat) {
            self.gather_on(seat, to);
        }
    }

    /// Moves all of a coldkey's stake to a validator's hotkey.
    pub fn delegate(&mut self, seat: usize) {
        self.gather_on(seat, self.validator);
    }

    /// Has incentive staked on a validator's hotkey from now on.
    pub fn auto_stake(&mut self, seat: usize) {
        if let Some(coldkey) = self.person.coldkey(seat) {
            self.chain.queue(Call::SetAutoStake { coldkey, netuid: self.netuid, hotkey: self.validator });
        }
    }

    /// Registers a new hotkey of a coldkey in place of the hotkey that the person earned with.
    pub fn register_anew(&mut self, seat: usize) {
        let hotkey = Hotkey(self.person.key());
        self.register(seat, hotkey);
    }

    /// Registers again the hotkey that this coldkey used before the present one.
    pub fn register_again(&mut self, seat: usize) {
        let Some(hotkeys) = self.person.seats.get_mut(seat).map(|seat| &mut seat.hotkeys) else { return };
        if hotkeys.len() > 1 {
            let hotkey = hotkeys.remove(hotkeys.len() - 2);
            self.register(seat, hotkey);
        }
    }

    fn register(&mut self, seat: usize, hotkey: Hotkey) {
        let (Some(coldkey), Some(old)) = (self.person.coldkey(seat), self.person.hotkey(self.person.earner))
        else {
            return;
        };
        // A neuron without weight is the one that is replaced.
        self.chain.set_weight(self.netuid, old, 0);
        self.chain.set_weight(self.netuid, hotkey, self.earning_weight());
        self.chain.queue(Call::Register { coldkey, hotkey, netuid: self.netuid });
        if let Some(seat) = self.person.seats.get_mut(seat) {
            seat.hotkeys.push(hotkey);
        }
        self.person.earner = seat;
    }

    /// Earns with the hotkey that this coldkey uses. The one before keeps hardly any weight.
    pub fn earn_with(&mut self, seat: usize) {
        let (Some(old), Some(new)) = (self.person.hotkey(self.person.earner), self.person.hotkey(seat))
        else {
            return;
        };
        if old != new {
            self.chain.set_weight(self.netuid, old, RESERVE_WEIGHT);
            self.chain.set_weight(self.netuid, new, self.earning_weight());
            self.person.earner = seat;
        }
    }

    /// The weight of the neuron that the person earns with.
    fn earning_weight(&self) -> u64 {
        let neurons: usize = self.person.beginnings.iter().map(|beginning| beginning.neurons).sum();
        WEIGHT.saturating_sub(RESERVE_WEIGHT * u64::try_from(neurons.saturating_sub(1)).unwrap_or(0))
    }

    /// Swaps the hotkey of a coldkey. `keep` leaves the stake on the old one.
    pub fn swap_hotkey(&mut self, seat: usize, keep: bool) {
        let (Some(coldkey), Some(old)) = (self.person.coldkey(seat), self.person.hotkey(seat)) else {
            return;
        };
        let new = Hotkey(self.person.key());
        self.chain.queue(Call::SwapHotkey { coldkey, old, new, netuid: Some(self.netuid), keep });
        if let Some(seat) = self.person.seats.get_mut(seat) {
            seat.hotkeys.push(new);
        }
    }

    /// Swaps a coldkey for a new one.
    pub fn swap_coldkey(&mut self, seat: usize) {
        let new = Coldkey(self.person.key());
        self.rename(seat, new);
    }

    /// Swaps a coldkey back for the one before.
    pub fn swap_coldkey_back(&mut self, seat: usize) {
        let names = self.person.seats.get(seat).map(|seat| seat.coldkeys.as_slice());
        if let Some([.., before, _]) = names {
            self.rename(seat, *before);
        }
    }

    fn rename(&mut self, seat: usize, new: Coldkey) {
        let Some(old) = self.person.coldkey(seat) else { return };
        self.chain.queue(Call::SwapColdkey { old, new });
        if let Some(seat) = self.person.seats.get_mut(seat) {
            seat.coldkeys.push(new);
        }
    }
}
