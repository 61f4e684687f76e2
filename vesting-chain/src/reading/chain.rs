//! `ChainPort` over subxt.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::FutureExt;
use subxt::ext::codec::{Compact, Decode};
use subxt::rpcs::rpc_params;
use subxt::utils::H256;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use vesting_core::ports::{
    Ask, BlockState, ChainError, ChainPort, ColdkeyTrace, NeuronsAsk, OwnWord, SubnetAsk, SubnetState, Traces,
};
use vesting_core::{BlockFacts, BlockHash, BlockNumber, BlockRef, Coldkey, Millis, NetUid, PositionKey};
use vesting_secret::SecretUrl;

use crate::agreement::trust::{self, Comparison, Disagreement, Path, Trust};
use crate::endpoints::calls::{Calls, Requests};
use crate::endpoints::endpoint::{Endpoints, lag_pause};
use crate::node::hashes::Hashes;
use crate::node::heads::{self, Heads, NextHead, Patience};
use crate::node::storage;
use crate::recording::capture::Capture;
use crate::runtimes::eras::Eras;
use crate::runtimes::met_runtimes::{self, Runtimes};
use crate::runtimes::runtime::Runtime;
use crate::stake::locks::{Locks, Told};
use crate::stake::proxies::Proxies;
use crate::stake::{positions, traces};
use crate::state::reader::{Reader, two_answers};
use crate::state::{counters, events, neurons};

/// As often a block is read again of which an answer is wrong.
const MISREADINGS: u32 = 6;

/// How to reach a chain.
#[derive(Debug, Clone)]
pub struct ChainOptions {
    /// WebSocket URLs, the preferred one first.
    pub endpoints: Vec<SecretUrl>,
    /// The longest wait for one answer.
    pub deadline: Duration,
    /// The most requests under way at once.
    pub max_requests_in_flight: usize,
    /// Without news from the subscription for this long, the head is asked for.
    pub query_interval: Duration,
    /// With the same finalized head for this long, the next endpoint is tried.
    pub block_patience: Duration,
    /// A block near the finalized head that a node does not know is asked for again for this long before it
    /// counts as not there: behind one name there may be several nodes, some of which lag.
    pub lag_patience: Duration,
}

impl ChainOptions {
    /// The defaults for one endpoint.
    #[must_use]
    pub fn new(endpoint: impl Into<SecretUrl>) -> Self {
        Self {
            endpoints: vec![endpoint.into()],
            deadline: Duration::from_secs(30),
            max_requests_in_flight: 8,
            query_interval: Duration::from_secs(30),
            block_patience: Duration::from_secs(90),
            lag_patience: Duration::from_secs(6),
        }
    }
}

/// A Subtensor chain, read through its nodes.
pub struct SubxtChain {
    chain: Arc<Chain>,
}

/// What the reads share.
pub(crate) struct Chain {
    pub(crate) endpoints: Endpoints,
    runtimes: Runtimes,
    patience: Patience,
    /// The highest block known to be finalized; nothing above it is ever read.
    finalized: AtomicU64,
    hashes: Hashes,
    trust: Trust,
    locks: Locks,
    pub(crate) proxies: Proxies,
    eras: Mutex<Eras>,
    /// Held by the one wait for the next head.
    heads: Mutex<Heads>,
    next: NextHead,
}

impl SubxtChain {
    /// A chain behind these endpoints; connects at the first call.
    #[must_use]
    pub fn new(options: ChainOptions) -> Self {
        let chain = Chain {
            endpoints: Endpoints::new(
                &options.endpoints,
                options.deadline,
                options.lag_patience,
                options.max_requests_in_flight,
            ),
            runtimes: Runtimes::default(),
            patience: Patience { notice: options.query_interval, block: options.block_patience },
            finalized: AtomicU64::new(0),
            hashes: Hashes::default(),
            trust: Trust::default(),
            locks: Locks::default(),
            proxies: Proxies::default(),
            eras: Mutex::default(),
            heads: Mutex::default(),
            next: NextHead::default(),
        };
        Self { chain: Arc::new(chain) }
    }

    /// The chain must be the one with this genesis hash: endpoints that serve another are passed over.
    /// Without it, the first endpoint that answers decides.
    pub fn expect_genesis(&self, genesis: BlockHash) {
        self.chain.endpoints.expect(genesis);
    }

