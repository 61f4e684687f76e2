//! What calls do.

use vesting_core::{Coldkey, Hotkey, NetUid};

use super::chain::{FEE, SimChain};
use super::epoch::Lease;
use super::event::{
    self, AlphaBalance, EventRecord, PalletEvent, Phase, RuntimeEvent, SystemEvent, TaoBalance,
};
use super::generation::Generation;
use super::operation::{Call, Operation};

/// Who signs what is made for nobody.
const SUDO: Coldkey = Coldkey([0xfe; 32]);

impl SimChain {
    pub(super) fn extrinsic(&mut self, phase: Phase, operation: Operation) {
        let signer =
            operation.signer.or_else(|| operation.calls.iter().find_map(Call::origin)).unwrap_or(SUDO);
        self.accounts.sign(signer, operation.fee.is_none());
        if let Some((payer, hotkey, netuid, alpha)) = operation.fee {
            let taken = self.debit(netuid, hotkey, payer, alpha.min(self.free(netuid, hotkey, payer)));
            self.removed(phase, payer, hotkey, netuid, taken, 0);
        }
        let mut fine = true;
        for call in operation.calls {
            fine &= call.origin().is_none_or(|origin| self.accounts.may_act(signer, origin))
                && self.call(phase, call);
        }
        if let Some((payer, _, netuid, alpha)) = operation.fee {
            let (alpha_fee, tao_amount) = (AlphaBalance(alpha), TaoBalance(alpha / 2));
            self.emit(
                phase,
                PalletEvent::TransactionFeePaidWithAlpha {
                    who: payer.into(),
                    netuid: event::NetUid(netuid.0),
                    alpha_fee,
                    tao_amount,
                },
            );
        }
        self.finish(phase, fine);
    }

    fn lock(&mut self, netuid: NetUid, hotkey: Hotkey, coldkey: Coldkey, alpha: u64) {
        if let Some(subnet) = self.subnets.get_mut(&netuid) {
            let (on, locked) = subnet.locks.entry(coldkey).or_insert((hotkey, 0));
            *locked = locked.saturating_add(alpha);
            self.dirty.locks.insert((coldkey, netuid, *on));
        }
    }

