//! What is asked of the state of a block.

use std::collections::{BTreeMap, BTreeSet};

use super::{Roster, TraceKeys};
use crate::units::{BlockNumber, Coldkey, NetUid};

/// What is asked of the state of one block. Every answer has the block's number and hash, its time, its
/// runtime, and the counters of the subnets named.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ask {
    /// Whether to read the events that concern stake.
    pub events: bool,
    /// The subnets.
    pub subnets: BTreeMap<NetUid, SubnetAsk>,
    /// Whether one subnet may fail by itself. If its counters cannot be read, it is in
    /// [`BlockState::unread`](super::BlockState::unread), and the others are answered.
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

    /// The same question for the state after a block. Where the block is an epoch, locks are asked for too.
    #[must_use]
    pub(crate) fn after(mut self) -> Self {
        self.subnets.values_mut().for_each(|ask| ask.locks = ask.neurons != NeuronsAsk::No);
        self
    }

    /// A question about one subnet.
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
    /// The coldkeys whose positions are asked for.
    pub coldkeys: BTreeSet<Coldkey>,
    /// Whether to leave out `touched` of their positions. It is of no use where an interval only begins.
    pub skip_pointers: bool,
    /// Whether the positions will be recorded. A chain that is read through others' nodes then confirms them,
    /// by the runtime's own sums or by reading them twice. The answer is the same.
    pub recorded: bool,
    /// Whether to read how much of the stake of these coldkeys is locked.
    pub locks: bool,
    /// How the runtime's own answer about these positions is used.
    pub own_word: OwnWord,
    /// What to expect of the answer. Nothing depends on it but the number of requests.
    pub expected: Roster,
    /// Storage that is only compared with that of another block.
    pub traces: TraceKeys,
}

impl SubnetAsk {
    /// The positions of these coldkeys.
    #[must_use]
    pub fn positions(coldkeys: BTreeSet<Coldkey>, expected: Roster) -> Self {
        Self { coldkeys, expected, ..Self::default() }
    }
}

/// How the runtime's own answer about positions is used, where storage is enough to work them out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OwnWord {
    /// Not at all, unless it has contradicted its storage before.
    #[default]
    No,
    /// To be compared with these positions, which are those of every holder. The block is that of the epoch
    /// before. All are compared when the runtime is first met, later those that are due. The answer is the
    /// same.
    ComparedSince(BlockNumber),
    /// To be compared with some of these positions, and with the total of their coldkeys. The answer is the
    /// same.
    Sampled,
    /// It is the answer, instead of storage.
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
    /// They are, and so are the positions of the coldkeys that own one.
    WithPositions,
}
