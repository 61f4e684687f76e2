//! The tranches of every holder, as far as they are at hand.
//!
//! What leaves a holder takes the newest of its tranches or the oldest, so that only these are kept here: the
//! rest lies in the store, and is read when the kept ones do not last. What is received needs none of what is
//! there already; of a holder that only receives nothing is read at all. However long a record is followed,
//! as much stays in memory.

use std::collections::{BTreeMap, BTreeSet};

use crate::ledger::tranche::Leaving;
use crate::ledger::{EntryId, HolderTranches, OpenTranche};
use crate::ports::{End, TranchePage};
use crate::units::{BlockNumber, Coldkey, PositionKey, RaoDelta};

/// As many tranches are kept at each end when there are more than [`MOST`]; those of one block stay together.
const KEPT: usize = 16;
/// As many tranches an end may have before it is cut back.
const MOST: usize = 2 * KEPT;
/// As many are read at once when those at an end do not last.
const PAGE: u32 = 32;
/// As many are read at once on the way through all of a holder's.
const PAGE_OF_ALL: u32 = 2_048;

/// Tranches by holder.
#[derive(Debug, Clone, Default)]
pub(crate) struct KnownTranches {
    by_holder: BTreeMap<Coldkey, Known>,
    /// Of whom nothing was read yet, with what they held when the record was taken up. Nothing has left these
    /// since.
    unread: BTreeMap<Coldkey, RaoDelta>,
}

/// What is known of one holder: all of its tranches, or those at both ends; of one that is not read yet, the
/// newest.
#[derive(Debug, Clone, Default)]
struct Known {
    tranches: HolderTranches,
    hidden: Option<Hidden>,
}

/// Tranches that are only in the store: all that the holder has from these blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Hidden {
    from: BlockNumber,
    to: BlockNumber,
    /// Σ of what is left of them.
    held: RaoDelta,
}

impl Hidden {
    /// What is hidden with tranches that are next to it.
    fn with(hidden: Option<Self>, more: &[OpenTranche]) -> Option<Self> {
        let (Some(from), Some(to)) = (more.iter().map(block).min(), more.iter().map(block).max()) else {
            return hidden;
        };
        let more = Self { from, to, held: held(more) };
        Some(hidden.map_or(more, |hidden| Self {
            from: hidden.from.min(more.from),
            to: hidden.to.max(more.to),
            held: hidden.held + more.held,
        }))
    }
}

/// What must be at hand of a holder's tranches before a block is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Need {
    /// What leaves the newest, and the oldest.
    pub(crate) leaving: Leaving,
    /// Whether it may be anything.
    pub(crate) all: bool,
}

fn held(tranches: &[OpenTranche]) -> RaoDelta {
    tranches.iter().map(|open| open.remaining.delta()).sum()
}

const fn block(open: &OpenTranche) -> BlockNumber {
    open.tranche.id.block
}

impl Known {
    /// Where the tranches that are kept are older than what is hidden.
    fn oldest(&self) -> &[OpenTranche] {
        let open = self.tranches.open();
        let end =
            self.hidden.map_or(open.len(), |hidden| open.partition_point(|open| block(open) < hidden.from));
        &open[..end]
    }

    /// Where they are newer.
    fn newest(&self) -> &[OpenTranche] {
        let open = self.tranches.open();
        let begin = self.hidden.map_or(0, |hidden| open.partition_point(|open| block(open) <= hidden.to));
        &open[begin..]
    }

    fn stake(&self) -> RaoDelta {
        self.tranches.stake() + self.hidden.map(|hidden| hidden.held).unwrap_or_default()
    }

    /// The part of what is hidden that must be read first.
    fn lacks(&self, need: &Need) -> Option<TranchePage> {
        let Hidden { from, to, .. } = self.hidden?;
        let lasts = |tranches: &[OpenTranche], amount: u128| {
            amount == 0 || held(tranches).0 >= i128::try_from(amount).unwrap_or(i128::MAX)
        };
        let first = if need.all || !lasts(self.newest(), need.leaving.newest) {
            End::Newest
        } else if !lasts(self.oldest(), need.leaving.oldest) {
            End::Oldest
        } else {
            return None;
        };
        Some(TranchePage { from, to, first, least: if need.all { PAGE_OF_ALL } else { PAGE } })
    }

