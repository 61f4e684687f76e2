//! A swapped key.

use crate::ledger::Source;
use crate::units::{Coldkey, Hotkey, PositionKey};

/// A swapped key. All of its stake on the subnet goes to the new key, and no event states the amount. A
/// hotkey's stake may also stay; only balances show that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Swap {
    /// Its event.
    pub source: Source,
    /// Which key.
    pub keys: SwappedKeys,
}

/// The old and the new key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SwappedKeys {
    /// A hotkey, for everyone with stake on it.
    Hotkey(Hotkey, Hotkey),
    /// A coldkey, on every hotkey it has stake on.
    Coldkey(Coldkey, Coldkey),
}

impl SwappedKeys {
    /// The position that this one becomes, if the swap concerns it.
    #[must_use]
    pub fn renamed(&self, key: &PositionKey) -> Option<PositionKey> {
        match *self {
            Self::Hotkey(old, new) if key.hotkey == old => Some(PositionKey { hotkey: new, ..*key }),
            Self::Coldkey(old, new) if key.coldkey == old => Some(PositionKey { coldkey: new, ..*key }),
            _ => None,
        }
    }

    /// The position whose stake this one may have got, if the swap concerns it.
    #[must_use]
    pub fn origin(&self, key: &PositionKey) -> Option<PositionKey> {
        match *self {
            Self::Hotkey(old, new) if key.hotkey == new => Some(PositionKey { hotkey: old, ..*key }),
            Self::Coldkey(old, new) if key.coldkey == new => Some(PositionKey { coldkey: old, ..*key }),
            _ => None,
        }
    }
}
