//! What events of a generation mean, as the core's events.

use vesting_core::{Coldkey, Hotkey, Rao, StakeEvent};

use super::event::{AccountId32, NetUid, OrderType, OrdersEvent, PalletEvent, RuntimeEvent};
use super::generation::Generation;

fn netuid(id: NetUid) -> vesting_core::NetUid {
    vesting_core::NetUid(id.0)
}

fn hot(key: AccountId32) -> Hotkey {
    Hotkey(key.0)
}

fn cold(key: AccountId32) -> Coldkey {
    Coldkey(key.0)
}

impl RuntimeEvent {
    /// The event as a core event, as a reader of this generation must understand it.
    pub(crate) fn meaning(&self, generation: Generation) -> Option<StakeEvent> {
        match self {
            Self::System(_) => None,
            Self::SubtensorModule(event) => event.meaning(generation),
            Self::LimitOrders(OrdersEvent::OrderExecuted {
                signer,
                netuid: n,
                order_type,
                amount_in,
                amount_out,
                ..
            }) => {
                let sells = *order_type != OrderType::LimitBuy;
                let alpha = Rao(if sells { *amount_in } else { *amount_out });
                Some(StakeEvent::OrderExecuted { trader: cold(*signer), netuid: netuid(*n), sells, alpha })
            }
            Self::LimitOrders(OrdersEvent::GroupExecutionSummary { netuid: n, executed_count, .. }) => {
                Some(StakeEvent::OrdersGrouped { netuid: netuid(*n), orders: *executed_count })
            }
        }
    }
}