    /// How many JSON-RPC calls were made so far.
    #[must_use]
    pub fn requests(&self) -> Requests {
        self.chain.endpoints.requests()
    }

    /// The JSON-RPC calls made so far, by endpoint and method.
    #[must_use]
    pub fn calls(&self) -> Vec<Calls> {
        self.chain.endpoints.calls()
    }

    /// How often one endpoint was left for another so far.
    #[must_use]
    pub fn switches(&self) -> u64 {
        self.chain.endpoints.switches()
    }

    /// The highest block known to be finalized; none before the first answer.
    #[must_use]
    pub fn newest_head(&self) -> Option<BlockNumber> {
        Some(BlockNumber(self.chain.finalized.load(Ordering::Relaxed))).filter(|head| head.0 > 0)
    }

    /// Where storage turned out not to say what the runtime itself says: when there is any, the chain is
    /// read in a slower way.
    #[must_use]
    pub fn disagreements(&self) -> Vec<Disagreement> {
        self.chain.trust.disagreements()
    }

    /// The runtime of the highest version met so far; none before the first answer.
    #[must_use]
    pub fn newest_runtime(&self) -> Option<Arc<Runtime>> {
        self.chain.runtimes.newest_met()
    }

    /// The runtime that made a block.
    ///
    /// # Errors
    /// [`ChainError::Unreadable`] where it lacks what cannot be done without, and as [`ChainPort::read`].
    pub async fn runtime(&self, number: BlockNumber) -> Result<Arc<Runtime>, ChainError> {
        Ok(self.chain.state(number, |_| Ok(Vec::new())).await?.runtime)
    }

    /// Whether the state of a block is still there: asked with two small requests.
    ///
    /// # Errors
    /// Where the chain does not answer.
    pub async fn has_state(&self, number: BlockNumber) -> Result<bool, ChainError> {
        self.chain.has_state(number).await
    }

    /// The hash of a finalized block, as an endpoint tells it by its height.
    ///
    /// # Errors
    /// As [`ChainPort::read`].
    pub async fn block_hash(&self, number: BlockNumber) -> Result<BlockHash, ChainError> {
        self.chain.hash(number).await
    }

    /// What it takes to write blocks down as a recording that can be served again, as far as these subnets
    /// go.
    #[must_use]
    pub fn capture(&self, netuids: &[NetUid]) -> Capture {
        Capture::new(Arc::clone(&self.chain), netuids)
    }
}

impl Chain {
    pub(crate) async fn finalized_head(&self) -> Result<BlockRef, ChainError> {
        let head = heads::ask(&self.endpoints).await?;
        self.note(head).await;
        Ok(head)
    }

    /// Reads a block; where an answer cannot be understood or contradicts another one, all of it once more:
    /// behind the name of an endpoint there may be a backend that is broken for a moment.
    async fn read_well(&self, number: BlockNumber, ask: &Ask) -> Result<BlockState, ChainError> {
        for times in 0..MISREADINGS {
            match self.read(number, ask).await {
                Err(ChainError::Malformed(why)) => {
                    self.endpoints.misread(&why);
                    self.hashes.forget(number).await;
                    if let Some(longer) = times.checked_sub(1) {
                        // Its hash may be another block's, and its runtime another one.
                        self.hashes.forget_run(number).await;
                        self.eras.lock().await.forget();
                        tokio::time::sleep(lag_pause(longer)).await;
                    }
                }
                Err(ChainError::NoSuchBlock(_) | ChainError::Pruned { .. })
                    if self.hashes.is_mistaken(&self.endpoints, number).await =>
                {
                    tracing::warn!(
                        "the block {number} is not there by the hash that was told of it; asking for its hash"
                    );
                }
                read => return read,
            }
        }
        self.read(number, ask).await
    }

    async fn read(&self, number: BlockNumber, ask: &Ask) -> Result<BlockState, ChainError> {
        let mut reader = self.state(number, |runtime| self.keys(runtime, number, ask)).await?;
        let (facts, unread) = facts(&mut reader, ask).await?;
        self.hashes.link(&facts).await?;
        let mut subnets = BTreeMap::new();
        for (netuid, ask) in ask.subnets.iter().filter(|(netuid, _)| !unread.contains_key(netuid)) {
            let state = match facts.subnets.contains_key(netuid) {
                true => self.subnet(&mut reader, *netuid, ask).await?,
                false if ask.recorded && is_there(reader.afresh(), *netuid).await? => {
                    return Err(reader.differs(format_args!("subnet {netuid}")));
                }
                false => absent(ask),
            };
            subnets.insert(*netuid, state);
        }
        Ok(BlockState { facts, subnets, unread })
    }

