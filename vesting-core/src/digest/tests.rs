use std::collections::BTreeMap;

use crate::block::{Epoch, Phase};
use crate::digest::{StatePart, WindowState};
use crate::ledger::{Entry, Kind, Source, Succession};
use crate::score::multiplier::{LimitedBy, Multiplier};
use crate::units::{
    BlockHash, BlockNumber, BlockRef, Coldkey, Hotkey, Millis, NetUid, Neuron, PositionKey, Ppb, RaoDelta,
    Uid,
};
use crate::window::{Opening, Window, WindowLedger};

const fn at(hotkey: u8, coldkey: u8) -> PositionKey {
    PositionKey { hotkey: Hotkey([hotkey; 32]), coldkey: Coldkey([coldkey; 32]) }
}

fn entry(block: u64, event_index: Option<u32>, kind: Kind, key: PositionKey, alpha: i128) -> Entry {
    let source = event_index.map(|event_index| Source { event_index, phase: Phase::Extrinsic(1) });
    Entry { netuid: NetUid(2), block: BlockNumber(block), source, key, kind, alpha: RaoDelta(alpha) }
}

fn epoch(number: u64) -> Epoch {
    let block = |number: u64, byte| BlockRef { number: BlockNumber(number), hash: BlockHash([byte; 32]) };
    Epoch {
        block: block(number, 0xbb),
        pre_block: block(number - 1, 0xba),
        time: Millis(number * 12_000),
        index: None,
        tempo: 20,
        registered_at: BlockNumber(7),
    }
}

/// The state of docs/digests.md.
fn state() -> WindowState {
    let epochs = vec![epoch(40), epoch(60)];
    let window = Window {
        as_of: epochs[1],
        length: Millis(480_000),
        start: BlockNumber(39),
        epochs,
        incomplete_since: None,
    };
    let start = |coldkey, block| (Coldkey([coldkey; 32]), BlockNumber(block));
    let opening = |block, event_index, key, alpha| Opening {
        block: BlockNumber(block),
        event_index,
        key,
        alpha: RaoDelta(alpha),
    };
    let multiplier = |coldkey, ppb, zero_weight| {
        (
            Coldkey([coldkey; 32]),
            Multiplier { factor: Ppb(ppb), zero_weight, limited_by: LimitedBy::HoldingDuration },
        )
    };
    WindowState {
        genesis: BlockHash([0xaa; 32]),
        neurons: vec![
            Neuron { uid: Uid(0), hotkey: Hotkey([0x11; 32]), coldkey: Coldkey([0x01; 32]) },
            Neuron { uid: Uid(1), hotkey: Hotkey([0x22; 32]), coldkey: Coldkey([0x03; 32]) },
        ],
        ledger: WindowLedger {
            netuid: NetUid(2),
            window,
            holders: BTreeMap::from([start(0x01, 39), start(0x03, 39)]),
            successions: vec![Succession {
                block: BlockNumber(50),
                event_index: 9,
                old: Coldkey([0x02; 32]),
                new: Coldkey([0x03; 32]),
            }],
            openings: vec![
                opening(39, None, at(0x11, 0x01), 1_000_000_000),
                opening(39, None, at(0x22, 0x02), 500),
                opening(50, Some(9), at(0x33, 0x03), 4),
            ],
            entries: vec![
                entry(40, Some(5), Kind::Incentive, at(0x22, 0x02), 70),
                entry(40, None, Kind::DividendOrOther, at(0x11, 0x01), 30),
                entry(50, Some(9), Kind::KeySwap, at(0x22, 0x02), -570),
                entry(50, Some(9), Kind::KeySwap, at(0x22, 0x03), 570),
                entry(59, None, Kind::Rounding, at(0x22, 0x03), -1),
                entry(60, Some(300), Kind::StakeRemoved, at(0x11, 0x01), -1_000_000_030),
            ],
        },
        multipliers: BTreeMap::from([
            multiplier(0x01, 1_000_000_000, true),
            multiplier(0x03, 1_250_000_000, false),
        ]),
    }
}

#[test]
fn the_state_of_the_docs_has_the_digests_of_the_docs() {
    let docs = include_str!("../../../docs/digests.md");
    let summary = state().summary();
    let mut digests = vec![summary.digest()];
    let sections =
        [summary.neurons, summary.holders, summary.successions, summary.openings, summary.multipliers];
    digests.extend(
        sections
            .iter()
            .chain(summary.ranges.iter().map(|range| &range.entries))
            .map(|section| section.digest),
    );
    for digest in digests {
        assert!(docs.contains(&digest.to_string()), "{digest} is not in docs/digests.md: {summary:#?}");
    }
}

