//! `ChainPort` over subxt.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use subxt::config::substrate::SubstrateHeader;
use subxt::ext::codec::{Compact, Decode};
use subxt::rpcs::rpc_params;
use subxt::utils::H256;
use tokio::sync::Mutex;
use vesting_core::ports::{ChainError, ChainPort};
use vesting_core::{BlockFacts, BlockHash, BlockNumber, BlockRef, Coldkey, Hotkey, Millis, NetUid, Neuron, Position, SubnetCounters, Uid};

use crate::chunks::{self, Values};
use crate::endpoint::{Endpoints, Requests};
use crate::events;
use crate::positions::{self, State};
use crate::runtime::Runtime;
use crate::runtimes::{self, Runtimes};

/// Hashes fetched in one request when blocks are read in a row.
const HASHES_PER_REQUEST: u64 = 256;
/// Hashes and versions kept; older ones are asked for again.
const BLOCKS_KEPT: usize = 8_192;

/// How to reach a chain.
#[derive(Debug, Clone)]
pub struct ChainOptions {
    /// WebSocket URLs, the preferred one first.
    pub endpoints: Vec<String>,
    /// The longest wait for one answer.
    pub deadline: Duration,
    /// The most requests under way at once.
    pub max_requests_in_flight: usize,
    /// Without news from the subscription for this long, the head is asked for.
    pub query_interval: Duration,
}

impl ChainOptions {
    /// The defaults for one endpoint.
    #[must_use]
    pub fn new(endpoint: impl Into<String>) -> Self {
        Self {
            endpoints: vec![endpoint.into()],
            deadline: Duration::from_secs(30),
            max_requests_in_flight: 8,
            query_interval: Duration::from_secs(30),
        }
    }
}

/// A Subtensor chain, read through its nodes.
pub struct SubxtChain {
    endpoints: Endpoints,
    runtimes: Runtimes,
    query_interval: Duration,
    /// The highest block known to be finalized; nothing above it is ever read.
    finalized: AtomicU64,
    hashes: Mutex<BTreeMap<BlockNumber, BlockHash>>,
    /// The version of the runtime that made a block.
    makers: Mutex<BTreeMap<BlockNumber, u32>>,
    heads: Mutex<Option<subxt::rpcs::client::RpcSubscription<serde_json::Value>>>,
}

impl SubxtChain {
    /// A chain behind these endpoints; connects at the first call.
    #[must_use]
    pub fn new(options: ChainOptions) -> Self {
        Self {
            endpoints: Endpoints::new(options.endpoints, options.deadline, options.max_requests_in_flight),
            runtimes: Runtimes::default(),
            query_interval: options.query_interval,
            finalized: AtomicU64::new(0),
            hashes: Mutex::default(),
            makers: Mutex::default(),
            heads: Mutex::default(),
        }
    }

    /// How many JSON-RPC calls were made so far.
    #[must_use]
    pub fn requests(&self) -> Requests {
        self.endpoints.requests()
    }

    /// The hash of a finalized block.
    async fn hash(&self, number: BlockNumber) -> Result<BlockHash, ChainError> {
        if let Some(hash) = self.hashes.lock().await.get(&number) {
            return Ok(*hash);
        }
        let mut finalized = self.finalized.load(Ordering::Relaxed);
        if number.0 > finalized {
            finalized = self.finalized_head().await?.number.0;
        }
        if number.0 > finalized {
            return Err(ChainError::NoSuchBlock(number));
        }
        // Held while asking, so that readers of neighbouring blocks share one request.
        let mut hashes = self.hashes.lock().await;
        if let Some(hash) = hashes.get(&number) {
            return Ok(*hash);
        }
        let last = finalized.min(number.0.saturating_add(HASHES_PER_REQUEST - 1));
        let numbers: Vec<u64> = (number.0..=last).collect();
        let answer: Vec<Option<H256>> = self.endpoints.call(None, "chain_getBlockHash", rpc_params![&numbers]).await?;
        for (number, hash) in numbers.iter().zip(answer) {
            if let Some(hash) = hash {
                hashes.insert(BlockNumber(*number), BlockHash(hash.0));
            }
        }
        while hashes.len() > BLOCKS_KEPT {
            hashes.pop_first();
        }
        hashes.get(&number).copied().ok_or(ChainError::NoSuchBlock(number))
    }

    /// The runtime that made a block: `System.LastRuntimeUpgrade` in its state names it, in the
    /// upgrade block the old one (FACTS 17). Its code is in the state of the parent.
    async fn maker(&self, number: BlockNumber, marker: Option<&[u8]>) -> Result<Arc<Runtime>, ChainError> {
        let parent = number.parent();
        let spec_version = match marker.map(|mut bytes| Compact::<u32>::decode(&mut bytes)) {
            Some(Ok(Compact(version))) => version,
            // Genesis has no marker: its own code counts.
            _ => runtimes::spec_version_of_code(&self.endpoints, self.hash(parent).await?, parent).await?,
        };
        let mut makers = self.makers.lock().await;
        makers.insert(number, spec_version);
        while makers.len() > BLOCKS_KEPT {
            makers.pop_first();
        }
        drop(makers);
        let at = self.hash(parent).await?;
        self.runtimes.get(&self.endpoints, spec_version, at, parent).await
    }

