//! The states before and after a block.

use std::collections::{BTreeMap, BTreeSet};

use crate::ports::SubnetState;
use crate::units::{BlockRef, Coldkey, Millis, PositionKey, Rao};

/// The states before and after a block, as far as they were read. Their traces tell whose positions they
/// hold.
#[derive(Debug, Clone, Default)]
pub(crate) struct StatesAround {
    pub(crate) before: SubnetState,
    pub(crate) after: SubnetState,
    /// The parent and its time, as its state says.
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
