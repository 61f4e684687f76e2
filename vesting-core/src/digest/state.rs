//! Everything that the state digest covers.

use std::collections::BTreeMap;

use crate::score::multiplier::Multiplier;
use crate::units::{BlockHash, Coldkey, Neuron};
use crate::window::WindowLedger;

/// Everything that the state digest covers. [`StakeTracker::state`](crate::report::StakeTracker::state) makes
/// it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WindowState {
    /// The genesis hash of the chain.
    pub genesis: BlockHash,
    /// The neurons in the state of `as_of`, by uid.
    pub neurons: Vec<Neuron>,
    /// The ledger of the window.
    pub ledger: WindowLedger,
    /// The multipliers of its holders.
    pub multipliers: BTreeMap<Coldkey, Multiplier>,
}
