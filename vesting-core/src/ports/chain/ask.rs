//! What is asked of the state of a block.

use std::collections::{BTreeMap, BTreeSet};

use super::{Roster, TraceKeys};
use crate::units::{BlockNumber, Coldkey, NetUid};

/// What is asked of the state of one block. The block's place, its time, its runtime and the counters
/// of the subnets named are always answered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ask {
    /// The events that bear on stake.
    pub events: bool,
    /// The subnets.
    pub subnets: BTreeMap<NetUid, SubnetAsk>,
    /// A subnet whose counters cannot be read is told of in [`BlockState::unread`], and the others are
    /// answered.
    pub apart: bool,
}

impl Ask {
    /// Only the counters of subnets.
    #[must_use]
    pub fn counters(netuids: &[NetUid]) -> Self {
        Self {
            subnets: netuids.iter().map(|netuid| (*netuid, SubnetAsk::default())).collect(),
            ..Self::default()
        }
    }

    /// The events, and the counters of subnets.
    #[must_use]
    pub fn events(netuids: &[NetUid]) -> Self {
        Self { events: true, ..Self::counters(netuids) }
    }

    /// The same of the state after a block: where it is an epoch, what is locked too.
    #[must_use]
    pub(crate) fn after(mut self) -> Self {
        self.subnets.values_mut().for_each(|ask| ask.locks = ask.neurons != NeuronsAsk::No);
        self
    }

    /// This of one subnet.
    #[must_use]
    pub fn of(netuid: NetUid, ask: SubnetAsk) -> Self {
        Self { subnets: BTreeMap::from([(netuid, ask)]), ..Self::default() }
    }
}

/// What is asked of one subnet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SubnetAsk {
    /// Its neurons.
    pub neurons: NeuronsAsk,
    /// Whose positions.
    pub coldkeys: BTreeSet<Coldkey>,
    /// Leave `touched` of their positions out: of no use where an interval only begins.
    pub skip_pointers: bool,
    /// The positions are to be recorded: a chain that is read through others' nodes makes sure of them, by
    /// the runtime's own sums or by reading them twice. The answer is the same.
    pub recorded: bool,
    /// How much of the stake of those whose positions are read is locked.
    pub locks: bool,
    /// What the runtime's own word about these positions is asked for.
    pub own_word: OwnWord,
    /// What to expect of the answer. Nothing depends on it but the number of requests.
    pub expected: Roster,
    /// What is only to be compared with another block's.
    pub traces: TraceKeys,
}

impl SubnetAsk {
    /// The positions of these coldkeys.
    #[must_use]
    pub fn positions(coldkeys: BTreeSet<Coldkey>, expected: Roster) -> Self {
        Self { coldkeys, expected, ..Self::default() }
    }
}

/// What the runtime's own word about positions is asked for, where they can be worked out from its storage.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OwnWord {
    /// For nothing, unless it has contradicted its storage before.
    #[default]
    No,
    /// These are the positions of every holder, and the epoch before was in this block: they are compared
    /// with it, all of them when the runtime is first met, later those that are due. The answer is the same.
    ComparedSince(BlockNumber),
    /// Some of these positions are compared with it, and what their coldkeys have in total. The answer is the
    /// same.
    Sampled,
    /// It is the answer.
    Instead,
}

/// Whether neurons are asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum NeuronsAsk {
    /// They are not.
    #[default]
    No,
    /// They are, with the subnet's owner.
    Yes,
    /// They are, and so are the positions of those who own one.
    WithPositions,
}
