//! What can be compared between blocks without reading events.

use std::collections::{BTreeMap, BTreeSet};

use crate::units::{BlockNumber, Coldkey, Hotkey, PositionKey};

/// Which storage to compare between blocks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TraceKeys {
    /// Positions whose shares are compared.
    pub positions: BTreeSet<PositionKey>,
    /// Hotkeys whose share pools are compared.
    pub pools: BTreeSet<Hotkey>,
    /// Coldkeys whose hotkeys and accounts are compared.
    pub coldkeys: BTreeSet<Coldkey>,
}

/// A storage value that only shows whether it has changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fingerprint(pub Vec<u8>);

/// Signs of change of a position, without working out its alpha.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PositionTrace {
    /// Its shares: another value after every credit and debit.
    pub shares: Fingerprint,
    /// `LastColdkeyHotkeyStakeBlock`: the last block in which this coldkey staked or unstaked on this hotkey,
    /// on any subnet, as far as the chain notes it. It is 0 for never, where the question left it out, and on
    /// the runtimes that no longer note subnets.
    pub touched: BlockNumber,
}

/// Signs of what a coldkey did, without reading events.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ColdkeyTrace {
    /// `StakingHotkeys`: the hotkeys on which it may have stake, on any subnet. A hotkey is removed when a
    /// key is swapped, and on the newer runtimes when no stake is left on it.
    pub staking: BTreeSet<Hotkey>,
    /// `System.Account`, with the accounts of its proxies. The value changes after every extrinsic that it or
    /// a proxy signs, and whenever its TAO changes.
    pub account: Fingerprint,
}

/// What can be compared between blocks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Traces {
    /// The traces of positions.
    pub positions: BTreeMap<PositionKey, PositionTrace>,
    /// The share pools: total alpha and total shares.
    pub pools: BTreeMap<Hotkey, Fingerprint>,
    /// The traces of coldkeys.
    pub coldkeys: BTreeMap<Coldkey, ColdkeyTrace>,
}
