//! Reading every block, and recording it in each ledger that is behind it.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt, stream};

use crate::ports::{Ask, ChainError};
use crate::record::agreed::agreed_block;
use crate::record::classified_block::ClassifiedBlock;
use crate::record::error::MonitorError;
use crate::record::monitor::blockchain_monitor::BlockchainMonitor;
use crate::record::monitor::pace::Pace;
use crate::record::plan::BlockPlan;
use crate::record::progress::Progress;
use crate::record::recorded::Recorded;
use crate::record::recorder::Recorder;
use crate::record::states_around::StatesAround;
use crate::record::subnet_ledger::SubnetLedger;
use crate::units::{BlockNumber, NetUid};

/// The number of blocks that are fetched before they are recorded.
const BLOCKS_AHEAD: u64 = 256;

impl BlockchainMonitor {
    pub(super) async fn advance_blocks(
        &mut self,
        first: BlockNumber,
        to: BlockNumber,
        pace: Pace,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<(), MonitorError> {
        let first = BlockNumber(first.0.max(1));
        if pace == Pace::CatchingUp {
            return self.catch_up(first, to, progress).await;
        }
        let next = self.ledgers.values().map(|ledger| self.next_block_of(ledger, first));
        let Some(from) = next.min() else { return Ok(()) };
        let netuids: Arc<[NetUid]> = self.ledgers.keys().copied().collect();
        let mut state = Progress { block: from.parent(), to, epochs: 0, operations: 0, entries: 0 };
        let mut next_block = from;
        while next_block <= to {
            let last = BlockNumber(next_block.0.saturating_add(BLOCKS_AHEAD - 1).min(to.0));
            for block in self.fetch(next_block, last, &netuids).await? {
                let facts = &block.facts;
                let behind: Vec<NetUid> = self
                    .ledgers
                    .values()
                    .filter(|ledger| self.next_block_of(ledger, first) <= facts.block.number)
                    .map(SubnetLedger::netuid)
                    .collect();
                let recorded = self.record_block(&behind, &block, pace).await?;
                state.add(recorded);
                state.block = facts.block.number;
                progress(state);
            }
            next_block = last.child();
        }
        for netuid in netuids.iter() {
            self.commit(*netuid).await?;
        }
        Ok(())
    }

    /// Fetches a run of blocks, several at a time. The whole run is fetched before any block is recorded. An
    /// unfinished fetch would keep its place among the requests while a ledger asks for more.
    async fn fetch(
        &self,
        from: BlockNumber,
        to: BlockNumber,
        netuids: &Arc<[NetUid]>,
    ) -> Result<Vec<ClassifiedBlock>, ChainError> {
        stream::iter(from.0..=to.0)
            .map(|number| {
                let (chain, netuids, number) =
                    (Arc::clone(&self.chain), Arc::clone(netuids), BlockNumber(number));
                async move {
                    let block = ClassifiedBlock::new(chain.next_block(number, &netuids).await?, &netuids);
                    if !self.ledgers.values().any(|ledger| block.leaves_a_trace(ledger)) {
                        return Ok(block);
                    }
                    let agreed = agreed_block(chain.as_ref(), number, &netuids, Some(block.facts.clone()));
                    let facts = agreed.await?;
                    if facts == block.facts { Ok(block) } else { Ok(ClassifiedBlock::new(facts, &netuids)) }
                }
            })
            .buffered(self.in_flight)
            .try_collect()
            .await
    }

    /// Records one block in these ledgers, and commits where that is due. What must be read around the block
    /// is read for all of them at once.
    async fn record_block(
        &mut self,
        netuids: &[NetUid],
        block: &ClassifiedBlock,
        pace: Pace,
    ) -> Result<Recorded, MonitorError> {
        let number = block.facts.block.number;
        let mut ask = Ask::default();
        let mut plans: BTreeMap<NetUid, BlockPlan<'_>> = BTreeMap::new();
        for (netuid, flows) in &block.flows {
            if let Some(ledger) = self.ledgers.get(netuid).filter(|_| netuids.contains(netuid)) {
                let plan = BlockPlan::new(ledger, &block.facts, flows);
                ask.subnets.extend(plan.ask(ledger).map(|asked| (*netuid, asked)));
                plans.insert(*netuid, plan);
            }
        }
        let (mut before, mut after, mut parent) = (BTreeMap::new(), BTreeMap::new(), None);
        if !ask.subnets.is_empty() {
            let read = self.chain.read(number.parent(), &ask).await?;
            parent = Some((read.facts.block, read.facts.time));
            before = read.subnets;
            after = self.chain.read(number, &ask.after()).await?.subnets;
        }
        let mut all = Recorded::default();
        for (netuid, plan) in plans {
            let Some(ledger) = self.ledgers.get_mut(&netuid) else { continue };
            let (before, after) =
                (before.remove(&netuid).unwrap_or_default(), after.remove(&netuid).unwrap_or_default());
            let around = StatesAround { before, after, parent };
            let mut recorder =
                Recorder::of_every_block(self.chain.as_ref(), self.store.as_ref(), ledger, &mut self.doubts);
            all.add(recorder.record(&plan, around).await?);
            let due = match pace {
                Pace::EveryBlock { blocks_per_commit } => {
                    ledger.has_boundary() || ledger.pending_blocks() >= blocks_per_commit
                }
                Pace::Following | Pace::CatchingUp => true,
            };
            if due {
                self.commit(netuid).await?;
            }
        }
        Ok(all)
    }
}
