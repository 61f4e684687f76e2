//! The events of the simulated runtime. Their fields are those of the real runtime, their indices are not.

#![allow(clippy::cast_possible_truncation)] // in what the codec's derive makes of explicit indices

use codec::Encode;
use scale_info::TypeInfo;
use vesting_core::{Coldkey, Hotkey};

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

/// The side of a group of orders that outweighs the other.
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

/// The part of a block in which an event happened.
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
}
