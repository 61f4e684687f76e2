//! What was worked out as of an epoch, kept for the next who asks.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use axum::body::Bytes;
use axum::response::Response;
use tokio::sync::OnceCell;
use tokio::time::Instant;
use vesting_core::digest::Digest;
use vesting_core::policy::Policy;
use vesting_core::ports::{StakeStore, Watermark};
use vesting_core::{
    BlockNumber, BlockRef, Coldkey, Epoch, HistoryPoint, Moved, NetUid, Report, TrackerError, VestingStats,
    Whom, newest_epochs,
};

use super::points::Base;
use super::problem::Problem;
use super::server::Api;
use crate::config::Config;
use crate::view::miner::Miner;

/// The most reports kept besides those of newest epochs: earlier ones, and policies that people try. Each has
/// up to 1 MB, where a subnet has 256 neurons.
const MOST: usize = 16;

/// Between two looks for a new epoch, at the least.
const LOOK: Duration = Duration::from_secs(1);

/// Looks pause for so many times what they took: catching up has an epoch every few milliseconds.
const REST: u32 = 10;

/// Where a record cannot be read, it is left alone for so long.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a report follows from: an epoch is final, and what is recorded up to it changes only by a prune, or
/// where the record is taken back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Key {
    base: Base,
    as_of: BlockRef,
}

/// What is asked about, as the record stands now.
pub struct Asked {
    key: Key,
    /// How far the record goes.
    pub mark: Watermark,
    /// Whether it is the newest epoch under the subnet's own policy: what weights are multiplied by.
    newest: bool,
}

/// A subnet as of an epoch, under a policy.
pub struct Known {
    key: Key,
    pub report: Report,
    pub state_digest: Digest,
    /// What each holder earned and sold since the epoch before.
    moved: BTreeMap<Coldkey, Moved>,
    stats: OnceCell<VestingStats>,
    miners: OnceLock<Bytes>,
}

type Cell<V> = Arc<OnceCell<Arc<V>>>;

/// What was worked out, by what it follows from; the last asked for at the end.
struct Cache<K, V>(VecDeque<(K, Cell<V>)>);

impl<K: PartialEq, V> Cache<K, V> {
    /// The place of something, which may not be worked out yet.
    fn cell(&mut self, key: K) -> Cell<V> {
        let place = self.0.iter().position(|(other, _)| *other == key);
        let found = place.and_then(|place| self.0.remove(place)).unwrap_or_else(|| (key, Cell::default()));
        let cell = Arc::clone(&found.1);
        self.0.push_back(found);
        while self.0.len() > MOST {
            self.0.pop_front();
        }
        cell
    }
}

/// Reports: of each subnet that of its newest epoch, which nobody's questions push out, and some others.
pub struct Reports(Mutex<Kept>);

struct Kept {
    newest: BTreeMap<NetUid, (Key, Cell<Known>)>,
    others: Cache<Key, Known>,
    /// The last epoch of each record as it stood when it was looked for.
    last: BTreeMap<NetUid, (Watermark, BlockRef)>,
}

impl Default for Reports {
    fn default() -> Self {
        Self(Mutex::new(Kept {
            newest: BTreeMap::new(),
            others: Cache(VecDeque::new()),
            last: BTreeMap::new(),
        }))
    }
}

impl Reports {
    /// The last epoch of a record that stands at this watermark, if it was looked for.
    fn last_at(&self, netuid: NetUid, mark: &Watermark) -> Option<BlockRef> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.last.get(&netuid).filter(|(at, _)| at == mark).map(|(_, last)| *last)
    }

    fn last_was(&self, netuid: NetUid, mark: Watermark, last: BlockRef) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).last.insert(netuid, (mark, last));
    }

    /// The place of a report, which may not be worked out yet.
    fn cell(&self, asked: &Asked) -> Cell<Known> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (key, netuid) = (asked.key, asked.key.base.netuid);
        if let Some((newest, cell)) = kept.newest.get(&netuid) {
            if *newest == key {
                return Arc::clone(cell);
            }
            // Who looked at the record earlier comes too late.
            let same = newest.base == key.base;
            if same && newest.as_of.number > key.as_of.number {
                return kept.others.cell(key);
            }
        }
        if !asked.newest {
            return kept.others.cell(key);
        }
        let cell = Cell::default();
        kept.newest.insert(netuid, (key, Arc::clone(&cell)));
        cell
    }
}

