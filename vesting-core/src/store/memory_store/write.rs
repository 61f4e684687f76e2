//! Writing the records.

use async_trait::async_trait;

use super::MemoryStore;
use super::checks::fits;
use super::record::Record;
use crate::ports::{Commit, OpenInterval, Snapshot, StoreError, Watermark, WriteRecord};
use crate::units::{BlockHash, BlockRef, NetUid};

#[async_trait]
impl WriteRecord for MemoryStore {
    async fn bind_chain(&self, genesis: BlockHash) -> Result<(), StoreError> {
        StoreError::unless_same_chain(*self.lock().genesis.get_or_insert(genesis), genesis)
    }

    async fn claim(&self, _: NetUid) -> Result<(), StoreError> {
        // No other process has this memory.
        Ok(())
    }

    async fn commit(&self, commit: &Commit) -> Result<(), StoreError> {
        let mut inner = self.lock();
        let stands_at = inner.records.get(&commit.netuid).map(|(watermark, _)| watermark.block);
        StoreError::unless_next(commit.netuid, stands_at, commit.parent)?;
        let new = Record::of(commit)?;
        if let Some((watermark, record)) = inner.records.get_mut(&commit.netuid) {
            record.absorb(new)?;
            // The record may have been pruned, so it keeps its own beginning.
            *watermark = Watermark {
                first_block: watermark.first_block,
                first_time: watermark.first_time,
                ..commit.watermark
            };
            return Ok(());
        }
        let mut record = Record::default();
        record.absorb(new)?;
        inner.records.insert(commit.netuid, (commit.watermark, record));
        Ok(())
    }

    async fn observe(
        &self,
        netuid: NetUid,
        at: BlockRef,
        snapshots: &[Snapshot],
        interval: &OpenInterval,
    ) -> Result<(), StoreError> {
        fits("snapshot", snapshots.iter().map(|s| s.alpha.delta()))?;
        let mut inner = self.lock();
        let stands_at = inner.records.get(&netuid).map(|(watermark, _)| watermark.block);
        StoreError::unless_next(netuid, stands_at, Some(at))?;
        if let Some((watermark, record)) = inner.records.get_mut(&netuid) {
            record.snapshots.extend(snapshots.iter().map(|s| ((s.key, s.block), s.alpha)));
            record.interval = interval.clone();
            watermark.observed = at.number;
        }
        Ok(())
    }
}
