//! What to expect of the state of a subnet.

use std::collections::BTreeSet;

use crate::units::{Neuron, PositionKey};

/// What is known of a subnet beforehand, so that its state can be read in one go.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Roster {
    /// The hotkeys by uid with their owners.
    pub neurons: Vec<Neuron>,
    /// Positions to expect.
    pub positions: BTreeSet<PositionKey>,
}