/// The last recorded epoch with `first` ≤ block ≤ `to`.
pub async fn last_epoch(
    store: &dyn StakeStore,
    netuid: NetUid,
    first: BlockNumber,
    to: BlockNumber,
) -> Result<Option<Epoch>, Problem> {
    Ok(newest_epochs(store, netuid, first, to, |epochs| !epochs.is_empty()).await?.pop())
}

impl Api {
    /// A subnet as of the last epoch at or before a block, under its policy.
    pub async fn known(
        self: &Arc<Self>,
        netuid: NetUid,
        as_of: Option<BlockNumber>,
    ) -> Result<Arc<Known>, Problem> {
        self.known_under(netuid, as_of, self.config.policy(netuid)).await
    }

    /// The same under another policy.
    pub async fn known_under(
        self: &Arc<Self>,
        netuid: NetUid,
        as_of: Option<BlockNumber>,
        policy: &Policy,
    ) -> Result<Arc<Known>, Problem> {
        let asked = self.asked(netuid, as_of, policy).await?;
        self.known_as(&asked, policy).await
    }

    /// What is kept, or what is worked out now, once for all who ask meanwhile: the newest epoch in the front
    /// lane, whoever asks, so that nobody who asks for it waits behind anything else.
    pub async fn known_as(self: &Arc<Self>, asked: &Asked, policy: &Policy) -> Result<Arc<Known>, Problem> {
        let cell = self.reports.cell(asked);
        if let Some(found) = cell.get() {
            return Ok(Arc::clone(found));
        }
        let (api, key, newest, policy) = (Arc::clone(self), asked.key, asked.newest, policy.clone());
        // Goes on when its asker has gone: others may wait for it.
        let work = async move {
            let lane = if newest { &api.front } else { &api.back };
            let worker = Arc::clone(&api);
            let work = || lane.work(async move || worker.work_out(key, &policy).await);
            cell.get_or_try_init(work).await.cloned()
        };
        tokio::spawn(work).await.unwrap_or_else(|error| Err(Problem::broken(&error)))
    }

    async fn work_out(&self, key: Key, policy: &Policy) -> Result<Arc<Known>, Problem> {
        let (report, state) = self.tracker().state(key.base.netuid, policy, Some(key.as_of.number)).await?;
        let moved = Moved::of(&state.ledger, policy.unattributed);
        let state_digest = state.summary().digest();
        let known =
            Known { key, report, state_digest, moved, stats: OnceCell::new(), miners: OnceLock::new() };
        self.points.carry_on(key.base, |coldkey| known.point(coldkey));
        Ok(Arc::new(known))
    }

    /// Tells of a holder as of each of the last epochs up to a block. What is kept waits for nothing that has
    /// to be worked out; what was worked out before is not worked out again.
    pub async fn history<F>(
        self: Arc<Self>,
        netuid: Option<u16>,
        whom: Whom,
        as_of: Option<BlockNumber>,
        epochs: usize,
        tell: F,
    ) -> Result<Response, Problem>
    where
        F: Fn(&Config, NetUid, &[HistoryPoint]) -> Result<Response, Problem> + Copy + Send + 'static,
    {
        let answer = async move |api: Arc<Self>, only_kept: bool| {
            let netuid = api.netuid(netuid).await?;
            let Some(points) = api.points(netuid, whom, as_of, epochs, only_kept).await? else {
                return Ok(None);
            };
            let told = tell(&api.config, netuid, &points)?;
            api.with_state(netuid, as_of, told).await.map(Some)
        };
        let api = Arc::clone(&self);
        if let Some(told) = self.side.work(async move || answer(api, true).await).await? {
            return Ok(told);
        }
        let told = self.work(async move |api| answer(api, false).await).await?;
        told.ok_or_else(|| Problem::broken(&"a history was not worked out"))
    }

