//! The states before and after a block.

use std::collections::{BTreeMap, BTreeSet};

use crate::ports::SubnetState;
use crate::units::{BlockRef, Coldkey, Millis, PositionKey, Rao};

/// The parts that were read of the states before and after a block. Their traces show whose positions were
/// read.
#[derive(Debug, Clone, Default)]
pub(crate) struct StatesAround {
    pub(crate) before: SubnetState,
    pub(crate) after: SubnetState,
    /// The parent and its time, as the state of the parent has them.
    pub(crate) parent: Option<(BlockRef, Millis)>,
}

/// The positions of these coldkeys.
pub(crate) fn of_coldkeys(
    positions: &BTreeMap<PositionKey, Rao>,
    coldkeys: &BTreeSet<Coldkey>,
) -> BTreeMap<PositionKey, Rao> {
    positions
        .iter()
        .filter(|(key, _)| coldkeys.contains(&key.coldkey))
        .map(|(key, alpha)| (*key, *alpha))
        .collect()
}
