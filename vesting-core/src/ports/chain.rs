//! The chain, as the core sees it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use async_trait::async_trait;

use crate::block::BlockFacts;
use crate::units::{
    BlockHash, BlockNumber, BlockRef, Coldkey, Hotkey, NetUid, Neuron, PositionKey, Rao, SubnetOwner,
};

/// Why a chain did not answer. Each kind demands one reaction.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChainError {
    /// The endpoint did not answer or broke off. Reaction: try again, then another endpoint.
    #[error("{0}")]
    Unreachable(String),
    /// The endpoints want to be left alone for a while. Reaction: wait as long, then try again.
    #[error("{why}; asked again in {} s", wait.as_secs())]
    Limited {
        /// Who said so, and in what words.
        why: String,
        /// How long.
        wait: Duration,
    },
    /// Every endpoint serves another chain than the one expected. Reaction: stop and say so; while following,
    /// wait.
    #[error(
        "the endpoint {endpoint} serves another chain (genesis {genesis}, not {expected}): check `--network` or `--endpoints`"
    )]
    OtherChain {
        /// The endpoint, as it may be shown.
        endpoint: String,
        /// The genesis hash of the chain that it serves.
        genesis: BlockHash,
        /// The one that was expected.
        expected: BlockHash,
    },
    /// The node does not have the state of this block any more. Reaction: ask an archive endpoint.
    #[error(
        "the node has discarded the state of block {block}: use an archive endpoint (`--network archive`, or `--endpoints` with one)"
    )]
    Pruned {
        /// The block whose state was asked for.
        block: BlockNumber,
    },
    /// The chain does not have this finalized block (yet). Reaction: wait for the head.
    #[error("block {0} is not there: the finalized head is below it")]
    NoSuchBlock(BlockNumber),
    /// The subnet does not exist in that state. Reaction: stop and say so.
    #[error("subnet {netuid} does not exist at block {block}: check `--netuid`")]
    NoSuchSubnet {
        /// The subnet.
        netuid: NetUid,
        /// The block in whose state it was looked for.
        block: BlockNumber,
    },
    /// The runtime that made a block cannot be read: its metadata cannot be decoded, or lacks what cannot be
    /// done without. Reaction: say so and write nothing; another endpoint or a newer version of the program
    /// may read it.
    #[error(
        "the chain's runtime (spec {spec_version}) cannot be read: {why}; a newer version of vesting may know it, and `vesting doctor` says what to do"
    )]
    Unreadable {
        /// The version of the runtime.
        spec_version: u32,
        /// What is wrong with it.
        why: String,
    },
    /// A node or a runtime lacks something that cannot be done without. Reaction: stop and say so.
    #[error("{0}")]
    Unsupported(String),
    /// The runtime itself says of a position what its storage was not taken to say. From here on its own word
    /// is taken, but what was recorded of this subnet by its storage may be wrong. Reaction: take the record
    /// back to its last epoch at or before `agreed`, or to the last one that an older runtime made; tell
    /// [`ChainPort::taken_back`]; read again. Until then no positions of the subnet are read. Where the
    /// record cannot be read again, leave it and say so.
    #[error(
        "subnet {netuid}: the runtime (spec {spec_version}) contradicts its storage at block {block}, so the record is to be read again {}; an endpoint with the state of those blocks is needed for that (`--network archive`, or `--endpoints` with an archive endpoint), and until then nothing is written",
        since(*agreed)
    )]
    Contradicted {
        /// The subnet.
        netuid: NetUid,
        /// The runtime.
        spec_version: u32,
        /// The block in whose state it showed.
        block: BlockNumber,
        /// The block up to which its storage is known to have said the same of every position; `None` where
        /// this process has not seen that.
        agreed: Option<BlockNumber>,
    },
    /// An answer does not mean what it should. Reaction: another endpoint; if it stays, stop and say so.
    #[error("{0}")]
    Malformed(String),
}

/// From where on a record is to be read again, in words.
fn since(agreed: Option<BlockNumber>) -> String {
    agreed.map_or_else(
        || "as far as that runtime made its blocks".to_owned(),
        |block| format!("from block {block} on"),
    )
}

impl ChainError {
    /// Whether the same may go well a little later, with the same endpoints.
    #[must_use]
    pub const fn is_passing(&self) -> bool {
        matches!(
            self,
            Self::Unreachable(_) | Self::Limited { .. } | Self::NoSuchBlock(_) | Self::Malformed(_)
        )
    }
}

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

/// What is known of a subnet beforehand, so that its state can be read in one go.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Roster {
    /// The hotkeys by uid with their owners.
    pub neurons: Vec<Neuron>,
    /// Positions to expect.
    pub positions: BTreeSet<PositionKey>,
}

/// Which storage to compare between blocks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TraceKeys {
    /// Positions whose shares are compared.
    pub positions: BTreeSet<PositionKey>,
    /// Hotkeys whose share pools are compared.
    pub pools: BTreeSet<Hotkey>,
    /// Coldkeys whose hotkeys and accounts are compared.
    pub coldkeys: BTreeSet<Coldkey>,
}

/// A storage value, only good for telling whether it is another one than before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fingerprint(pub Vec<u8>);

/// What can be seen of a position without working out its alpha.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PositionTrace {
    /// Its shares: another value after every credit and debit.
    pub shares: Fingerprint,
    /// `LastColdkeyHotkeyStakeBlock`: the last block in which this coldkey staked or unstaked on this
    /// hotkey, on any subnet, as far as the chain notes it (0 for never, where it was to be left out, and on
    /// the runtimes that note nothing of subnets any more).
    pub touched: BlockNumber,
}

