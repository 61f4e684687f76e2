//! The simulated chain as a port, in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use vesting_core::ports::{
    Ask, BlockState, ChainError, ChainPort, ColdkeyTrace, Fingerprint, NeuronsAsk, SubnetAsk, SubnetState,
};
use vesting_core::{BlockFacts, BlockHash, BlockNumber, BlockRef, ChainEvent, NetUid, Rao};

use super::chain::block::Sealed;
use super::chain::state::SimChain;

/// A simulated chain behind the core's port. Every block is final at once.
#[derive(Clone)]
pub struct SimPort {
    chain: Arc<RwLock<SimChain>>,
}

impl SimPort {
    /// The port of a chain. The chain may go on making blocks.
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

fn facts(chain: &SimChain, number: BlockNumber, ask: &Ask) -> Option<BlockFacts> {
    let sealed = chain.block(number)?;
    let generation = sealed.generation;
    let records = (0u32..).zip(sealed.events.iter().filter(|record| generation.has(record)));
    let events = records.filter_map(|(index, record)| {
        record.event.meaning(generation).map(|event| ChainEvent { index, phase: record.phase.into(), event })
    });
    Some(BlockFacts {
        block: BlockRef { number, hash: sealed.hash },
        parent_hash: sealed.parent_hash,
        time: sealed.time,
        spec_version: generation.spec_version(),
        measured: generation.is_measured(),
        announces_incentive: generation.announces_incentive(),
        counters_asked: !generation.stores_counters(),
        subnets: sealed
            .counters
            .iter()
            .filter(|(netuid, _)| ask.subnets.contains_key(netuid))
            .copied()
            .collect(),
        registrations: registrations(sealed, ask),
        events: if ask.events { events.collect() } else { Vec::new() },
    })
}

/// How often each subnet that is asked for was registered so far, where the runtime counts registrations.
fn registrations(sealed: &Sealed, ask: &Ask) -> BTreeMap<NetUid, u64> {
    let counted = sealed.registrations.as_ref();
    let of = |counts: &BTreeMap<NetUid, u64>| {
        ask.subnets.keys().map(|netuid| (*netuid, counts.get(netuid).copied().unwrap_or(0))).collect()
    };
    counted.map(of).unwrap_or_default()
}

fn subnet(chain: &SimChain, block: BlockNumber, netuid: NetUid, ask: &SubnetAsk) -> SubnetState {
    let mut state = SubnetState::default();
    if !chain.existed(netuid, block) {
        let looked_at = ask.coldkeys.iter().chain(&ask.traces.coldkeys);
        state.traces.coldkeys = looked_at.map(|coldkey| (*coldkey, ColdkeyTrace::default())).collect();
        return state;
    }
    if ask.neurons != NeuronsAsk::No {
        state.neurons = chain.neurons_at(netuid, block);
        state.owner = chain.owner_at(netuid, block);
    }
    let mut coldkeys = ask.coldkeys.clone();
    if ask.neurons == NeuronsAsk::WithPositions {
        coldkeys.extend(state.neurons.iter().map(|n| n.coldkey));
    }
    let known = chain.positions(netuid).into_iter().chain(ask.expected.positions.iter().copied());
    for key in known.filter(|key| coldkeys.contains(&key.coldkey)) {
        let alpha = Rao(chain.alpha_at(netuid, key, block));
        if alpha > Rao::ZERO {
            state.positions.insert(key, alpha);
        }
        let mut trace = chain.trace_at(netuid, key, block);
        if ask.skip_pointers {
            trace.touched = BlockNumber(0);
        }
        if trace.shares != Fingerprint::default() {
            state.traces.pools.insert(key.hotkey, chain.pool_at(netuid, key.hotkey, block));
        }
        state.traces.positions.insert(key, trace);
    }
    if ask.locks && chain.tells_locks(block) {
        let mut locks = BTreeMap::new();
        for coldkey in &coldkeys {
            let held = state
                .positions
                .iter()
                .filter(|(key, _)| key.coldkey == *coldkey)
                .fold(0u64, |sum, (_, alpha)| sum.saturating_add(alpha.0));
            let locked = held.min(chain.locked_at(netuid, *coldkey, block));
            if locked > 0 {
                locks.insert(*coldkey, Rao(locked));
            }
        }
        state.locks = Some(locks);
    }
    for key in &ask.traces.positions {
        state.traces.positions.insert(*key, chain.trace_at(netuid, *key, block));
    }
    for hotkey in &ask.traces.pools {
        state.traces.pools.insert(*hotkey, chain.pool_at(netuid, *hotkey, block));
    }
    for coldkey in coldkeys.iter().chain(&ask.traces.coldkeys) {
        state.traces.coldkeys.insert(*coldkey, chain.coldkey_at(*coldkey, block));
    }
    state
}

#[async_trait]
impl ChainPort for SimPort {
    async fn genesis(&self) -> Result<BlockHash, ChainError> {
        self.with(BlockNumber(0), |chain| chain.block(BlockNumber(0)).map(|b| b.hash).unwrap_or_default())
    }

    async fn finalized_head(&self) -> Result<BlockRef, ChainError> {
        let head = self.with(BlockNumber(0), |chain| {
            chain.blocks.newest().map(|sealed| BlockRef { number: chain.head(), hash: sealed.hash })
        })?;
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

    async fn read(&self, number: BlockNumber, ask: &Ask) -> Result<BlockState, ChainError> {
        let read = self.with(number, |chain| {
            let subnets = ask
                .subnets
                .iter()
                .map(|(netuid, ask)| (*netuid, subnet(chain, number, *netuid, ask)))
                .collect();
            facts(chain, number, ask).map(|facts| BlockState { facts, subnets, unread: BTreeMap::new() })
        })?;
        read.ok_or(ChainError::Pruned { block: number })
    }
}
