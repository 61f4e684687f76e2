//! The chain, as the core asks it.

use async_trait::async_trait;

use super::{Ask, BlockState, ChainError};
use crate::block::BlockFacts;
use crate::units::{BlockHash, BlockNumber, BlockRef, NetUid};

/// A source of finalized blocks and of historical state.
///
/// It promises only finalized blocks. Answers about one block never change, and all of an answer is of that
/// block's state. A read that was begun and is not polled keeps no other read from finishing.
///
/// ```
/// use async_trait::async_trait;
/// use futures_util::FutureExt;
/// use vesting_core::ports::{Ask, BlockState, ChainError, ChainPort};
/// use vesting_core::{BlockHash, BlockNumber, BlockRef};
///
/// /// A chain that has only its genesis block.
/// struct Genesis(BlockHash);
///
/// #[async_trait]
/// impl ChainPort for Genesis {
///     async fn genesis(&self) -> Result<BlockHash, ChainError> {
///         Ok(self.0)
///     }
///
///     async fn finalized_head(&self) -> Result<BlockRef, ChainError> {
///         Ok(BlockRef { number: BlockNumber(0), hash: self.0 })
///     }
///
///     async fn wait_for_head_above(&self, _after: BlockNumber) -> Result<BlockRef, ChainError> {
///         self.finalized_head().await
///     }
///
///     async fn read(&self, number: BlockNumber, _ask: &Ask) -> Result<BlockState, ChainError> {
///         Err(ChainError::NoSuchBlock(number))
///     }
/// }
///
/// let chain = Genesis(BlockHash([7; 32]));
/// let head = chain.finalized_head().now_or_never();
/// assert_eq!(head, Some(Ok(BlockRef { number: BlockNumber(0), hash: BlockHash([7; 32]) })));
/// ```
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait ChainPort: Send + Sync {
    /// The genesis hash: which chain this is.
    async fn genesis(&self) -> Result<BlockHash, ChainError>;

    /// The newest finalized block.
    async fn finalized_head(&self) -> Result<BlockRef, ChainError>;

    /// Waits until there may be a finalized block above `after`, and returns the head then. This only wakes
    /// the caller, which goes by its own watermark.
    async fn wait_for_head_above(&self, after: BlockNumber) -> Result<BlockRef, ChainError>;

    /// Reads a block and the state after it.
    async fn read(&self, number: BlockNumber, ask: &Ask) -> Result<BlockState, ChainError>;

    /// A block with its events, and the counters of subnets, for a caller that records every block. Subnets
    /// that are recorded side by side may share a read. A caller that asks for the same block again gets
    /// another read.
    async fn next_block(&self, number: BlockNumber, netuids: &[NetUid]) -> Result<BlockFacts, ChainError> {
        Ok(self.read(number, &Ask::events(netuids)).await?.facts)
    }

    /// Hears that the record of a subnet was taken back, as [`ChainError::Contradicted`] demands. From now on
    /// its positions are read by that runtime's own answer. A chain that never contradicts itself has nothing
    /// to do.
    async fn taken_back(&self, _netuid: NetUid, _spec_version: u32) {}
}