    async fn note(&self, head: BlockRef) {
        self.next.note(head);
        self.finalized.fetch_max(head.number.0, Ordering::Relaxed);
        self.endpoints.is_finalized(head.number);
        self.hashes.note(head.number, head.hash).await;
    }

    /// The newest finalized head, once it is above `after`.
    async fn head_above(self: &Arc<Self>, after: BlockNumber) -> Result<BlockRef, ChainError> {
        loop {
            let newest = self.next.newest();
            if let Some(newest) = newest.filter(|newest| newest.number > after) {
                return Ok(newest);
            }
            let waiting = self.next.join(|| {
                let (chain, after) =
                    (Arc::clone(self), newest.map_or(BlockNumber(0), |newest| newest.number));
                async move {
                    let head =
                        chain.heads.lock().await.above(&chain.endpoints, after, chain.patience).await?;
                    chain.note(head).await;
                    Ok(head)
                }
                .boxed()
            });
            waiting.await?;
        }
    }

    async fn has_state(&self, number: BlockNumber) -> Result<bool, ChainError> {
        let asked: Option<H256> =
            self.endpoints.call(None, "chain_getBlockHash", rpc_params![number.0]).await?;
        let Some(hash) = asked else { return Ok(false) };
        match storage::read(&self.endpoints, number, BlockHash(hash.0), vec![marker_key()]).await {
            Ok(_) => Ok(true),
            Err(ChainError::Pruned { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The hash of a finalized block.
    pub(crate) async fn hash(&self, number: BlockNumber) -> Result<BlockHash, ChainError> {
        let mut finalized = self.finalized.load(Ordering::Relaxed);
        if number.0 > finalized {
            finalized = self.finalized_head().await?.number.0;
        }
        if number.0 > finalized {
            return Err(ChainError::NoSuchBlock(number));
        }
        self.hashes.get(&self.endpoints, number, finalized).await
    }

    /// The runtime that made a block: `System.LastRuntimeUpgrade` in its state names it, in the upgrade block
    /// the old one (docs/chain.md#the-runtime-that-made-a-block). Its code is in the state of the parent.
    async fn maker(&self, number: BlockNumber, marker: Option<&[u8]>) -> Result<Arc<Runtime>, ChainError> {
        let parent = number.parent();
        let spec_version = match marker.map(|mut bytes| Compact::<u32>::decode(&mut bytes)) {
            Some(Ok(Compact(version))) => version,
            // Genesis has no marker: its own code counts.
            _ => {
                met_runtimes::spec_version_of_code(&self.endpoints, self.hash(parent).await?, parent).await?
            }
        };
        let expected = self.eras.lock().await.likely(number);
        if expected != Some(spec_version) {
            // All that is read of its blocks hangs on it.
            let again =
                storage::read(&self.endpoints, number, self.hash(number).await?, vec![marker_key()]).await?;
            if again.get(&marker_key()) != marker {
                return Err(two_answers("its runtime", number));
            }
        }
        // A version whose code cannot be had is none that made it.
        let runtime = self.runtime(number, spec_version).await?;
        self.eras.lock().await.note(number, spec_version);
        Ok(runtime)
    }

    /// The runtime of the version that made a block.
    async fn runtime(&self, number: BlockNumber, spec_version: u32) -> Result<Arc<Runtime>, ChainError> {
        if let Some(runtime) = self.runtimes.met(spec_version).await {
            return Ok(runtime);
        }
        let parent = number.parent();
        self.runtimes.get(&self.endpoints, spec_version, self.hash(parent).await?, parent).await
    }

    /// Reads keys in the state of a block. They are made with the runtime that is expected to have
    /// made it; should it be another, they are made and read once more.
    pub(crate) async fn state<'a>(
        &'a self,
        number: BlockNumber,
        keys: impl Fn(&Runtime) -> Result<Vec<Vec<u8>>, ChainError> + Send,
    ) -> Result<Reader<'a>, ChainError> {
        let hash = self.hash(number).await?;
        let (certain, likely) = {
            let eras = self.eras.lock().await;
            (eras.certain(number), eras.likely(number))
        };
        let marker = marker_key();
        let mut runtime = match certain.or(likely) {
            Some(spec_version) => self.runtime(number, spec_version).await?,
            None => {
                let values = storage::read(&self.endpoints, number, hash, vec![marker.clone()]).await?;
                self.maker(number, values.get(&marker)).await?
            }
        };
        loop {
            let mut keys = keys(&runtime)?;
            let conversion = runtime.conversion(number);
            keys.extend(conversion.clone());
            keys.push(marker.clone());
            keys.sort_unstable();
            keys.dedup();
            let values = storage::read(&self.endpoints, number, hash, keys).await?;
            let maker = self.maker(number, values.get(&marker)).await?;
            if maker.spec_version() == runtime.spec_version() {
                if conversion.is_some_and(|key| values.get(&key) == Some(&[1])) {
                    runtime.note_converted(number);
                }
                return Ok(Reader::new(&self.endpoints, runtime, number, hash).with(values));
            }
            runtime = maker;
        }
    }

    /// Every key that an answer needs, as far as it is known beforehand.
    fn keys(&self, runtime: &Runtime, number: BlockNumber, ask: &Ask) -> Result<Vec<Vec<u8>>, ChainError> {
        let plain = runtime.plain();
        let mut keys = vec![plain.parent_hash.clone(), plain.now.clone()];
        if ask.events {
            keys.push(plain.events.clone());
        }
        for (netuid, ask) in &ask.subnets {
            keys.extend(counters::keys(runtime, *netuid)?.into_values());
            let mut coldkeys = ask.coldkeys.clone();
            if ask.neurons != NeuronsAsk::No {
                keys.extend(neurons::expected_keys(runtime, *netuid, &ask.expected.neurons)?);
            }
            if ask.neurons == NeuronsAsk::WithPositions {
                coldkeys.extend(ask.expected.neurons.iter().map(|neuron| neuron.coldkey));
            }
            keys.extend(positions::expected_keys(
                runtime,
                number,
                *netuid,
                &coldkeys,
                &ask.expected.positions,
                !ask.skip_pointers,
            )?);
            keys.extend(traces::keys(runtime, number, *netuid, &ask.traces)?);
            coldkeys.extend(&ask.traces.coldkeys);
            keys.extend(self.proxies.expected_keys(runtime, &coldkeys)?);
        }
        Ok(keys)
    }

    /// What is asked of one subnet.
    async fn subnet(
        &self,
        reader: &mut Reader<'_>,
        netuid: NetUid,
        ask: &SubnetAsk,
    ) -> Result<SubnetState, ChainError> {
        let mut state = SubnetState::default();
        if ask.neurons != NeuronsAsk::No {
            (state.neurons, state.owner) = neurons::read(reader, netuid).await?;
        }
        let mut coldkeys = ask.coldkeys.clone();
        if ask.neurons == NeuronsAsk::WithPositions {
            coldkeys.extend(state.neurons.iter().map(|neuron| neuron.coldkey));
        }
        state.traces = traces::read(reader, netuid, &ask.traces, &self.proxies).await?;
        let mut pairs = BTreeSet::new();
        if !coldkeys.is_empty() {
            pairs = positions::possible(
                reader,
                netuid,
                &coldkeys,
                &ask.expected.positions,
                &self.proxies,
                &mut state,
            )
            .await?;
        }
        let spec_version = reader.runtime.spec_version();
        let mut path = match ask.own_word {
            OwnWord::Instead => Path::Runtime,
            _ if !reader.runtime.capabilities().shares() => Path::Runtime,
            // Nothing that was recorded is the worse for it.
            _ if pairs.is_empty() => Path::Storage,
            _ => self.trust.path(spec_version, netuid)?,
        };
        if path != Path::Runtime {
            positions::by_storage(reader, netuid, &pairs, !ask.skip_pointers, &mut state).await?;
        }
        if path != Path::Storage {
            let storage = state.clone();
            state.positions.clear();
            let all = pairs.union(&ask.traces.positions).copied().collect();
            positions::by_runtime(reader, netuid, &all, !ask.skip_pointers, &mut state).await?;
            state.positions.retain(|key, _| pairs.contains(key));
            if path == Path::Both {
                let since = match ask.own_word {
                    OwnWord::ComparedSince(since) => Some(since),
                    _ => None,
                };
                let api = reader.runtime_api();
                if !self.trust.settle(&api, netuid, since, &storage.positions, &state.positions).await? {
                    state = storage;
                    path = Path::Storage;
                }
            }
        }
        let told = self.compared(reader, (netuid, ask), (path, &coldkeys, &pairs), &state).await?;
        if ask.recorded {
            let doubtful = match told.as_ref().filter(|_| path == Path::Storage) {
                Some(told) => told.contradicting(&coldkeys, &state.positions),
                None => coldkeys,
            };
            self.read_again(reader, netuid, path, (&doubtful, &pairs), &state).await?;
        }
        state.locks = told.filter(|_| ask.locks).map(|told| told.locked());
        Ok(state)
    }

    /// Reads the positions of some coldkeys a second time: both answers must be the same.
    async fn read_again(
        &self,
        reader: &Reader<'_>,
        netuid: NetUid,
        path: Path,
        (coldkeys, pairs): (&BTreeSet<Coldkey>, &BTreeSet<PositionKey>),
        first: &SubnetState,
    ) -> Result<(), ChainError> {
        if coldkeys.is_empty() {
            return Ok(());
        }
        let mut again = reader.afresh();
        let pairs: BTreeSet<PositionKey> =
            pairs.iter().filter(|key| coldkeys.contains(&key.coldkey)).copied().collect();
        let mut keys =
            positions::expected_keys(&again.runtime, again.number, netuid, coldkeys, &pairs, false)?;
        keys.extend(self.proxies.expected_keys(&again.runtime, coldkeys)?);
        again.ensure(keys).await?;
        let mut second = SubnetState::default();
        let pairs =
            positions::possible(&mut again, netuid, coldkeys, &pairs, &self.proxies, &mut second).await?;
        if path == Path::Runtime {
            positions::by_runtime(&mut again, netuid, &pairs, false, &mut second).await?;
        } else {
            positions::by_storage(&mut again, netuid, &pairs, false, &mut second).await?;
        }
        let first = first.positions.iter().filter(|(key, _)| coldkeys.contains(&key.coldkey));
        if first.eq(second.positions.iter()) {
            Ok(())
        } else {
            Err(again.differs(format_args!("positions on subnet {netuid}")))
        }
    }

    /// Compares positions with the runtime's own answer, as far as it is asked for and due; gives what the
    /// runtime said of coldkeys as a whole, where it was asked.
    async fn compared(
        &self,
        reader: &Reader<'_>,
        (netuid, ask): (NetUid, &SubnetAsk),
        (path, coldkeys, pairs): (Path, &BTreeSet<Coldkey>, &BTreeSet<PositionKey>),
        state: &SubnetState,
    ) -> Result<Option<Told>, ChainError> {
        let (api, spec_version) = (reader.runtime_api(), reader.runtime.spec_version());
        let comparable = path == Path::Storage && reader.runtime.capabilities().stake_api;
        let (since, all_at_first) = match ask.own_word {
            OwnWord::ComparedSince(since) if comparable => (since, true),
            OwnWord::Sampled if comparable => (trust::some_since(reader.number), false),
            _ if ask.locks || ask.recorded => {
                return self.locks.read(&api, netuid, coldkeys, &state.positions).await;
            }
            _ => return Ok(None),
        };
        let mut meeting = None;
        if all_at_first && !self.trust.is_met(spec_version, netuid) && !state.positions.is_empty() {
            meeting = Some(self.trust.meet(spec_version, netuid).await)
                .filter(|_| !self.trust.is_met(spec_version, netuid));
        }
        if all_at_first && meeting.is_none() && !ask.locks && !ask.recorded {
            return Ok(None);
        }
        let told = self.locks.read(&api, netuid, coldkeys, &state.positions).await?;
        // What is due is compared once an epoch.
        if all_at_first && meeting.is_none() && !ask.locks {
            return Ok(told);
        }
        let comparison = Comparison { api, netuid, since, coldkeys, pairs, state, told: told.as_ref() };
        self.trust.compare(&comparison, meeting.is_some()).await?;
        Ok(told)
    }
}

/// `System.LastRuntimeUpgrade`, needed before any metadata is known; a plain value under the two
/// hashed names, as every Substrate chain has it.
fn marker_key() -> Vec<u8> {
    subxt::ext::frame_decode::storage::encode_storage_key_prefix("System", "LastRuntimeUpgrade").to_vec()
}

/// A task that ends with whoever waits for it.
struct Task<T>(JoinHandle<T>);

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[async_trait]
impl ChainPort for SubxtChain {
    async fn genesis(&self) -> Result<BlockHash, ChainError> {
        self.chain.endpoints.genesis().await
    }

    async fn finalized_head(&self) -> Result<BlockRef, ChainError> {
        self.chain.finalized_head().await
    }

    async fn wait_for_head_above(&self, after: BlockNumber) -> Result<BlockRef, ChainError> {
        self.chain.head_above(after).await
    }

    async fn read(&self, number: BlockNumber, ask: &Ask) -> Result<BlockState, ChainError> {
        // Half a megabyte each, and many at once: decoded on every core, and beside what the caller does.
        let (chain, ask) = (Arc::clone(&self.chain), ask.clone());
        let mut task = Task(tokio::spawn(async move { chain.read_well(number, &ask).await }));
        (&mut task.0).await.unwrap_or_else(|why| {
            Err(ChainError::Unreachable(format!("reading block {number} was broken off: {why}")))
        })
    }

    async fn taken_back(&self, netuid: NetUid, spec_version: u32) {
        self.chain.trust.taken_back(spec_version, netuid);
    }
}

/// Whether a subnet exists in a state.
async fn is_there(mut reader: Reader<'_>, netuid: NetUid) -> Result<bool, ChainError> {
    let keys = counters::keys(&reader.runtime, netuid)?.into_values().collect();
    reader.ensure(keys).await?;
    Ok(counters::read(&reader, netuid).await?.is_some())
}

/// A subnet in a state in which it does not exist: nobody has anything there.
fn absent(ask: &SubnetAsk) -> SubnetState {
    let looked_at = ask.coldkeys.iter().chain(&ask.traces.coldkeys);
    let traces = Traces {
        coldkeys: looked_at.map(|coldkey| (*coldkey, ColdkeyTrace::default())).collect(),
        ..Traces::default()
    };
    SubnetState { traces, ..SubnetState::default() }
}

/// The facts of a block; of subnets that were asked for apart, also why their counters cannot be read.
async fn facts(
    reader: &mut Reader<'_>,
    ask: &Ask,
) -> Result<(BlockFacts, BTreeMap<NetUid, ChainError>), ChainError> {
    let runtime = reader.runtime.clone();
    let number = reader.number;
    // Genesis has none of them.
    let lacks = |item: &str| match number.0 {
        0 => Ok(()),
        _ => Err(ChainError::Malformed(format!(
            "the state given for block {number} has no `{item}`, which every block has"
        ))),
    };
    let parent_hash = match reader.raw(&runtime.plain().parent_hash) {
        Some(bytes) => BlockHash(runtime.value_in("System", "ParentHash", bytes)?),
        None => lacks("System.ParentHash").map(|()| BlockHash::default())?,
    };
    let time = match reader.raw(&runtime.plain().now) {
        Some(bytes) => Millis(runtime.value_in("Timestamp", "Now", bytes)?),
        None => lacks("Timestamp.Now").map(|()| Millis(0))?,
    };
    let (mut subnets, mut registrations, mut unread) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for netuid in ask.subnets.keys() {
        let counters = counters::read(reader, *netuid).await;
        match counters.and_then(|counters| Ok((counters, counters::registrations(reader, *netuid)?))) {
            Ok((counters, count)) => {
                subnets.extend(counters.map(|counters| (*netuid, counters)));
                registrations.extend(count.map(|count| (*netuid, count)));
            }
            Err(error) if ask.apart => _ = unread.insert(*netuid, error),
            Err(error) => return Err(error),
        }
    }
    let events = match ask.events.then(|| reader.take(&runtime.plain().events)) {
        Some(Some(bytes)) => events::decode(&runtime, bytes)?,
        // Each extrinsic leaves one, and each block has one that sets the time.
        Some(None) => lacks("System.Events").map(|()| Vec::new())?,
        None => Vec::new(),
    };
    let facts = BlockFacts {
        block: BlockRef { number: reader.number, hash: reader.hash },
        parent_hash,
        time,
        spec_version: runtime.spec_version(),
        measured: runtime.is_measured(),
        announces_incentive: runtime.capabilities().incentive_event,
        counters_asked: !runtime.capabilities().counters,
        subnets,
        registrations,
        events,
    };
    Ok((facts, unread))
}
