//! What changes in the block that is being made.

use std::collections::{BTreeMap, BTreeSet};

use vesting_core::{Coldkey, Hotkey, NetUid, PositionKey};

use super::account::Account;
use crate::sim::runtime::generation::Generation;

/// What changed so far in the block that is being made. It says what is written when the block ends.
#[derive(Debug, Default)]
pub(crate) struct Dirty {
    pub(crate) pools: BTreeSet<(NetUid, Hotkey)>,
    pub(crate) gone: BTreeSet<(NetUid, PositionKey)>,
    pub(crate) staking: BTreeSet<Coldkey>,
    pub(crate) neurons: BTreeSet<NetUid>,
    pub(crate) schedules: BTreeSet<NetUid>,
    pub(crate) auto_stake: BTreeSet<(Coldkey, NetUid)>,
    pub(crate) locks: BTreeSet<(Coldkey, NetUid, Hotkey)>,
    pub(crate) pointers: BTreeSet<(Coldkey, Hotkey)>,
    /// Hotkeys that lost their owner.
    pub(crate) disowned: BTreeSet<Hotkey>,
    /// The runtime before this one, where this block is the first of another runtime.
    pub(crate) migrated: Option<Generation>,
    pub(crate) collateral: BTreeSet<(NetUid, Hotkey, Coldkey)>,
    /// Hotkeys that lost their uid.
    pub(crate) unregistered: BTreeSet<(NetUid, Hotkey)>,
    /// Pools of a dissolved subnet that were cleared away, with the coldkeys of their rows.
    pub(crate) cleared: Vec<(NetUid, Hotkey, Vec<Coldkey>)>,
    /// How many uids a subnet had before it was dissolved or trimmed.
    pub(crate) vacated: BTreeMap<NetUid, usize>,
}

/// Changes of a block that its state alone does not show.
pub(crate) struct Changed {
    /// Positions whose shares may have changed.
    pub(crate) touched: BTreeSet<(NetUid, PositionKey)>,
    /// Coldkeys whose account or delegates may have changed, with both.
    pub(crate) accounts: Vec<(Coldkey, Option<Account>, BTreeSet<Coldkey>)>,
}
