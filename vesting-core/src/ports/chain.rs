//! The chain, as the core sees it.

use async_trait::async_trait;

use crate::{BlockFacts, BlockHash, BlockNumber, BlockRef, Coldkey, NetUid, Neuron, Position};

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

    /// The neurons of a subnet in the state of `block`, by uid; none where it does not exist.
    async fn neurons(&self, block: BlockNumber, netuid: NetUid) -> Result<Vec<Neuron>, ChainError>;

    /// The owner of a subnet in the state of `block`, whose hotkeys' incentive is never credited.
    async fn subnet_owner(&self, block: BlockNumber, netuid: NetUid) -> Result<Option<Coldkey>, ChainError>;

    /// Every position with alpha above 0 that these coldkeys have on a subnet in the state of
    /// `block`, by key.
    async fn positions(&self, block: BlockNumber, netuid: NetUid, coldkeys: &[Coldkey]) -> Result<Vec<Position>, ChainError>;
}
