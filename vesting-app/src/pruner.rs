//! Prunes records: on request, or once a day.
//!
//! Takes from `advice`, `output` and `config`.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use vesting_core::ports::{Pruned, StakeStore, StoreError};
use vesting_core::{Millis, NetUid, Parts, dry_prune, prune};

use crate::advice::Advised;
use crate::config::DAY;
use crate::output::time;

/// What was removed from a subnet's record.
#[derive(Debug, Serialize)]
pub struct PruneSummary {
    netuid: u16,
    /// The epoch after which the record now begins; `null` if no epoch was old enough and nothing was
    /// removed.
    pruned_to: Option<u64>,
    pruned_to_time: Option<String>,
    /// The first and the last block of the record.
    from: u64,
    to: u64,
    entries: u64,
    openings: u64,
    block_times: u64,
    stake_changes: u64,
    balance_changes: u64,
    snapshots: u64,
    locks: u64,
    tranches: u64,
    exits: u64,
}

impl PruneSummary {
    /// Whether anything was removed.
    pub fn is_pruned(&self) -> bool {
        self.pruned_to.is_some()
    }

    pub fn message(&self) -> String {
        let (Some(base), Some(time)) = (self.pruned_to, self.pruned_to_time.as_ref()) else {
            return format!(
                "Subnet {}: no epoch is old enough, so nothing is removed; the record holds the blocks {} \
                 to {}.",
                self.netuid, self.from, self.to
            );
        };
        format!(
            "Subnet {}, up to the end of block {base} ({time}): {} entries, {} tranches, {} exits, {} \
             snapshots, {} locked parts, {} block times and {} changes by epoch and interval are removed, \
             and {} openings are added. The record holds the blocks {} to {}.",
            self.netuid,
            self.entries,
            self.tranches,
            self.exits,
            self.snapshots,
            self.locks,
            self.block_times,
            self.stake_changes.saturating_add(self.balance_changes),
            self.openings,
            self.from,
            self.to
        )
    }
}

/// Prunes a subnet's record at the newest epoch that leaves at least `keep` of it. `None` if there is no
/// record. A `dry` run changes nothing and only counts.
pub async fn prune(
    store: &dyn StakeStore,
    netuid: NetUid,
    keep: Millis,
    dry: bool,
) -> Result<Option<PruneSummary>, StoreError> {
    let Some(watermark) = store.watermark(netuid).await? else { return Ok(None) };
    let epochs = store.epoch_list(netuid, watermark.first_block, watermark.block.number).await?;
    let base = prune::base(&watermark, &epochs, keep);
    let (from, rows) = match base.map(|epoch| epoch.block.number) {
        Some(base) if dry => (base.child(), dry_prune(Parts::of(store, netuid).await?, base).await?),
        Some(base) => (base.child(), store.prune(netuid, base).await?),
        None => (watermark.first_block, Pruned::default()),
    };
    Ok(Some(PruneSummary {
        netuid: netuid.0,
        pruned_to: base.map(|epoch| epoch.block.number.0),
        pruned_to_time: base.map(|epoch| time(epoch.time)),
        from: from.0,
        to: watermark.block.number.0,
        entries: rows.entries,
        openings: rows.openings,
        block_times: rows.times,
        stake_changes: rows.changes,
        balance_changes: rows.balance_changes,
        snapshots: rows.snapshots,
        locks: rows.locks,
        tranches: rows.tranches,
        exits: rows.exits,
    }))
}

/// Prunes the records of several subnets, each once a day of block time.
pub struct Pruner {
    store: Arc<dyn StakeStore>,
    netuids: Vec<NetUid>,
    keep: Millis,
    /// For each subnet, the day of its last epoch when it was pruned.
    days: BTreeMap<NetUid, u64>,
}

impl Pruner {
    pub fn new(store: Arc<dyn StakeStore>, netuids: Vec<NetUid>, keep: Millis) -> Self {
        Self { store, netuids, keep, days: BTreeMap::new() }
    }

    /// Called after an epoch was recorded: prunes the records whose day has changed. A failure is logged and
    /// retried after the next epoch.
    pub async fn epoch_recorded(&mut self) {
        for netuid in self.netuids.clone() {
            match self.prune_if_due(netuid).await {
                // Another process records this subnet, and prunes it.
                Ok(()) | Err(StoreError::OtherWriter { .. }) => {}
                Err(error) => tracing::warn!(%netuid, error = %error.advised(), "the record was not pruned"),
            }
        }
    }

    async fn prune_if_due(&mut self, netuid: NetUid) -> Result<(), StoreError> {
        let Some(watermark) = self.store.watermark(netuid).await? else { return Ok(()) };
        let epochs = self.store.epoch_list(netuid, watermark.first_block, watermark.block.number).await?;
        let Some(day) = epochs.last().map(|epoch| epoch.time.0 / DAY) else { return Ok(()) };
        if self.days.get(&netuid) == Some(&day) {
            return Ok(());
        }
        if let Some(summary) =
            prune(self.store.as_ref(), netuid, self.keep, false).await?.filter(PruneSummary::is_pruned)
        {
            tracing::info!(%netuid, "pruned. {}", summary.message());
        }
        self.days.insert(netuid, day);
        Ok(())
    }
}
