//! The chain, as the core sees it.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;

use crate::{BlockFacts, BlockHash, BlockNumber, BlockRef, Coldkey, Hotkey, Millis, NetUid, Neuron, PositionKey, Rao, SubnetCounters};

/// Why a chain did not answer. Each kind demands one reaction.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChainError {
    /// The endpoint did not answer or broke off. Reaction: try again, then another endpoint.
    #[error("{0}")]
    Unreachable(String),
    /// The node does not have the state of this block any more. Reaction: ask an archive endpoint.
    #[error("the node has discarded the state of block {block}: use an archive endpoint (`--network archive`, or `--endpoints` with one)")]
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
    /// The runtime lacks something that cannot be done without. Reaction: stop and say so.
    #[error("{0}")]
    Unsupported(String),
    /// An answer does not mean what it should. Reaction: another endpoint; if it stays, stop and say so.
    #[error("{0}")]
    Malformed(String),
}

/// What is known of a subnet beforehand, so that its state can be read in one go. Nothing depends on
/// it but the number of requests.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Roster {
    /// The hotkeys by uid with their owners.
    pub neurons: Vec<Neuron>,
    /// Positions to expect.
    pub positions: BTreeSet<PositionKey>,
}

/// Whose positions on a subnet are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// Whose.
    pub coldkeys: BTreeSet<Coldkey>,
    /// Positions to expect; nothing depends on them but the number of requests.
    pub expected: BTreeSet<PositionKey>,
}

/// A position in some block's state.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PositionState {
    /// Its alpha, exactly what the runtime that made the block would report.
    pub alpha: Rao,
    /// Its traces.
    pub trace: PositionTrace,
}

/// A subnet in the state of one block.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SubnetState {
    /// The time of the block.
    pub time: Millis,
    /// The version of the runtime that made the block.
    pub spec_version: u32,
    /// Its counters; `None` where the subnet does not exist.
    pub counters: Option<SubnetCounters>,
    /// Its neurons, by uid.
    pub neurons: Vec<Neuron>,
    /// Its owner, whose hotkeys' incentive is never credited.
    pub owner: Option<Coldkey>,
    /// The positions of the coldkeys asked for and of those that own a neuron, also where they have no
    /// alpha (any more).
    pub positions: BTreeMap<PositionKey, PositionState>,
}

impl SubnetState {
    /// What to expect of this subnet's state some blocks away.
    #[must_use]
    pub fn roster(&self) -> Roster {
        Roster { neurons: self.neurons.clone(), positions: self.positions.keys().copied().collect() }
    }

    /// The alpha of every position that has any.
    #[must_use]
    pub fn balances(&self) -> BTreeMap<PositionKey, Rao> {
        let held = self.positions.iter().filter(|(_, position)| position.alpha > Rao::ZERO);
        held.map(|(key, position)| (*key, position.alpha)).collect()
    }
}

/// Which storage to compare between blocks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TraceKeys {
    /// Positions whose shares are compared.
    pub positions: BTreeSet<PositionKey>,
    /// Hotkeys whose share pools are compared.
    pub pools: BTreeSet<Hotkey>,
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
    /// hotkey, on any subnet, as far as the chain notes it (0 for never).
    pub touched: BlockNumber,
}

/// The traces of a subnet in the state of one block.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Traces {
    /// Its counters; `None` where the subnet does not exist.
    pub counters: Option<SubnetCounters>,
    /// The version of the runtime that made the block.
    pub spec_version: u32,
    /// Of each position asked for.
    pub positions: BTreeMap<PositionKey, PositionTrace>,
    /// Of each pool asked for: total alpha and total shares.
    pub pools: BTreeMap<Hotkey, Fingerprint>,
}

/// A source of finalized blocks and of historical state.
///
/// Promises: only finalized blocks; answers about one block never change; positions are exactly
/// what the runtime that made the block would report.
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

    /// The facts of a block about the subnets `netuids`.
    async fn block(&self, number: BlockNumber, netuids: &[NetUid]) -> Result<BlockFacts, ChainError>;

    /// A subnet in the state of `block`, with the positions of `coldkeys` and of those that own a
    /// neuron there.
    async fn subnet(
        &self,
        block: BlockNumber,
        netuid: NetUid,
        coldkeys: &BTreeSet<Coldkey>,
        expected: &Roster,
    ) -> Result<SubnetState, ChainError>;

    /// The traces of a subnet in the state of `block`.
    async fn traces(&self, block: BlockNumber, netuid: NetUid, keys: &TraceKeys) -> Result<Traces, ChainError>;

    /// Every position with alpha above 0 that coldkeys have on subnets in the state of `block`.
    async fn positions(
        &self,
        block: BlockNumber,
        asked: &BTreeMap<NetUid, Asked>,
    ) -> Result<BTreeMap<NetUid, BTreeMap<PositionKey, Rao>>, ChainError>;
}
