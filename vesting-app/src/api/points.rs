//! Points of histories, kept for the next who asks: an epoch is final, and so is what a holder was as of it.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use vesting_core::digest::Digest;
use vesting_core::{BlockNumber, Coldkey, Epoch, HistoryPoint, NetUid};

/// The most points kept, of all holders: some 15 MB.
const MOST: usize = 50_000;

/// The most points kept of one holder, the newest: twice as many as one answer has.
const MOST_OF_ONE: usize = 2_000;

/// What a point follows from, besides its epoch and its coldkey: the record as it begins, and the policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Base {
    pub netuid: NetUid,
    pub first_block: BlockNumber,
    pub rewinds: u64,
    pub policy: Digest,
}

/// The points of one coldkey.
#[derive(Default)]
struct Series {
    points: BTreeMap<BlockNumber, HistoryPoint>,
    /// When it was last asked for.
    asked: u64,
}

#[derive(Default)]
struct Shelf {
    all: BTreeMap<(Base, Coldkey), Series>,
    /// How many points there are.
    points: usize,
    /// How often was asked.
    asked: u64,
}

/// Points of histories.
#[derive(Default)]
pub struct Points(Mutex<Shelf>);

impl Points {
    /// A coldkey as of an epoch, if that is kept.
    pub fn find(&self, base: Base, epoch: &Epoch, coldkey: Coldkey) -> Option<HistoryPoint> {
        let shelf = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = shelf.all.get(&(base, coldkey))?.points.get(&epoch.block.number)?;
        // The same block: a record that was taken back unnoticed has others.
        (found.epoch == *epoch).then_some(*found)
    }

    /// Keeps points that were asked for, each under the coldkey of then.
    pub fn keep(&self, base: Base, points: &[HistoryPoint]) {
        let mut shelf = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        shelf.asked = shelf.asked.wrapping_add(1);
        for point in points {
            shelf.put(base, point);
        }
        shelf.shrink();
    }

    /// Carries on what is kept of a subnet: `as_of` gives each coldkey as of a new epoch.
    pub fn carry_on(&self, base: Base, as_of: impl Fn(Coldkey) -> HistoryPoint) {
        let mut shelf = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let first = (base, Coldkey([0; 32]));
        let coldkeys: Vec<Coldkey> = shelf
            .all
            .range(first..)
            .take_while(|((other, _), _)| *other == base)
            .map(|((_, coldkey), _)| *coldkey)
            .collect();
        for coldkey in coldkeys {
            let point = as_of(coldkey);
            shelf.all.entry((base, coldkey)).and_modify(|series| {
                series.points.insert(point.epoch.block.number, point);
            });
        }
        shelf.shrink();
    }
}

impl Shelf {
    fn put(&mut self, base: Base, point: &HistoryPoint) {
        let series = self.all.entry((base, point.coldkey)).or_default();
        series.asked = self.asked;
        series.points.insert(point.epoch.block.number, *point);
    }

    /// Drops the oldest points of each holder, and the holders that were asked for longest ago.
    fn shrink(&mut self) {
        for series in self.all.values_mut() {
            while series.points.len() > MOST_OF_ONE {
                series.points.pop_first();
            }
        }
        self.points = self.all.values().map(|series| series.points.len()).sum();
        while self.points > MOST {
            let Some(oldest) = self.all.iter().min_by_key(|(_, series)| series.asked).map(|(of, _)| *of)
            else {
                return;
            };
            let gone = self.all.remove(&oldest).map_or(0, |series| series.points.len());
            self.points = self.points.saturating_sub(gone);
        }
    }
}

#[cfg(test)]
mod tests {
    use vesting_core::multiplier::{LimitedBy, Multiplier};
    use vesting_core::{BlockHash, BlockRef, Millis, Ppb, Reason};

    use super::*;

    fn base(netuid: u16) -> Base {
        Base { netuid: NetUid(netuid), first_block: BlockNumber(1), rewinds: 0, policy: Digest::default() }
    }

    fn point(block: u64, hash: u8, coldkey: u16) -> HistoryPoint {
        let at = |number| BlockRef { number: BlockNumber(number), hash: BlockHash([hash; 32]) };
        let registered_at = BlockNumber(0);
        let mut key = [0; 32];
        key[..2].copy_from_slice(&coldkey.to_be_bytes());
        HistoryPoint {
            epoch: Epoch {
                block: at(block),
                pre_block: at(0),
                time: Millis(0),
                index: None,
                tempo: 20,
                registered_at,
            },
            coldkey: Coldkey(key),
            holding: None,
            multiplier: Multiplier {
                factor: Ppb::ONE,
                zero_weight: false,
                limited_by: LimitedBy::NothingEarned,
            },
            reason: Reason::Newcomer,
            earned: u128::from(block),
            sold: 0,
        }
    }

    #[test]
    fn a_point_is_found_under_what_it_follows_from_only() {
        let points = Points::default();
        let kept = point(20, 1, 7);
        points.keep(base(2), &[kept]);
        assert_eq!(points.find(base(2), &kept.epoch, kept.coldkey), Some(kept));
        assert_eq!(points.find(base(3), &kept.epoch, kept.coldkey), None);
        assert_eq!(points.find(Base { rewinds: 1, ..base(2) }, &kept.epoch, kept.coldkey), None);
        assert_eq!(points.find(base(2), &kept.epoch, point(20, 1, 8).coldkey), None);
        assert_eq!(
            points.find(base(2), &point(20, 2, 7).epoch, kept.coldkey),
            None,
            "another block of that number"
        );
    }

    #[test]
    fn a_new_epoch_carries_on_the_holders_asked_for_and_no_others() {
        let points = Points::default();
        points.keep(base(1), &[point(20, 1, 7)]);
        points.keep(base(2), &[point(20, 1, 7), point(20, 1, 8)]);
        let next = point(40, 1, 0).epoch;
        points.carry_on(base(2), |coldkey| HistoryPoint { epoch: next, coldkey, ..point(40, 1, 0) });
        let found = |netuid, coldkey| {
            points.find(base(netuid), &next, point(40, 1, coldkey).coldkey).map(|point| point.earned)
        };
        assert_eq!((found(2, 7), found(2, 8), found(2, 9), found(1, 7)), (Some(40), Some(40), None, None));
    }

    #[test]
    fn as_many_are_kept_as_may_be_and_who_is_asked_for_stays() {
        let points = Points::default();
        let of = |coldkey| (0..1_000).map(|block| point(block, 1, coldkey)).collect::<Vec<_>>();
        for coldkey in 0..250 {
            points.keep(base(2), &of(coldkey));
            points.keep(base(2), &of(0));
        }
        let kept = |coldkey| {
            points.find(base(2), &point(999, 1, coldkey).epoch, point(0, 1, coldkey).coldkey).is_some()
        };
        assert!(kept(0) && kept(249) && !kept(1));
        assert_eq!(points.0.lock().unwrap().points, MOST);
        let long: Vec<_> = (0..5_000).map(|block| point(block, 1, 300)).collect();
        points.keep(base(2), &long);
        let found: Vec<bool> = [0, 2_999, 3_000, 4_999]
            .map(|block| {
                points.find(base(2), &point(block, 1, 300).epoch, point(0, 1, 300).coldkey).is_some()
            })
            .to_vec();
        assert_eq!(found, [false, false, true, true]);
        assert!(points.0.lock().unwrap().points <= MOST);
    }
}
