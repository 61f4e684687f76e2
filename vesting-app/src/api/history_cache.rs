//! Points of histories, kept for the next request: an epoch is final, and so is what a holder was as of it.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use vesting_core::{BlockNumber, Coldkey, Epoch, HistoryPoint};

use super::basis::Basis;

/// The most points kept, of all holders: some 15 MB.
const MOST: usize = 50_000;

/// The most points kept of one holder, the newest: twice as many as one answer has.
const MOST_OF_ONE: usize = 2_000;

/// Points of histories.
#[derive(Default)]
pub struct HistoryCache(Mutex<Histories>);

#[derive(Default)]
struct Histories {
    by_holder: BTreeMap<(Basis, Coldkey), Points>,
    /// How many points there are in all.
    count: usize,
    /// Counts requests: a time without a clock.
    turn: u64,
}

/// The points of one holder.
#[derive(Default)]
struct Points {
    by_block: BTreeMap<BlockNumber, HistoryPoint>,
    /// The turn of the last request for them.
    last_used: u64,
}

impl HistoryCache {
    /// A coldkey as of an epoch, if that is kept.
    pub fn find(&self, basis: Basis, epoch: &Epoch, coldkey: Coldkey) -> Option<HistoryPoint> {
        let histories = self.histories();
        let found = histories.by_holder.get(&(basis, coldkey))?.by_block.get(&epoch.block.number)?;
        // A record that was taken back meanwhile may have another block at this height.
        (found.epoch == *epoch).then_some(*found)
    }

    /// Keeps points that were asked for, each under the coldkey that the holder had then.
    pub fn keep(&self, basis: Basis, points: &[HistoryPoint]) {
        let mut histories = self.histories();
        histories.turn = histories.turn.wrapping_add(1);
        for point in points {
            histories.insert(basis, point);
        }
        histories.shrink();
    }

    /// Adds a new epoch to every history that is kept of a subnet. `as_of` gives a coldkey as of that epoch.
    pub fn add_epoch(&self, basis: Basis, as_of: impl Fn(Coldkey) -> HistoryPoint) {
        let mut histories = self.histories();
        let first = (basis, Coldkey([0; 32]));
        let kept = histories.by_holder.range_mut(first..).take_while(|((other, _), _)| *other == basis);
        for ((_, coldkey), points) in kept {
            let point = as_of(*coldkey);
            points.by_block.insert(point.epoch.block.number, point);
        }
        histories.shrink();
    }

    fn histories(&self) -> MutexGuard<'_, Histories> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Histories {
    fn insert(&mut self, basis: Basis, point: &HistoryPoint) {
        let points = self.by_holder.entry((basis, point.coldkey)).or_default();
        points.last_used = self.turn;
        points.by_block.insert(point.epoch.block.number, *point);
    }

    /// Drops the oldest points of each holder, then the holders that were asked for longest ago.
    fn shrink(&mut self) {
        for points in self.by_holder.values_mut() {
            while points.by_block.len() > MOST_OF_ONE {
                points.by_block.pop_first();
            }
        }
        self.count = self.by_holder.values().map(|points| points.by_block.len()).sum();
        while self.count > MOST {
            let oldest = self.by_holder.iter().min_by_key(|(_, points)| points.last_used);
            let Some(oldest) = oldest.map(|(holder, _)| *holder) else { return };
            let dropped = self.by_holder.remove(&oldest).map_or(0, |points| points.by_block.len());
            self.count = self.count.saturating_sub(dropped);
        }
    }
}

#[cfg(test)]
mod tests {
    use vesting_core::digest::Digest;
    use vesting_core::window::Window;
    use vesting_core::{BlockHash, BlockRef, Millis, Moved, NetUid, Report};

    use super::*;

    fn basis(netuid: u16) -> Basis {
        Basis { netuid: NetUid(netuid), first_block: BlockNumber(1), rewinds: 0, policy: Digest::default() }
    }

    fn point(block: u64, hash: u8, coldkey: u16) -> HistoryPoint {
        let at = |number| BlockRef { number: BlockNumber(number), hash: BlockHash([hash; 32]) };
        let registered_at = BlockNumber(0);
        let mut key = [0; 32];
        key[..2].copy_from_slice(&coldkey.to_be_bytes());
        let (block, pre_block, time) = (at(block), at(0), Millis(0));
        let as_of = Epoch { block, pre_block, time, index: None, tempo: 20, registered_at };
        let start = pre_block.number;
        let window = Window { as_of, length: Millis(1), start, epochs: vec![as_of], incomplete_since: None };
        let mut point =
            HistoryPoint::of(&Report::new(NetUid(2), window, Vec::new()), Coldkey(key), Moved::default());
        point.earned = u128::from(block.number.0);
        point
    }

    #[test]
    fn a_point_is_found_only_for_the_record_and_policy_it_was_worked_out_from() {
        let cache = HistoryCache::default();
        let kept = point(20, 1, 7);
        cache.keep(basis(2), &[kept]);
        assert_eq!(cache.find(basis(2), &kept.epoch, kept.coldkey), Some(kept));
        assert_eq!(cache.find(basis(3), &kept.epoch, kept.coldkey), None);
        assert_eq!(cache.find(Basis { rewinds: 1, ..basis(2) }, &kept.epoch, kept.coldkey), None);
        assert_eq!(cache.find(basis(2), &kept.epoch, point(20, 1, 8).coldkey), None);
        assert_eq!(
            cache.find(basis(2), &point(20, 2, 7).epoch, kept.coldkey),
            None,
            "another block of that number"
        );
    }

    #[test]
    fn a_new_epoch_is_added_for_the_holders_asked_for_and_no_others() {
        let cache = HistoryCache::default();
        cache.keep(basis(1), &[point(20, 1, 7)]);
        cache.keep(basis(2), &[point(20, 1, 7), point(20, 1, 8)]);
        let next = point(40, 1, 0).epoch;
        cache.add_epoch(basis(2), |coldkey| {
            let mut point = point(40, 1, 0);
            point.coldkey = coldkey;
            point
        });
        let found = |netuid, coldkey| {
            cache.find(basis(netuid), &next, point(40, 1, coldkey).coldkey).map(|point| point.earned)
        };
        assert_eq!((found(2, 7), found(2, 8), found(2, 9), found(1, 7)), (Some(40), Some(40), None, None));
    }

    #[test]
    fn no_more_points_are_kept_than_allowed_and_holders_asked_for_stay() {
        let cache = HistoryCache::default();
        let of = |coldkey| (0..1_000).map(|block| point(block, 1, coldkey)).collect::<Vec<_>>();
        for coldkey in 0..250 {
            cache.keep(basis(2), &of(coldkey));
            cache.keep(basis(2), &of(0));
        }
        let kept = |coldkey| {
            cache.find(basis(2), &point(999, 1, coldkey).epoch, point(0, 1, coldkey).coldkey).is_some()
        };
        assert!(kept(0) && kept(249) && !kept(1));
        assert_eq!(cache.0.lock().unwrap().count, MOST);
        let long: Vec<_> = (0..5_000).map(|block| point(block, 1, 300)).collect();
        cache.keep(basis(2), &long);
        let found: Vec<bool> = [0, 2_999, 3_000, 4_999]
            .map(|block| {
                cache.find(basis(2), &point(block, 1, 300).epoch, point(0, 1, 300).coldkey).is_some()
            })
            .to_vec();
        assert_eq!(found, [false, false, true, true]);
        assert!(cache.0.lock().unwrap().count <= MOST);
    }
}
