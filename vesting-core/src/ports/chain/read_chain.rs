//! The most frequent questions.

use async_trait::async_trait;

use super::{Ask, ChainError, ChainPort, SubnetAsk, SubnetState};
use crate::block::BlockFacts;
use crate::units::{BlockNumber, NetUid};

/// The most frequent questions, for any chain.
#[async_trait]
pub trait ReadChain: ChainPort {
    /// A block with its events, and the counters of subnets.
    ///
    /// # Errors
    /// As [`ChainPort::read`].
    async fn block(&self, number: BlockNumber, netuids: &[NetUid]) -> Result<BlockFacts, ChainError> {
        Ok(self.read(number, &Ask::events(netuids)).await?.facts)
    }

    /// A block without its events, and the counters of subnets.
    ///
    /// # Errors
    /// As [`ChainPort::read`].
    async fn glance(&self, number: BlockNumber, netuids: &[NetUid]) -> Result<BlockFacts, ChainError> {
        Ok(self.read(number, &Ask::counters(netuids)).await?.facts)
    }

    /// One subnet in the state of a block.
    ///
    /// # Errors
    /// As [`ChainPort::read`].
    async fn subnet(
        &self,
        number: BlockNumber,
        netuid: NetUid,
        ask: SubnetAsk,
    ) -> Result<SubnetState, ChainError> {
        Ok(self.read(number, &Ask::of(netuid, ask)).await?.take(netuid))
    }
}

impl<C: ChainPort + ?Sized> ReadChain for C {}
