//! Records as a whole.

use async_trait::async_trait;

use super::MemoryStore;
use crate::ports::{Commit, Pruned, StoreError, Watermark, WholeRecord};
use crate::store::{prune, rewind};
use crate::units::{BlockNumber, NetUid};

#[async_trait]
impl WholeRecord for MemoryStore {
    async fn part(
        &self,
        netuid: NetUid,
        after: Option<BlockNumber>,
        to: Option<BlockNumber>,
    ) -> Result<Option<Commit>, StoreError> {
        let inner = self.lock();
        let Some((watermark, record)) = inner.records.get(&netuid) else { return Ok(None) };
        let epoch = |block| {
            record
                .epochs
                .get(&block)
                .map(|record| record.epoch)
                .ok_or_else(|| StoreError::no_epoch(netuid, block))
        };
        let mut part = record.as_commit(netuid, *watermark);
        if let Some(after) = after {
            part.begin_after(epoch(after)?.block);
        }
        if let Some(to) = to {
            part.end_with(&epoch(to)?);
        }
        Ok(Some(part))
    }

    async fn prune(&self, netuid: NetUid, base: BlockNumber) -> Result<Pruned, StoreError> {
        let mut inner = self.lock();
        let found = inner.records.get(&netuid);
        let epoch = found.and_then(|(_, record)| record.epochs.get(&base)).map(|record| record.epoch);
        let condensed = prune::condensed(
            netuid,
            found.map(|(watermark, record)| (*watermark, &record.interval)),
            epoch.as_ref(),
            base,
        )?;
        let Some((watermark, record)) = inner.records.get_mut(&netuid) else { return Ok(Pruned::default()) };
        let pruned = record.prune(netuid, base, condensed.first_time)?;
        *watermark = condensed;
        Ok(pruned)
    }

    async fn rewind(&self, netuid: NetUid, to: Option<Watermark>) -> Result<(), StoreError> {
        let mut inner = self.lock();
        let Some(to) = to else {
            inner.records.remove(&netuid);
            return Ok(());
        };
        let found = inner.records.get(&netuid);
        let epoch =
            found.and_then(|(_, record)| record.epochs.get(&to.block.number)).map(|record| record.epoch);
        let (rewound, interval) =
            rewind::rewound(netuid, found.map(|(watermark, _)| *watermark), epoch.as_ref(), &to)?;
        if let Some((watermark, record)) = inner.records.get_mut(&netuid) {
            record.rewind(to.block.number, interval);
            *watermark = rewound;
        }
        Ok(())
    }
}
