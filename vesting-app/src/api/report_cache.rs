//! Reports, kept for the next request.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use axum::body::Bytes;
use quick_cache::sync::Cache;
use tokio::sync::OnceCell;
use vesting_core::digest::Digest;
use vesting_core::ports::Watermark;
use vesting_core::{BlockRef, Coldkey, HistoryPoint, Moved, NetUid, Report, VestingStats};

use super::basis::Basis;

/// The most reports kept besides those of newest epochs: of earlier epochs, and under policies that people
/// try. Each has up to 1 MB, where a subnet has 256 neurons.
const MOST: usize = 16;

/// What a report depends on. An epoch is final. What is recorded up to it changes only by a prune, or where
/// the record is taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ReportKey {
    pub basis: Basis,
    /// The block of the epoch.
    pub as_of: BlockRef,
}

/// A request for a report, against the record as it stands now.
pub struct ReportRequest {
    pub key: ReportKey,
    /// How far the record goes.
    pub watermark: Watermark,
    /// Whether it is the newest epoch under the subnet's own policy: what weights are multiplied by.
    pub is_newest: bool,
}

/// The report of a subnet as of an epoch, under a policy, with what was worked out from it since.
pub struct CachedReport {
    pub key: ReportKey,
    pub report: Report,
    pub state_digest: Digest,
    /// What each holder earned and sold since the epoch before.
    pub moved: BTreeMap<Coldkey, Moved>,
    pub stats: OnceCell<VestingStats>,
    /// Its neurons as JSON.
    pub miners: OnceLock<Bytes>,
}

impl CachedReport {
    /// A coldkey as of its epoch.
    pub fn point(&self, coldkey: Coldkey) -> HistoryPoint {
        HistoryPoint::of(&self.report, coldkey, self.moved.get(&coldkey).copied().unwrap_or_default())
    }
}

/// The place of a report. It is worked out once, for all who wait for it.
pub type ReportCell = Arc<OnceCell<Arc<CachedReport>>>;

/// Reports: that of each subnet's newest epoch, which no other report pushes out, and some others.
pub struct ReportCache {
    newest: Mutex<BTreeMap<NetUid, (ReportKey, ReportCell)>>,
    others: Cache<ReportKey, ReportCell>,
    /// The last epoch of each record, and where the record stood when it was looked for.
    last_epochs: Mutex<BTreeMap<NetUid, (Watermark, BlockRef)>>,
}

impl Default for ReportCache {
    fn default() -> Self {
        Self { newest: Mutex::default(), others: Cache::new(MOST), last_epochs: Mutex::default() }
    }
}

impl ReportCache {
    /// The last epoch of a record, if it was looked for when the record stood at this watermark.
    pub fn last_epoch(&self, netuid: NetUid, watermark: &Watermark) -> Option<BlockRef> {
        lock(&self.last_epochs).get(&netuid).filter(|(at, _)| at == watermark).map(|(_, last)| *last)
    }

    pub fn keep_last_epoch(&self, netuid: NetUid, watermark: Watermark, last: BlockRef) {
        lock(&self.last_epochs).insert(netuid, (watermark, last));
    }

    /// The place of a report, which may not be worked out yet.
    pub fn cell(&self, request: &ReportRequest) -> ReportCell {
        let mut newest = lock(&self.newest);
        let key = request.key;
        if let Some((newest, cell)) = newest.get(&key.basis.netuid) {
            if *newest == key {
                return Arc::clone(cell);
            }
            // A request that read the record earlier may come later. Its epoch is no longer the newest.
            if newest.basis == key.basis && newest.as_of.number > key.as_of.number {
                return self.other(key);
            }
        }
        if !request.is_newest {
            return self.other(key);
        }
        let cell = ReportCell::default();
        newest.insert(key.basis.netuid, (key, Arc::clone(&cell)));
        cell
    }

    fn other(&self, key: ReportKey) -> ReportCell {
        let cell: Result<_, Infallible> = self.others.get_or_insert_with(&key, || Ok(ReportCell::default()));
        cell.unwrap_or_default()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use vesting_core::{BlockHash, BlockNumber, Millis};

    use super::*;

    fn asked(block: u64, first_block: u64, is_newest: bool) -> ReportRequest {
        let block = BlockRef { number: BlockNumber(block), hash: BlockHash([0; 32]) };
        let basis = Basis {
            netuid: NetUid(2),
            first_block: BlockNumber(first_block),
            rewinds: 0,
            policy: Digest::default(),
        };
        let first_block = BlockNumber(first_block);
        let watermark = Watermark {
            block,
            time: Millis(0),
            first_block,
            first_time: Millis(0),
            observed: block.number,
            spec_version: 1,
        };
        ReportRequest { key: ReportKey { basis, as_of: block }, watermark, is_newest }
    }

    #[test]
    fn the_same_request_gets_the_same_place_and_places_are_limited() {
        let reports = ReportCache::default();
        let first = reports.cell(&asked(0, 1, false));
        let other = reports.cell(&asked(0, 2, false));
        assert!(Arc::ptr_eq(&first, &reports.cell(&asked(0, 1, false))) && !Arc::ptr_eq(&first, &other));
        for block in 1..500 {
            reports.cell(&asked(block, 1, false));
            // A report that is asked for again and again stays.
            assert!(Arc::ptr_eq(&first, &reports.cell(&asked(0, 1, false))));
        }
        assert_eq!(reports.others.len(), MOST);
    }

    #[test]
    fn the_last_epoch_is_that_of_the_record_as_it_stands() {
        let reports = ReportCache::default();
        let (here, further) = (asked(1_000, 1, true).watermark, asked(1_001, 1, true).watermark);
        reports.keep_last_epoch(NetUid(2), here, asked(980, 1, true).key.as_of);
        assert_eq!(reports.last_epoch(NetUid(2), &here).map(|last| last.number.0), Some(980));
        assert_eq!(
            (reports.last_epoch(NetUid(2), &further), reports.last_epoch(NetUid(3), &here)),
            (None, None)
        );
        // The record was taken back and went on differently, or it was pruned.
        let other = Watermark { block: BlockRef { hash: BlockHash([1; 32]), ..here.block }, ..here };
        assert_eq!(
            (
                reports.last_epoch(NetUid(2), &other),
                reports.last_epoch(NetUid(2), &asked(1_000, 900, true).watermark)
            ),
            (None, None)
        );
    }

    #[test]
    fn the_newest_epoch_stays_whatever_else_is_asked_for() {
        let reports = ReportCache::default();
        let newest = reports.cell(&asked(1_000, 1, true));
        (0..500).for_each(|block| drop(reports.cell(&asked(block, 1, false))));
        assert!(Arc::ptr_eq(&newest, &reports.cell(&asked(1_000, 1, true))), "no other report pushes it out");
        assert!(
            Arc::ptr_eq(&newest, &reports.cell(&asked(1_000, 1, false))),
            "by its block it is the same report"
        );
        // A request that read the record before this epoch.
        reports.cell(&asked(990, 1, true));
        assert!(Arc::ptr_eq(&newest, &reports.cell(&asked(1_000, 1, true))));
        let next = reports.cell(&asked(1_020, 1, true));
        assert!(!Arc::ptr_eq(&newest, &next) && Arc::ptr_eq(&next, &reports.cell(&asked(1_020, 1, true))));
        // After a prune it is another one.
        assert!(!Arc::ptr_eq(&next, &reports.cell(&asked(1_020, 900, true))));
        assert_eq!(reports.newest.lock().unwrap().len(), 1);
    }
}