    /// The runtime that made a block, as far as known, else found.
    async fn maker_of(&self, number: BlockNumber) -> Result<Arc<Runtime>, ChainError> {
        let known = self.makers.lock().await.get(&number).copied();
        if let Some(spec_version) = known {
            let at = self.hash(number.parent()).await?;
            return self.runtimes.get(&self.endpoints, spec_version, at, number.parent()).await;
        }
        let key = marker_key();
        let values = chunks::read(&self.endpoints, number, self.hash(number).await?, std::slice::from_ref(&key)).await?;
        self.maker(number, values.get(&key)).await
    }

    async fn state<'a>(&'a self, number: BlockNumber, runtime: &'a Runtime) -> Result<State<'a>, ChainError> {
        Ok(State { endpoints: &self.endpoints, runtime, number, hash: self.hash(number).await? })
    }
}

/// `System.LastRuntimeUpgrade`, needed before any metadata is known; a plain value under the two
/// hashed names, as every Substrate chain has it.
fn marker_key() -> Vec<u8> {
    subxt::ext::frame_decode::storage::encode_storage_key_prefix("System", "LastRuntimeUpgrade").to_vec()
}

/// The keys of one block's facts.
struct FactKeys {
    events: Vec<u8>,
    parent: Vec<u8>,
    now: Vec<u8>,
    subnets: Vec<(NetUid, BTreeMap<&'static str, Vec<u8>>)>,
}

impl FactKeys {
    const COUNTERS: [&'static str; 6] =
        ["NetworksAdded", "Tempo", "BlocksSinceLastStep", "LastMechansimStepBlock", "SubnetEpochIndex", "NetworkRegisteredAt"];

    fn new(runtime: &Runtime, netuids: &[NetUid]) -> Result<Self, ChainError> {
        let mut subnets = Vec::with_capacity(netuids.len());
        for netuid in netuids {
            let mut keys = BTreeMap::new();
            for item in Self::COUNTERS.into_iter().filter(|item| runtime.stores(item)) {
                keys.insert(item, runtime.key(item, (netuid.0,))?);
            }
            subnets.push((*netuid, keys));
        }
        Ok(Self {
            events: runtime.key_in("System", "Events", ())?,
            parent: runtime.key_in("System", "ParentHash", ())?,
            now: runtime.key_in("Timestamp", "Now", ())?,
            subnets,
        })
    }

    fn all(&self) -> Vec<Vec<u8>> {
        let mut keys = vec![marker_key(), self.events.clone(), self.parent.clone(), self.now.clone()];
        keys.extend(self.subnets.iter().flat_map(|(_, keys)| keys.values().cloned()));
        keys
    }

    fn counters(&self, runtime: &Runtime, values: &Values) -> Result<BTreeMap<NetUid, SubnetCounters>, ChainError> {
        let mut found = BTreeMap::new();
        for (netuid, keys) in &self.subnets {
            let raw = |item: &str| keys.get(item).and_then(|key| values.get(key));
            let exists = match (keys.contains_key("NetworksAdded"), raw("NetworksAdded")) {
                (true, Some(bytes)) => runtime.value("NetworksAdded", bytes)?,
                (true, None) => false,
                (false, _) => raw("Tempo").is_some(),
            };
            if !exists {
                continue;
            }
            let number = |item: &str| raw(item).map_or(Ok(0u64), |bytes| runtime.value(item, bytes));
            let index = if runtime.capabilities().epoch_index { Some(number("SubnetEpochIndex")?) } else { None };
            found.insert(
                *netuid,
                SubnetCounters {
                    tempo: raw("Tempo").map_or(Ok(0), |bytes| runtime.value("Tempo", bytes))?,
                    blocks_since_last_step: number("BlocksSinceLastStep")?,
                    last_step_block: BlockNumber(number("LastMechansimStepBlock")?),
                    epoch_index: index,
                    registered_at: BlockNumber(number("NetworkRegisteredAt")?),
                },
            );
        }
        Ok(found)
    }
}

#[async_trait]
impl ChainPort for SubxtChain {
    async fn genesis(&self) -> Result<BlockHash, ChainError> {
        self.endpoints.genesis().await
    }

    async fn finalized_head(&self) -> Result<BlockRef, ChainError> {
        let hash: H256 = self.endpoints.call(None, "chain_getFinalizedHead", rpc_params![]).await?;
        let header: Option<SubstrateHeader<H256>> = self.endpoints.call(None, "chain_getHeader", rpc_params![hash]).await?;
        let header = header.ok_or_else(|| ChainError::Malformed("the endpoint does not have the block it calls finalized".into()))?;
        let number = BlockNumber(header.number);
        let block = BlockRef { number, hash: BlockHash(hash.0) };
        self.finalized.fetch_max(number.0, Ordering::Relaxed);
        self.hashes.lock().await.insert(number, block.hash);
        Ok(block)
    }

