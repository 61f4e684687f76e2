//! What changed in the block that is being made.

use std::collections::{BTreeMap, BTreeSet};

use vesting_core::{Coldkey, Hotkey, NetUid, PositionKey};

use super::account::Account;
use crate::sim::runtime::generation::Generation;

/// What changed in the block that is being made, for whoever writes it down.
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
    /// Hotkeys that nobody owns any more.
    pub(crate) disowned: BTreeSet<Hotkey>,
    /// The runtime before, where another one makes blocks from here on.
    pub(crate) migrated: Option<Generation>,
    pub(crate) collateral: BTreeSet<(NetUid, Hotkey, Coldkey)>,
    /// Hotkeys that have no uid any more.
    pub(crate) unregistered: BTreeSet<(NetUid, Hotkey)>,
    /// Pools cleared away of a subnet that was dissolved before, with whose rows were in them.
    pub(crate) cleared: Vec<(NetUid, Hotkey, Vec<Coldkey>)>,
    /// How many uids a dissolved or trimmed subnet had.
    pub(crate) vacated: BTreeMap<NetUid, usize>,
}

/// What changed in a block and is no part of the state any more.
pub(crate) struct Changed {
    /// Positions whose shares may be others.
    pub(crate) touched: BTreeSet<(NetUid, PositionKey)>,
    /// Coldkeys whose account or delegates may be others, with both.
    pub(crate) accounts: Vec<(Coldkey, Option<Account>, BTreeSet<Coldkey>)>,
}
