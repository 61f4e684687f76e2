//! Everything that the state digest covers.

use std::collections::BTreeMap;

use crate::score::multiplier::Multiplier;
use crate::units::{BlockHash, Coldkey, Neuron};
use crate::window::WindowLedger;

/// Everything that the state digest covers. [`StakeTracker::state`](crate::report::StakeTracker::state) makes
/// it.
///
/// ```
/// use std::collections::BTreeMap;
///
/// use vesting_core::digest::{StatePart, WindowState};
/// use vesting_core::window::Window;
/// use vesting_core::{BlockHash, BlockNumber, BlockRef, Coldkey, Epoch, Millis, NetUid, WindowLedger};
///
/// let epoch = |number: u64| Epoch {
///     block: BlockRef { number: BlockNumber(number), hash: BlockHash([1; 32]) },
///     pre_block: BlockRef { number: BlockNumber(number - 1), hash: BlockHash([2; 32]) },
///     time: Millis(number * 12_000),
///     index: None,
///     tempo: 360,
///     registered_at: BlockNumber(7),
/// };
/// let window = Window {
///     as_of: epoch(400),
///     length: Millis(480_000),
///     start: BlockNumber(399),
///     epochs: vec![epoch(400)],
///     incomplete_since: None,
/// };
/// let ledger = WindowLedger {
///     netuid: NetUid(2),
///     window,
///     holders: BTreeMap::new(),
///     successions: Vec::new(),
///     openings: Vec::new(),
///     entries: Vec::new(),
/// };
/// let (genesis, multipliers) = (BlockHash([7; 32]), BTreeMap::new());
/// let ours = WindowState { genesis, neurons: Vec::new(), ledger, multipliers };
/// let mut theirs = ours.clone();
/// theirs.ledger.holders.insert(Coldkey([2; 32]), BlockNumber(399));
/// assert_ne!(ours.summary().digest(), theirs.summary().digest());
/// assert_eq!(ours.summary().difference(&theirs.summary()), Some(StatePart::Holders));
/// ```
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