impl PalletEvent {
    /// The event as a core event, as a reader of this generation must understand it.
    pub(crate) fn meaning(&self, generation: Generation) -> Option<StakeEvent> {
        let told = |alpha: u64| (generation > Generation::Oldest).then_some(Rao(alpha));
        Some(match self {
            Self::NeuronRegistered(..)
            | Self::NetworkAdded(..)
            | Self::AlphaGifted { .. }
            | Self::StakeLocked { .. }
            | Self::SubnetOwnerHotkeySet(..)
            | Self::CollateralLocked { .. }
            | Self::MinCollateralSet { .. }
            | Self::NetworkDissolveCleanupCompleted { .. } => return None,
            Self::SubnetOwnerChanged { netuid: n, new_coldkey, .. } => {
                StakeEvent::OwnerChanged { netuid: netuid(*n), new: cold(*new_coldkey) }
            }
            Self::SubnetLeaseDividendsDistributed { contributor, alpha, .. } => {
                StakeEvent::LeaseDividend { contributor: cold(*contributor), alpha: Rao(alpha.0) }
            }
            Self::SharePoolDenominatorReconciled { hotkey, netuid: n } => {
                StakeEvent::PoolReconciled { hotkey: hot(*hotkey), netuid: netuid(*n) }
            }
            Self::StakeAndHotkeyTransferred {
                origin_coldkey,
                destination_coldkey,
                origin_hotkey,
                destination_hotkey,
                origin_netuid,
                destination_netuid,
                ..
            } => StakeEvent::StakeAndHotkeyTransferred {
                from_coldkey: cold(*origin_coldkey),
                to_coldkey: cold(*destination_coldkey),
                from_hotkey: hot(*origin_hotkey),
                to_hotkey: hot(*destination_hotkey),
                from_netuid: netuid(*origin_netuid),
                to_netuid: netuid(*destination_netuid),
            },
            Self::NetworkRemoved(n) => StakeEvent::NetworkRemoved { netuid: netuid(*n) },
            Self::HotkeySwapped { coldkey, old_hotkey, new_hotkey } => StakeEvent::HotkeySwapped {
                coldkey: cold(*coldkey),
                old: hot(*old_hotkey),
                new: hot(*new_hotkey),
                netuid: None,
            },
            Self::HotkeySwappedOnSubnet { coldkey, old_hotkey, new_hotkey, netuid: n } => {
                StakeEvent::HotkeySwapped {
                    coldkey: cold(*coldkey),
                    old: hot(*old_hotkey),
                    new: hot(*new_hotkey),
                    netuid: Some(netuid(*n)),
                }
            }
            Self::ColdkeySwapped { old_coldkey, new_coldkey, .. } => {
                StakeEvent::ColdkeySwapped { old: cold(*old_coldkey), new: cold(*new_coldkey) }
            }
            Self::RootClaimed { coldkey, .. } => StakeEvent::RootClaimed { coldkey: cold(*coldkey) },
            Self::StakeAdded(c, h, _, alpha, n, _) => StakeEvent::StakeAdded {
                coldkey: cold(*c),
                hotkey: hot(*h),
                netuid: netuid(*n),
                alpha: told(alpha.0),
            },
            // The alpha includes the fee or leaves it out (docs/chain.md#removals-and-their-fee).
            Self::StakeRemoved(c, h, _, alpha, n, fee) => StakeEvent::StakeRemoved {
                coldkey: cold(*c),
                hotkey: hot(*h),
                netuid: netuid(*n),
                alpha: told(if generation.fee_inside() { alpha.0 } else { alpha.0.saturating_add(*fee) }),
                fee: told(*fee).filter(|_| !generation.fee_inside()).unwrap_or_default(),
            },
            Self::StakeMoved(c, from, from_netuid, to, to_netuid, _) => StakeEvent::StakeMoved {
                coldkey: cold(*c),
                from_hotkey: hot(*from),
                from_netuid: netuid(*from_netuid),
                to_hotkey: hot(*to),
                to_netuid: netuid(*to_netuid),
            },
            Self::StakeTransferred(from, to, h, from_netuid, to_netuid, _) => StakeEvent::StakeTransferred {
                from_coldkey: cold(*from),
                to_coldkey: cold(*to),
                hotkey: hot(*h),
                from_netuid: netuid(*from_netuid),
                to_netuid: netuid(*to_netuid),
            },
            Self::StakeSwapped(c, h, from, to, _) => StakeEvent::StakeSwapped {
                coldkey: cold(*c),
                hotkey: hot(*h),
                from_netuid: netuid(*from),
                to_netuid: netuid(*to),
            },
            Self::AlphaRecycled(c, h, alpha, n) => StakeEvent::AlphaRecycled {
                coldkey: cold(*c),
                hotkey: hot(*h),
                netuid: netuid(*n),
                alpha: Rao(alpha.0),
            },
            Self::AlphaBurned(c, h, alpha, n) => StakeEvent::AlphaBurned {
                coldkey: cold(*c),
                hotkey: hot(*h),
                netuid: netuid(*n),
                alpha: Rao(alpha.0),
            },
            Self::TransactionFeePaidWithAlpha { who, alpha_fee, .. } => {
                StakeEvent::FeePaidWithAlpha { who: cold(*who), alpha: Rao(alpha_fee.0) }
            }
            Self::IncentiveAlphaEmittedToMiners { netuid: index, emissions } => {
                StakeEvent::IncentiveEmitted {
                    netuid: vesting_core::NetUid(index.0 % 4096),
                    mechanism: index.0 / 4096,
                    emissions: emissions.iter().map(|e| Rao(e.0)).collect(),
                }
            }
            Self::AutoStakeAdded { netuid: n, destination, hotkey, owner, incentive } => {
                StakeEvent::AutoStakeAdded {
                    netuid: netuid(*n),
                    destination: hot(*destination),
                    hotkey: hot(*hotkey),
                    owner: cold(*owner),
                    incentive: Rao(incentive.0),
                }
            }
            Self::EpochSkipped { netuid: n, .. } => StakeEvent::EpochSkipped { netuid: netuid(*n) },
            Self::EpochDeferred { netuid: n, .. } => StakeEvent::EpochDeferred { netuid: netuid(*n) },
            Self::EpochTriggered { netuid: n, .. } => StakeEvent::EpochTriggered { netuid: netuid(*n) },
        })
    }
}