    /// Whether so much of a position may leave its coldkey or its subnet: not what is locked.
    pub(super) fn may_leave(&self, netuid: NetUid, hotkey: Hotkey, coldkey: Coldkey, alpha: u64) -> bool {
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

    /// Whether a position holds its collateral when so much was taken.
    fn leaves_collateral(&self, netuid: NetUid, hotkey: Hotkey, coldkey: Coldkey, alpha: u64) -> bool {
        let held = self.alpha(netuid, hotkey, coldkey);
        alpha.min(held) <= self.free(netuid, hotkey, coldkey)
    }

    pub(super) fn finish(&mut self, phase: Phase, fine: bool) {
        let weight = 119_611_567;
        let event = if fine {
            SystemEvent::ExtrinsicSuccess { weight }
        } else {
            SystemEvent::ExtrinsicFailed { weight }
        };
        self.events.push(EventRecord { phase, event: RuntimeEvent::System(event), topics: Vec::new() });
    }

    pub(super) fn removed(
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

    pub(super) fn added(
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

    pub(super) fn point(&mut self, coldkey: Coldkey, hotkey: Hotkey) {
        if self.generation.points_to_stake() {
            self.dirty.pointers.insert((coldkey, hotkey));
        }
    }

    /// Buys alpha at the price of half a TAO.
    pub(super) fn bought(
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

    /// Pays for alpha that was sold, at the price of half a TAO less the fee: who buys and sells again has
    /// less than before.
    pub(super) fn paid(&mut self, coldkey: Coldkey, taken: u64) {
        self.accounts.earn(coldkey, (taken - taken / FEE) / 2);
    }

    /// Takes stake from one position to another; gives whether anything moved.
    fn carry(
        &mut self,
        phase: Phase,
        from: (NetUid, Hotkey, Coldkey),
        to: (NetUid, Hotkey, Coldkey),
        alpha: u64,
    ) -> bool {
        // From where to where it is already, it fails (`SameNetuid`).
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

    /// Takes stake from one coldkey to another, with no event but one of its own.
    fn give(
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

    /// Runs a call; gives whether it succeeded. One that fails changes nothing.
    pub(super) fn call(&mut self, phase: Phase, call: Call) -> bool {
        let id = |netuid: NetUid| event::NetUid(netuid.0);
        match call {
            Call::Fail => false,
            Call::RemoveStake { coldkey, hotkey, netuid, alpha }
            | Call::Recycle { coldkey, hotkey, netuid, alpha }
            | Call::Burn { coldkey, hotkey, netuid, alpha }
                if !self.may_leave(netuid, hotkey, coldkey, alpha) =>
            {
                false
            }
            Call::AddStake { coldkey, hotkey, netuid, alpha } => {
                let there =
                    self.subnets.contains_key(&netuid) && self.owners.contains_key(&hotkey) && alpha > 0;
                if there {
                    self.bought(phase, coldkey, hotkey, netuid, alpha);
                }
                there
            }
            Call::RemoveStake { coldkey, hotkey, netuid, alpha } => {
                let taken = self.debit(netuid, hotkey, coldkey, alpha);
                if taken > 0 {
                    self.removed(phase, coldkey, hotkey, netuid, taken, taken / FEE);
                    self.paid(coldkey, taken);
                    self.clear_if_small(phase, netuid, hotkey, coldkey);
                }
                taken > 0
            }
            Call::MoveStake { coldkey, from, to, from_netuid, to_netuid, alpha } => {
                let done = self.owners.contains_key(&to)
                    && self.carry(phase, (from_netuid, from, coldkey), (to_netuid, to, coldkey), alpha);
                if done {
                    let event = PalletEvent::StakeMoved(
                        coldkey.into(),
                        from.into(),
                        id(from_netuid),
                        to.into(),
                        id(to_netuid),
                        TaoBalance(0),
                    );
                    self.emit(phase, event);
                }
                done
            }
            Call::MoveStakeLimit { coldkey, from, to, from_netuid, to_netuid, alpha, limit } => {
                let alpha = alpha.min(limit);
                self.generation >= Generation::Today
                    && self.call(phase, Call::MoveStake { coldkey, from, to, from_netuid, to_netuid, alpha })
            }
            Call::TransferStakeAndHotkey {
                from,
                to,
                from_hotkey,
                to_hotkey,
                from_netuid,
                to_netuid,
                alpha,
            } => {
                let done = self.generation >= Generation::Today
                    && self.owners.contains_key(&to_hotkey)
                    && self.carry(phase, (from_netuid, from_hotkey, from), (to_netuid, to_hotkey, to), alpha);
                if done {
                    let event = PalletEvent::StakeAndHotkeyTransferred {
                        origin_coldkey: from.into(),
                        destination_coldkey: to.into(),
                        origin_hotkey: from_hotkey.into(),
                        destination_hotkey: to_hotkey.into(),
                        origin_netuid: id(from_netuid),
                        destination_netuid: id(to_netuid),
                        amount: TaoBalance(0),
                    };
                    self.emit(phase, event);
                }
                done
            }
            Call::TransferStake { from, to, hotkey, from_netuid, to_netuid, alpha }
                if self.generation == Generation::Gifts && from_netuid == to_netuid && from != to =>
            {
                self.give(phase, from_netuid, hotkey, (from, to), alpha)
            }
            Call::TransferStake { from, to, hotkey, from_netuid, to_netuid, alpha } => {
                let done = self.carry(phase, (from_netuid, hotkey, from), (to_netuid, hotkey, to), alpha);
                if done {
                    let event = PalletEvent::StakeTransferred(
                        from.into(),
                        to.into(),
                        hotkey.into(),
                        id(from_netuid),
                        id(to_netuid),
                        TaoBalance(0),
                    );
                    self.emit(phase, event);
                }
                done
            }
            Call::SwapStake { coldkey, hotkey, from_netuid, to_netuid, alpha } => {
                let done =
                    self.carry(phase, (from_netuid, hotkey, coldkey), (to_netuid, hotkey, coldkey), alpha);
                if done {
                    let event = PalletEvent::StakeSwapped(
                        coldkey.into(),
                        hotkey.into(),
                        id(from_netuid),
                        id(to_netuid),
                        TaoBalance(0),
                    );
                    self.emit(phase, event);
                }
                done
            }
            Call::Recycle { coldkey, hotkey, netuid, alpha } => {
                let taken = self.debit(netuid, hotkey, coldkey, alpha);
                if taken > 0 {
                    self.emit(
                        phase,
                        PalletEvent::AlphaRecycled(
                            coldkey.into(),
                            hotkey.into(),
                            AlphaBalance(taken),
                            id(netuid),
                        ),
                    );
                }
                taken > 0
            }
            Call::Burn { coldkey, hotkey, netuid, alpha } => {
                let taken = self.debit(netuid, hotkey, coldkey, alpha);
                if taken > 0 {
                    self.emit(
                        phase,
                        PalletEvent::AlphaBurned(
                            coldkey.into(),
                            hotkey.into(),
                            AlphaBalance(taken),
                            id(netuid),
                        ),
                    );
                }
                taken > 0
            }
            Call::AddStakeBurn { coldkey, hotkey, netuid, alpha } => {
                let there =
                    self.subnets.contains_key(&netuid) && self.owners.contains_key(&hotkey) && alpha > 0;
                if there {
                    self.bought(phase, coldkey, hotkey, netuid, alpha);
                    let burned = self.debit(netuid, hotkey, coldkey, alpha);
                    self.emit(
                        phase,
                        PalletEvent::AlphaBurned(
                            coldkey.into(),
                            hotkey.into(),
                            AlphaBalance(burned),
                            id(netuid),
                        ),
                    );
                }
                there
            }
            Call::ClaimRoot { coldkey, hotkey, netuid, alpha } => {
                if self.generation.claims_alpha() {
                    self.credit(netuid, hotkey, coldkey, alpha);
                } else {
                    self.accounts.earn(coldkey, alpha / 2);
                }
                self.emit(
                    phase,
                    PalletEvent::RootClaimed { coldkey: coldkey.into(), tao: TaoBalance(alpha / 2) },
                );
                true
            }
            Call::Lock { coldkey, hotkey, netuid, alpha } => {
                let there =
                    self.generation > Generation::Older && self.alpha(netuid, hotkey, coldkey) >= alpha;
                if there {
                    self.lock(netuid, hotkey, coldkey, alpha);
                    let (coldkey, hotkey, amount) = (coldkey.into(), hotkey.into(), AlphaBalance(alpha));
                    self.emit(
                        phase,
                        PalletEvent::StakeLocked { coldkey, hotkey, netuid: id(netuid), amount },
                    );
                }
                there
            }
            Call::SilentEdit { coldkey, hotkey, netuid, alpha } => {
                self.credit(netuid, hotkey, coldkey, alpha);
                true
            }
            Call::Orders { netuid, orders, grouped } => self.execute_orders(phase, netuid, &orders, grouped),
            other => self.administer(phase, other),
        }
    }

    fn administer(&mut self, phase: Phase, call: Call) -> bool {
        let number = self.head().0 + 1;
        match call {
            Call::RegisterLocked { coldkey, hotkey, netuid, alpha } => {
                return self.register_locked(phase, coldkey, hotkey, netuid, alpha);
            }
            Call::AddCollateral { coldkey, hotkey, netuid, alpha } => {
                return self.add_collateral(phase, coldkey, hotkey, netuid, alpha);
            }
            Call::SetMinCollateral { coldkey, hotkey, netuid, alpha } => {
                return self.set_min_collateral(phase, coldkey, hotkey, netuid, alpha);
            }
            Call::Miscount { netuid, hotkey } => return self.miscount(netuid, hotkey),
            Call::Bury { netuid, hotkey, coldkeys } => return self.bury(netuid, hotkey, &coldkeys),
            Call::Trim { netuid, left } => return self.trim(netuid, left),
            Call::ClearSmall { netuid } => return self.clear_small(phase, netuid),
            Call::SetOwnerHotkey { netuid, hotkey } => return self.set_owner_hotkey(phase, netuid, hotkey),
            Call::PassOwnership { netuid, coldkey, hotkey } => {
                let Some(subnet) = self.subnets.get_mut(&netuid) else { return false };
                subnet.next_owner = Some((coldkey, hotkey));
            }
            Call::Lease { netuid, coldkey, hotkey, contributors, interval } => {
                let Some(subnet) = self.subnets.get_mut(&netuid) else { return false };
                subnet.lease =
                    Some(Lease { id: u32::from(netuid.0), coldkey, hotkey, contributors, interval });
            }
            Call::Register { coldkey, hotkey, netuid } => {
                return self.register(phase, coldkey, hotkey, netuid);
            }
            Call::SwapHotkey { coldkey, old, new, netuid, keep } => {
                return self.swap_hotkey(phase, coldkey, (old, new), netuid, keep);
            }
            Call::SwapColdkey { old, new } => return self.swap_coldkey(phase, old, new),
            Call::Dissolve { netuid } => return self.dissolve(phase, netuid),
            Call::RegisterNetwork { netuid, coldkey, hotkey, tempo } => {
                return self.register_network(phase, netuid, (coldkey, hotkey), tempo);
            }
            Call::SetTempo { netuid, tempo } => {
                let Some(subnet) = self.subnets.get_mut(&netuid) else { return false };
                // Moves the cycle's start here without an epoch (docs/chain.md#the-epoch-test).
                subnet.counters.tempo = tempo;
                subnet.last_epoch = number;
                subnet.pending = None;
                self.dirty.schedules.insert(netuid);
            }
            Call::TriggerEpoch { netuid } => {
                let Some(subnet) = self.subnets.get_mut(&netuid) else { return false };
                let (at, owner) = (number + 3, subnet.owner.0);
                subnet.pending = Some(at);
                self.dirty.schedules.insert(netuid);
                self.emit(
                    phase,
                    PalletEvent::EpochTriggered {
                        netuid: event::NetUid(netuid.0),
                        by: owner.into(),
                        fires_at: at,
                    },
                );
            }
            Call::SetProxy { coldkey, delegate, may } => {
                return self.accounts.set_proxy(coldkey, delegate, may);
            }
            Call::SetAutoStake { coldkey, netuid, hotkey } => {
                let Some(subnet) = self.subnets.get_mut(&netuid) else { return false };
                subnet.auto_stake.insert(coldkey, hotkey);
                self.dirty.auto_stake.insert((coldkey, netuid));
            }
            _ => return false,
        }
        true
    }

    /// Removes what nominators have less of than is worth keeping.
    fn clear_small(&mut self, phase: Phase, netuid: NetUid) -> bool {
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

    /// Removes a nominator's position where it is small, with an event of its own though nobody asked for it
    /// (docs/chain.md#what-no-event-tells).
    fn clear_if_small(&mut self, phase: Phase, netuid: NetUid, hotkey: Hotkey, coldkey: Coldkey) {
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

    /// Unstakes, at the end of a block, what is so little that a conversion of shares leaves it out
    /// (docs/chain.md#what-no-event-tells).
    pub(super) fn sweep_dust(&mut self, below: u64) {
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
