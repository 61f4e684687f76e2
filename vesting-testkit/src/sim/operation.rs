//! What accounts do.

use vesting_core::{Coldkey, Hotkey, NetUid};

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
    /// Changes storage without a word, as a migration might.
    SilentEdit {
        coldkey: Coldkey,
        hotkey: Hotkey,
        netuid: NetUid,
        alpha: u64,
    },
    /// Fails.
    Fail,
}

/// One extrinsic: calls that share a phase.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Operation {
    /// The calls, in order.
    pub calls: Vec<Call>,
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