    /// The points of a history; `None` where only those kept are asked for, and some are not.
    async fn points(
        self: &Arc<Self>,
        netuid: NetUid,
        whom: Whom,
        as_of: Option<BlockNumber>,
        epochs: usize,
        only_kept: bool,
    ) -> Result<Option<Vec<HistoryPoint>>, Problem> {
        let policy = self.config.policy(netuid);
        loop {
            let asked = self.asked(netuid, as_of, policy).await?;
            if asked.newest {
                // It carries on every history that is kept.
                self.known_as(&asked, policy).await?;
            }
            let Key { base, as_of: last } = asked.key;
            let known = |epoch: &Epoch, coldkey| self.points.find(base, epoch, coldkey);
            let found = if only_kept {
                let named = self.tracker().named(netuid, whom, Some(last.number), epochs).await?;
                named.iter().map(|(epoch, coldkey)| known(epoch, *coldkey)).collect()
            } else {
                Some(
                    self.tracker()
                        .history_beside(netuid, policy, whom, Some(last.number), epochs, &known)
                        .await?,
                )
            };
            // Of what is pruned or taken back meanwhile part may be from before.
            if self.asked(netuid, as_of, policy).await?.key.base != base {
                continue;
            }
            if let Some(points) = &found {
                self.points.keep(base, points);
            }
            return Ok(found);
        }
    }

    /// What follows from the last epoch at or before a block follows from this.
    pub async fn asked(
        &self,
        netuid: NetUid,
        as_of: Option<BlockNumber>,
        policy: &Policy,
    ) -> Result<Asked, Problem> {
        let rewinds = self.state.rewinds(netuid);
        let mark = self.store.watermark(netuid).await?.ok_or(TrackerError::NotRecorded(netuid))?;
        let asked = as_of.unwrap_or(mark.block.number).min(mark.block.number);
        let is_end = asked == mark.block.number;
        let last = match self.reports.last_at(netuid, &mark).filter(|_| is_end) {
            Some(last) => last,
            None => {
                let named = as_of.unwrap_or(mark.block.number);
                let no_epoch = TrackerError::NoEpoch { netuid, as_of: named, from: mark.first_block };
                // Of those before its first block more is not known than that they were.
                last_epoch(self.store.as_ref(), netuid, mark.first_block, asked).await?.ok_or(no_epoch)?.block
            }
        };
        if is_end {
            self.reports.last_was(netuid, mark, last);
        }
        let base = Base { netuid, first_block: mark.first_block, rewinds, policy: policy.digest() };
        let newest = is_end && base.policy == self.config.policy(netuid).digest();
        Ok(Asked { key: Key { base, as_of: last }, mark, newest })
    }

    /// Works the report of every newest epoch out before somebody asks for it, for ever.
    pub async fn work_ahead(self: Arc<Self>) {
        loop {
            let begun = Instant::now();
            let mut rest = LOOK;
            for netuid in self.netuids().await.unwrap_or_default() {
                match self.known(netuid, None).await {
                    Err(problem) if problem.status().is_server_error() => rest = PATIENCE,
                    // Nothing is recorded yet.
                    Err(_) | Ok(_) => {}
                }
            }
            tokio::time::sleep(rest.max(begun.elapsed().saturating_mul(REST))).await;
        }
    }

    /// A subnet with its figures.
    pub async fn known_stats(
        self: &Arc<Self>,
        netuid: NetUid,
        as_of: Option<BlockNumber>,
    ) -> Result<(Arc<Known>, VestingStats), Problem> {
        loop {
            let known = self.known(netuid, as_of).await?;
            let (api, of) = (Arc::clone(self), Arc::clone(&known));
            let read =
                async move |api: Arc<Self>| Ok(VestingStats::read(api.store.as_ref(), &of.report).await?);
            let figures = known.stats.get_or_try_init(|| api.work(read)).await?.clone();
            let recorded = self.store.watermark(netuid).await?;
            // Of what is pruned or taken back meanwhile part may have been read; nobody finds it again under
            // its key.
            let same = recorded.is_some_and(|mark| mark.first_block == known.key.base.first_block);
            if same && self.state.rewinds(netuid) == known.key.base.rewinds {
                return Ok((known, VestingStats { recorded, ..figures }));
            }
        }
    }
}

impl Known {
    /// A coldkey as of then.
    fn point(&self, coldkey: Coldkey) -> HistoryPoint {
        HistoryPoint::of(&self.report, coldkey, self.moved.get(&coldkey).copied().unwrap_or_default())
    }

