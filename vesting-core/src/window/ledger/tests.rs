use std::collections::BTreeMap;

use crate::block::{Epoch, Phase};
use crate::ledger::{Entry, Kind, Origin, Source, Succession, Successions, UnattributedRule, sort_entries};
use crate::ports::NeuronRow;
use crate::units::{BlockNumber, Coldkey, Hotkey, Millis, NetUid, PositionKey, RaoDelta, Uid};
use crate::window::Window;
use crate::window::ledger::WindowLedger;
use crate::window::span::tests::epoch;

const NETUID: NetUid = NetUid(2);

fn entry(block: u64, index: Option<u32>, kind: Kind, coldkey: u8, alpha: i128) -> Entry {
    let source = index.map(|event_index| Source { event_index, phase: Phase::Extrinsic(1) });
    let key = PositionKey { hotkey: Hotkey([9; 32]), coldkey: Coldkey([coldkey; 32]) };
    Entry { netuid: NETUID, block: BlockNumber(block), source, key, kind, alpha: RaoDelta(alpha) }
}

fn owns(uid: u16, block: u64, coldkey: u8) -> NeuronRow {
    NeuronRow {
        uid: Uid(uid),
        block: BlockNumber(block),
        holder: Some((Hotkey([9; 32]), Coldkey([coldkey; 32]))),
    }
}

fn swap(block: u64, event_index: u32, old: u8, new: u8) -> Succession {
    Succession { block: BlockNumber(block), event_index, old: Coldkey([old; 32]), new: Coldkey([new; 32]) }
}

/// The ledger of epochs 20, 30, 40 as of the last.
fn ledger(neurons: &[NeuronRow], successions: &[Succession], entries: &[Entry]) -> WindowLedger {
    let epochs: Vec<Epoch> = [20, 30, 40].map(epoch).to_vec();
    let start = BlockNumber(19);
    let window = Window { as_of: epochs[2], length: Millis(1), start, epochs, incomplete_since: None };
    let mut entries = entries.to_vec();
    sort_entries(&mut entries);
    let mut balances: BTreeMap<PositionKey, RaoDelta> = BTreeMap::new();
    for entry in entries.iter().filter(|entry| entry.block <= start) {
        *balances.entry(entry.key).or_default() += entry.alpha;
    }
    entries.retain(|entry| entry.block > start && entry.block <= BlockNumber(40));
    WindowLedger::of(NETUID, window, neurons, &Successions::new(successions.to_vec()), balances, &entries)
}

fn openings(ledger: &WindowLedger) -> Vec<(u64, Option<u32>, u8, i128)> {
    ledger.openings.iter().map(|o| (o.block.0, o.event_index, o.key.coldkey.0[0], o.alpha.0)).collect()
}

fn entries(ledger: &WindowLedger) -> Vec<(u64, Kind, u8, i128)> {
    ledger.entries.iter().map(|e| (e.block.0, e.kind, e.key.coldkey.0[0], e.alpha.0)).collect()
}

/// Block, origin, initial and remaining.
fn tranches(ledger: &WindowLedger, coldkey: u8) -> Vec<(u64, Origin, u64, u64)> {
    let of = ledger.tranches(UnattributedRule::default()).remove(&Coldkey([coldkey; 32])).unwrap_or_default();
    of.iter()
        .map(|history| {
            (
                history.tranche.id.block.0,
                history.tranche.origin,
                history.tranche.initial.0,
                history.remaining().0,
            )
        })
        .collect()
}

#[test]
fn what_came_before_is_an_opening_whatever_it_was() {
    let since = [
        entry(20, None, Kind::Incentive, 1, 5),
        entry(25, Some(1), Kind::StakeRemoved, 2, -40),
        entry(30, None, Kind::Incentive, 1, 6),
        entry(35, Some(2), Kind::StakeAdded, 2, 10),
        entry(41, Some(2), Kind::StakeAdded, 2, 10),
    ];
    let neurons = [owns(0, 15, 1), owns(1, 25, 2)];
    // One record began long ago, when the second was a miner already; the other with the window.
    let long = [
        [
            entry(5, None, Kind::Opening, 1, 60),
            entry(19, None, Kind::Rounding, 1, 40),
            entry(7, Some(3), Kind::StakeAdded, 2, 70),
            entry(8, None, Kind::Opening, 3, 7),
            entry(33, Some(1), Kind::StakeAdded, 3, 7),
        ]
        .as_slice(),
        &since,
    ]
    .concat();
    let short = [
        [entry(19, None, Kind::Opening, 1, 100)].as_slice(),
        &since[..1],
        &since[2..],
        &[entry(29, None, Kind::Opening, 2, 30)],
    ]
    .concat();
    let found = ledger(&neurons, &[], &long);
    assert_eq!(found, ledger(&neurons, &[], &short));
    assert_eq!(openings(&found), [(19, None, 1, 100), (29, None, 2, 30)]);
    assert_eq!(
        entries(&found),
        [(20, Kind::Incentive, 1, 5), (30, Kind::Incentive, 1, 6), (35, Kind::StakeAdded, 2, 10)]
    );
}

