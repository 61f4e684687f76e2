//! Hashes of finalized blocks by height, fetched many at a time and kept.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use subxt::rpcs::rpc_params;
use subxt::utils::H256;
use tokio::sync::Mutex;
use vesting_core::ports::ChainError;
use vesting_core::{BlockFacts, BlockHash, BlockNumber};

use crate::endpoints::endpoint::{Endpoints, lag_pause};

/// Hashes in one request; about 140 KB of answer.
const HASHES_PER_REQUEST: u64 = 2_048;
/// Runs of hashes kept: 131,072 blocks, 4 MB.
const RUNS_KEPT: usize = 64;
/// Hashes kept that heads brought along.
const HEADS_KEPT: usize = 256;

/// The hashes of one run of blocks, as many as were finalized when it was asked for. A node that began in the
/// middle of its chain lacks those before.
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

    /// Forgets the hash that a notice brought along; says whether there was one.
    pub(crate) async fn forget(&self, number: BlockNumber) -> bool {
        self.heads.lock().await.remove(&number).is_some()
    }

    /// Whether the hash by which a block was asked for may be wrong: a notice told it, or another one is told
    /// now. Then it is forgotten.
    pub(crate) async fn is_mistaken(&self, endpoints: &Endpoints, number: BlockNumber) -> bool {
        if self.forget(number).await {
            return true;
        }
        let Some(known) = self.known(number).await else { return false };
        let is_another = matches!(one(endpoints, number).await, Ok(Some(told)) if told != known);
        if is_another {
            self.forget_run(number).await;
        }
        is_another
    }

    /// A block's parent, as its state names it, must be the one whose hash is known by its height.
    pub(crate) async fn link(&self, facts: &BlockFacts) -> Result<(), ChainError> {
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

    /// The hash of a block, where it was asked for before.
    async fn known(&self, number: BlockNumber) -> Option<BlockHash> {
        let (first, place) = place(number);
        let run = self.runs.lock().await.get(&first).cloned()?;
        // Whoever holds it is asking: what it does not hold yet is not waited for.
        let run = run.try_lock().ok()?;
        run.get(place).copied().flatten()
    }

    /// Forgets the hashes that were asked for together with that of a block.
    pub(crate) async fn forget_run(&self, number: BlockNumber) {
        self.runs.lock().await.remove(&place(number).0);
    }

    /// The hash of a block at or below `finalized`. Behind the name of an endpoint there may be a node that
    /// does not know it yet, so it is asked for again for some time.
    pub(crate) async fn get(
        &self,
        endpoints: &Endpoints,
        number: BlockNumber,
        finalized: u64,
    ) -> Result<BlockHash, ChainError> {
        if let Some(hash) = self.heads.lock().await.get(&number) {
            return Ok(*hash);
        }
        let begun = Instant::now();
        for times in 0.. {
            if let Some(hash) = self.look(endpoints, number, finalized).await? {
                return Ok(hash);
            }
            if begun.elapsed() >= endpoints.lag() {
                break;
            }
            tokio::time::sleep(lag_pause(times)).await;
        }
        if endpoints.is_old(number) {
            Err(ChainError::Pruned { block: number })
        } else {
            Err(ChainError::NoSuchBlock(number))
        }
    }

    /// The hash of a block, if the endpoint has it.
    async fn look(
        &self,
        endpoints: &Endpoints,
        number: BlockNumber,
        finalized: u64,
    ) -> Result<Option<BlockHash>, ChainError> {
        let (first, place) = place(number);
        // Held while asking, so that readers of neighbouring blocks share one request.
        let run = self.run(first).await;
        let mut run = run.lock().await;
        if let Some(Some(hash)) = run.get(place) {
            return Ok(Some(*hash));
        }
        if let Some(lacking) = run.get_mut(place) {
            // Another endpoint may have it.
            *lacking = one(endpoints, number).await?;
            return Ok(*lacking);
        }
        let known = u64::try_from(run.len()).unwrap_or(0);
        let last = finalized.min(first.saturating_add(HASHES_PER_REQUEST - 1));
        let numbers: Vec<u64> = (first.saturating_add(known)..=last).collect();
        let answer: Vec<Option<H256>> =
            endpoints.call(None, "chain_getBlockHash", rpc_params![&numbers]).await?;
        if answer.len() != numbers.len() {
            let why = format!(
                "asked for the hashes of {} blocks from {} on, it answered {}",
                numbers.len(),
                number,
                answer.len()
            );
            endpoints.misread(&why);
            return Ok(None);
        }
        run.extend(answer.into_iter().map(|hash| hash.map(|hash| BlockHash(hash.0))));
        // A node that lags behind what another called finalized does not know the last ones.
        while run.last() == Some(&None) {
            run.pop();
        }
        Ok(run.get(place).copied().flatten())
    }

    async fn run(&self, first: u64) -> Run {
        let mut runs = self.runs.lock().await;
        let run = Arc::clone(runs.entry(first).or_default());
        while runs.len() > RUNS_KEPT {
            // Catching up goes forwards: what lies farthest behind is not asked for again.
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

async fn one(endpoints: &Endpoints, number: BlockNumber) -> Result<Option<BlockHash>, ChainError> {
    let hash: Option<H256> = endpoints.call(None, "chain_getBlockHash", rpc_params![number.0]).await?;
    Ok(hash.map(|hash| BlockHash(hash.0)))
}