    /// Takes up a page of what is hidden; `own` are those of it that are this holder's.
    fn take(&mut self, page: &TranchePage, read: &Read, own: Vec<OpenTranche>) {
        let Some(hidden) = self.hidden else { return };
        let left = hidden.held - held(&own);
        self.hidden = read.rest(page).map(|(from, to)| Hidden { from, to, held: left });
        self.tranches.add_stored(own);
    }

    /// Lets go of the tranches in the middle that came up to a block, all of which are in the store as they
    /// stand.
    fn let_go(&mut self, up_to: BlockNumber) {
        let open = self.tranches.open();
        let (old, new) = (self.oldest().len(), open.len() - self.newest().len());
        let settled = open.partition_point(|open| block(open) <= up_to);
        // Of one block all or none.
        let forward = |place: usize, end: usize| {
            let Some(at) = open.get(place - 1).map(block) else { return end };
            place
                + open.get(place..end).unwrap_or_default().iter().take_while(|open| block(open) == at).count()
        };
        let back = |place: usize, end: usize| {
            let Some(at) = open.get(place).map(block) else { return end };
            place
                - open
                    .get(end..place)
                    .unwrap_or_default()
                    .iter()
                    .rev()
                    .take_while(|open| block(open) == at)
                    .count()
        };
        let (begin, end) = if self.hidden.is_some() {
            let begin = if old > MOST { forward(KEPT, old) } else { old };
            let settled = settled.max(new);
            let end = if settled - new > MOST { back(settled - KEPT, new) } else { new };
            (begin, end)
        } else if settled > 2 * MOST {
            let begin = forward(KEPT, settled);
            (begin, back(settled - KEPT, begin).max(begin))
        } else {
            return;
        };
        if begin == end {
            return;
        }
        let gone = self.tranches.let_go(begin..end);
        self.hidden = Hidden::with(self.hidden, &gone);
    }
}

/// What a page of the store turned out to have, whoever's it is.
#[derive(Debug, Clone, Copy)]
struct Read {
    rows: usize,
    first: BlockNumber,
    last: BlockNumber,
}

impl Read {
    fn of(stored: &[OpenTranche]) -> Self {
        let first = stored.iter().map(block).min().unwrap_or_default();
        let last = stored.iter().map(block).max().unwrap_or_default();
        Self { rows: stored.len(), first, last }
    }

    /// The blocks of a page that are left to be read.
    fn rest(&self, page: &TranchePage) -> Option<(BlockNumber, BlockNumber)> {
        if self.rows < usize::try_from(page.least).unwrap_or(usize::MAX) {
            return None;
        }
        let (from, to) = match page.first {
            End::Newest => (page.from, self.first.parent()),
            End::Oldest => (self.last.child(), page.to),
        };
        (from <= to && self.first > BlockNumber(0)).then_some((from, to))
    }
}

/// A holder that is being read for the first time, from the newest of its tranches on: those in the middle
/// are only added up.
#[derive(Debug)]
pub(crate) struct Reading {
    page: Option<TranchePage>,
    /// What came since the record was taken up; some of it is in the store by now.
    since: BTreeSet<(Coldkey, EntryId)>,
    /// Down to this block all are kept.
    keeps_down_to: BlockNumber,
    newest: Vec<OpenTranche>,
    hidden: Option<Hidden>,
    oldest: Vec<OpenTranche>,
}

impl Reading {
    /// What is to be read next.
    pub(crate) const fn page(&self) -> Option<TranchePage> {
        self.page
    }

    /// Takes a page; `is_own` tells whose it is.
    pub(crate) fn take(&mut self, stored: Vec<OpenTranche>, is_own: impl Fn(&OpenTranche) -> bool) {
        let Some(page) = self.page else { return };
        let read = Read::of(&stored);
        self.page = read.rest(&page).map(|(from, to)| TranchePage { from, to, ..page });
        let own = stored
            .into_iter()
            .filter(|open| is_own(open) && !self.since.contains(&(open.tranche.coldkey, open.tranche.id)));
        let own: Vec<OpenTranche> = own.collect();
        if self.newest.is_empty() || page.to >= self.keeps_down_to {
            return self.newest.extend(own);
        }
        if !own.is_empty() {
            // The page before this one turns out to be in the middle.
            self.hidden = Hidden::with(self.hidden, &self.oldest);
            self.oldest = own;
        }
    }
}

