//! Positions and neurons: whose stake is on which hotkey.

use crate::units::{Coldkey, Hotkey, Uid};

/// A position on a subnet: the stake of one coldkey on one hotkey.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PositionKey {
    /// The hotkey that the stake is on.
    pub hotkey: Hotkey,
    /// The coldkey that owns the stake.
    pub coldkey: Coldkey,
}

/// A registered neuron in some block's state (`Keys`, `Owner`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Neuron {
    /// Its slot in the subnet.
    pub uid: Uid,
    /// Its hotkey.
    pub hotkey: Hotkey,
    /// The owner of the hotkey.
    pub coldkey: Coldkey,
}

/// Who owns a subnet in some block's state (`SubnetOwner`, `SubnetOwnerHotkey`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SubnetOwner {
    /// The owner's coldkey.
    pub coldkey: Coldkey,
    /// The hotkey that gets the owner's cut, where one is set. Another coldkey may own it.
    pub hotkey: Option<Hotkey>,
}

impl SubnetOwner {
    /// Whether a neuron's incentive is burned or recycled instead of credited. So it is for every hotkey of
    /// the owner, and for `SubnetOwnerHotkey`, whoever owns that.
    #[must_use]
    pub fn forgoes(&self, neuron: &Neuron) -> bool {
        neuron.coldkey == self.coldkey || self.hotkey == Some(neuron.hotkey)
    }
}

impl Neuron {
    /// The neuron's own position: its owner's stake on its hotkey.
    #[must_use]
    pub const fn position(&self) -> PositionKey {
        PositionKey { hotkey: self.hotkey, coldkey: self.coldkey }
    }
}
