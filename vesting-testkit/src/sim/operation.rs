//! Calls, orders and extrinsics: what accounts do.

use std::collections::BTreeMap;

use vesting_core::{Coldkey, Hotkey, NetUid};

/// A limit order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    /// Who signed it.
    pub trader: Coldkey,
    /// The hotkey on which it trades.
    pub hotkey: Hotkey,
    /// Whether it sells alpha; otherwise it buys.
    pub sells: bool,
    /// The alpha that is bought or sold, in rao.
    pub alpha: u64,
}

/// One call. Amounts are alpha in rao. An amount beyond what a position holds stands for all of it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)] // the fields carry the field's own names
pub enum Call {
    AddStake {
        coldkey: Coldkey,
        hotkey: Hotkey,
        netuid: NetUid,
        alpha: u64,
    },
    RemoveStake {
        coldkey: Coldkey,
        hotkey: Hotkey,
        netuid: NetUid,
        alpha: u64,
    },
    MoveStake {
        coldkey: Coldkey,
        from: Hotkey,
        to: Hotkey,
        from_netuid: NetUid,
        to_netuid: NetUid,
        alpha: u64,
    },
    /// A move of at most `limit`.
    MoveStakeLimit {
        coldkey: Coldkey,
        from: Hotkey,
        to: Hotkey,
        from_netuid: NetUid,
        to_netuid: NetUid,
        alpha: u64,
        limit: u64,
    },
    TransferStakeAndHotkey {
        from: Coldkey,
        to: Coldkey,
        from_hotkey: Hotkey,
        to_hotkey: Hotkey,
        from_netuid: NetUid,
        to_netuid: NetUid,
        alpha: u64,
    },
    TransferStake {
        from: Coldkey,
        to: Coldkey,
        hotkey: Hotkey,
        from_netuid: NetUid,
        to_netuid: NetUid,
        alpha: u64,
    },
    SwapStake {
        coldkey: Coldkey,
        hotkey: Hotkey,
        from_netuid: NetUid,
        to_netuid: NetUid,
        alpha: u64,
    },
    Recycle {
        coldkey: Coldkey,
        hotkey: Hotkey,
        netuid: NetUid,
        alpha: u64,
    },
    Burn {
        coldkey: Coldkey,
        hotkey: Hotkey,
        netuid: NetUid,
        alpha: u64,
    },
    Register {
        coldkey: Coldkey,
        hotkey: Hotkey,
        netuid: NetUid,
    },
    /// Registers a hotkey with alpha that is bought and locked as collateral.
    RegisterLocked {
        coldkey: Coldkey,
        hotkey: Hotkey,
        netuid: NetUid,
        alpha: u64,
    },
    /// Locks alpha as collateral. Alpha that is missing is bought.
    AddCollateral {
        coldkey: Coldkey,
        hotkey: Hotkey,
        netuid: NetUid,
        alpha: u64,
    },
    /// Sets the least collateral of a hotkey. While it has less, what it earns is captured.
    SetMinCollateral {
        coldkey: Coldkey,
        hotkey: Hotkey,
        netuid: NetUid,
        alpha: u64,
    },
    /// Executes limit orders, one by one or as a group.
    Orders {
        netuid: NetUid,
        orders: Vec<Order>,
        grouped: bool,
    },
    /// Removes the neurons with the least weight until `left` are left.
    Trim {
        netuid: NetUid,
        left: usize,
    },
    /// Removes the small positions of nominators.
    ClearSmall {
        netuid: NetUid,
    },
    /// Sets the hotkey that gets the owner's cut. Anybody may own it.
    SetOwnerHotkey {
        netuid: NetUid,
        hotkey: Hotkey,
    },
    /// Makes this coldkey the owner of the subnet in the block of the next epoch.
    PassOwnership {
        netuid: NetUid,
        coldkey: Coldkey,
        hotkey: Hotkey,
    },
    /// Makes the subnet's owner a lease. Each contributor gets this many thousandths of what the lease holds.
    Lease {
        netuid: NetUid,
        coldkey: Coldkey,
        hotkey: Hotkey,
        contributors: BTreeMap<Coldkey, u16>,
        interval: u64,
    },
    /// Makes a pool count more shares than there are, as a mistake of an older runtime might. Every position
    /// is worth less.
    Miscount {
        netuid: NetUid,
        hotkey: Hotkey,
    },
    /// Gives these coldkeys shares of a pool that holds no alpha.
    AddWorthlessShares {
        netuid: NetUid,
        hotkey: Hotkey,
        coldkeys: Vec<Coldkey>,
    },
    SetTempo {
        netuid: NetUid,
        tempo: u16,
    },
    TriggerEpoch {
        netuid: NetUid,
    },
    SetAutoStake {
        coldkey: Coldkey,
        netuid: NetUid,
        hotkey: Hotkey,
    },
    /// Buys alpha and burns all of it at once.
    AddStakeBurn {
        coldkey: Coldkey,
        hotkey: Hotkey,
        netuid: NetUid,
        alpha: u64,
    },
    /// Swaps a hotkey, on one subnet or (`None`) on all. `keep` leaves the stake on the old one.
    SwapHotkey {
        coldkey: Coldkey,
        old: Hotkey,
        new: Hotkey,
        netuid: Option<NetUid>,
        keep: bool,
    },
    /// Swaps a coldkey.
    SwapColdkey {
        old: Coldkey,
        new: Coldkey,
    },
    /// A root claim that keeps its alpha. Stake grows, and the event has no amount of alpha, hotkey or
    /// netuid.
    ClaimRoot {
        coldkey: Coldkey,
        hotkey: Hotkey,
        netuid: NetUid,
        alpha: u64,
    },
    /// Locks stake, which stays where it is.
    Lock {
        coldkey: Coldkey,
        hotkey: Hotkey,
        netuid: NetUid,
        alpha: u64,
    },
    /// Dissolves a subnet. All stake on it is gone.
    Dissolve {
        netuid: NetUid,
    },
    /// Registers a subnet under a free netuid.
    RegisterNetwork {
        netuid: NetUid,
        coldkey: Coldkey,
        hotkey: Hotkey,
        tempo: u16,
    },
    /// Adds stake in storage without an event, as a migration might.
    SilentEdit {
        coldkey: Coldkey,
        hotkey: Hotkey,
        netuid: NetUid,
        alpha: u64,
    },
    /// Lets another coldkey act for this one, or ends that where `may` is false.
    SetProxy {
        coldkey: Coldkey,
        delegate: Coldkey,
        may: bool,
    },
    /// A call that fails.
    Fail,
}

