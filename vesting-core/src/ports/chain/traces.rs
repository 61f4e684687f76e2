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

/// A storage value, only good for telling whether it is another one than before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fingerprint(pub Vec<u8>);

/// What can be seen of a position without working out its alpha.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PositionTrace {
    /// Its shares: another value after every credit and debit.
    pub shares: Fingerprint,
    /// `LastColdkeyHotkeyStakeBlock`: the last block in which this coldkey staked or unstaked on this
    /// hotkey, on any subnet, as far as the chain notes it (0 for never, where it was to be left out, and on
    /// the runtimes that note nothing of subnets any more).
    pub touched: BlockNumber,
}

/// What can be seen of a coldkey's doings without reading events.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ColdkeyTrace {
    /// `StakingHotkeys`: on which hotkeys it may have stake, on any subnet. Loses one when a key is swapped,
    /// and on the newer runtimes when nothing is left on it.
    pub staking: BTreeSet<Hotkey>,
    /// `System.Account`, with those of whoever may act for it by proxy: another value after every extrinsic
    /// that it signs or that is signed for it, and whenever TAO comes or goes.
    pub account: Fingerprint,
}

/// What can be compared between blocks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Traces {
    /// Of positions.
    pub positions: BTreeMap<PositionKey, PositionTrace>,
    /// Of share pools: total alpha and total shares.
    pub pools: BTreeMap<Hotkey, Fingerprint>,
    /// Of coldkeys.
    pub coldkeys: BTreeMap<Coldkey, ColdkeyTrace>,
}
