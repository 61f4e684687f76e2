//! How far the records go.

use vesting_core::{BlockNumber, Epoch, NetUid, newest_epochs};

use super::problem::Problem;
use super::state::ApiState;
use crate::view::subnet::Subnet;

impl ApiState {
    /// The last recorded epoch with `first` ≤ block ≤ `to`.
    pub async fn last_epoch(
        &self,
        netuid: NetUid,
        first: BlockNumber,
        to: BlockNumber,
    ) -> Result<Option<Epoch>, Problem> {
        let found = newest_epochs(self.store.as_ref(), netuid, first, to, |epochs| !epochs.is_empty());
        Ok(found.await?.pop())
    }

    /// How far the records of these subnets go. Subnets without a record are left out.
    pub async fn record_ends(&self, netuids: &[NetUid]) -> Result<Vec<Subnet>, Problem> {
        let mut ends = Vec::new();
        for netuid in netuids {
            let Some(record) = self.store.watermark(*netuid).await? else { continue };
            let last = self.last_epoch(*netuid, record.first_block, record.block.number).await?;
            ends.push(Subnet::of(*netuid, &record, last.as_ref(), self.is_old(record.time)));
        }
        Ok(ends)
    }
}