impl Call {
    /// The coldkey for which the call is made; `None` for a call of the chain itself.
    #[must_use]
    pub const fn origin(&self) -> Option<Coldkey> {
        match self {
            Self::AddStake { coldkey, .. }
            | Self::RemoveStake { coldkey, .. }
            | Self::MoveStake { coldkey, .. }
            | Self::TransferStake { from: coldkey, .. }
            | Self::MoveStakeLimit { coldkey, .. }
            | Self::TransferStakeAndHotkey { from: coldkey, .. }
            | Self::RegisterLocked { coldkey, .. }
            | Self::AddCollateral { coldkey, .. }
            | Self::SetMinCollateral { coldkey, .. }
            | Self::SwapStake { coldkey, .. }
            | Self::Recycle { coldkey, .. }
            | Self::Burn { coldkey, .. }
            | Self::Register { coldkey, .. }
            | Self::SetAutoStake { coldkey, .. }
            | Self::AddStakeBurn { coldkey, .. }
            | Self::SwapHotkey { coldkey, .. }
            | Self::SwapColdkey { old: coldkey, .. }
            | Self::ClaimRoot { coldkey, .. }
            | Self::Lock { coldkey, .. }
            | Self::RegisterNetwork { coldkey, .. }
            | Self::SetProxy { coldkey, .. } => Some(*coldkey),
            _ => None,
        }
    }
}

/// One extrinsic: calls that share a phase.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Operation {
    /// The calls, in order.
    pub calls: Vec<Call>,
    /// The signer; `None` for the coldkey of the first call. A call for another coldkey fails where the
    /// signer may not act for it.
    pub signer: Option<Coldkey>,
    /// A fee in alpha: (payer, hotkey, netuid, rao). It is paid first, and kept when the calls fail.
    pub fee: Option<(Coldkey, Hotkey, NetUid, u64)>,
    /// Whether the scheduler runs it, inside initialization and after the epoch.
    pub scheduled: bool,
}

impl From<Call> for Operation {
    fn from(call: Call) -> Self {
        Self { calls: vec![call], ..Self::default() }
    }
}
