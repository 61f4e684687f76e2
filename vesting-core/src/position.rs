//! Positions and neurons: whose stake lies where.

use crate::{Coldkey, Hotkey, Uid};

/// A position on a subnet: the stake of one coldkey on one hotkey.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PositionKey {
    /// Where the stake lies.
    pub hotkey: Hotkey,
    /// Whose it is.
    pub coldkey: Coldkey,
}

/// A registered neuron in some block's state (`Keys`, `Owner`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Neuron {
    /// Its place.
    pub uid: Uid,
    /// Its hotkey.
    pub hotkey: Hotkey,
    /// The owner of the hotkey.
    pub coldkey: Coldkey,
}

impl Neuron {
    /// The neuron's own position: its owner's stake on its hotkey.
    #[must_use]
    pub const fn position(&self) -> PositionKey {
        PositionKey { hotkey: self.hotkey, coldkey: self.coldkey }
    }
}
