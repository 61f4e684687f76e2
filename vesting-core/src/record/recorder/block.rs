//! The recorder of one ledger, and how it records a block.

use super::BlocksRead;
use crate::block::{BlockFacts, Detection, SkippedSlot};
use crate::ports::{ChainPort, StakeStore};
use crate::record::agreed::{agreed_block, agreed_glance, two_answers};
use crate::record::doubt::{Doubt, Doubts, Misfit};
use crate::record::error::MonitorError;
use crate::record::plan::{BlockPlan, BlockRole};
use crate::record::recorded::Recorded;
use crate::record::states_around::StatesAround;
use crate::record::subnet_ledger::SubnetLedger;
use crate::units::{BlockNumber, Millis, NetUid};

/// Records blocks in one ledger.
pub(crate) struct Recorder<'a> {
    pub(crate) chain: &'a dyn ChainPort,
    /// The store. It has the past that the ledger does not hold in memory.
    pub(crate) store: &'a dyn StakeStore,
    pub(crate) ledger: &'a mut SubnetLedger,
    /// The misfits that were met so far.
    pub(crate) doubts: &'a mut Doubts,
    /// How its epochs are found.
    pub(crate) detected: Detection,
    /// The blocks that were read; `None` where every block is.
    pub(crate) blocks_read: Option<BlocksRead<'a>>,
}

impl<'a> Recorder<'a> {
    /// A recorder that gets every block.
    pub(crate) fn of_every_block(
        chain: &'a dyn ChainPort,
        store: &'a dyn StakeStore,
        ledger: &'a mut SubnetLedger,
        doubts: &'a mut Doubts,
    ) -> Self {
        Self { chain, store, ledger, doubts, detected: Detection::Storage, blocks_read: None }
    }

    pub(super) fn netuid(&self) -> NetUid {
        self.ledger.netuid()
    }

    /// Records the block after the watermark, by its plan and the states that the plan asks for.
    pub(crate) async fn record(
        &mut self,
        plan: &BlockPlan<'_>,
        around: StatesAround,
    ) -> Result<Recorded, MonitorError> {
        let facts = plan.facts;
        self.check_order(facts).await?;
        self.check_epoch_named(facts)?;
        if plan.flows.skipped {
            self.ledger.skip(SkippedSlot { block: facts.block.number, time: facts.time });
        }
        let looked_at = around.before.traces.positions.keys().chain(around.after.traces.positions.keys());
        self.ledger.look_at(looked_at.copied(), plan.role.is_boundary());
        let recorded = match plan.role {
            BlockRole::Epoch(counters) => self.record_boundary(plan, Some(counters), around).await?,
            BlockRole::End => self.record_boundary(plan, None, around).await?,
            BlockRole::Absent => Recorded::default(),
            BlockRole::Between => self.record_between(plan, around).await?,
        };
        // At a boundary, every position was read.
        self.ledger.end_block(facts, plan.role.is_boundary().then_some(facts.block.number));
        Ok(recorded)
    }

    /// Checks that the block follows the watermark.
    pub(super) async fn check_order(&self, facts: &BlockFacts) -> Result<(), MonitorError> {
        let Some(watermark) = self.ledger.watermark() else { return Ok(()) };
        let (netuid, number) = (self.netuid(), facts.block.number);
        if watermark.block.number != number.parent() {
            let stands_at = watermark.block.number;
            return Err(MonitorError::OutOfOrder { netuid, block: number, stands_at });
        }
        if watermark.block.hash == facts.parent_hash {
            return Ok(());
        }
        // One answer is not enough to call it a fork.
        let netuids: Vec<NetUid> = facts.subnets.keys().copied().collect();
        let again = agreed_block(self.chain, number, &netuids, None).await?;
        if again.parent_hash == watermark.block.hash {
            return Err(two_answers(format_args!("the parent of block {number}")).into());
        }
        Err(MonitorError::Fork { block: number, stands_at: watermark.block })
    }

    /// Checks that the counters name the last recorded epoch, as they do until the next one. Where they name
    /// another block, that block's epoch was not recognised.
    pub(super) fn check_epoch_named(&mut self, facts: &BlockFacts) -> Result<(), MonitorError> {
        let Some(from) = self.ledger.interval().from else { return Ok(()) };
        let Some(counters) = facts.subnets.get(&self.netuid()) else { return Ok(()) };
        let (block, named) = (facts.block.number, counters.last_step_block);
        // A newly registered subnet has had no epoch yet.
        if named <= from || named == block || counters.registered_at >= from {
            return Ok(());
        }
        self.doubt(from, Misfit::Epoch { block, named })
    }

    /// The time of a block at or before the watermark.
    pub(super) async fn time_of(&self, block: BlockNumber) -> Result<Millis, MonitorError> {
        match self.ledger.watermark() {
            Some(watermark) if watermark.block.number == block => Ok(watermark.time),
            _ => Ok(agreed_glance(self.chain, block, &[]).await?.time),
        }
    }

    /// Handles a misfit: the first time it is an error, the second time it is believed.
    pub(super) fn doubt(&mut self, from: BlockNumber, misfit: Misfit) -> Result<(), MonitorError> {
        let doubt = Doubt { netuid: self.netuid(), from, misfit };
        if self.doubts.met_before(&doubt) { Ok(()) } else { Err(MonitorError::Doubtful(doubt)) }
    }
}