    async fn wait_for_head_above(&self, after: BlockNumber) -> Result<BlockRef, ChainError> {
        loop {
            let head = self.finalized_head().await?;
            if head.number > after {
                return Ok(head);
            }
            let mut heads = self.heads.lock().await;
            if heads.is_none() {
                *heads = Some(self.endpoints.finalized_heads().await?);
                // A block may have come between the question and the subscription.
                continue;
            }
            if let Some(subscription) = heads.as_mut() {
                // A notice is only a wake-up, and silence is one too after a while: sockets stall
                // without closing.
                match tokio::time::timeout(self.query_interval, subscription.next()).await {
                    Ok(Some(Ok(_))) => {}
                    Ok(Some(Err(_)) | None) | Err(_) => *heads = None,
                }
            }
        }
    }

    async fn block(&self, number: BlockNumber, netuids: &[NetUid]) -> Result<BlockFacts, ChainError> {
        let hash = self.hash(number).await?;
        // Keys are made with the runtime expected; should another have made the block, once more.
        let mut runtime = match self.runtimes.newest().await {
            Some(runtime) => runtime,
            None => self.maker_of(number).await?,
        };
        loop {
            let keys = FactKeys::new(&runtime, netuids)?;
            let mut values = chunks::read(&self.endpoints, number, hash, &keys.all()).await?;
            let maker = self.maker(number, values.get(&marker_key())).await?;
            if maker.spec_version() != runtime.spec_version() {
                runtime = maker;
                continue;
            }
            let parent_hash = match values.get(&keys.parent) {
                Some(bytes) => BlockHash(runtime.value_in("System", "ParentHash", bytes)?),
                None => BlockHash::default(),
            };
            let time = match values.get(&keys.now) {
                Some(bytes) => Millis(runtime.value_in("Timestamp", "Now", bytes)?),
                None => Millis(0),
            };
            let subnets = keys.counters(&runtime, &values)?;
            let events = match values.take(&keys.events) {
                Some(bytes) => events::decode(&runtime, bytes)?,
                None => Vec::new(),
            };
            return Ok(BlockFacts {
                block: BlockRef { number, hash },
                parent_hash,
                time,
                spec_version: runtime.spec_version(),
                announces_incentive: runtime.capabilities().incentive_event,
                subnets,
                events,
            });
        }
    }

    async fn neurons(&self, block: BlockNumber, netuid: NetUid) -> Result<Vec<Neuron>, ChainError> {
        let runtime = self.maker_of(block).await?;
        let state = self.state(block, &runtime).await?;
        let count_key = runtime.key("SubnetworkN", (netuid.0,))?;
        let values = state.read(std::slice::from_ref(&count_key)).await?;
        let count: u16 = values.get(&count_key).map_or(Ok(0), |bytes| runtime.value("SubnetworkN", bytes))?;
        let keys = (0..count).map(|uid| runtime.key("Keys", (netuid.0, uid))).collect::<Result<Vec<_>, _>>()?;
        let values = state.read(&keys).await?;
        let mut hotkeys: Vec<(Uid, Hotkey)> = Vec::with_capacity(keys.len());
        for (uid, key) in (0..count).zip(&keys) {
            if let Some(bytes) = values.get(key) {
                hotkeys.push((Uid(uid), Hotkey(runtime.value("Keys", bytes)?)));
            }
        }
        let keys = hotkeys.iter().map(|(_, hotkey)| runtime.key("Owner", (hotkey.0,))).collect::<Result<Vec<_>, _>>()?;
        let values = state.read(&keys).await?;
        let mut neurons = Vec::with_capacity(hotkeys.len());
        for ((uid, hotkey), key) in hotkeys.into_iter().zip(&keys) {
            // A hotkey that nobody owns belongs to no holder.
            if let Some(bytes) = values.get(key) {
                neurons.push(Neuron { uid, hotkey, coldkey: Coldkey(runtime.value("Owner", bytes)?) });
            }
        }
        Ok(neurons)
    }

    async fn subnet_owner(&self, block: BlockNumber, netuid: NetUid) -> Result<Option<Coldkey>, ChainError> {
        let runtime = self.maker_of(block).await?;
        if !runtime.stores("SubnetOwner") {
            return Ok(None);
        }
        let key = runtime.key("SubnetOwner", (netuid.0,))?;
        let state = self.state(block, &runtime).await?;
        let values = state.read(std::slice::from_ref(&key)).await?;
        values.get(&key).map(|bytes| runtime.value("SubnetOwner", bytes).map(Coldkey)).transpose()
    }

    async fn positions(&self, block: BlockNumber, netuid: NetUid, coldkeys: &[Coldkey]) -> Result<Vec<Position>, ChainError> {
        let runtime = self.maker_of(block).await?;
        let state = self.state(block, &runtime).await?;
        positions::read(&state, netuid, coldkeys).await
    }
}