/// What can be seen of a coldkey's doings without reading events.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ColdkeyTrace {
    /// `StakingHotkeys`: on which hotkeys it may have stake, on any subnet. Loses one when a key is swapped,
    /// and on the newer runtimes when nothing is left on it.
    pub staking: BTreeSet<Hotkey>,
    /// `System.Account`, with those of whoever may act for it by proxy: another value after every extrinsic
    /// that it signs or that is signed for it, and whenever TAO comes or goes.
    pub account: Fingerprint,
}

/// What can be compared between blocks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Traces {
    /// Of positions.
    pub positions: BTreeMap<PositionKey, PositionTrace>,
    /// Of share pools: total alpha and total shares.
    pub pools: BTreeMap<Hotkey, Fingerprint>,
    /// Of coldkeys.
    pub coldkeys: BTreeMap<Coldkey, ColdkeyTrace>,
}

/// A subnet in the state of one block, as far as it was asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SubnetState {
    /// Its neurons, by uid.
    pub neurons: Vec<Neuron>,
    /// Its owner.
    pub owner: Option<SubnetOwner>,
    /// The alpha of the positions asked for that have any: exactly what the runtime that made the block would
    /// report. A subnet that does not exist in the state has none, whatever its storage still shows: its life
    /// ended with `NetworkRemoved`, and what the chain clears away over the next blocks is nobody's.
    pub positions: BTreeMap<PositionKey, Rao>,
    /// The traces asked for, and those of every position and coldkey that was looked at.
    pub traces: Traces,
    /// The part of their stake on the subnet that coldkeys cannot move, by locks or as collateral, where
    /// there is any; `None` where it was not asked for or the node cannot tell.
    pub locks: Option<BTreeMap<Coldkey, Rao>>,
}

impl SubnetState {
    /// What to expect of this subnet's state some blocks away.
    #[must_use]
    pub fn roster(&self) -> Roster {
        Roster { neurons: self.neurons.clone(), positions: self.traces.positions.keys().copied().collect() }
    }

    /// Those of the coldkeys whose positions were not read.
    #[must_use]
    pub fn lacking(&self, coldkeys: &BTreeSet<Coldkey>) -> BTreeSet<Coldkey> {
        coldkeys.iter().filter(|coldkey| !self.traces.coldkeys.contains_key(coldkey)).copied().collect()
    }

    /// Takes in what was read besides of the same state.
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

/// The answer to an [`Ask`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockState {
    /// The block; without events where they were not asked for.
    pub facts: BlockFacts,
    /// The subnets asked for, also where they do not exist.
    pub subnets: BTreeMap<NetUid, SubnetState>,
    /// Subnets that were asked for [apart](Ask::apart) and cannot be read: nothing else of them is here.
    pub unread: BTreeMap<NetUid, ChainError>,
}

impl BlockState {
    /// Takes out the state of one subnet.
    #[must_use]
    pub fn take(&mut self, netuid: NetUid) -> SubnetState {
        self.subnets.remove(&netuid).unwrap_or_default()
    }
}

/// A source of finalized blocks and of historical state.
///
/// Promises: only finalized blocks; answers about one block never change, and all of an answer is of
/// that block's state. A read that was begun and is not waited for yet keeps no other from its end.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait ChainPort: Send + Sync {
    /// The genesis hash: which chain this is.
    async fn genesis(&self) -> Result<BlockHash, ChainError>;

    /// The newest finalized block.
    async fn finalized_head(&self) -> Result<BlockRef, ChainError>;

    /// Waits until a finalized block above `after` may be there, and gives the head then. Only a
    /// wake-up: the caller goes by its own watermark.
    async fn wait_for_head_above(&self, after: BlockNumber) -> Result<BlockRef, ChainError>;

    /// Reads a block and the state after it.
    async fn read(&self, number: BlockNumber, ask: &Ask) -> Result<BlockState, ChainError>;

    /// A block with its events, and the counters of subnets, for who takes in every block. Subnets that are
    /// taken in side by side may share a read; who asks for the same block again is given another one.
    async fn next_block(&self, number: BlockNumber, netuids: &[NetUid]) -> Result<BlockFacts, ChainError> {
        Ok(self.read(number, &Ask::events(netuids)).await?.facts)
    }

    /// Hears that the record of a subnet was taken back as [`ChainError::Contradicted`] demands. From here on
    /// its positions are read by that runtime's own word. A chain that never contradicts itself has nothing
    /// to do.
    async fn taken_back(&self, _netuid: NetUid, _spec_version: u32) {}
}

impl dyn ChainPort + '_ {
    /// A block with its events, and the counters of subnets.
    ///
    /// # Errors
    /// As [`ChainPort::read`].
    pub async fn block(&self, number: BlockNumber, netuids: &[NetUid]) -> Result<BlockFacts, ChainError> {
        Ok(self.read(number, &Ask::events(netuids)).await?.facts)
    }

    /// A block without its events, and the counters of subnets.
    ///
    /// # Errors
    /// As [`ChainPort::read`].
    pub async fn glance(&self, number: BlockNumber, netuids: &[NetUid]) -> Result<BlockFacts, ChainError> {
        Ok(self.read(number, &Ask::counters(netuids)).await?.facts)
    }

    /// One subnet in the state of a block.
    ///
    /// # Errors
    /// As [`ChainPort::read`].
    pub async fn subnet(
        &self,
        number: BlockNumber,
        netuid: NetUid,
        ask: SubnetAsk,
    ) -> Result<SubnetState, ChainError> {
        Ok(self.read(number, &Ask::of(netuid, ask)).await?.take(netuid))
    }
}
