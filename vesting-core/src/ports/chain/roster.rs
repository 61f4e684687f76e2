//! What to expect of the state of a subnet.

use std::collections::BTreeSet;

use crate::units::{Neuron, PositionKey};

/// What is expected of a subnet, so that its state can be read with few requests.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Roster {
    /// The expected hotkeys by uid, with their owners.
    pub neurons: Vec<Neuron>,
    /// The expected positions.
    pub positions: BTreeSet<PositionKey>,
}
