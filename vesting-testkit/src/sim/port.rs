//! The simulated chain as a port, in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use vesting_core::ports::{Asked, ChainError, ChainPort, PositionState, Roster, SubnetState, TraceKeys, Traces};
use vesting_core::{BlockFacts, BlockHash, BlockNumber, BlockRef, ChainEvent, Coldkey, NetUid, PositionKey, Rao};

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

    async fn subnet(
        &self,
        block: BlockNumber,
        netuid: NetUid,
        coldkeys: &BTreeSet<Coldkey>,
        expected: &Roster,
    ) -> Result<SubnetState, ChainError> {
        self.with(block, |chain| {
            let facts = facts(chain, block, &[netuid]);
            let neurons = chain.neurons_at(netuid, block);
            let mut wanted = coldkeys.clone();
            wanted.extend(neurons.iter().map(|n| n.coldkey));
            let known = chain.positions(netuid).into_iter().chain(expected.positions.iter().copied());
            SubnetState {
                time: facts.as_ref().map(|f| f.time).unwrap_or_default(),
                spec_version: facts.as_ref().map_or(0, |f| f.spec_version),
                counters: facts.and_then(|f| f.subnets.get(&netuid).copied()),
                neurons,
                owner: chain.owner_at(netuid, block),
                positions: known
                    .filter(|key| wanted.contains(&key.coldkey))
                    .map(|key| {
                        let alpha = Rao(chain.alpha_at(netuid, key, block));
                        (key, PositionState { alpha, trace: chain.trace_at(netuid, key, block) })
                    })
                    .collect(),
            }
        })
    }

    async fn traces(&self, block: BlockNumber, netuid: NetUid, keys: &TraceKeys) -> Result<Traces, ChainError> {
        self.with(block, |chain| {
            let facts = facts(chain, block, &[netuid]);
            Traces {
                spec_version: facts.as_ref().map_or(0, |f| f.spec_version),
                counters: facts.and_then(|f| f.subnets.get(&netuid).copied()),
                positions: keys.positions.iter().map(|key| (*key, chain.trace_at(netuid, *key, block))).collect(),
                pools: keys.pools.iter().map(|hotkey| (*hotkey, chain.pool_at(netuid, *hotkey, block))).collect(),
            }
        })
    }

    async fn positions(
        &self,
        block: BlockNumber,
        asked: &BTreeMap<NetUid, Asked>,
    ) -> Result<BTreeMap<NetUid, BTreeMap<PositionKey, Rao>>, ChainError> {
        self.with(block, |chain| {
            let of = |netuid: NetUid, asked: &Asked| {
                chain
                    .positions(netuid)
                    .into_iter()
                    .filter(|key| asked.coldkeys.contains(&key.coldkey))
                    .map(|key| (key, Rao(chain.alpha_at(netuid, key, block))))
                    .filter(|(_, alpha)| *alpha > Rao::ZERO)
                    .collect()
            };
            asked.iter().map(|(netuid, asked)| (*netuid, of(*netuid, asked))).collect()
        })
    }
}
