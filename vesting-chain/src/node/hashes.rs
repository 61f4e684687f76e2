//! Hashes of finalized blocks by height: asked for many at a time, and kept.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use subxt::rpcs::rpc_params;
use subxt::utils::H256;
use tokio::sync::Mutex;
use vesting_core::ports::ChainError;
use vesting_core::{BlockFacts, BlockHash, BlockNumber};

use crate::endpoints::pauses;
use crate::endpoints::rpc::Rpc;

/// The hashes in one request; their answer has about 140 KB.
const HASHES_PER_REQUEST: u64 = 2_048;
/// So many runs are kept: 131,072 hashes, 4 MB.
const RUNS_KEPT: usize = 64;
/// So many hashes of heads are kept.
const HEADS_KEPT: usize = 256;

/// The hashes of one run of consecutive blocks, as many as were finalized when it was asked for. A node that
/// began in the middle of its chain lacks the hashes before.
type Run = Arc<Mutex<Vec<Option<BlockHash>>>>;

/// The hashes known so far.
#[derive(Default)]
pub(crate) struct Hashes {
    runs: Mutex<BTreeMap<u64, Run>>,
    heads: Mutex<BTreeMap<BlockNumber, BlockHash>>,
}

impl Hashes {
    /// Notes a finalized block's hash.
    pub(crate) async fn note(&self, number: BlockNumber, hash: BlockHash) {
        let mut heads = self.heads.lock().await;
        heads.insert(number, hash);
        if heads.len() > HEADS_KEPT {
            heads.pop_first();
        }
    }

    /// Forgets the hash of a block that came with a head. Returns whether there was one.
    pub(crate) async fn forget(&self, number: BlockNumber) -> bool {
        self.heads.lock().await.remove(&number).is_some()
    }

    /// Whether the hash by which a block was asked for may be wrong: it came with a head, or the node now
    /// tells another one. Then it is forgotten.
    pub(crate) async fn is_mistaken(&self, rpc: &Rpc, number: BlockNumber) -> bool {
        if self.forget(number).await {
            return true;
        }
        let Some(known) = self.known(number).await else { return false };
        let is_another = matches!(one(rpc, number).await, Ok(Some(told)) if told != known);
        if is_another {
            self.forget_run(number).await;
        }
        is_another
    }

    /// Checks that the parent named in a block's state has the hash that is known of the parent's height.
    pub(crate) async fn check_parent(&self, facts: &BlockFacts) -> Result<(), ChainError> {
        let (number, parent) = (facts.block.number, facts.block.number.parent());
        if number.0 == 0 {
            return Ok(());
        }
        let known = match self.heads.lock().await.get(&parent) {
            Some(hash) => Some(*hash),
            None => self.known(parent).await,
        };
        let Some(known) = known.filter(|known| *known != facts.parent_hash) else { return Ok(()) };
        let why = format!(
            "block {number} names {} as its parent, but block {parent} is {known} by its height",
            facts.parent_hash
        );
        self.forget(parent).await;
        self.forget_run(parent).await;
        Err(ChainError::Malformed(why))
    }

    /// The hash of a block, if it was asked for before.
    async fn known(&self, number: BlockNumber) -> Option<BlockHash> {
        let (first, place) = place(number);
        let run = self.runs.lock().await.get(&first).cloned()?;
        // Whoever holds the lock is asking the node. What is not known yet is not waited for.
        let run = run.try_lock().ok()?;
        run.get(place).copied().flatten()
    }

    /// Forgets the run of hashes that a block belongs to.
    pub(crate) async fn forget_run(&self, number: BlockNumber) {
        self.runs.lock().await.remove(&place(number).0);
    }

    /// The hash of a block at or below `finalized`. One of an endpoint's nodes may not know it yet, so it is
    /// asked for again for some time.
    pub(crate) async fn get(
        &self,
        rpc: &Rpc,
        number: BlockNumber,
        finalized: u64,
    ) -> Result<BlockHash, ChainError> {
        if let Some(hash) = self.heads.lock().await.get(&number) {
            return Ok(*hash);
        }
        let begun = Instant::now();
        for times in 0.. {
            if let Some(hash) = self.find(rpc, number, finalized).await? {
                return Ok(hash);
            }
            if begun.elapsed() >= rpc.lag() {
                break;
            }
            tokio::time::sleep(pauses::for_lag(times)).await;
        }
        if rpc.is_old(number) {
            Err(ChainError::Pruned { block: number })
        } else {
            Err(ChainError::NoSuchBlock(number))
        }
    }

    /// The hash of a block, if the endpoint has it.
    async fn find(
        &self,
        rpc: &Rpc,
        number: BlockNumber,
        finalized: u64,
    ) -> Result<Option<BlockHash>, ChainError> {
        let (first, place) = place(number);
        // The lock is held while asking, so that readers of neighbouring blocks share one request.
        let run = self.run(first).await;
        let mut run = run.lock().await;
        if let Some(Some(hash)) = run.get(place) {
            return Ok(Some(*hash));
        }
        if let Some(lacking) = run.get_mut(place) {
            // Another endpoint may have it.
            *lacking = one(rpc, number).await?;
            return Ok(*lacking);
        }
        let known = u64::try_from(run.len()).unwrap_or(0);
        let last = finalized.min(first.saturating_add(HASHES_PER_REQUEST - 1));
        let numbers: Vec<u64> = (first.saturating_add(known)..=last).collect();
        let answer: Vec<Option<H256>> = rpc.call(None, "chain_getBlockHash", rpc_params![&numbers]).await?;
        if answer.len() != numbers.len() {
            let why = format!(
                "asked for the hashes of {} blocks from {} on, it answered {}",
                numbers.len(),
                number,
                answer.len()
            );
            rpc.wrong_answer(&why);
            return Ok(None);
        }
        run.extend(answer.into_iter().map(|hash| hash.map(|hash| BlockHash(hash.0))));
        // A node that lags behind the finalized head does not know the last ones.
        while run.last() == Some(&None) {
            run.pop();
        }
        Ok(run.get(place).copied().flatten())
    }

    /// The run that begins at a block.
    async fn run(&self, first: u64) -> Run {
        let mut runs = self.runs.lock().await;
        let run = Arc::clone(runs.entry(first).or_default());
        while runs.len() > RUNS_KEPT {
            // Catching up goes forwards: the run farthest behind is not asked for again.
            let farthest = runs.keys().copied().find(|key| *key != first);
            farthest.and_then(|key| runs.remove(&key));
        }
        run
    }
}

/// The first block of the run that a block belongs to, and its place in it.
fn place(number: BlockNumber) -> (u64, usize) {
    let place = number.0 % HASHES_PER_REQUEST;
    (number.0 - place, usize::try_from(place).unwrap_or(usize::MAX))
}

/// The hash of one block, as a node tells it now.
async fn one(rpc: &Rpc, number: BlockNumber) -> Result<Option<BlockHash>, ChainError> {
    let hash: Option<H256> = rpc.call(None, "chain_getBlockHash", rpc_params![number.0]).await?;
    Ok(hash.map(|hash| BlockHash(hash.0)))
}
