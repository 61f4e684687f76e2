//! What a chain answers about a block.

use std::collections::{BTreeMap, BTreeSet};

use super::{ChainError, Roster, Traces};
use crate::block::BlockFacts;
use crate::units::{Coldkey, NetUid, Neuron, PositionKey, Rao, SubnetOwner};

/// A subnet in the state of one block: the parts that were asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SubnetState {
    /// Its neurons, by uid.
    pub neurons: Vec<Neuron>,
    /// Its owner.
    pub owner: Option<SubnetOwner>,
    /// The alpha of the positions asked for, without those of zero. It is exactly what the runtime that made
    /// the block would report. A subnet that does not exist in the state has no positions, whatever its
    /// storage still shows. It ended with `NetworkRemoved`; what the chain clears over the next blocks is
    /// nobody's.
    pub positions: BTreeMap<PositionKey, Rao>,
    /// The traces asked for, and those of every position and coldkey that was read.
    pub traces: Traces,
    /// The part of their stake on the subnet that coldkeys cannot move, because of locks or as collateral.
    /// Coldkeys without such a part are left out. `None` where it was not asked for, or the node cannot tell.
    pub locks: Option<BTreeMap<Coldkey, Rao>>,
}

impl SubnetState {
    /// What to expect of this subnet's state in nearby blocks.
    #[must_use]
    pub fn roster(&self) -> Roster {
        Roster { neurons: self.neurons.clone(), positions: self.traces.positions.keys().copied().collect() }
    }

    /// The coldkeys of these whose positions were not read.
    #[must_use]
    pub fn lacking(&self, coldkeys: &BTreeSet<Coldkey>) -> BTreeSet<Coldkey> {
        coldkeys.iter().filter(|coldkey| !self.traces.coldkeys.contains_key(coldkey)).copied().collect()
    }

    /// Adds what another read of the same state gave.
    pub fn absorb(&mut self, other: Self) {
        self.positions.extend(other.positions);
        self.traces.positions.extend(other.traces.positions);
        self.traces.pools.extend(other.traces.pools);
        self.traces.coldkeys.extend(other.traces.coldkeys);
        if let Some(locks) = other.locks {
            self.locks.get_or_insert_default().extend(locks);
        }
    }
}

/// The answer to an [`Ask`](super::Ask).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockState {
    /// The block; without events where they were not asked for.
    pub facts: BlockFacts,
    /// The subnets asked for, including those that do not exist.
    pub subnets: BTreeMap<NetUid, SubnetState>,
    /// Subnets that were asked for [apart](super::Ask::apart) and could not be read. Nothing else of them is
    /// here.
    pub unread: BTreeMap<NetUid, ChainError>,
}

impl BlockState {
    /// Takes out the state of one subnet.
    #[must_use]
    pub fn take(&mut self, netuid: NetUid) -> SubnetState {
        self.subnets.remove(&netuid).unwrap_or_default()
    }
}