impl KnownTranches {
    /// Of holders in a store, of which nothing was read yet. At a watermark Σ tranches and Σ `balances` are
    /// equal.
    pub(crate) fn unread(
        holders: impl IntoIterator<Item = Coldkey>,
        balances: &BTreeMap<PositionKey, RaoDelta>,
    ) -> Self {
        let mut unread: BTreeMap<Coldkey, RaoDelta> =
            holders.into_iter().map(|holder| (holder, RaoDelta::ZERO)).collect();
        for (key, alpha) in balances {
            unread.entry(key.coldkey).and_modify(|held| *held += *alpha);
        }
        Self { by_holder: BTreeMap::new(), unread }
    }

    /// What a holder's tranches hold, less what they owe.
    pub(crate) fn stake(&self, holder: &Coldkey) -> RaoDelta {
        let since = self.by_holder.get(holder).map(Known::stake).unwrap_or_default();
        self.unread.get(holder).copied().unwrap_or_default() + since
    }

    /// How to read a holder of which nothing was read yet; `settled` is the block from which on entries still
    /// come.
    pub(crate) fn reading(&self, holder: &Coldkey, settled: BlockNumber) -> Option<Reading> {
        if !self.unread.contains_key(holder) {
            return None;
        }
        let since = self.by_holder.get(holder).map(|known| known.tranches.open()).unwrap_or_default();
        let first_since = since.iter().map(block).min().unwrap_or(BlockNumber(u64::MAX));
        Some(Reading {
            page: Some(TranchePage { least: PAGE_OF_ALL, ..TranchePage::ALL }),
            since: since.iter().map(|open| (open.tranche.coldkey, open.tranche.id)).collect(),
            keeps_down_to: settled.min(first_since),
            newest: Vec::new(),
            hidden: None,
            oldest: Vec::new(),
        })
    }

    /// Takes up a holder that was read, whose positions hold this much by what is taken in.
    pub(crate) fn read(&mut self, holder: Coldkey, reading: Reading, balance: RaoDelta) {
        if self.unread.remove(&holder).is_none() {
            return;
        }
        let Reading { newest, hidden, oldest, keeps_down_to, .. } = reading;
        let mut open = oldest;
        open.extend(newest);
        open.extend(self.by_holder.remove(&holder).unwrap_or_default().tranches.open());
        let balance = balance - hidden.map(|hidden| hidden.held).unwrap_or_default();
        let mut known = Known { tranches: HolderTranches::resume(open, balance), hidden };
        known.let_go(keeps_down_to);
        self.by_holder.insert(holder, known);
    }

    /// The page of a holder's tranches that must be read before something leaves it.
    pub(crate) fn lacks(&self, holder: &Coldkey, need: &Need) -> Option<TranchePage> {
        self.by_holder.get(holder)?.lacks(need)
    }

    /// Takes up such a page.
    pub(crate) fn take_page(
        &mut self,
        holder: &Coldkey,
        page: &TranchePage,
        stored: Vec<OpenTranche>,
        is_own: impl Fn(&OpenTranche) -> bool,
    ) {
        let read = Read::of(&stored);
        if let Some(known) = self.by_holder.get_mut(holder) {
            known.take(page, &read, stored.into_iter().filter(is_own).collect());
        }
    }

    /// A holder's tranches, to add to; whoever takes from them must have read what it [lacks](Self::lacks).
    pub(crate) fn of(&mut self, holder: Coldkey) -> &mut HolderTranches {
        &mut self.by_holder.entry(holder).or_default().tranches
    }

    /// A holder's tranches, all of which must have been read, and which are another's from here on.
    pub(crate) fn take(&mut self, holder: Coldkey) -> HolderTranches {
        self.by_holder.remove(&holder).unwrap_or_default().tranches
    }

    /// Lets go of what is in the store as it stands; before `settled` no entry comes any more.
    pub(crate) fn let_go(&mut self, settled: BlockNumber) {
        let unread = &mut self.unread;
        self.by_holder.retain(|holder, known| {
            let Some(held_before) = unread.get_mut(holder) else {
                known.let_go(settled);
                return true;
            };
            let end = known.tranches.open().partition_point(|open| block(open) <= settled);
            *held_before += held(&known.tranches.let_go(0..end));
            !known.tranches.open().is_empty()
        });
    }

