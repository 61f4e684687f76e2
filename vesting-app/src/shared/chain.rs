//! One chain for several subnets, and what each sees of it.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::Semaphore;
use vesting_core::ports::{Ask, BlockState, ChainError, ChainPort};
use vesting_core::{BlockFacts, BlockHash, BlockNumber, BlockRef, NetUid};

use super::blocks::{Blocks, SharedBlock};
use crate::task::Task;

/// A chain that several subnets are read from at once.
pub struct SharedChain {
    chain: Arc<dyn ChainPort>,
    pub(super) blocks: Blocks,
    in_flight: usize,
}

impl SharedChain {
    /// Over a chain of which so many requests may be under way at once.
    pub fn new(chain: Arc<dyn ChainPort>, in_flight: usize) -> Arc<Self> {
        Arc::new(Self { chain, blocks: Blocks::default(), in_flight: in_flight.max(1) })
    }

    /// The chain, as one subnet is read from it.
    pub fn of(self: &Arc<Self>, netuid: NetUid) -> Arc<dyn ChainPort> {
        Arc::new(SubnetChain {
            shared: Arc::clone(self),
            netuid,
            permits: Arc::new(Semaphore::new(self.in_flight)),
        })
    }
}

/// A chain, for one subnet.
struct SubnetChain {
    shared: Arc<SharedChain>,
    netuid: NetUid,
    /// Catching up asks for hundreds of blocks at once. Requests are served in the order in which they were
    /// made, so each subnet has as many reads under way as there may be requests, and another's wait for
    /// those only.
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
        // By itself: a read that nobody waits for yet must not keep its place for ever.
        let read = Task::spawn(async move {
            let _permit = permits.acquire_owned().await;
            chain.read(number, &ask).await
        });
        read.await.unwrap_or_else(|why| {
            Err(ChainError::Unreachable(format!("reading block {number} was broken off: {why}")))
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