#[test]
fn a_holder_goes_on_under_its_new_coldkey_which_opens_with_what_it_held() {
    let all = [
        entry(9, None, Kind::Opening, 1, 100),
        entry(24, None, Kind::Opening, 2, 7),
        entry(25, Some(1), Kind::StakeAdded, 2, 3),
        entry(25, Some(2), Kind::StakeAdded, 1, 5),
        entry(25, Some(3), Kind::KeySwap, 1, -105),
        entry(25, Some(3), Kind::KeySwap, 2, 105),
        entry(25, Some(4), Kind::StakeAdded, 1, 8),
        entry(25, Some(5), Kind::StakeRemoved, 2, -1),
        entry(29, None, Kind::Rounding, 2, 1),
    ];
    let found = ledger(&[owns(0, 15, 1), owns(0, 25, 2)], &[swap(25, 3, 1, 2)], &all);
    assert_eq!(found.holders, BTreeMap::from([(Coldkey([2; 32]), BlockNumber(19))]));
    assert_eq!(found.successions, [swap(25, 3, 1, 2)]);
    assert_eq!(openings(&found), [(19, None, 1, 100), (25, Some(3), 2, 10)]);
    let expected = [
        (25, Kind::StakeAdded, 1, 5),
        (25, Kind::KeySwap, 1, -105),
        (25, Kind::KeySwap, 2, 105),
        (25, Kind::StakeRemoved, 2, -1),
        (29, Kind::Rounding, 2, 1),
    ];
    assert_eq!(entries(&found), expected);
}

#[test]
fn a_name_given_up_may_become_a_holder_anew_and_a_stranger_hands_on_nothing() {
    let all = [
        entry(9, None, Kind::Opening, 1, 100),
        entry(22, Some(1), Kind::KeySwap, 1, -100),
        entry(22, Some(1), Kind::KeySwap, 2, 100),
        entry(23, Some(1), Kind::StakeAdded, 1, 4),
        entry(31, Some(1), Kind::StakeAdded, 1, 5),
        // 3 is followed from before, but no holder of this window.
        entry(9, None, Kind::Opening, 3, 50),
        entry(32, Some(1), Kind::KeySwap, 3, -50),
        entry(32, Some(1), Kind::KeySwap, 1, 50),
    ];
    let successions = [swap(22, 1, 1, 2), swap(32, 1, 3, 1)];
    let found = ledger(&[owns(0, 15, 1), owns(0, 22, 2), owns(1, 28, 1)], &successions, &all);
    assert_eq!(
        found.holders,
        BTreeMap::from([(Coldkey([1; 32]), BlockNumber(29)), (Coldkey([2; 32]), BlockNumber(19))])
    );
    assert_eq!(found.successions, [successions[0]]);
    assert_eq!(openings(&found), [(19, None, 1, 100), (29, None, 1, 4)]);
    let expected = [
        (22, Kind::KeySwap, 1, -100),
        (22, Kind::KeySwap, 2, 100),
        (31, Kind::StakeAdded, 1, 5),
        (32, Kind::KeySwap, 1, 50),
    ];
    assert_eq!(entries(&found), expected);
    let manual = |block, initial| (block, Origin::Manual, initial, initial);
    assert_eq!(tranches(&found, 1), [(29, Origin::Opening, 4, 4), manual(31, 5), manual(32, 50)]);
    assert_eq!(tranches(&found, 2), [(19, Origin::Opening, 100, 100)]);
}

#[test]
fn tranches_go_along_and_back_and_what_a_name_held_itself_is_manual() {
    let all = [
        entry(9, None, Kind::Opening, 1, 100),
        entry(20, None, Kind::Incentive, 1, 10),
        entry(9, None, Kind::Opening, 2, 7),
        entry(21, Some(2), Kind::KeySwap, 1, -110),
        entry(21, Some(2), Kind::KeySwap, 2, 110),
        entry(22, Some(1), Kind::StakeRemoved, 2, -9),
        entry(23, Some(5), Kind::StakeAdded, 1, 3),
        entry(25, Some(1), Kind::KeySwap, 2, -108),
        entry(25, Some(1), Kind::KeySwap, 1, 108),
        entry(30, None, Kind::Incentive, 1, 20),
        entry(31, Some(1), Kind::StakeRemoved, 1, -26),
    ];
    let found = ledger(
        &[owns(0, 15, 1), owns(0, 21, 2), owns(0, 25, 1)],
        &[swap(21, 2, 1, 2), swap(25, 1, 2, 1)],
        &all,
    );
    assert_eq!(found.holders, BTreeMap::from([(Coldkey([1; 32]), BlockNumber(19))]));
    assert_eq!(openings(&found), [(19, None, 1, 100), (21, Some(2), 2, 7), (25, Some(1), 1, 3)]);
    let expected = [
        (19, Origin::Opening, 100, 100),
        (20, Origin::Reward, 10, 5),
        // The first sale took all of it, and 2 of the rewards.
        (21, Origin::Manual, 7, 0),
        (25, Origin::Manual, 3, 0),
        (30, Origin::Reward, 20, 0),
    ];
    assert_eq!(tranches(&found, 1), expected);
    let time = found
        .tranches(UnattributedRule::default())
        .into_values()
        .flatten()
        .find(|history| history.tranche.id.block == BlockNumber(30));
    assert_eq!(time.map(|history| history.tranche.time), Some(Millis(360_000)), "of its epoch");
}
