//! The shared chain, and each subnet's view of it.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::Semaphore;
use vesting_core::ports::{Ask, BlockState, ChainError, ChainPort};
use vesting_core::{BlockFacts, BlockHash, BlockNumber, BlockRef, NetUid};

use super::blocks::{Blocks, SharedBlock};
use crate::task::Task;

/// A chain from which several subnets are read at once.
pub struct SharedChain {
    chain: Arc<dyn ChainPort>,
    pub(super) blocks: Blocks,
    in_flight: usize,
}

impl SharedChain {
    /// Shares a chain on which `in_flight` requests may be under way at once.
    pub fn new(chain: Arc<dyn ChainPort>, in_flight: usize) -> Arc<Self> {
        Arc::new(Self { chain, blocks: Blocks::default(), in_flight: in_flight.max(1) })
    }

    /// The chain as one subnet sees it.
    pub fn of(self: &Arc<Self>, netuid: NetUid) -> Arc<dyn ChainPort> {
        Arc::new(SubnetChain {
            shared: Arc::clone(self),
            netuid,
            permits: Arc::new(Semaphore::new(self.in_flight)),
        })
    }
}

/// One subnet's view of the shared chain.
struct SubnetChain {
    shared: Arc<SharedChain>,
    netuid: NetUid,
    /// Catching up requests hundreds of blocks at once, and requests are served in order. Each subnet
    /// therefore has at most `in_flight` reads under way, so that another subnet waits for no more than
    /// those.
    permits: Arc<Semaphore>,
}

#[async_trait]
impl ChainPort for SubnetChain {
    async fn genesis(&self) -> Result<BlockHash, ChainError> {
        self.shared.chain.genesis().await
    }

    async fn finalized_head(&self) -> Result<BlockRef, ChainError> {
        self.shared.chain.finalized_head().await
    }

    async fn wait_for_head_above(&self, after: BlockNumber) -> Result<BlockRef, ChainError> {
        self.shared.chain.wait_for_head_above(after).await
    }

    async fn read(&self, number: BlockNumber, ask: &Ask) -> Result<BlockState, ChainError> {
        let (chain, permits, ask) = (Arc::clone(&self.shared.chain), Arc::clone(&self.permits), ask.clone());
        // In a task of its own: a read whose future nobody polls must not keep its permit for ever.
        let read = Task::spawn(async move {
            let _permit = permits.acquire_owned().await;
            chain.read(number, &ask).await
        });
        read.await.unwrap_or_else(|why| {
            Err(ChainError::Unreachable(format!("reading block {number} was aborted: {why}")))
        })
    }

    async fn next_block(&self, number: BlockNumber, netuids: &[NetUid]) -> Result<BlockFacts, ChainError> {
        if netuids == [self.netuid]
            && let SharedBlock::Facts(facts) =
                self.shared.blocks.take(&self.shared.chain, number, self.netuid).await?
        {
            return Ok(facts);
        }
        Ok(self.read(number, &Ask::events(netuids)).await?.facts)
    }

    async fn taken_back(&self, netuid: NetUid, spec_version: u32) {
        self.shared.chain.taken_back(netuid, spec_version).await;
    }
}
