//! The events of the simulated runtime, in the shape of the real one's, with indices of its own.

#![allow(clippy::cast_possible_truncation)] // in what the codec's derive makes of explicit indices

use codec::Encode;
use scale_info::TypeInfo;
use vesting_core::{Coldkey, Hotkey, Rao, StakeEvent};

use super::generation::Generation;

/// An account, as the metadata names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, TypeInfo)]
pub(crate) struct AccountId32(pub(crate) [u8; 32]);

impl From<Hotkey> for AccountId32 {
    fn from(key: Hotkey) -> Self {
        Self(key.0)
    }
}

impl From<Coldkey> for AccountId32 {
    fn from(key: Coldkey) -> Self {
        Self(key.0)
    }
}

/// A netuid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, TypeInfo)]
pub(crate) struct NetUid(pub(crate) u16);

/// A netuid with a mechanism: mechanism × 4096 + netuid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, TypeInfo)]
pub(crate) struct NetUidStorageIndex(pub(crate) u16);

/// An amount of TAO in rao.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, TypeInfo)]
pub(crate) struct TaoBalance(pub(crate) u64);

/// An amount of alpha in rao.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, TypeInfo)]
pub(crate) struct AlphaBalance(pub(crate) u64);

/// Events of the pallet `SubtensorModule`.
#[derive(Debug, Clone, PartialEq, Eq, Encode, TypeInfo)]
pub(crate) enum PalletEvent {
    #[codec(index = 0)]
    NetworkRemoved(NetUid),
    #[codec(index = 1)]
    NeuronRegistered(NetUid, u16, AccountId32),
    #[codec(index = 2)]
    NetworkAdded(NetUid, u16),
    #[codec(index = 4)]
    StakeAdded(AccountId32, AccountId32, TaoBalance, AlphaBalance, NetUid, u64),
    #[codec(index = 5)]
    StakeRemoved(AccountId32, AccountId32, TaoBalance, AlphaBalance, NetUid, u64),
    #[codec(index = 9)]
    StakeMoved(AccountId32, AccountId32, NetUid, AccountId32, NetUid, TaoBalance),
    #[codec(index = 12)]
    StakeTransferred(AccountId32, AccountId32, AccountId32, NetUid, NetUid, TaoBalance),
    #[codec(index = 13)]
    StakeSwapped(AccountId32, AccountId32, NetUid, NetUid, TaoBalance),
    #[codec(index = 20)]
    AlphaRecycled(AccountId32, AccountId32, AlphaBalance, NetUid),
    #[codec(index = 21)]
    AlphaBurned(AccountId32, AccountId32, AlphaBalance, NetUid),
    #[codec(index = 30)]
    TransactionFeePaidWithAlpha {
        who: AccountId32,
        netuid: NetUid,
        alpha_fee: AlphaBalance,
        tao_amount: TaoBalance,
    },
    #[codec(index = 31)]
    HotkeySwapped { coldkey: AccountId32, old_hotkey: AccountId32, new_hotkey: AccountId32 },
    #[codec(index = 32)]
    HotkeySwappedOnSubnet {
        coldkey: AccountId32,
        old_hotkey: AccountId32,
        new_hotkey: AccountId32,
        netuid: NetUid,
    },
    #[codec(index = 33)]
    ColdkeySwapped { old_coldkey: AccountId32, new_coldkey: AccountId32, swap_cost: TaoBalance },
    #[codec(index = 34)]
    RootClaimed { coldkey: AccountId32, tao: TaoBalance },
    #[codec(index = 35)]
    StakeLocked { coldkey: AccountId32, hotkey: AccountId32, netuid: NetUid, amount: AlphaBalance },
    #[codec(index = 40)]
    IncentiveAlphaEmittedToMiners { netuid: NetUidStorageIndex, emissions: Vec<AlphaBalance> },
    #[codec(index = 41)]
    AutoStakeAdded {
        netuid: NetUid,
        destination: AccountId32,
        hotkey: AccountId32,
        owner: AccountId32,
        incentive: AlphaBalance,
    },
    #[codec(index = 42)]
    SubnetOwnerHotkeySet(NetUid, AccountId32),
    #[codec(index = 43)]
    SubnetOwnerChanged { netuid: NetUid, old_coldkey: AccountId32, new_coldkey: AccountId32 },
    #[codec(index = 44)]
    SubnetLeaseDividendsDistributed { lease_id: u32, contributor: AccountId32, alpha: AlphaBalance },
    #[codec(index = 45)]
    CollateralLocked { netuid: NetUid, hotkey: AccountId32, locked: AlphaBalance, total_locked: AlphaBalance },
    #[codec(index = 46)]
    MinCollateralSet { netuid: NetUid, hotkey: AccountId32, min_locked: AlphaBalance },
    #[codec(index = 47)]
    SharePoolDenominatorReconciled { hotkey: AccountId32, netuid: NetUid },
    #[codec(index = 48)]
    StakeAndHotkeyTransferred {
        origin_coldkey: AccountId32,
        destination_coldkey: AccountId32,
        origin_hotkey: AccountId32,
        destination_hotkey: AccountId32,
        origin_netuid: NetUid,
        destination_netuid: NetUid,
        amount: TaoBalance,
    },
    #[codec(index = 49)]
    NetworkDissolveCleanupCompleted { netuid: NetUid },
    #[codec(index = 55)]
    AlphaGifted {
        from: AccountId32,
        to: AccountId32,
        hotkey: AccountId32,
        netuid: NetUid,
        alpha: AlphaBalance,
    },
    #[codec(index = 50)]
    EpochSkipped { netuid: NetUid, block: u64 },
    #[codec(index = 51)]
    EpochDeferred { netuid: NetUid, from_block: u64, to_block: u64 },
    #[codec(index = 52)]
    EpochTriggered { netuid: NetUid, by: AccountId32, fires_at: u64 },
}

