//! [`ChainPort`] over JSON-RPC, with subxt.
//!
//! Takes from `endpoints`, `runtimes`, `agreement`, `reading` and `recording`.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::task::JoinHandle;
use vesting_core::ports::{Ask, BlockState, ChainError, ChainPort};
use vesting_core::{BlockHash, BlockNumber, BlockRef, NetUid};

use crate::agreement::disagreement::Disagreement;
use crate::endpoints::counts::{Calls, Requests};
use crate::reading::chain::Chain;
use crate::reading::options::ChainOptions;
use crate::recording::capture::Capture;
use crate::runtimes::runtime::Runtime;

/// A Subtensor chain, read through its nodes.
pub struct SubxtChain {
    chain: Arc<Chain>,
}

impl SubxtChain {
    /// A chain with these endpoints. It connects at the first call.
    #[must_use]
    pub fn new(options: ChainOptions) -> Self {
        Self { chain: Arc::new(Chain::new(&options)) }
    }

    /// Sets the genesis hash that the chain must have: endpoints that serve another chain are passed over.
    /// Without it, the first endpoint that answers decides which chain is read.
    pub fn expect_genesis(&self, genesis: BlockHash) {
        self.chain.rpc.expect(genesis);
    }

    /// How many JSON-RPC calls were made so far.
    #[must_use]
    pub fn requests(&self) -> Requests {
        self.chain.rpc.requests()
    }

    /// The JSON-RPC calls made so far, by endpoint and method.
    #[must_use]
    pub fn calls(&self) -> Vec<Calls> {
        self.chain.rpc.calls()
    }

    /// How often one endpoint was left for another so far.
    #[must_use]
    pub fn switches(&self) -> u64 {
        self.chain.rpc.switches()
    }

    /// The highest block known to be finalized; `None` before the first answer.
    #[must_use]
    pub fn newest_head(&self) -> Option<BlockNumber> {
        self.chain.newest_head()
    }

    /// The disagreements found between storage and the runtime's own answer. If there is one, that runtime is
    /// asked for every position, which is slower.
    #[must_use]
    pub fn disagreements(&self) -> Vec<Disagreement> {
        self.chain.disagreements()
    }

    /// The runtime of the highest version met so far; `None` before the first answer.
    #[must_use]
    pub fn newest_runtime(&self) -> Option<Arc<Runtime>> {
        self.chain.newest_runtime()
    }

    /// The runtime that made a block.
    ///
    /// # Errors
    /// [`ChainError::Unreadable`] if it lacks something that is always needed, and as [`ChainPort::read`].
    pub async fn runtime(&self, number: BlockNumber) -> Result<Arc<Runtime>, ChainError> {
        Ok(self.chain.state(number, |_| Ok(Vec::new())).await?.runtime)
    }

    /// Whether the state of a block is still there. This takes two small requests.
    ///
    /// # Errors
    /// If the chain does not answer.
    pub async fn has_state(&self, number: BlockNumber) -> Result<bool, ChainError> {
        self.chain.has_state(number).await
    }

    /// The hash of a finalized block by its height.
    ///
    /// # Errors
    /// As [`ChainPort::read`].
    pub async fn block_hash(&self, number: BlockNumber) -> Result<BlockHash, ChainError> {
        self.chain.hash(number).await
    }

    /// Captures blocks as a recording of these subnets, which can be served again.
    #[must_use]
    pub fn capture(&self, netuids: &[NetUid]) -> Capture {
        Capture::new(Arc::clone(&self.chain), netuids)
    }
}

/// A task that is aborted when nobody waits for it any more.
struct Task<T>(JoinHandle<T>);

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[async_trait]
impl ChainPort for SubxtChain {
    async fn genesis(&self) -> Result<BlockHash, ChainError> {
        self.chain.rpc.genesis().await
    }

    async fn finalized_head(&self) -> Result<BlockRef, ChainError> {
        self.chain.finalized_head().await
    }

    async fn wait_for_head_above(&self, after: BlockNumber) -> Result<BlockRef, ChainError> {
        self.chain.head_above(after).await
    }

    async fn read(&self, number: BlockNumber, ask: &Ask) -> Result<BlockState, ChainError> {
        // Many blocks of half a megabyte each are decoded at once: on every core, and while the caller does
        // other work.
        let (chain, ask) = (Arc::clone(&self.chain), ask.clone());
        let mut task = Task(tokio::spawn(async move { chain.read_block(number, &ask).await }));
        (&mut task.0).await.unwrap_or_else(|why| {
            Err(ChainError::Unreachable(format!("reading block {number} was broken off: {why}")))
        })
    }

    async fn taken_back(&self, netuid: NetUid, spec_version: u32) {
        self.chain.taken_back(spec_version, netuid);
    }
}
