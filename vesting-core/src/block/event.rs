//! Stake events, in a form that stays the same from runtime to runtime.

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

/// An event of a block that concerns stake, with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainEvent {
    /// Its index among all events of the block.
    pub index: u32,
    /// When it happened.
    pub phase: Phase,
    /// What happened.
    pub event: StakeEvent,
}

/// A stake event. Amounts are alpha in rao, as they changed the position.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)] // the fields carry the field's own names
pub enum StakeEvent {
    /// Alpha was credited to a position. `alpha` is how much (`None` where the runtime does not say).
    StakeAdded { coldkey: Coldkey, hotkey: Hotkey, netuid: NetUid, alpha: Option<Rao> },
    /// Alpha was debited from a position. `alpha` is *all* that was debited, a fee on top included (`None`
    /// where the runtime does not say). The adapter knows this from the generation of the runtime that made
    /// the block. `fee` is the part that the event states separately. On a runtime not measured yet, the rest
    /// may already include it.
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
    /// does not name. A single order also has a stake event. For an order of a group, this is the only event
    /// of the trade.
    OrderExecuted { trader: Coldkey, netuid: NetUid, sells: bool, alpha: Rao },
    /// The last `orders` executed orders of this subnet and extrinsic were traded as one group.
    OrdersGrouped { netuid: NetUid, orders: u32 },
    /// The removal and the addition before it paid a contributor its part of a lease's dividends.
    LeaseDividend { contributor: Coldkey, alpha: Rao },
    /// All shares of a hotkey's pool were recounted, so its positions are worth more or less.
    PoolReconciled { hotkey: Hotkey, netuid: NetUid },
    /// A subnet has a new owner, from this block's own payout on.
    OwnerChanged { netuid: NetUid, new: Coldkey },
    /// Alpha was recycled.
    AlphaRecycled { coldkey: Coldkey, hotkey: Hotkey, netuid: NetUid, alpha: Rao },
    /// Alpha was burned.
    AlphaBurned { coldkey: Coldkey, hotkey: Hotkey, netuid: NetUid, alpha: Rao },
    /// An extrinsic's fee was paid in alpha. Its `StakeRemoved` comes before.
    FeePaidWithAlpha { who: Coldkey, alpha: Rao },
    /// The incentive of each uid. `mechanism` and `netuid` are separated already.
    IncentiveEmitted { netuid: NetUid, mechanism: u16, emissions: Vec<Rao> },
    /// Incentive of `hotkey` was credited to (`destination`, `owner`) instead.
    AutoStakeAdded { netuid: NetUid, destination: Hotkey, hotkey: Hotkey, owner: Coldkey, incentive: Rao },
    /// This coldkey made a root claim. It may have raised any of its positions; the event states no amount.
    RootClaimed { coldkey: Coldkey },
    /// A hotkey was swapped for a new one, on one subnet or (`None`) on all.
    HotkeySwapped { coldkey: Coldkey, old: Hotkey, new: Hotkey, netuid: Option<NetUid> },
    /// A coldkey was swapped for a new one.
    ColdkeySwapped { old: Coldkey, new: Coldkey },
    /// A subnet was dissolved.
    NetworkRemoved { netuid: NetUid },
    /// A due epoch could not run here.
    EpochSkipped { netuid: NetUid },
    /// A due epoch was deferred to a later block.
    EpochDeferred { netuid: NetUid },
    /// An epoch was triggered early.
    EpochTriggered { netuid: NetUid },
}
