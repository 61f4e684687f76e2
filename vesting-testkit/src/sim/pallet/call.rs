//! What calls about stake do.

use vesting_core::NetUid;

use crate::sim::chain::rates::FEE;
use crate::sim::chain::state::SimChain;
use crate::sim::operation::Call;
use crate::sim::runtime::event::{self, AlphaBalance, PalletEvent, Phase, TaoBalance};
use crate::sim::runtime::generation::Generation;

impl SimChain {
    /// Runs a call and returns whether it succeeded. A call that fails changes nothing.
    pub(in crate::sim) fn call(&mut self, phase: Phase, call: Call) -> bool {
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
}
