//! Endpoints: one sticky connection, a deadline on every call, the next endpoint when one fails.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde::de::DeserializeOwned;
use subxt::config::substrate::SubstrateHeader;
use subxt::rpcs::client::{RpcClient, RpcParams, RpcSubscription};
use subxt::rpcs::{Error as RpcError, rpc_params};
use subxt::utils::H256;
use tokio::sync::{Mutex, Semaphore};
use vesting_core::ports::ChainError;
use vesting_core::{BlockHash, BlockNumber};

use crate::calls::{Calls, Counts, Requests};

/// What a caller wants done with an error.
enum Reaction {
    /// The node answered: the error is about the call itself.
    Answer(ChainError),
    /// Another try, elsewhere, may do better.
    Elsewhere(ChainError),
    /// The node asks us to be slower.
    Later(ChainError),
}

/// How often a node may ask us to be slower before its refusal is an error; the pauses double.
const REFUSALS: u32 = 6;
/// How long the first pause is, in milliseconds.
const PAUSE_MS: u64 = 250;
/// Under which connections that cannot be made are counted.
const CONNECT: &str = "connect";
const BLOCK_HASH: &str = "chain_getBlockHash";
const FINALIZED_HEADS: &str = "chain_subscribeFinalizedHeads";
/// The code by which Substrate nodes say that a client's calls are too many.
const RATE_LIMITED: i32 = -32_999;

/// The endpoints of one chain.
pub(crate) struct Endpoints {
    urls: Vec<String>,
    /// Which of them serves now; stays until it fails.
    current: AtomicUsize,
    client: Mutex<Option<(usize, RpcClient)>>,
    /// The chain, once known: an endpoint that serves another is refused.
    genesis: Mutex<Option<BlockHash>>,
    deadline: Duration,
    in_flight: Semaphore,
    counts: Counts,
}

impl Endpoints {
    pub(crate) fn new(urls: Vec<String>, deadline: Duration, in_flight: usize) -> Self {
        Self {
            urls,
            current: AtomicUsize::new(0),
            client: Mutex::new(None),
            genesis: Mutex::new(None),
            deadline,
            in_flight: Semaphore::new(in_flight.max(1)),
            counts: Counts::default(),
        }
    }

    pub(crate) fn requests(&self) -> Requests {
        self.counts.requests()
    }

    /// The calls made so far, by endpoint and method.
    pub(crate) fn calls(&self) -> Vec<Calls> {
        self.counts.all(&self.urls)
    }

    /// How often one endpoint was left for another.
    pub(crate) fn switches(&self) -> u64 {
        self.counts.switches()
    }

    fn url(&self, index: usize) -> &str {
        self.urls.get(index % self.urls.len().max(1)).map_or("", String::as_str)
    }

    /// The chain's genesis hash.
    pub(crate) async fn genesis(&self) -> Result<BlockHash, ChainError> {
        if let Some(genesis) = *self.genesis.lock().await {
            return Ok(genesis);
        }
        // Connecting asks for it.
        self.client().await?;
        let genesis = *self.genesis.lock().await;
        genesis.ok_or_else(|| ChainError::Malformed("the endpoint has no block 0".into()))
    }

    async fn client(&self) -> Result<(usize, RpcClient), ChainError> {
        let mut slot = self.client.lock().await;
        if let Some((index, client)) = slot.as_ref() {
            return Ok((*index, client.clone()));
        }
        let index = self.current.load(Ordering::Relaxed);
        let client = self.connect(index).await?;
        *slot = Some((index, client.clone()));
        Ok((index, client))
    }

    async fn connect(&self, index: usize) -> Result<RpcClient, ChainError> {
        let url = self.url(index);
        let unreachable = |why: String| {
            ChainError::Unreachable(format!(
                "cannot reach the endpoint {url}: {why}; check `--network` or `--endpoints`, and that the node is running"
            ))
        };
        let connecting = RpcClient::from_insecure_url(url);
        let late = || format!("no answer within {} s", self.deadline.as_secs());
        let client = match tokio::time::timeout(self.deadline, connecting).await.map(|done| done.map_err(|error| words(&error))) {
            Ok(Ok(client)) => client,
            failed => {
                self.counts.made(index, CONNECT);
                self.counts.failed(index, CONNECT);
                return Err(unreachable(failed.ok().and_then(Result::err).unwrap_or_else(late)));
            }
        };
        self.counts.made(index, BLOCK_HASH);
        let asking = client.request::<Option<subxt::utils::H256>>(BLOCK_HASH, rpc_params![0]);
        let genesis = match tokio::time::timeout(self.deadline, asking).await.map(|done| done.map_err(|error| words(&error))) {
            Ok(Ok(Some(hash))) => BlockHash(hash.0),
            Ok(Ok(None)) => return Err(unreachable("it has no block 0".into())),
            failed => {
                self.counts.failed(index, BLOCK_HASH);
                return Err(unreachable(failed.ok().and_then(Result::err).unwrap_or_else(late)));
            }
        };
        let mut known = self.genesis.lock().await;
        match *known {
            Some(expected) if expected != genesis => {
                Err(unreachable(format!("it serves another chain (genesis {genesis}, not {expected})")))
            }
            _ => {
                *known = Some(genesis);
                Ok(client)
            }
        }
    }

    /// Which endpoint serves now.
    pub(crate) fn current(&self) -> usize {
        self.current.load(Ordering::Relaxed)
    }

