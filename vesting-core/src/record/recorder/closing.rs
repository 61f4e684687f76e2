//! Residuals of the open interval: at its end, and at the watermark.

use std::collections::BTreeMap;

use super::Recorder;
use crate::ledger::{Entry, Kind};
use crate::ports::{Fingerprint, Snapshot};
use crate::record::doubt::Misfit;
use crate::record::error::MonitorError;
use crate::record::interval::{Interval, residuals};
use crate::units::{BlockNumber, Hotkey, PositionKey, Rao};

impl Recorder<'_> {
    /// Closes the open interval at block `pre`, where `before` are the chain's positions.
    pub(super) async fn close_interval(
        &mut self,
        pre: BlockNumber,
        before: &BTreeMap<PositionKey, Rao>,
        pools: &BTreeMap<Hotkey, Fingerprint>,
    ) -> Result<usize, MonitorError> {
        let mut closing = Vec::new();
        if let Some(from) = self.ledger.interval().from {
            let ledger = &*self.ledger;
            let mut found = residuals(
                ledger.balances(),
                before,
                |key| ledger.is_holder(&key.coldkey),
                |key| ledger.interval().bound(&key.hotkey),
            );
            self.raise_bounds(from, pre, pools, &mut found).await?;
            for residual in found {
                if residual.is_rounding() {
                    closing.push(self.interval(from, pre).rounding(residual));
                } else {
                    let located = self.interval(from, pre).locate(self.chain, residual).await?;
                    self.note_missed(&located);
                    closing.extend(located);
                }
            }
            closing.sort_by_key(Entry::order);
            let unexplained: Vec<Entry> =
                closing.iter().filter(|entry| entry.kind == Kind::Unattributed).copied().collect();
            if !unexplained.is_empty() && !self.is_missing_blocks() {
                self.doubt(from, Misfit::Unexplained(unexplained))?;
            }
        }
        let written = closing.len();
        if !closing.is_empty() {
            self.read_needed_tranches(&closing, &[]).await?;
            let at_pre = self.time_of(pre).await?;
            for entry in closing {
                // Unattributed entries may be located in an earlier block.
                let time = if entry.block == pre { at_pre } else { self.time_of(entry.block).await? };
                self.ledger.add(entry, time);
            }
        }
        self.ledger.check(pre, before)?;
        self.ledger.close_interval(pre);
        Ok(written)
    }

    /// Notes the holders' positions at the watermark, and returns those that changed. It also bounds the
    /// rounding of the open interval there, so that its closing entries can be computed without the chain.
    pub(crate) async fn observe(
        &mut self,
        positions: &BTreeMap<PositionKey, Rao>,
    ) -> Result<Vec<Snapshot>, MonitorError> {
        let Some(block) = self.ledger.watermark().map(|watermark| watermark.block.number) else {
            return Ok(Vec::new());
        };
        if let Some(from) = self.ledger.interval().from.filter(|from| *from < block) {
            let ledger = &*self.ledger;
            // The same bound as the computed closing entries use.
            let bound = |key: &PositionKey| {
                ledger.interval().bound(&key.hotkey).saturating_add(ledger.interval().anywhere)
            };
            let mut found =
                residuals(ledger.balances(), positions, |key| ledger.is_holder(&key.coldkey), bound);
            self.raise_bounds(from, block, &BTreeMap::new(), &mut found).await?;
            for residual in found {
                self.ledger.operated_on(residual.key.hotkey, residual.bound);
                if !residual.is_rounding() && self.blocks_read.is_some() {
                    let located = self.interval(from, block).locate(self.chain, residual).await?;
                    self.note_missed(&located);
                }
            }
        }
        let rows = self.ledger.observe(block, &self.ledger.holders(), positions);
        self.ledger.observed_now();
        Ok(rows)
    }

    /// The open interval, up to `to`.
    pub(super) fn interval(&self, from: BlockNumber, to: BlockNumber) -> Interval<'_> {
        let ledger = &*self.ledger;
        Interval {
            netuid: ledger.netuid(),
            from,
            to,
            start: ledger.interval_start(),
            entries: ledger.interval_entries(),
        }
    }

    /// Whether the interval will be recorded again in any case, with blocks that were not read.
    pub(super) fn is_missing_blocks(&self) -> bool {
        self.blocks_read.as_ref().is_some_and(|read| !read.missed.is_empty())
    }

    pub(super) fn note_missed(&mut self, located: &[Entry]) {
        if let Some(blocks_read) = self.blocks_read.as_mut() {
            blocks_read.note_missed(located);
        }
    }
}
