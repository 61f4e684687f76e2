//! Blocks that several subnets take in, each read once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use vesting_core::ports::{Ask, BlockState, ChainError, ChainPort};
use vesting_core::{BlockFacts, BlockNumber, NetUid};

/// The most blocks that are kept for others, and how far from each other subnets are taken in side by side: a
/// monitor fetches as many before it takes any in. What a busy block says takes some 40 KiB.
const MOST_BLOCKS: usize = 256;

/// Blocks that were read for several subnets.
#[derive(Default)]
pub struct Blocks(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    /// The block that each subnet asked for last.
    at: BTreeMap<NetUid, BlockNumber>,
    blocks: BTreeMap<BlockNumber, Block>,
}

type Reading = Shared<BoxFuture<'static, Result<Arc<BlockState>, ChainError>>>;

/// A block that is being read, or was.
struct Block {
    reading: Reading,
    /// Who it was read for and has not asked for it yet.
    waiting: BTreeSet<NetUid>,
}

/// What there is for a subnet.
pub enum SharedBlock {
    /// What the block says of it.
    Facts(BlockFacts),
    /// It has to be read for this subnet alone.
    None,
}

impl Kept {
    /// A block for a subnet that did not have it yet; `None` where it did, or where it was not read for that
    /// subnet.
    fn take(&mut self, chain: &Arc<dyn ChainPort>, number: BlockNumber, netuid: NetUid) -> Option<Reading> {
        self.at.insert(netuid, number);
        if let Some(block) = self.blocks.get_mut(&number) {
            let reading = block.waiting.remove(&netuid).then(|| block.reading.clone());
            if block.waiting.is_empty() {
                self.blocks.remove(&number);
            }
            return reading;
        }
        let is_next = |at: &BlockNumber| *at < number && number.0.saturating_sub(at.0) < MOST_BLOCKS as u64;
        let others = self.at.iter().filter(|(other, at)| **other != netuid && is_next(at));
        let waiting: BTreeSet<NetUid> = others.map(|(other, _)| *other).collect();
        if waiting.is_empty() {
            return None;
        }
        let together: Vec<NetUid> = waiting.iter().copied().chain([netuid]).collect();
        let chain = Arc::clone(chain);
        let ask = Ask { apart: true, ..Ask::events(&together) };
        let reading = async move { chain.read(number, &ask).await.map(Arc::new) }.boxed().shared();
        self.blocks.insert(number, Block { reading: reading.clone(), waiting });
        while self.blocks.len() > MOST_BLOCKS {
            self.blocks.pop_first();
        }
        Some(reading)
    }

    /// What went wrong is not kept, and who was told so has the block still to come.
    fn forget(&mut self, number: BlockNumber, netuid: NetUid, reading: &Reading) {
        if self.blocks.get(&number).is_some_and(|block| block.reading.ptr_eq(reading)) {
            self.blocks.remove(&number);
        }
        if self.at.get(&netuid) == Some(&number) {
            self.at.insert(netuid, number.parent());
        }
    }
}

impl Blocks {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many blocks are kept for others.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.kept().blocks.len()
    }

    /// A block with its events and the counters of a subnet, read for others near it as well. No answer is
    /// given twice to the same subnet: who asks again doubts it.
    pub async fn take(
        &self,
        chain: &Arc<dyn ChainPort>,
        number: BlockNumber,
        netuid: NetUid,
    ) -> Result<SharedBlock, ChainError> {
        let Some(reading) = self.kept().take(chain, number, netuid) else { return Ok(SharedBlock::None) };
        let read = reading.clone().await.inspect_err(|_| self.kept().forget(number, netuid, &reading))?;
        if read.unread.contains_key(&netuid) {
            return Ok(SharedBlock::None);
        }
        let mut facts = read.facts.clone();
        facts.subnets.retain(|of, _| *of == netuid);
        facts.registrations.retain(|of, _| *of == netuid);
        Ok(SharedBlock::Facts(facts))
    }
}
