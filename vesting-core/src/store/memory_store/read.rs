//! Reading the records.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;

use super::MemoryStore;
use super::record::TrancheKey;
use crate::block::{Epoch, EpochRecord, SkippedSlot};
use crate::ledger::{Entry, OpenTranche, Succession};
use crate::ports::{
    Holder, LedgerState, NeuronRow, ReadRecord, StoreError, TranchePage, TrancheStand, Watermark,
};
use crate::units::{BlockHash, BlockNumber, Coldkey, Millis, NetUid, PositionKey, Rao, RaoDelta, Uid};

#[async_trait]
impl ReadRecord for MemoryStore {
    async fn genesis(&self) -> Result<Option<BlockHash>, StoreError> {
        Ok(self.lock().genesis)
    }

    async fn netuids(&self) -> Result<Vec<NetUid>, StoreError> {
        Ok(self.lock().records.keys().copied().collect())
    }

    async fn watermark(&self, netuid: NetUid) -> Result<Option<Watermark>, StoreError> {
        Ok(self.lock().records.get(&netuid).map(|(watermark, _)| *watermark))
    }

    async fn ledger_state(&self, netuid: NetUid) -> Result<Option<LedgerState>, StoreError> {
        Ok(self.lock().records.get(&netuid).map(|(watermark, record)| {
            let neurons: BTreeMap<Uid, NeuronRow> = record
                .neurons
                .iter()
                .map(|((block, uid), holder)| (*uid, NeuronRow { uid: *uid, block: *block, holder: *holder }))
                .collect();
            LedgerState {
                watermark: *watermark,
                holders: record.holders.values().copied().collect(),
                observed: record.newest(BlockNumber(u64::MAX)),
                locks: record.locks_at(BlockNumber(u64::MAX)),
                neurons: neurons.into_values().collect(),
                successions: record.successions.values().copied().collect(),
                interval: record.interval.clone(),
            }
        }))
    }

    async fn entries(
        &self,
        netuid: NetUid,
        from: BlockNumber,
        to: BlockNumber,
    ) -> Result<Vec<Entry>, StoreError> {
        self.query(netuid, |r| {
            r.entries.values().filter(|e| (from..=to).contains(&e.block)).copied().collect()
        })
    }

    async fn block_times(
        &self,
        netuid: NetUid,
        from: BlockNumber,
        to: BlockNumber,
    ) -> Result<BTreeMap<BlockNumber, Millis>, StoreError> {
        self.query(netuid, |r| {
            r.times
                .iter()
                .filter(|(block, _)| (from..=to).contains(block))
                .map(|(block, time)| (*block, *time))
                .collect()
        })
    }

    async fn epochs(
        &self,
        netuid: NetUid,
        from: BlockNumber,
        to: BlockNumber,
    ) -> Result<Vec<EpochRecord>, StoreError> {
        self.query(netuid, |r| {
            r.epochs.values().filter(|e| (from..=to).contains(&e.epoch.block.number)).cloned().collect()
        })
    }

    async fn epoch_list(
        &self,
        netuid: NetUid,
        from: BlockNumber,
        to: BlockNumber,
    ) -> Result<Vec<Epoch>, StoreError> {
        self.query(netuid, |r| {
            r.epochs.values().map(|e| e.epoch).filter(|e| (from..=to).contains(&e.block.number)).collect()
        })
    }

    async fn skipped_slots(
        &self,
        netuid: NetUid,
        from: BlockNumber,
        to: BlockNumber,
    ) -> Result<Vec<SkippedSlot>, StoreError> {
        self.query(netuid, |r| {
            r.skipped.values().filter(|s| (from..=to).contains(&s.block)).copied().collect()
        })
    }

    async fn successions(&self, netuid: NetUid, to: BlockNumber) -> Result<Vec<Succession>, StoreError> {
        self.query(netuid, |r| r.successions.values().filter(|s| s.block <= to).copied().collect())
    }

    async fn neurons(&self, netuid: NetUid, to: BlockNumber) -> Result<Vec<NeuronRow>, StoreError> {
        let row = |((block, uid), holder): (&(BlockNumber, Uid), &Option<_>)| NeuronRow {
            uid: *uid,
            block: *block,
            holder: *holder,
        };
        self.query(netuid, |r| r.neurons.iter().map(row).filter(|n| n.block <= to).collect())
    }

    async fn holders(&self, netuid: NetUid) -> Result<Vec<Holder>, StoreError> {
        self.query(netuid, |r| r.holders.values().copied().collect())
    }

    async fn positions_at(
        &self,
        netuid: NetUid,
        block: BlockNumber,
    ) -> Result<BTreeMap<PositionKey, Rao>, StoreError> {
        self.query(netuid, |r| r.newest(block).into_iter().filter(|(_, alpha)| *alpha > Rao::ZERO).collect())
    }

    async fn locks_at(
        &self,
        netuid: NetUid,
        block: BlockNumber,
    ) -> Result<BTreeMap<Coldkey, Rao>, StoreError> {
        self.query(netuid, |r| r.locks_at(block))
    }

    async fn tranches(
        &self,
        netuid: NetUid,
        from: BlockNumber,
        to: BlockNumber,
        as_of: BlockNumber,
    ) -> Result<Vec<TrancheStand>, StoreError> {
        self.query(netuid, |r| {
            let mut stands: BTreeMap<TrancheKey, TrancheStand> = BTreeMap::new();
            for (key, open) in
                r.tranches.iter().filter(|(_, open)| (from..=to).contains(&open.tranche.id.block))
            {
                let remaining = open.remaining.delta();
                stands.insert(
                    *key,
                    TrancheStand { tranche: open.tranche, exits: 0, taken: RaoDelta::ZERO, remaining },
                );
            }
            for ((key, _), exit) in &r.exits {
                let Some(stand) = stands.get_mut(key) else { continue };
                if exit.by.block > as_of {
                    stand.remaining += exit.amount.delta();
                } else {
                    stand.exits = stand.exits.saturating_add(1);
                    stand.taken += exit.amount.delta();
                }
            }
            stands.into_values().collect()
        })
    }

    async fn open_tranches(
        &self,
        netuid: NetUid,
        coldkeys: &BTreeSet<Coldkey>,
        page: &TranchePage,
    ) -> Result<Vec<OpenTranche>, StoreError> {
        let asked =
            |open: &&OpenTranche| open.remaining > Rao::ZERO && coldkeys.contains(&open.tranche.coldkey);
        self.query(netuid, |r| {
            let (from, to) =
                page.bounds(r.tranches.values().filter(asked).map(|open| open.tranche.id.block).collect());
            r.tranches
                .values()
                .filter(asked)
                .filter(|open| (from..=to).contains(&open.tranche.id.block))
                .copied()
                .collect()
        })
    }
}
