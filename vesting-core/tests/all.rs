//! The laws of tranches, holding and multipliers, on random histories of one holder.

#![allow(missing_docs, clippy::panic, clippy::unwrap_used, clippy::expect_used)] // tests

use std::collections::BTreeMap;

use proptest::prelude::*;
use vesting_core::holding::{Holding, holdings};
use vesting_core::multiplier::{Multiplier, multiplier};
use vesting_core::policy::Policy;
use vesting_core::window::Window;
use vesting_core::{
    BlockHash, BlockNumber, BlockRef, Coldkey, Entry, EntryId, Epoch, HolderTranches, Hotkey, Kind, Millis, NetUid, Phase, PositionKey,
    Ppb, RaoDelta, Source, Successions, Tranche, TrancheHistory,
};

const KEY: PositionKey = PositionKey { hotkey: Hotkey([1; 32]), coldkey: Coldkey([2; 32]) };
const TEMPO: u64 = 10;
const BLOCK_MS: u64 = 12_000;
const EPOCHS: u64 = 12;

/// What a holder does, by block; rewards come by themselves at every epoch.
#[derive(Debug, Clone)]
struct Life {
    opening: u64,
    rewards: Vec<u64>,
    /// (epoch, block within it, what, amount); negative amounts leave.
    deeds: Vec<(u64, u64, i64)>,
}

fn life() -> impl Strategy<Value = Life> {
    let deeds = prop::collection::vec((0..EPOCHS, 1..TEMPO, -3_000i64..3_000), 0..12);
    (0u64..20_000, prop::collection::vec(0u64..2_000, usize::try_from(EPOCHS).unwrap()), deeds).prop_map(|(opening, rewards, deeds)| Life {
        opening,
        rewards,
        deeds,
    })
}

fn entry(block: u64, index: Option<u32>, kind: Kind, alpha: i64) -> Entry {
    let source = index.map(|event_index| Source { event_index, phase: Phase::Extrinsic(1) });
    Entry { netuid: NetUid(1), block: BlockNumber(block), source, key: KEY, kind, alpha: RaoDelta(i128::from(alpha)) }
}

/// The entries of a life, none of which sells more than there is.
fn entries(life: &Life) -> Vec<Entry> {
    let mut all = vec![entry(TEMPO - 1, None, Kind::Opening, i64::try_from(life.opening).unwrap())];
    for (epoch, reward) in (1..).zip(&life.rewards) {
        all.push(entry(epoch * TEMPO, None, Kind::Incentive, i64::try_from(*reward).unwrap()));
    }
    for (index, (epoch, block, alpha)) in (0u32..).zip(&life.deeds) {
        let kind = if *alpha < 0 { Kind::StakeRemoved } else { Kind::StakeAdded };
        all.push(entry((epoch + 1) * TEMPO + block, Some(index), kind, *alpha));
    }
    vesting_core::sort_entries(&mut all);
    let mut balance = 0i128;
    for entry in &mut all {
        entry.alpha.0 = entry.alpha.0.max(-balance);
        balance += entry.alpha.0;
    }
    all
}

struct Played {
    tranches: HolderTranches,
    histories: Vec<TrancheHistory>,
}

fn play(entries: &[Entry]) -> Played {
    let mut tranches = HolderTranches::default();
    let mut histories: BTreeMap<EntryId, TrancheHistory> = BTreeMap::new();
    for entry in entries {
        let change = tranches.apply(entry, Millis(entry.block.0 * BLOCK_MS));
        for exit in change.exits {
            histories.get_mut(&exit.tranche).unwrap().exits.push(exit);
        }
        if let Some(tranche) = change.opened {
            histories.insert(tranche.id, TrancheHistory { tranche, exits: Vec::new() });
        }
    }
    Played { tranches, histories: histories.into_values().collect() }
}

fn window(epochs: u64) -> Window {
    let block = |number: u64| BlockRef { number: BlockNumber(number), hash: BlockHash::default() };
    let all: Vec<Epoch> = (1..=EPOCHS)
        .map(|n| Epoch {
            block: block(n * TEMPO),
            pre_block: block(n * TEMPO - 1),
            time: Millis(n * TEMPO * BLOCK_MS),
            index: None,
            tempo: 10,
            registered_at: BlockNumber(0),
        })
        .collect();
    let length = Millis(epochs * TEMPO * BLOCK_MS);
    Window::ending_at(&all, BlockNumber(EPOCHS * TEMPO), length, (BlockNumber(1), Millis(0))).unwrap()
}

/// The holding and multiplier at the last epoch, over a window of so many epochs.
fn judge(entries: &[Entry], epochs: u64) -> (Holding, Multiplier) {
    let window = window(epochs);
    let known: Vec<Entry> = entries.iter().filter(|e| e.block <= window.as_of.block.number).copied().collect();
    let histories = play(&known).histories;
    let holders = BTreeMap::from([(KEY.coldkey, window.start)]);
    let policy = Policy { minimum_stake: vesting_core::Rao(0), retention_window: window.length, ..Policy::default() };
    let holding = holdings(&window, &holders, &Successions::default(), &histories, policy.duration_rule, &BTreeMap::new()).unwrap();
    let holding = holding[&KEY.coldkey];
    (holding, multiplier(&holding, &policy))
}

