//! The simulated chain as a port, in memory.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use vesting_core::ports::{ChainError, ChainPort};
use vesting_core::{BlockFacts, BlockHash, BlockNumber, BlockRef, ChainEvent, Coldkey, NetUid, Neuron, Position, Rao};

use super::chain::SimChain;
use super::event::RuntimeEvent;

/// A simulated chain behind the core's port; every block made is final.
#[derive(Clone)]
pub struct SimPort {
    chain: Arc<RwLock<SimChain>>,
}

impl SimPort {
    /// The port of a chain, which may go on making blocks.
    #[must_use]
    pub fn new(chain: Arc<RwLock<SimChain>>) -> Self {
        Self { chain }
    }

    fn with<T>(&self, block: BlockNumber, read: impl FnOnce(&SimChain) -> T) -> Result<T, ChainError> {
        let chain = self.chain.read().unwrap_or_else(PoisonError::into_inner);
        if block > chain.head() {
            return Err(ChainError::NoSuchBlock(block));
        }
        Ok(read(&chain))
    }
}

fn facts(chain: &SimChain, number: BlockNumber, netuids: &[NetUid]) -> Option<BlockFacts> {
    let sealed = chain.blocks.get(usize::try_from(number.0).ok()?)?;
    let events = (0u32..).zip(&sealed.events).filter_map(|(index, record)| match &record.event {
        RuntimeEvent::SubtensorModule(event) => event.meaning().map(|event| ChainEvent { index, phase: record.phase.into(), event }),
        RuntimeEvent::System(_) => None,
    });
    Some(BlockFacts {
        block: BlockRef { number, hash: sealed.hash },
        parent_hash: sealed.parent_hash,
        time: sealed.time,
        spec_version: 425,
        announces_incentive: true,
        subnets: sealed.counters.iter().filter(|(netuid, _)| netuids.contains(netuid)).copied().collect(),
        events: events.collect(),
    })
}

#[async_trait]
impl ChainPort for SimPort {
    async fn genesis(&self) -> Result<BlockHash, ChainError> {
        self.with(BlockNumber(0), |chain| chain.blocks.first().map(|b| b.hash).unwrap_or_default())
    }

    async fn finalized_head(&self) -> Result<BlockRef, ChainError> {
        let head =
            self.with(BlockNumber(0), |chain| chain.blocks.last().map(|sealed| BlockRef { number: chain.head(), hash: sealed.hash }))?;
        head.ok_or(ChainError::NoSuchBlock(BlockNumber(0)))
    }

    async fn wait_for_head_above(&self, after: BlockNumber) -> Result<BlockRef, ChainError> {
        loop {
            let head = self.finalized_head().await?;
            if head.number > after {
                return Ok(head);
            }
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
    }

    async fn block(&self, number: BlockNumber, netuids: &[NetUid]) -> Result<BlockFacts, ChainError> {
        self.with(number, |chain| facts(chain, number, netuids))?.ok_or(ChainError::NoSuchBlock(number))
    }

    async fn neurons(&self, block: BlockNumber, netuid: NetUid) -> Result<Vec<Neuron>, ChainError> {
        self.with(block, |chain| chain.neurons_at(netuid, block))
    }

    async fn subnet_owner(&self, block: BlockNumber, netuid: NetUid) -> Result<Option<Coldkey>, ChainError> {
        self.with(block, |chain| chain.subnets.get(&netuid).map(|subnet| subnet.owner.0))
    }

    async fn positions(&self, block: BlockNumber, netuid: NetUid, coldkeys: &[Coldkey]) -> Result<Vec<Position>, ChainError> {
        let wanted: BTreeSet<&Coldkey> = coldkeys.iter().collect();
        self.with(block, |chain| {
            chain
                .positions(netuid)
                .into_iter()
                .filter(|key| wanted.contains(&key.coldkey))
                .map(|key| Position { key, alpha: Rao(chain.alpha_at(netuid, key, block)) })
                .filter(|position| position.alpha > Rao::ZERO)
                .collect()
        })
    }
}