    /// How many tranches are at hand.
    #[cfg(test)]
    pub(crate) fn at_hand(&self) -> usize {
        self.by_holder.values().map(|known| known.tranches.open().len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;
    use crate::block::Phase;
    use crate::ledger::{Entry, Kind, Source, TrancheChange};
    use crate::units::{Hotkey, Millis, NetUid};

    const HOLDER: Coldkey = Coldkey([2; 32]);
    const KEY: PositionKey = PositionKey { hotkey: Hotkey([1; 32]), coldkey: HOLDER };

    /// What happens to the holder next.
    #[derive(Debug, Clone, Copy)]
    struct Step {
        kind: Kind,
        alpha: i128,
        /// In the block of the last step, one later, or after the end of an interval.
        place: u8,
        /// Whether it is taken up anew from the store.
        resumed: bool,
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let often = [
            (12, Kind::Incentive, 1..=1_000i128),
            (4, Kind::DividendOrOther, 1..=50),
            (2, Kind::StakeAdded, 1..=500),
            (3, Kind::StakeRemoved, -300..=-1),
            (1, Kind::StakeRemoved, -9_000..=-1),
            (4, Kind::Rounding, -1..=1),
            (1, Kind::Unattributed, -20..=20),
            (1, Kind::Corrected, -2_000..=20),
            (1, Kind::Moved, -5..=5),
        ];
        let kind = select(
            often.into_iter().flat_map(|(times, kind, alpha)| vec![(kind, alpha); times]).collect::<Vec<_>>(),
        );
        let step = kind.prop_flat_map(|(kind, alpha)| {
            (alpha, 0..6u8, 0..50u8).prop_map(move |(alpha, place, resumed)| Step {
                kind,
                alpha,
                place,
                resumed: resumed == 0,
            })
        });
        proptest::collection::vec(step, 1..600)
    }

    /// A store of one holder.
    #[derive(Default)]
    struct Stored(Vec<OpenTranche>);

    impl Stored {
        fn page(&self, page: &TranchePage) -> Vec<OpenTranche> {
            let (from, to) = page.bounds(self.0.iter().map(block).collect());
            self.0.iter().filter(|open| (from..=to).contains(&block(open))).copied().collect()
        }

        fn commit(&mut self, change: &TrancheChange) {
            self.0.extend(change.opened.map(|tranche| OpenTranche { tranche, remaining: tranche.initial }));
            for exit in &change.exits {
                let left = self.0.iter_mut().find(|open| open.tranche.id == exit.tranche).unwrap();
                left.remaining.0 -= exit.amount.0;
            }
            self.0.retain(|open| open.remaining.0 > 0);
        }
    }

    fn ensure(
        known: &mut KnownTranches,
        stored: &Stored,
        entry: &Entry,
        settled: BlockNumber,
        balance: RaoDelta,
    ) {
        if !HolderTranches::matter_to(entry) {
            return;
        }
        let mut need = Need::default();
        need.leaving.add(entry);
        if let Some(mut reading) = known.reading(&HOLDER, settled) {
            while let Some(page) = reading.page() {
                reading.take(stored.page(&page), |_| true);
            }
            known.read(HOLDER, reading, balance);
        }
        while let Some(page) = known.lacks(&HOLDER, &need) {
            known.take_page(&HOLDER, &page, stored.page(&page), |_| true);
        }
    }

    fn entry(at: BlockNumber, index: u32, kind: Kind, alpha: i128) -> Entry {
        Entry {
            netuid: NetUid(2),
            block: at,
            source: Some(Source { event_index: index, phase: Phase::Extrinsic(1) }),
            key: KEY,
            kind,
            alpha: RaoDelta(alpha),
        }
    }

    #[test]
    fn of_a_thousand_rewards_few_are_at_hand_and_a_sale_of_most_takes_the_newest() {
        let (mut known, mut whole, mut stored) =
            (KnownTranches::default(), HolderTranches::default(), Stored::default());
        for number in 1..=1_000 {
            let reward = entry(BlockNumber(number), 1, Kind::Incentive, 10);
            let change = known.of(HOLDER).apply(&reward, Millis(number));
            stored.commit(&change);
            whole.apply(&reward, Millis(number));
            known.let_go(BlockNumber(number));
        }
        assert!((2 * KEPT..=2 * MOST).contains(&known.at_hand()), "{}", known.at_hand());
        assert_eq!(known.stake(&HOLDER), RaoDelta(10_000));
        let sale = entry(BlockNumber(1_001), 1, Kind::StakeRemoved, -9_003);
        ensure(&mut known, &stored, &sale, BlockNumber(1_000), RaoDelta(10_000));
        assert_eq!(known.of(HOLDER).apply(&sale, Millis(1_001)), whole.apply(&sale, Millis(1_001)));
        // Of one who only receives nothing is read, and nothing kept.
        let mut rests = KnownTranches::unread([HOLDER], &BTreeMap::from([(KEY, RaoDelta(997))]));
        rests.of(HOLDER).apply(&entry(BlockNumber(1_002), 1, Kind::Incentive, 10), Millis(0));
        rests.let_go(BlockNumber(1_002));
        assert_eq!((rests.at_hand(), rests.stake(&HOLDER)), (0, RaoDelta(1_007)));
        assert!(rests.reading(&HOLDER, BlockNumber(1_002)).is_some());
    }

    #[test]
    fn a_page_of_others_tranches_alone_changes_nothing_of_what_was_read() {
        let reward = |number: u64, coldkey: Coldkey| {
            let mut holder = HolderTranches::default();
            let mut entry = entry(BlockNumber(number), 1, Kind::Incentive, 10);
            entry.key.coldkey = coldkey;
            holder.apply(&entry, Millis(number));
            holder.open().to_vec()
        };
        let mut reading = Reading {
            page: Some(TranchePage { least: 1, ..TranchePage::ALL }),
            since: BTreeSet::new(),
            keeps_down_to: BlockNumber(100),
            newest: Vec::new(),
            hidden: None,
            oldest: Vec::new(),
        };
        // As of a coldkey that was another holder's before.
        let other = Coldkey([3; 32]);
        for (number, coldkey) in [(90, HOLDER), (80, HOLDER), (70, other), (60, other), (50, HOLDER)] {
            reading.take(reward(number, coldkey), |open| open.tranche.coldkey == HOLDER);
        }
        let of = |tranches: &[OpenTranche]| tranches.iter().map(|open| block(open).0).collect::<Vec<_>>();
        assert_eq!((of(&reading.newest), of(&reading.oldest)), (vec![90], vec![50]));
        assert_eq!(
            reading.hidden,
            Some(Hidden { from: BlockNumber(80), to: BlockNumber(80), held: RaoDelta(10) })
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig { rng_seed: proptest::test_runner::RngSeed::Fixed(475), ..ProptestConfig::with_cases(200) })]

        /// With only the ends at hand the same happens as with all of it, and what is at hand does not grow.
        #[test]
        fn the_ends_of_a_holders_tranches_do_as_all_of_them(steps in steps()) {
            let (mut whole, mut stored) = (HolderTranches::default(), Stored::default());
            let mut known = KnownTranches::default();
            let mut settled = BlockNumber(1);
            let (mut at, mut index) = (BlockNumber(2), 0);
            let mut since = 0;
            for step in steps {
                match step.place {
                    0 => {}
                    1..=4 => at = at.child(),
                    _ => {
                        settled = at;
                        at = at.child();
                        since = 0;
                    }
                }
                // All before is in the store.
                known.let_go(settled);
                let balance = whole.stake();
                if step.resumed {
                    known = KnownTranches::unread([HOLDER], &BTreeMap::from([(KEY, balance)]));
                }
                since += 1;
                prop_assert!(known.at_hand() <= 2 * MOST + 2 * usize::try_from(PAGE).unwrap() + since, "{} at hand", known.at_hand());
                index += 1;
                let entry = entry(at, index, step.kind, step.alpha);
                ensure(&mut known, &stored, &entry, settled, balance);
                let change = known.of(HOLDER).apply(&entry, Millis(at.0));
                prop_assert_eq!(&change, &whole.apply(&entry, Millis(at.0)));
                prop_assert_eq!(known.stake(&HOLDER), whole.stake());
                stored.commit(&change);
            }
            stored.0.sort_by_key(|open| open.tranche.id);
            let mut left = whole.open().to_vec();
            left.sort_by_key(|open| open.tranche.id);
            prop_assert_eq!(left, stored.0);
        }
    }
}
