//! A key that got a new name.

use crate::ledger::Source;
use crate::units::{Coldkey, Hotkey, PositionKey};

/// A key that got a new name. All of its stake on the subnet goes with it, with no amount announced
/// (a hotkey's stake may also stay, which only balances tell).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Swap {
    /// Its event.
    pub source: Source,
    /// Which key.
    pub keys: SwappedKeys,
}

/// The old and the new name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SwappedKeys {
    /// A hotkey, for everyone who has stake on it.
    Hotkey(Hotkey, Hotkey),
    /// A coldkey, on every hotkey it has stake on.
    Coldkey(Coldkey, Coldkey),
}

impl SwappedKeys {
    /// Where a position is afterwards, if the swap is about it.
    #[must_use]
    pub fn renamed(&self, key: &PositionKey) -> Option<PositionKey> {
        match *self {
            Self::Hotkey(old, new) if key.hotkey == old => Some(PositionKey { hotkey: new, ..*key }),
            Self::Coldkey(old, new) if key.coldkey == old => Some(PositionKey { coldkey: new, ..*key }),
            _ => None,
        }
    }

    /// Where what is at a position afterwards may have been before, if the swap is about it.
    #[must_use]
    pub fn origin(&self, key: &PositionKey) -> Option<PositionKey> {
        match *self {
            Self::Hotkey(old, new) if key.hotkey == new => Some(PositionKey { hotkey: old, ..*key }),
            Self::Coldkey(old, new) if key.coldkey == new => Some(PositionKey { coldkey: old, ..*key }),
            _ => None,
        }
    }
}
