//! The blocks of a ledger: the watermark moves on, and what came up to it is committed.

use crate::block::{BlockFacts, SkippedSlot};
use crate::ports::{Commit, Watermark};
use crate::record::subnet_ledger::ledger::SubnetLedger;
use crate::record::subnet_ledger::pending::Pending;
use crate::units::{BlockNumber, BlockRef, Millis};

impl SubnetLedger {
    /// Notes a slot whose epoch was skipped.
    pub fn skip(&mut self, slot: SkippedSlot) {
        self.pending.skipped.push(slot);
    }

    /// Passes over blocks in which nothing happened, up to `block`: the watermark stands on it. Does
    /// nothing where it stands there already.
    pub fn pass(&mut self, block: BlockRef, time: Millis, spec_version: u32) {
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

    /// Ends a block: the watermark stands on it.
    pub fn seal(&mut self, facts: &BlockFacts, observed: Option<BlockNumber>) {
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

    /// What is to be committed; `None` when nothing is. The ledger counts it as committed: after a
    /// failure it must be taken up from the store again.
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

    /// Notes that the store's `observed` mark is the watermark now.
    pub fn observed_now(&mut self) {
        if let Some(watermark) = self.watermark.as_mut() {
            watermark.observed = watermark.block.number;
        }
    }
}