/// What an order is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, TypeInfo)]
pub(crate) enum OrderType {
    #[codec(index = 0)]
    LimitBuy,
    #[codec(index = 1)]
    TakeProfit,
    #[codec(index = 2)]
    StopLoss,
}

/// What a group of orders is short of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, TypeInfo)]
pub(crate) enum OrderSide {
    #[codec(index = 0)]
    Buy,
    #[codec(index = 1)]
    Sell,
}

/// Events of the pallet `LimitOrders`.
#[derive(Debug, Clone, PartialEq, Eq, Encode, TypeInfo)]
pub(crate) enum OrdersEvent {
    #[codec(index = 0)]
    OrderExecuted {
        order_id: [u8; 32],
        signer: AccountId32,
        netuid: NetUid,
        order_type: OrderType,
        amount_in: u64,
        amount_out: u64,
    },
    #[codec(index = 3)]
    GroupExecutionSummary {
        netuid: NetUid,
        net_side: OrderSide,
        net_amount: u64,
        actual_out: u64,
        executed_count: u32,
    },
}

/// Events of the pallet `System`.
#[derive(Debug, Clone, PartialEq, Eq, Encode, TypeInfo)]
pub(crate) enum SystemEvent {
    #[codec(index = 0)]
    ExtrinsicSuccess { weight: u64 },
    #[codec(index = 1)]
    ExtrinsicFailed { weight: u64 },
}

/// Every event of the runtime.
#[derive(Debug, Clone, PartialEq, Eq, Encode, TypeInfo)]
pub(crate) enum RuntimeEvent {
    #[codec(index = 0)]
    System(SystemEvent),
    #[codec(index = 7)]
    SubtensorModule(PalletEvent),
    #[codec(index = 32)]
    LimitOrders(OrdersEvent),
}

impl RuntimeEvent {
    /// The event in the core's words, as a reader of this generation must understand it.
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

/// When an event happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, TypeInfo)]
pub(crate) enum Phase {
    #[codec(index = 0)]
    ApplyExtrinsic(u32),
    #[codec(index = 1)]
    Finalization,
    #[codec(index = 2)]
    Initialization,
}

impl From<Phase> for vesting_core::Phase {
    fn from(phase: Phase) -> Self {
        match phase {
            Phase::ApplyExtrinsic(index) => Self::Extrinsic(index),
            Phase::Finalization => Self::Finalization,
            Phase::Initialization => Self::Initialization,
        }
    }
}

/// An event with its place, as `System.Events` holds it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, TypeInfo)]
pub(crate) struct EventRecord {
    pub(crate) phase: Phase,
    pub(crate) event: RuntimeEvent,
    pub(crate) topics: Vec<[u8; 32]>,
}

fn netuid(id: NetUid) -> vesting_core::NetUid {
    vesting_core::NetUid(id.0)
}

fn hot(key: AccountId32) -> Hotkey {
    Hotkey(key.0)
}

fn cold(key: AccountId32) -> Coldkey {
    Coldkey(key.0)
}

impl PalletEvent {
    /// Its name.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::NetworkRemoved(..) => "NetworkRemoved",
            Self::NetworkAdded(..) => "NetworkAdded",
            Self::AlphaGifted { .. } => "AlphaGifted",
            Self::SubnetOwnerHotkeySet(..) => "SubnetOwnerHotkeySet",
            Self::SubnetOwnerChanged { .. } => "SubnetOwnerChanged",
            Self::SubnetLeaseDividendsDistributed { .. } => "SubnetLeaseDividendsDistributed",
            Self::CollateralLocked { .. } => "CollateralLocked",
            Self::MinCollateralSet { .. } => "MinCollateralSet",
            Self::SharePoolDenominatorReconciled { .. } => "SharePoolDenominatorReconciled",
            Self::StakeAndHotkeyTransferred { .. } => "StakeAndHotkeyTransferred",
            Self::NetworkDissolveCleanupCompleted { .. } => "NetworkDissolveCleanupCompleted",
            Self::NeuronRegistered(..) => "NeuronRegistered",
            Self::StakeAdded(..) => "StakeAdded",
            Self::StakeRemoved(..) => "StakeRemoved",
            Self::StakeMoved(..) => "StakeMoved",
            Self::StakeTransferred(..) => "StakeTransferred",
            Self::StakeSwapped(..) => "StakeSwapped",
            Self::AlphaRecycled(..) => "AlphaRecycled",
            Self::AlphaBurned(..) => "AlphaBurned",
            Self::TransactionFeePaidWithAlpha { .. } => "TransactionFeePaidWithAlpha",
            Self::HotkeySwapped { .. } => "HotkeySwapped",
            Self::HotkeySwappedOnSubnet { .. } => "HotkeySwappedOnSubnet",
            Self::ColdkeySwapped { .. } => "ColdkeySwapped",
            Self::RootClaimed { .. } => "RootClaimed",
            Self::StakeLocked { .. } => "StakeLocked",
            Self::IncentiveAlphaEmittedToMiners { .. } => "IncentiveAlphaEmittedToMiners",
            Self::AutoStakeAdded { .. } => "AutoStakeAdded",
            Self::EpochSkipped { .. } => "EpochSkipped",
            Self::EpochDeferred { .. } => "EpochDeferred",
            Self::EpochTriggered { .. } => "EpochTriggered",
        }
    }

    /// The event in the core's words, as a reader of this generation must understand it.
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
            // The fee is inside or on top (docs/chain.md#removals-and-their-fee).
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
