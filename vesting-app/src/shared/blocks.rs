//! Blocks that several subnets take in, each read once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use vesting_core::ports::{Ask, BlockState, ChainError, ChainPort};
use vesting_core::{BlockFacts, BlockNumber, NetUid};

/// The most blocks kept for other subnets. It is also the largest distance between subnets that share blocks:
/// a monitor fetches this many before it takes any in. A busy block takes about 40 KiB.
const MOST_BLOCKS: usize = 256;

/// Blocks that were read for several subnets.
#[derive(Default)]
pub struct Blocks(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    /// The last block that each subnet asked for.
    at: BTreeMap<NetUid, BlockNumber>,
    blocks: BTreeMap<BlockNumber, Block>,
}

type Reading = Shared<BoxFuture<'static, Result<Arc<BlockState>, ChainError>>>;

/// A block that is being read or was read.
struct Block {
    reading: Reading,
    /// The subnets that it was read for and that have not asked for it yet.
    waiting: BTreeSet<NetUid>,
}

/// The answer to a subnet that asks for a shared block.
pub enum SharedBlock {
    /// The block's facts about that subnet.
    Facts(BlockFacts),
    /// There is none: the subnet has to read the block by itself.
    None,
}

impl Kept {
    /// The block for a subnet. `None` if the subnet already had it, or if it was not read for that subnet.
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

    /// Forgets a read that failed. The subnet that got the error may ask for the block again.
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

    /// How many blocks are kept for other subnets.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.kept().blocks.len()
    }

    /// A block with its events and a subnet's counters; it is read for other subnets near it as well. A
    /// subnet gets each block once: if it asks again it doubts the answer, so the block is read anew.
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
