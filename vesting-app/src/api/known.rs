//! What was worked out as of an epoch, kept for the next who asks.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use axum::body::Bytes;
use tokio::sync::OnceCell;
use vesting_core::digest::Digest;
use vesting_core::policy::Policy;
use vesting_core::ports::StakeStore;
use vesting_core::{BlockNumber, BlockRef, Epoch, HistoryPoint, NetUid, Report, TrackerError, VestingStats, Whom};

use super::problem::Problem;
use super::server::Api;
use crate::view::miner::Miner;

/// The most kept: the newest epoch of every subnet there may be, and some policies that people try.
const MOST: usize = 256;

/// The blocks looked through for the last epoch at first: a tempo or two.
const NEAR: u64 = 1_000;

/// What a report follows from: an epoch is final, and what is recorded up to it changes only by a prune, or where the
/// record is taken back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Key {
    netuid: NetUid,
    as_of: BlockRef,
    first_block: BlockNumber,
    rewinds: u64,
    policy: Digest,
}

/// A subnet as of an epoch, under a policy.
pub struct Known {
    key: Key,
    pub report: Report,
    pub state_digest: Digest,
    stats: OnceCell<VestingStats>,
    miners: OnceLock<Bytes>,
}

type Cell<V> = Arc<OnceCell<Arc<V>>>;

/// What was worked out, by what it follows from; the last asked for at the end.
pub struct Cache<K, V>(Mutex<VecDeque<(K, Cell<V>)>>);

/// Reports.
pub type Reports = Cache<Key, Known>;

/// Histories, of so many epochs.
pub type Histories = Cache<(Key, Whom, usize), Vec<HistoryPoint>>;

impl<K, V> Default for Cache<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: PartialEq, V: Send + Sync + 'static> Cache<K, V> {
    /// The place of something, which may not be worked out yet.
    fn cell(&self, key: K) -> Cell<V> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = kept.iter().position(|(other, _)| *other == key);
        let found = place.and_then(|place| kept.remove(place)).unwrap_or_else(|| (key, Cell::default()));
        let cell = Arc::clone(&found.1);
        kept.push_back(found);
        while kept.len() > MOST {
            kept.pop_front();
        }
        cell
    }

    /// What is kept, or what is worked out now, once for all who ask meanwhile.
    async fn get<F>(&self, key: K, api: &Arc<Api>, work: F) -> Result<Arc<V>, Problem>
    where
        F: AsyncFnOnce(Arc<Api>) -> Result<V, Problem> + Send + 'static,
    {
        let cell = self.cell(key);
        if let Some(found) = cell.get() {
            return Ok(Arc::clone(found));
        }
        let api = Arc::clone(api);
        let work = async move |api| work(api).await.map(Arc::new);
        // Goes on when its asker has gone: others may wait for it.
        let work = async move { cell.get_or_try_init(|| api.work(work)).await.cloned() };
        tokio::spawn(work).await.unwrap_or_else(|error| Err(Problem::broken(&error)))
    }
}

/// The last recorded epoch with `first` ≤ block ≤ `to`.
pub async fn last_epoch(store: &dyn StakeStore, netuid: NetUid, first: BlockNumber, to: BlockNumber) -> Result<Option<Epoch>, Problem> {
    let (mut to, mut near) = (to, NEAR);
    while to >= first {
        let from = BlockNumber(to.0.saturating_sub(near)).max(first);
        if let Some(last) = store.epoch_list(netuid, from, to).await?.pop() {
            return Ok(Some(last));
        }
        let Some(before) = from.0.checked_sub(1) else { break };
        (to, near) = (BlockNumber(before), near.saturating_mul(8));
    }
    Ok(None)
}

impl Api {
    /// A subnet as of the last epoch at or before a block, under its policy.
    pub async fn known(self: &Arc<Self>, netuid: NetUid, as_of: Option<BlockNumber>) -> Result<Arc<Known>, Problem> {
        self.known_under(netuid, as_of, self.config.policy(netuid)).await
    }

