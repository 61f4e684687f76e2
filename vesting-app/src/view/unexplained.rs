//! What nothing explains of a stretch of a record.

use serde::Serialize;
use vesting_core::ports::{StakeStore, StoreError};
use vesting_core::{BlockNumber, Entry, Kind, NetUid, RaoDelta, interval};

/// What came and went unexplained on a subnet.
#[derive(Debug, Serialize)]
pub struct Unexplained {
    pub netuid: u16,
    /// Rao, as decimal text.
    pub came: String,
    /// Rao, as decimal text.
    pub went: String,
    /// So many changes of positions.
    pub changes: usize,
    /// The block of the first.
    pub first_block: u64,
}

impl Unexplained {
    /// What is unattributed after a block, with what the open interval leaves unexplained; `None` where
    /// nothing is.
    pub async fn after(
        store: &dyn StakeStore,
        netuid: NetUid,
        block: Option<BlockNumber>,
    ) -> Result<Option<Self>, StoreError> {
        let Some(state) = store.ledger_state(netuid).await? else { return Ok(None) };
        let first = block.map_or(state.watermark.first_block, BlockNumber::child);
        let mut entries = store.entries(netuid, first, state.watermark.block.number).await?;
        entries.extend(interval::closing(store, netuid, &state).await?.into_iter().flatten());
        entries.retain(|entry| entry.kind == Kind::Unattributed);
        let sum = |keep: fn(&Entry) -> bool| {
            entries.iter().filter(|entry| keep(entry)).map(|entry| entry.alpha).sum::<RaoDelta>()
        };
        let (came, went) =
            (sum(|entry| entry.alpha > RaoDelta::ZERO), sum(|entry| entry.alpha < RaoDelta::ZERO));
        Ok(entries.iter().map(|entry| entry.block).min().map(|first| Self {
            netuid: netuid.0,
            came: came.to_string(),
            went: went.magnitude().to_string(),
            changes: entries.len(),
            first_block: first.0,
        }))
    }

    pub fn words(&self) -> String {
        format!(
            "Subnet {}: {} rao came and {} went that no event explains, in {} changes from block {} on. \
            `vesting ledger --json --netuid {} --from {}` lists them as `unattributed`; if `vesting doctor` \
            finds nothing wrong, please report them.",
            self.netuid, self.came, self.went, self.changes, self.first_block, self.netuid, self.first_block
        )
    }
}