/// What may be changed of a state, which part of it then differs, and in which words.
type Change = (fn(&mut WindowState), StatePart, &'static str);

#[test]
fn every_part_bears_on_the_digest_and_is_named() {
    const ENTRIES: StatePart = StatePart::Entries { from: BlockNumber(41), to: BlockNumber(60) };
    let changes: [Change; 20] = [
        (|s| s.genesis.0[31] ^= 1, StatePart::Chain, "the chains"),
        (|s| s.ledger.netuid = NetUid(3), StatePart::Subnet, "the subnets: 2 here, 3 there"),
        (|s| s.ledger.window.as_of.block.hash.0[0] ^= 1, StatePart::AsOf, "as of which"),
        (
            |s| s.ledger.window.as_of.registered_at = BlockNumber(8),
            StatePart::Registration,
            "7 here, 8 there",
        ),
        (|s| s.ledger.window.start = BlockNumber(38), StatePart::Start, "39 here, 38 there"),
        (|s| s.neurons[1].coldkey = Coldkey([4; 32]), StatePart::Neurons, "uid 1"),
        (|s| s.neurons = s.neurons.split_off(1), StatePart::Neurons, "uid 0: hotkey"),
        (
            |s| s.ledger.holders.extend([(Coldkey([3; 32]), BlockNumber(59))]),
            StatePart::Holders,
            "block 39 here, from the end of block 59 there",
        ),
        (
            |s| s.ledger.holders.extend([(Coldkey([4; 32]), BlockNumber(59))]),
            StatePart::Holders,
            "missing here",
        ),
        (|s| s.ledger.successions[0].event_index = 8, StatePart::Successions, "event 8"),
        (|s| s.ledger.openings[1].alpha.0 += 1, StatePart::Openings, "500 rao here, 501 rao there"),
        (|s| s.ledger.openings[2].event_index = None, StatePart::Openings, "missing here, 4 rao there"),
        (|s| s.ledger.entries[4].alpha.0 = 1, ENTRIES, "block 59, rounding of hotkey"),
        (|s| s.ledger.entries[5].source = None, ENTRIES, "missing here"),
        (
            |s| s.ledger.entries[5].source.as_mut().unwrap().event_index = 301,
            ENTRIES,
            "block 60, event 300, stake_removed",
        ),
        (|s| s.ledger.entries[5].kind = Kind::Burned, ENTRIES, "-1000000030 rao here, missing there"),
        (|s| s.ledger.entries[5].key.hotkey.0[0] ^= 1, ENTRIES, "stake_removed"),
        (|s| s.ledger.entries.truncate(5), ENTRIES, "block 60, event 300, stake_removed"),
        (
            |s| s.multipliers.get_mut(&Coldkey([3; 32])).unwrap().factor.0 += 1,
            StatePart::Multipliers,
            "1.250000000 here, 1.250000001 there",
        ),
        (
            |s| s.multipliers.get_mut(&Coldkey([1; 32])).unwrap().zero_weight = false,
            StatePart::Multipliers,
            "weight 0 here, 1.000000000 there",
        ),
    ];
    let ours = state();
    assert_eq!((ours.difference(&ours), ours.summary().difference(&ours.summary())), (None, None));
    for (change, part, words) in changes {
        let mut theirs = state();
        change(&mut theirs);
        let (a, b) = (ours.summary(), theirs.summary());
        assert_ne!(a.digest(), b.digest(), "{words}");
        assert_eq!((a.difference(&b), b.difference(&a)), (Some(part), Some(part)), "{words}");
        let found = ours.difference(&theirs).unwrap().to_string();
        assert!(found.contains(words), "{found}");
        assert!(theirs.difference(&ours).is_some());
    }
}

#[test]
fn what_is_not_of_the_chain_bears_on_nothing() {
    let (ours, mut theirs) = (state(), state());
    theirs.ledger.window.incomplete_since = Some(BlockNumber(45));
    theirs.ledger.window.length = Millis(479_999);
    theirs.ledger.entries[0].source.as_mut().unwrap().phase = Phase::Finalization;
    assert_eq!((ours.summary().digest(), ours.difference(&theirs)), (theirs.summary().digest(), None));
}

#[test]
fn a_window_with_an_epoch_more_differs_there() {
    let (ours, mut theirs) = (state(), state());
    theirs.ledger.window.epochs.insert(1, epoch(50));
    let part = Some(StatePart::Entries { from: BlockNumber(41), to: BlockNumber(60) });
    assert_eq!(
        (ours.summary().difference(&theirs.summary()), theirs.summary().difference(&ours.summary())),
        (part, part)
    );
    theirs = ours.clone();
    theirs.ledger.window.epochs.push(epoch(70));
    let part = Some(StatePart::Entries { from: BlockNumber(61), to: BlockNumber(70) });
    assert_eq!(
        (ours.summary().difference(&theirs.summary()), theirs.summary().difference(&ours.summary())),
        (part, part)
    );
}
