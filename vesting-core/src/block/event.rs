//! What the chain says happened to stake, in words that outlive its runtimes.

use crate::units::{Coldkey, Hotkey, NetUid, Rao};

/// When in a block an event happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// Before any extrinsic: emission, root claims, scheduled calls.
    Initialization,
    /// Within the extrinsic of this index.
    Extrinsic(u32),
    /// After the last extrinsic.
    Finalization,
}

impl std::fmt::Display for Phase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Initialization => f.write_str("initialization"),
            Self::Extrinsic(index) => write!(f, "extrinsic:{index}"),
            Self::Finalization => f.write_str("finalization"),
        }
    }
}

/// An event of a block that bears on stake, with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainEvent {
    /// Its index among all events of the block.
    pub index: u32,
    /// When it happened.
    pub phase: Phase,
    /// What happened.
    pub event: StakeEvent,
}

/// What happened. Amounts are alpha in rao, as they changed the position.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)] // the fields carry the field's own names
pub enum StakeEvent {
    /// Alpha came to a position. `alpha` is what was credited (`None` where the runtime does not say).
    StakeAdded { coldkey: Coldkey, hotkey: Hotkey, netuid: NetUid, alpha: Option<Rao> },
    /// Alpha left a position. `alpha` is *all* that was debited, a fee on top included: the adapter knows the
    /// generation of the runtime that made the block (`None` where the runtime does not say). `fee` is the
    /// part of it that the event gives apart: on a runtime not measured yet it may be inside the rest
    /// already.
    StakeRemoved { coldkey: Coldkey, hotkey: Hotkey, netuid: NetUid, alpha: Option<Rao>, fee: Rao },
    /// The removal and the addition before it were one move of a coldkey.
    StakeMoved {
        coldkey: Coldkey,
        from_hotkey: Hotkey,
        from_netuid: NetUid,
        to_hotkey: Hotkey,
        to_netuid: NetUid,
    },
    /// The removal and the addition before it were one transfer to another coldkey.
    StakeTransferred {
        from_coldkey: Coldkey,
        to_coldkey: Coldkey,
        hotkey: Hotkey,
        from_netuid: NetUid,
        to_netuid: NetUid,
    },
    /// The removal and the addition before it were one transfer to another coldkey and another hotkey.
    StakeAndHotkeyTransferred {
        from_coldkey: Coldkey,
        to_coldkey: Coldkey,
        from_hotkey: Hotkey,
        to_hotkey: Hotkey,
        from_netuid: NetUid,
        to_netuid: NetUid,
    },
    /// The removal and the addition before it were one swap between subnets.
    StakeSwapped { coldkey: Coldkey, hotkey: Hotkey, from_netuid: NetUid, to_netuid: NetUid },
    /// A limit order was executed. Its trader sold (`sells`) or bought `alpha`, on a hotkey that the event
    /// does not name. Alone it has a stake event beside it; in a group it is the only word of the trade.
    OrderExecuted { trader: Coldkey, netuid: NetUid, sells: bool, alpha: Rao },
    /// The `orders` executed last on this subnet in this extrinsic were traded as one group.
    OrdersGrouped { netuid: NetUid, orders: u32 },
    /// The removal and the addition before it paid a contributor its part of a lease's dividends.
    LeaseDividend { contributor: Coldkey, alpha: Rao },
    /// All shares of a hotkey's pool were counted anew, so that its positions are worth more or less.
    PoolReconciled { hotkey: Hotkey, netuid: NetUid },
    /// A subnet has another owner, from the payout of this very block on.
    OwnerChanged { netuid: NetUid, new: Coldkey },
    /// Alpha was recycled.
    AlphaRecycled { coldkey: Coldkey, hotkey: Hotkey, netuid: NetUid, alpha: Rao },
    /// Alpha was burned.
    AlphaBurned { coldkey: Coldkey, hotkey: Hotkey, netuid: NetUid, alpha: Rao },
    /// An extrinsic's fee was paid in alpha; its `StakeRemoved` stands before.
    FeePaidWithAlpha { who: Coldkey, alpha: Rao },
    /// Incentive by uid. `mechanism` and `netuid` are taken apart already.
    IncentiveEmitted { netuid: NetUid, mechanism: u16, emissions: Vec<Rao> },
    /// Incentive of `hotkey` was credited to (`destination`, `owner`) instead.
    AutoStakeAdded { netuid: NetUid, destination: Hotkey, hotkey: Hotkey, owner: Coldkey, incentive: Rao },
    /// A root claim of this coldkey: it may have raised any of its positions, without an amount.
    RootClaimed { coldkey: Coldkey },
    /// A hotkey got a new name, on one subnet or (`None`) on all.
    HotkeySwapped { coldkey: Coldkey, old: Hotkey, new: Hotkey, netuid: Option<NetUid> },
    /// A coldkey got a new name.
    ColdkeySwapped { old: Coldkey, new: Coldkey },
    /// A subnet was dissolved.
    NetworkRemoved { netuid: NetUid },
    /// A due epoch could not run here.
    EpochSkipped { netuid: NetUid },
    /// A due epoch was put off to a later block.
    EpochDeferred { netuid: NetUid },
    /// An epoch was asked for early.
    EpochTriggered { netuid: NetUid },
}