    /// The same under another policy.
    pub async fn known_under(self: &Arc<Self>, netuid: NetUid, as_of: Option<BlockNumber>, policy: &Policy) -> Result<Arc<Known>, Problem> {
        let key = self.key(netuid, as_of, policy).await?;
        let policy = policy.clone();
        let work = async move |api: Arc<Self>| {
            let (report, state) = api.tracker().state(netuid, &policy, Some(key.as_of.number)).await?;
            Ok(Known { key, report, state_digest: state.summary().digest(), stats: OnceCell::new(), miners: OnceLock::new() })
        };
        self.reports.get(key, self, work).await
    }

    /// A holder as of each of the last epochs up to a block.
    pub async fn known_history(
        self: &Arc<Self>,
        netuid: NetUid,
        whom: Whom,
        as_of: Option<BlockNumber>,
        epochs: usize,
    ) -> Result<Arc<Vec<HistoryPoint>>, Problem> {
        let policy = self.config.policy(netuid).clone();
        let key = self.key(netuid, as_of, &policy).await?;
        let work = async move |api: Arc<Self>| Ok(api.tracker().history(netuid, &policy, whom, Some(key.as_of.number), epochs).await?);
        self.histories.get((key, whom, epochs), self, work).await
    }

    /// What follows from the last epoch at or before a block follows from this.
    async fn key(&self, netuid: NetUid, as_of: Option<BlockNumber>, policy: &Policy) -> Result<Key, Problem> {
        let rewinds = self.state.rewinds(netuid);
        let mark = self.store.watermark(netuid).await?.ok_or(TrackerError::NotRecorded(netuid))?;
        let asked = as_of.unwrap_or(mark.block.number);
        let no_epoch = TrackerError::NoEpoch { netuid, as_of: asked, from: mark.first_block };
        // Of those before its first block more is not known than that they were.
        let last = last_epoch(self.store.as_ref(), netuid, mark.first_block, asked.min(mark.block.number)).await?.ok_or(no_epoch)?;
        Ok(Key { netuid, as_of: last.block, first_block: mark.first_block, rewinds, policy: policy.digest() })
    }

    /// A subnet with its figures.
    pub async fn known_stats(self: &Arc<Self>, netuid: NetUid, as_of: Option<BlockNumber>) -> Result<(Arc<Known>, VestingStats), Problem> {
        loop {
            let known = self.known(netuid, as_of).await?;
            let (api, of) = (Arc::clone(self), Arc::clone(&known));
            let read = async move |api: Arc<Self>| Ok(VestingStats::read(api.store.as_ref(), &of.report).await?);
            let figures = known.stats.get_or_try_init(|| api.work(read)).await?.clone();
            let recorded = self.store.watermark(netuid).await?;
            // Of what is pruned or taken back meanwhile part may have been read; nobody finds it again under its key.
            let same = recorded.is_some_and(|mark| mark.first_block == known.key.first_block);
            if same && self.state.rewinds(netuid) == known.key.rewinds {
                return Ok((known, VestingStats { recorded, ..figures }));
            }
        }
    }
}

impl Known {
    /// Its neurons as JSON.
    pub fn miners(&self) -> Result<Bytes, Problem> {
        if let Some(text) = self.miners.get() {
            return Ok(text.clone());
        }
        let miners: Vec<Miner> = self.report.miners.iter().map(|miner| Miner::of(&self.report, miner)).collect();
        let text = serde_json::to_vec(&miners).map_err(|error| Problem::broken(&error))?;
        Ok(self.miners.get_or_init(|| text.into()).clone())
    }
}

#[cfg(test)]
mod tests {
    use vesting_core::BlockHash;

    use super::*;

    #[test]
    fn one_place_for_whoever_asks_the_same_and_not_too_many() {
        let key = |block: u64| Key {
            netuid: NetUid(2),
            as_of: BlockRef { number: BlockNumber(block), hash: BlockHash([0; 32]) },
            first_block: BlockNumber(1),
            rewinds: 0,
            policy: Digest::default(),
        };
        let cache = Reports::default();
        let first = cache.cell(key(0));
        let other = cache.cell(Key { first_block: BlockNumber(2), ..key(0) });
        assert!(Arc::ptr_eq(&first, &cache.cell(key(0))) && !Arc::ptr_eq(&first, &other));
        for block in 1..500 {
            cache.cell(key(block));
            // Who is asked for again and again stays.
            assert!(Arc::ptr_eq(&first, &cache.cell(key(0))));
        }
        assert_eq!(cache.0.lock().unwrap().len(), MOST);
    }
}
