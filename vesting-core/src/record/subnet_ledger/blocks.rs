//! Moving the watermark from block to block, and committing what was recorded up to it.

use crate::block::{BlockFacts, SkippedSlot};
use crate::ports::{Commit, Watermark};
use crate::record::subnet_ledger::ledger::SubnetLedger;
use crate::record::subnet_ledger::pending::Pending;
use crate::units::{BlockNumber, BlockRef, Millis};

impl SubnetLedger {
    /// Adds a slot whose epoch was skipped.
    pub fn skip(&mut self, slot: SkippedSlot) {
        self.pending.skipped.push(slot);
    }

    /// Moves the watermark to `block`, past blocks in which nothing happened. Does nothing where it is there
    /// already.
    pub fn advance_to(&mut self, block: BlockRef, time: Millis, spec_version: u32) {
        let Some(watermark) =
            self.watermark.as_mut().filter(|watermark| watermark.block.number < block.number)
        else {
            return;
        };
        let passed = block.number.0.saturating_sub(watermark.block.number.0);
        self.interval.runtime_changed |= watermark.spec_version != spec_version;
        *watermark = Watermark { block, time, spec_version, ..*watermark };
        self.pending.blocks = self.pending.blocks.saturating_add(u32::try_from(passed).unwrap_or(u32::MAX));
    }

    /// Ends a block: moves the watermark to it.
    pub fn end_block(&mut self, facts: &BlockFacts, observed: Option<BlockNumber>) {
        let first_block = self.watermark.map_or(facts.block.number, |w| w.first_block);
        let first_time = self.watermark.map_or(facts.time, |w| w.first_time);
        let before = self.watermark.map_or(BlockNumber(0), |w| w.observed);
        self.watermark = Some(Watermark {
            block: facts.block,
            time: facts.time,
            first_block,
            first_time,
            observed: observed.unwrap_or(before),
            spec_version: facts.spec_version,
        });
        self.pending.blocks = self.pending.blocks.saturating_add(1);
    }

    /// Takes out what is to be committed; `None` if nothing is. The ledger then counts it as committed, so
    /// after a failure the ledger must be resumed from the store.
    pub fn take_commit(&mut self) -> Option<Commit> {
        let watermark = self.watermark.filter(|_| self.pending.blocks > 0)?;
        let pending = std::mem::replace(
            &mut self.pending,
            Pending { parent: Some(watermark.block), ..Pending::default() },
        );
        Some(Commit {
            netuid: self.netuid,
            parent: pending.parent,
            watermark,
            entries: pending.entries,
            times: pending.times,
            holders: pending.holders,
            epochs: pending.epoch.into_iter().collect(),
            balance_changes: pending.balance_changes,
            skipped: pending.skipped,
            snapshots: pending.snapshots,
            locks: pending.locks,
            neurons: pending.neurons,
            successions: pending.successions,
            tranches: pending.tranches,
            exits: pending.exits,
            interval: self.interval.clone(),
        })
    }

    /// Notes that the store's `observed` mark is now the watermark.
    pub fn observed_now(&mut self) {
        if let Some(watermark) = self.watermark.as_mut() {
            watermark.observed = watermark.block.number;
        }
    }
}
