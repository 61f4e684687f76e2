//! What calls about neurons, subnets and accounts do.

use crate::sim::chain::state::SimChain;
use crate::sim::chain::subnet::Lease;
use crate::sim::operation::Call;
use crate::sim::runtime::event::{self, PalletEvent, Phase};

impl SimChain {
    /// Runs a call about neurons, subnets or accounts, and returns whether it succeeded.
    pub(super) fn administer(&mut self, phase: Phase, call: Call) -> bool {
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
            Call::AddWorthlessShares { netuid, hotkey, coldkeys } => {
                return self.add_worthless_shares(netuid, hotkey, &coldkeys);
            }
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
                // The cycle begins here, without an epoch (docs/chain.md#the-epoch-test).
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
}