proptest! {
    #[test]
    fn tranches_hold_the_stake_and_exits_never_exceed_them(life in life()) {
        let entries = entries(&life);
        let played = play(&entries);
        let stake: RaoDelta = entries.iter().map(|e| e.alpha).sum();
        prop_assert_eq!(played.tranches.stake(), stake);
        for history in &played.histories {
            let left: u64 = history.exits.iter().map(|e| e.amount.0).sum();
            prop_assert!(left <= history.tranche.initial.0);
        }
    }

    #[test]
    fn the_multiplier_is_between_one_and_the_largest(life in life(), epochs in 1..=EPOCHS) {
        let (_, m) = judge(&entries(&life), epochs);
        prop_assert!(m.factor >= Ppb::ONE && m.factor <= Policy::default().max_multiplier);
    }

    #[test]
    fn selling_less_never_lowers_it(life in life(), epochs in 1..=EPOCHS, deed in any::<prop::sample::Index>(), keep in 0i64..3_000) {
        prop_assume!(!life.deeds.is_empty());
        let mut kinder = life.clone();
        let deed = deed.index(kinder.deeds.len());
        let amount = &mut kinder.deeds[deed].2;
        prop_assume!(*amount < 0);
        *amount = (*amount + keep).min(0);
        let (before, after) = (judge(&entries(&life), epochs).1, judge(&entries(&kinder), epochs).1);
        prop_assert!(after.factor >= before.factor, "{} then {}", before.factor, after.factor);
    }

    #[test]
    fn never_selling_is_best(life in life(), epochs in 1..=EPOCHS) {
        let mut honest = life.clone();
        honest.deeds.retain(|deed| deed.2 >= 0);
        prop_assert!(judge(&entries(&honest), epochs).1.factor >= judge(&entries(&life), epochs).1.factor);
    }

    #[test]
    fn splitting_a_sale_changes_nothing(life in life(), epochs in 1..=EPOCHS, deed in any::<prop::sample::Index>(), part in 1i64..2_000) {
        prop_assume!(!life.deeds.is_empty());
        let mut split = life.clone();
        let deed = deed.index(split.deeds.len());
        let (epoch, block, amount) = split.deeds[deed];
        prop_assume!(amount < -part);
        split.deeds[deed].2 = -part;
        split.deeds.insert(deed + 1, (epoch, block, amount + part));
        prop_assert_eq!(judge(&entries(&life), epochs), judge(&entries(&split), epochs));
    }

    #[test]
    fn history_before_the_window_changes_nothing(life in life(), epochs in 1..EPOCHS) {
        let all = entries(&life);
        let start = window(epochs).start;
        // A record that begins at the window knows its opening only.
        let opening: RaoDelta = all.iter().filter(|e| e.block <= start).map(|e| e.alpha).sum();
        let mut later: Vec<Entry> = all.iter().filter(|e| e.block > start).copied().collect();
        later.insert(0, Entry { alpha: opening, ..entry(start.0, None, Kind::Opening, 0) });
        let (old, new) = (judge(&all, epochs), judge(&later, epochs));
        prop_assert_eq!(old, new);
    }

    #[test]
    fn a_restart_anywhere_changes_nothing(life in life(), at in any::<prop::sample::Index>()) {
        let all = entries(&life);
        let at = at.index(all.len());
        let whole = play(&all).tranches;
        let before = play(&all[..at]).tranches;
        let mut resumed = HolderTranches::resume(before.open().to_vec(), before.stake());
        for entry in &all[at..] {
            resumed.apply(entry, Millis(entry.block.0 * BLOCK_MS));
        }
        prop_assert_eq!(resumed, whole);
    }

    #[test]
    fn moves_change_nothing(life in life(), epochs in 1..=EPOCHS, block in TEMPO..EPOCHS * TEMPO, alpha in 1i64..500) {
        let all = entries(&life);
        let mut moved = all.clone();
        moved.push(entry(block, Some(900), Kind::Moved, -alpha));
        moved.push(Entry { key: PositionKey { hotkey: Hotkey([9; 32]), ..KEY }, ..entry(block, Some(901), Kind::Moved, alpha) });
        vesting_core::sort_entries(&mut moved);
        prop_assert_eq!(judge(&all, epochs), judge(&moved, epochs));
    }
}

#[test]
fn a_tranche_names_its_holder_and_entry() {
    let change = HolderTranches::default().apply(&entry(5, None, Kind::Incentive, 7), Millis(60_000));
    let Some(Tranche { coldkey, id, initial, .. }) = change.opened else { panic!("no tranche") };
    assert_eq!((coldkey, id.block, initial.0), (KEY.coldkey, BlockNumber(5), 7));
}
