use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::RngSeed;

use crate::block::Phase;
use crate::ledger::{Entry, HolderTranches, Kind, OpenTranche, Source, TrancheChange};
use crate::ports::TranchePage;
use crate::record::known_tranches::all_holders::KnownTranches;
use crate::record::known_tranches::holder::{KEPT, MOST, PAGE};
use crate::record::known_tranches::need::Need;
use crate::record::known_tranches::reading::Reading;
use crate::record::known_tranches::stored_only::{StoredOnly, block};
use crate::units::{BlockNumber, Coldkey, Hotkey, Millis, NetUid, PositionKey, RaoDelta};

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
    if let Some(mut reading) = known.begin_reading(&HOLDER, settled) {
        while let Some(page) = reading.page() {
            reading.add_page(stored.page(&page), |_| true);
        }
        known.finish_reading(HOLDER, reading, balance);
    }
    while let Some(page) = known.missing_page(&HOLDER, &need) {
        known.add_page(&HOLDER, &page, stored.page(&page), |_| true);
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
        let change = known.of_holder(HOLDER).apply(&reward, Millis(number));
        stored.commit(&change);
        whole.apply(&reward, Millis(number));
        known.evict(BlockNumber(number));
    }
    assert!((2 * KEPT..=2 * MOST).contains(&known.in_memory()), "{}", known.in_memory());
    assert_eq!(known.stake(&HOLDER), RaoDelta(10_000));
    let sale = entry(BlockNumber(1_001), 1, Kind::StakeRemoved, -9_003);
    ensure(&mut known, &stored, &sale, BlockNumber(1_000), RaoDelta(10_000));
    assert_eq!(known.of_holder(HOLDER).apply(&sale, Millis(1_001)), whole.apply(&sale, Millis(1_001)));
    // Of one who only receives nothing is read, and nothing kept.
    let mut rests = KnownTranches::unread([HOLDER], &BTreeMap::from([(KEY, RaoDelta(997))]));
    rests.of_holder(HOLDER).apply(&entry(BlockNumber(1_002), 1, Kind::Incentive, 10), Millis(0));
    rests.evict(BlockNumber(1_002));
    assert_eq!((rests.in_memory(), rests.stake(&HOLDER)), (0, RaoDelta(1_007)));
    assert!(rests.begin_reading(&HOLDER, BlockNumber(1_002)).is_some());
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
        stored_only: None,
        oldest: Vec::new(),
    };
    // As of a coldkey that was another holder's before.
    let other = Coldkey([3; 32]);
    for (number, coldkey) in [(90, HOLDER), (80, HOLDER), (70, other), (60, other), (50, HOLDER)] {
        reading.add_page(reward(number, coldkey), |open| open.tranche.coldkey == HOLDER);
    }
    let of = |tranches: &[OpenTranche]| tranches.iter().map(|open| block(open).0).collect::<Vec<_>>();
    assert_eq!((of(&reading.newest), of(&reading.oldest)), (vec![90], vec![50]));
    assert_eq!(
        reading.stored_only,
        Some(StoredOnly { from: BlockNumber(80), to: BlockNumber(80), held: RaoDelta(10) })
    );
}

proptest! {
    #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(475), ..ProptestConfig::with_cases(200) })]

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
            known.evict(settled);
            let balance = whole.stake();
            if step.resumed {
                known = KnownTranches::unread([HOLDER], &BTreeMap::from([(KEY, balance)]));
            }
            since += 1;
            let most = 2 * MOST + 2 * usize::try_from(PAGE).unwrap() + since;
            prop_assert!(known.in_memory() <= most, "{} at hand", known.in_memory());
            index += 1;
            let entry = entry(at, index, step.kind, step.alpha);
            ensure(&mut known, &stored, &entry, settled, balance);
            let change = known.of_holder(HOLDER).apply(&entry, Millis(at.0));
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