    /// Leaves the endpoint that serves now for the next (for a new connection, where it is the only one).
    pub(crate) async fn leave(&self, why: &str) {
        let index = self.current();
        tracing::warn!(endpoint = self.url(index), "leaving the endpoint: {why}");
        self.give_up(index).await;
    }

    /// Gives up the connection `index`, unless somebody has done so already.
    async fn give_up(&self, index: usize) {
        let mut slot = self.client.lock().await;
        if slot.as_ref().is_none_or(|(current, _)| *current == index) {
            *slot = None;
            let next = (index + 1) % self.urls.len().max(1);
            // Several calls may fail at once.
            if self.current.swap(next, Ordering::Relaxed) != next {
                self.counts.switched();
            }
        }
    }

    /// Makes a call about the state of `block` (or about none): with a deadline, within the limit of
    /// requests in flight, on each endpoint in turn and twice around before giving up.
    pub(crate) async fn call<R: DeserializeOwned>(
        &self,
        block: Option<BlockNumber>,
        method: &'static str,
        params: RpcParams,
    ) -> Result<R, ChainError> {
        self.attempt(block, method, |client| {
            let params = params.clone();
            async move { client.request(method, params).await }
        })
        .await
    }

    /// Subscribes to finalized heads, only to be woken.
    pub(crate) async fn finalized_heads(&self) -> Result<RpcSubscription<SubstrateHeader<H256>>, ChainError> {
        self.attempt(None, FINALIZED_HEADS, |client| async move {
            client.subscribe(FINALIZED_HEADS, RpcParams::new(), "chain_unsubscribeFinalizedHeads").await
        })
        .await
    }

    async fn attempt<R, F>(&self, block: Option<BlockNumber>, method: &'static str, make: impl Fn(RpcClient) -> F) -> Result<R, ChainError>
    where
        F: Future<Output = Result<R, RpcError>>,
    {
        let _permit = self.in_flight.acquire().await.map_err(|_| ChainError::Unreachable("shutting down".into()))?;
        let mut last = ChainError::Unreachable("no endpoint is configured: use `--network` or `--endpoints`".into());
        let tries = self.urls.len().saturating_mul(2);
        let (mut failures, mut refusals) = (0, 0);
        while failures < tries && refusals < REFUSALS {
            if failures > 0 || refusals > 0 {
                // A node that restarts needs a moment; grows, but stays within a block's time.
                let doublings = refusals.max(u32::try_from(failures).unwrap_or(u32::MAX)).min(5);
                tokio::time::sleep(Duration::from_millis(PAUSE_MS << doublings)).await;
            }
            let (index, client) = match self.client().await {
                Ok(found) => found,
                Err(error) => {
                    last = error;
                    failures += 1;
                    self.give_up(self.current()).await;
                    continue;
                }
            };
            self.counts.made(index, method);
            let reaction = match tokio::time::timeout(self.deadline, make(client)).await {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(error)) => self.judge(index, block, &error),
                Err(_) => Reaction::Elsewhere(ChainError::Unreachable(format!(
                    "the endpoint {} gave no answer within {} s",
                    self.url(index),
                    self.deadline.as_secs()
                ))),
            };
            self.counts.failed(index, method);
            match reaction {
                Reaction::Answer(error) => return Err(error),
                Reaction::Later(error) => {
                    tracing::warn!(endpoint = self.url(index), %error, "slower");
                    last = error;
                    refusals += 1;
                }
                Reaction::Elsewhere(error) => {
                    tracing::warn!(endpoint = self.url(index), %error, "trying again");
                    last = error;
                    failures += 1;
                    self.give_up(index).await;
                }
            }
        }
        Err(last)
    }

    fn judge(&self, index: usize, block: Option<BlockNumber>, error: &RpcError) -> Reaction {
        let url = self.url(index);
        match error {
            // The state is there, but its code does not know the call or fails in it.
            RpcError::User(user) if user.message.contains("Execution failed") => {
                Reaction::Answer(ChainError::Unsupported(format!("the endpoint {url} could not run a call: {}", user.message)))
            }
            // Substrate answers both with code 4003 / -32000 and differs in words only between
            // versions; whatever the node says about a state we asked for by a finalized hash
            // means that it does not have it.
            RpcError::User(user) if block.is_some() && (user.code == 4003 || user.code == -32000) => {
                let block = block.unwrap_or_default();
                if self.urls.len() > 1 {
                    return Reaction::Elsewhere(ChainError::Pruned { block });
                }
                Reaction::Answer(ChainError::Pruned { block })
            }
            RpcError::User(user) if user.code == RATE_LIMITED => {
                Reaction::Later(ChainError::Unreachable(format!("the endpoint {url} limits calls: {}", user.message)))
            }
            RpcError::User(user) => {
                Reaction::Answer(ChainError::Unsupported(format!("the endpoint {url} refused a call: {}", user.message)))
            }
            RpcError::Deserialization(why) => {
                Reaction::Elsewhere(ChainError::Malformed(format!("the endpoint {url} answered nonsense: {why}")))
            }
            other => Reaction::Elsewhere(ChainError::Unreachable(format!("the endpoint {url} failed: {}", words(other)))),
        }
    }
}

/// An error with its causes.
fn words(error: &RpcError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text = format!("{text}: {inner_text}");
        }
        cause = inner.source();
    }
    text
}
