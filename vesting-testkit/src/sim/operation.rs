//! What accounts do.

use std::collections::BTreeMap;

use vesting_core::{Coldkey, Hotkey, NetUid};

/// An order; its amount is the alpha bought or sold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    /// Who signed it.
    pub trader: Coldkey,
    /// On which hotkey.
    pub hotkey: Hotkey,
    /// Whether it sells.
    pub sells: bool,
    /// How much, in rao.
    pub alpha: u64,
}

/// One call. Amounts are alpha in rao; more than there is sells all of it.
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
    /// As a move, but of no more than `limit`.
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
    /// Registers with alpha that is bought and locked as collateral.
    RegisterLocked {
        coldkey: Coldkey,
        hotkey: Hotkey,
        netuid: NetUid,
        alpha: u64,
    },
    /// Locks alpha as collateral; what is not free yet is bought.
    AddCollateral {
        coldkey: Coldkey,
        hotkey: Hotkey,
        netuid: NetUid,
        alpha: u64,
    },
    /// Sets below which collateral what a hotkey earns is captured.
    SetMinCollateral {
        coldkey: Coldkey,
        hotkey: Hotkey,
        netuid: NetUid,
        alpha: u64,
    },
    /// Executes limit orders of others, one by one or as a group.
    Orders {
        netuid: NetUid,
        orders: Vec<Order>,
        grouped: bool,
    },
    /// Takes the least useful neurons off a subnet.
    Trim {
        netuid: NetUid,
        left: usize,
    },
    /// Removes the small positions of nominators.
    ClearSmall {
        netuid: NetUid,
    },
    /// Sets which hotkey gets the owner's cut, whoever owns it.
    SetOwnerHotkey {
        netuid: NetUid,
        hotkey: Hotkey,
    },
    /// Makes somebody the owner in the block of the next epoch.
    PassOwnership {
        netuid: NetUid,
        coldkey: Coldkey,
        hotkey: Hotkey,
    },
    /// Has what a lease earns paid to its contributors, each so many thousandths of what it holds.
    Lease {
        netuid: NetUid,
        coldkey: Coldkey,
        hotkey: Hotkey,
        contributors: BTreeMap<Coldkey, u16>,
        interval: u64,
    },
    /// Counts more shares in a pool than there are, as an older runtime's mistake might: everybody has less.
    Miscount {
        netuid: NetUid,
        hotkey: Hotkey,
    },
    /// Leaves shares of these coldkeys in a pool without alpha.
    Bury {
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
    /// Buys and burns at once: nothing is left of it.
    AddStakeBurn {
        coldkey: Coldkey,
        hotkey: Hotkey,
        netuid: NetUid,
        alpha: u64,
    },
    /// Gives a hotkey a new name, on one subnet or (`None`) on all; `keep` leaves the stake behind.
    SwapHotkey {
        coldkey: Coldkey,
        old: Hotkey,
        new: Hotkey,
        netuid: Option<NetUid>,
        keep: bool,
    },
    /// Gives a coldkey a new name.
    SwapColdkey {
        old: Coldkey,
        new: Coldkey,
    },
    /// A root claim that keeps its alpha: a rise with no amount, hotkey or netuid announced.
    ClaimRoot {
        coldkey: Coldkey,
        hotkey: Hotkey,
        netuid: NetUid,
        alpha: u64,
    },
    /// Locks stake: it stays where it is.
    Lock {
        coldkey: Coldkey,
        hotkey: Hotkey,
        netuid: NetUid,
        alpha: u64,
    },
    /// Dissolves a subnet: all stake on it is gone.
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
    /// Changes storage without a word, as a migration might.
    SilentEdit {
        coldkey: Coldkey,
        hotkey: Hotkey,
        netuid: NetUid,
        alpha: u64,
    },
    /// Lets another coldkey act for this one, or (`may` false) no more.
    SetProxy {
        coldkey: Coldkey,
        delegate: Coldkey,
        may: bool,
    },
    /// Fails.
    Fail,
}

impl Call {
    /// The coldkey that it is made for; `None` for one that is nobody's.
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
    /// Who signs it; `None` for whom the first call is made for. A call for somebody else fails where the
    /// signer may not act for that coldkey.
    pub signer: Option<Coldkey>,
    /// A fee paid in alpha first, kept even when the calls fail: (payer, hotkey, netuid, rao).
    pub fee: Option<(Coldkey, Hotkey, NetUid, u64)>,
    /// Run by the scheduler inside initialization, after the epoch.
    pub scheduled: bool,
}

impl From<Call> for Operation {
    fn from(call: Call) -> Self {
        Self { calls: vec![call], ..Self::default() }
    }
}