    /// Its neurons as JSON.
    pub async fn miners(self: &Arc<Self>, api: &Arc<Api>) -> Result<Bytes, Problem> {
        if let Some(text) = self.miners.get() {
            return Ok(text.clone());
        }
        let known = Arc::clone(self);
        let write = async move |_| {
            let miners: Vec<Miner> =
                known.report.miners.iter().map(|miner| Miner::of(&known.report, miner)).collect();
            let text = serde_json::to_vec(&miners).map_err(|error| Problem::broken(&error))?;
            Ok(known.miners.get_or_init(|| text.into()).clone())
        };
        Arc::clone(api).work(write).await
    }
}

#[cfg(test)]
mod tests {
    use vesting_core::{BlockHash, Millis};

    use super::*;

    fn asked(block: u64, first_block: u64, newest: bool) -> Asked {
        let block = BlockRef { number: BlockNumber(block), hash: BlockHash([0; 32]) };
        let base = Base {
            netuid: NetUid(2),
            first_block: BlockNumber(first_block),
            rewinds: 0,
            policy: Digest::default(),
        };
        let first_block = BlockNumber(first_block);
        let mark = Watermark {
            block,
            time: Millis(0),
            first_block,
            first_time: Millis(0),
            observed: block.number,
            spec_version: 1,
        };
        Asked { key: Key { base, as_of: block }, mark, newest }
    }

    #[test]
    fn one_place_for_whoever_asks_the_same_and_not_too_many() {
        let reports = Reports::default();
        let first = reports.cell(&asked(0, 1, false));
        let other = reports.cell(&asked(0, 2, false));
        assert!(Arc::ptr_eq(&first, &reports.cell(&asked(0, 1, false))) && !Arc::ptr_eq(&first, &other));
        for block in 1..500 {
            reports.cell(&asked(block, 1, false));
            // Who is asked for again and again stays.
            assert!(Arc::ptr_eq(&first, &reports.cell(&asked(0, 1, false))));
        }
        assert_eq!(reports.0.lock().unwrap().others.0.len(), MOST);
    }

    #[test]
    fn the_last_epoch_is_that_of_the_record_as_it_stands() {
        let reports = Reports::default();
        let (here, further) = (asked(1_000, 1, true).mark, asked(1_001, 1, true).mark);
        reports.last_was(NetUid(2), here, asked(980, 1, true).key.as_of);
        assert_eq!(reports.last_at(NetUid(2), &here).map(|last| last.number.0), Some(980));
        assert_eq!((reports.last_at(NetUid(2), &further), reports.last_at(NetUid(3), &here)), (None, None));
        // Taken back and gone on from otherwise, or pruned.
        let other = Watermark { block: BlockRef { hash: BlockHash([1; 32]), ..here.block }, ..here };
        assert_eq!(
            (reports.last_at(NetUid(2), &other), reports.last_at(NetUid(2), &asked(1_000, 900, true).mark)),
            (None, None)
        );
    }

    #[test]
    fn the_newest_epoch_stays_whatever_else_is_asked_for() {
        let reports = Reports::default();
        let newest = reports.cell(&asked(1_000, 1, true));
        (0..500).for_each(|block| drop(reports.cell(&asked(block, 1, false))));
        assert!(
            Arc::ptr_eq(&newest, &reports.cell(&asked(1_000, 1, true))),
            "nobody's questions push it out"
        );
        assert!(
            Arc::ptr_eq(&newest, &reports.cell(&asked(1_000, 1, false))),
            "it is one, however it is asked for"
        );
        // One who saw the record as it was before.
        reports.cell(&asked(990, 1, true));
        assert!(Arc::ptr_eq(&newest, &reports.cell(&asked(1_000, 1, true))));
        let next = reports.cell(&asked(1_020, 1, true));
        assert!(!Arc::ptr_eq(&newest, &next) && Arc::ptr_eq(&next, &reports.cell(&asked(1_020, 1, true))));
        // After a prune another one.
        assert!(!Arc::ptr_eq(&next, &reports.cell(&asked(1_020, 900, true))));
        assert_eq!(reports.0.lock().unwrap().newest.len(), 1);
    }
}
