//! The laws of tranches, holding, multipliers and weights, on random histories with changes that nothing
//! explains, for every formula, duration rule, rule for those changes, and redistribution.

#![allow(missing_docs, clippy::panic, clippy::unwrap_used, clippy::expect_used)] // tests

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use vesting_core::adjust::{AdjustedWeights, WeightsInput, adjust};
use vesting_core::formula::{Formula, built_in};
use vesting_core::holding::Holding;
use vesting_core::kept::holdings;
use vesting_core::multiplier::{LimitedBy, Multiplier, multiplier};
use vesting_core::policy::{DurationRule, Policy, Redistribution, UnattributedRule};
use vesting_core::weights::to_u16;
use vesting_core::window::Window;
use vesting_core::{
    BlockHash, BlockNumber, BlockRef, Coldkey, Entry, EntryId, Epoch, HolderTranches, Hotkey, Kind, Millis,
    MinerReport, NetUid, Neuron, Origin, Phase, PositionKey, Ppb, Rao, RaoDelta, Reason, Report, Source,
    Tranche, TrancheHistory, Uid,
};

const KEY: PositionKey = PositionKey { hotkey: Hotkey([1; 32]), coldkey: Coldkey([2; 32]) };
const TEMPO: u64 = 10;
/// Blocks of 20 hours: a window of twelve epochs has a hundred days, so that every step of a formula is met.
const BLOCK_MS: u64 = 72_000_000;
const EPOCHS: u64 = 12;

/// What a holder does, by block; rewards come by themselves at every epoch.
#[derive(Debug, Clone)]
struct Life {
    opening: u64,
    rewards: Vec<u64>,
    /// (epoch, block within it, what, amount); negative amounts leave.
    deeds: Vec<(u64, u64, i64)>,
    /// What nothing explains, alike.
    noise: Vec<(u64, u64, i64)>,
}

fn life() -> impl Strategy<Value = Life> {
    let deeds = prop::collection::vec((0..EPOCHS, 1..TEMPO, -3_000i64..3_000), 0..12);
    let noise = prop::collection::vec((0..EPOCHS, 1..TEMPO, -2_000i64..2_000), 0..4);
    let rewards = prop::collection::vec(0u64..2_000, usize::try_from(EPOCHS).unwrap());
    (0u64..20_000, rewards, deeds, noise).prop_map(|(opening, rewards, deeds, noise)| Life {
        opening,
        rewards,
        deeds,
        noise,
    })
}

fn entry(block: u64, index: Option<u32>, kind: Kind, alpha: i64) -> Entry {
    let source = index.map(|event_index| Source { event_index, phase: Phase::Extrinsic(1) });
    Entry {
        netuid: NetUid(1),
        block: BlockNumber(block),
        source,
        key: KEY,
        kind,
        alpha: RaoDelta(i128::from(alpha)),
    }
}

/// The entries of a life, none of which sells more than there is.
fn entries(life: &Life) -> Vec<Entry> {
    let mut all = vec![entry(TEMPO - 1, None, Kind::Opening, i64::try_from(life.opening).unwrap())];
    for (epoch, reward) in (1..).zip(&life.rewards) {
        all.push(entry(epoch * TEMPO, None, Kind::Incentive, i64::try_from(*reward).unwrap()));
    }
    for (index, (epoch, block, alpha)) in (0u32..).zip(&life.deeds) {
        let kind = if *alpha < 0 { Kind::StakeRemoved } else { Kind::StakeAdded };
        // With room between for what a test adds.
        all.push(entry((epoch + 1) * TEMPO + block, Some(index * 10), kind, *alpha));
    }
    // One a block and position.
    let noise: BTreeMap<u64, i64> =
        life.noise.iter().map(|(epoch, block, alpha)| ((epoch + 1) * TEMPO + block, *alpha)).collect();
    all.extend(noise.into_iter().map(|(block, alpha)| entry(block, None, Kind::Unattributed, alpha)));
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

fn play(entries: &[Entry], rule: UnattributedRule) -> Played {
    let mut tranches = HolderTranches::default();
    let mut histories: BTreeMap<EntryId, TrancheHistory> = BTreeMap::new();
    for entry in entries {
        let change = tranches.apply_by(entry, Millis(entry.block.0 * BLOCK_MS), rule);
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

/// A policy for every formula, duration rule, and rule for what nothing explains.
fn policies(window: &Window) -> Vec<Policy> {
    let rules = |formula: Arc<dyn Formula>| DurationRule::ALL.map(|rule| (Arc::clone(&formula), rule));
    let both = |(formula, rule): (Arc<dyn Formula>, _)| {
        UnattributedRule::ALL.map(|unattributed| (Arc::clone(&formula), rule, unattributed))
    };
    let all = built_in().into_iter().flat_map(rules).flat_map(both);
    all.map(|(formula, duration_rule, unattributed)| Policy {
        formula,
        duration_rule,
        unattributed,
        minimum_stake: Rao(0),
        retention_window: window.length,
        ..Policy::default()
    })
    .collect()
}

/// What becomes of holders at the last epoch, over a window of so many epochs, under every policy.
fn judge_all(
    entries: &[Entry],
    holders: &[Coldkey],
    epochs: u64,
) -> Vec<BTreeMap<Coldkey, (Holding, Multiplier)>> {
    let window = window(epochs);
    let known: Vec<Entry> =
        entries.iter().filter(|e| e.block <= window.as_of.block.number).copied().collect();
    let of =
        |holder: &Coldkey| known.iter().filter(|e| e.key.coldkey == *holder).copied().collect::<Vec<_>>();
    let histories =
        |rule| holders.iter().flat_map(|holder| play(&of(holder), rule).histories).collect::<Vec<_>>();
    let starts = holders.iter().map(|coldkey| (*coldkey, window.start)).collect();
    let times = known.iter().map(|e| (e.block, Millis(e.block.0 * BLOCK_MS))).collect();
    let judge = |policy: &Policy| {
        let found = holdings(&window, &starts, &histories(policy.unattributed), policy, &times).unwrap();
        found
            .into_iter()
            .map(|(coldkey, holding)| (coldkey, (holding, multiplier(&holding, policy))))
            .collect()
    };
    policies(&window).iter().map(judge).collect()
}

/// The holding and multiplier of the holder under every policy.
fn judge(entries: &[Entry], epochs: u64) -> Vec<(Holding, Multiplier)> {
    judge_all(entries, &[KEY.coldkey], epochs).into_iter().map(|found| found[&KEY.coldkey]).collect()
}

/// The factors under every policy.
fn factors(entries: &[Entry], epochs: u64) -> Vec<Ppb> {
    judge(entries, epochs).into_iter().map(|(_, multiplier)| multiplier.factor).collect()
}

/// Names the first policy under which `better` has less.
fn none_is_less(better: &[Ppb], worse: &[Ppb]) -> Result<(), TestCaseError> {
    for ((better, worse), policy) in better.iter().zip(worse).zip(policies(&window(1))) {
        prop_assert!(better >= worse, "{}: {} is less than {}", policy.text(), better, worse);
    }
    Ok(())
}

fn is_sale(entry: &Entry) -> bool {
    entry.kind == Kind::StakeRemoved && entry.alpha.0 < 0
}

fn sales(entries: &[Entry]) -> Vec<usize> {
    (0..entries.len()).filter(|place| is_sale(&entries[*place])).collect()
}

/// Whether everything that leaves, by a sale or unexplained, from `block` up to the end of the window is
/// taken whole, and from rewards of the window only.
fn only_rewards_leave(entries: &[Entry], epochs: u64, block: BlockNumber, rule: UnattributedRule) -> bool {
    let window = window(epochs);
    let known: Vec<Entry> =
        entries.iter().filter(|e| e.block <= window.as_of.block.number).copied().collect();
    let histories = play(&known, rule).histories;
    let rewards =
        histories.iter().filter(|h| h.tranche.origin == Origin::Reward && h.tranche.id.block > window.start);
    let left: u64 =
        rewards.flat_map(|h| &h.exits).filter(|exit| exit.by.block >= block).map(|exit| exit.amount.0).sum();
    let sold: RaoDelta = known.iter().filter(|e| e.block >= block && e.alpha.0 < 0).map(|e| e.alpha).sum();
    u128::from(left) == sold.magnitude()
}

proptest! {
    #[test]
    fn tranches_hold_the_stake_and_exits_never_exceed_them(life in life()) {
        let entries = entries(&life);
        let stake: RaoDelta = entries.iter().map(|e| e.alpha).sum();
        for rule in UnattributedRule::ALL {
            let played = play(&entries, rule);
            prop_assert_eq!(played.tranches.stake(), stake);
            for history in &played.histories {
                let left: u64 = history.exits.iter().map(|e| e.amount.0).sum();
                prop_assert!(left <= history.tranche.initial.0);
            }
        }
    }

    #[test]
    fn the_multiplier_is_between_one_and_the_largest(life in life(), epochs in 1..=EPOCHS) {
        for factor in factors(&entries(&life), epochs) {
            prop_assert!(factor >= Ppb::ONE && factor <= Policy::default().max_multiplier);
        }
    }

    #[test]
    fn selling_less_never_lowers_it(life in life(), epochs in 1..=EPOCHS, sale in any::<prop::sample::Index>(), less in 1i128..3_000) {
        let all = entries(&life);
        let sales = sales(&all);
        prop_assume!(!sales.is_empty());
        let mut kinder = all.clone();
        let alpha = &mut kinder[*sale.get(&sales)].alpha.0;
        *alpha = (*alpha + less).min(0);
        none_is_less(&factors(&kinder, epochs), &factors(&all, epochs))?;
    }

    #[test]
    fn never_selling_is_best(life in life(), epochs in 1..=EPOCHS) {
        let all = entries(&life);
        let honest: Vec<Entry> = all.iter().filter(|e| !is_sale(e)).copied().collect();
        none_is_less(&factors(&honest, epochs), &factors(&all, epochs))?;
    }

    #[test]
    fn splitting_a_sale_changes_nothing(life in life(), epochs in 1..=EPOCHS, sale in any::<prop::sample::Index>(), part in 1i128..2_000) {
        let all = entries(&life);
        let sales = sales(&all);
        prop_assume!(!sales.is_empty());
        let place = *sale.get(&sales);
        let whole = all[place];
        prop_assume!(whole.alpha.0 < -part);
        let mut split = all.clone();
        split[place].alpha.0 = -part;
        let source = whole.source.map(|source| Source { event_index: source.event_index + 1, ..source });
        split.push(Entry { source, alpha: RaoDelta(whole.alpha.0 + part), ..whole });
        vesting_core::sort_entries(&mut split);
        prop_assert_eq!(judge(&all, epochs), judge(&split, epochs));
    }

    #[test]
    fn a_later_sale_of_rewards_never_lowers_it_on_average(
        life in life(), epochs in 6..=EPOCHS, blocks in (6 * TEMPO..EPOCHS * TEMPO, 6 * TEMPO..EPOCHS * TEMPO), amount in 1i64..1_000,
    ) {
        let mut life = life;
        // Small ones, so that sales of rewards only are common.
        life.deeds.truncate(4);
        life.noise.truncate(1);
        life.deeds.iter_mut().chain(&mut life.noise).for_each(|deed| deed.2 /= 10);
        let (soon, late) = (blocks.0.min(blocks.1), blocks.0.max(blocks.1));
        let all = entries(&life);
        let with = |block: u64| {
            let mut all = all.clone();
            all.push(entry(block, Some(700), Kind::StakeRemoved, -amount));
            vesting_core::sort_entries(&mut all);
            all
        };
        let (sooner, later) = (with(soon), with(late));
        let from = BlockNumber(soon);
        let holds = |rule| [&sooner, &later].iter().all(|all| only_rewards_leave(all, epochs, from, rule));
        prop_assume!(UnattributedRule::ALL.into_iter().any(holds));
        let (judged_sooner, judged_later) = (judge(&sooner, epochs), judge(&later, epochs));
        for ((soon, late), policy) in judged_sooner.iter().zip(&judged_later).zip(policies(&window(epochs))) {
            if policy.duration_rule == DurationRule::SinceLastSale || !holds(policy.unattributed) {
                continue;
            }
            prop_assert!(late.1.factor >= soon.1.factor, "{:?} {:?}", soon, late);
        }
    }

    #[test]
    fn permuting_miners_permutes_results(lives in prop::collection::vec(life(), 2..5), epochs in 1..=EPOCHS) {
        let keys: Vec<Coldkey> = (1u8..).zip(&lives).map(|(n, _)| Coldkey([n; 32])).collect();
        let judged = |keys: &[Coldkey]| {
            let of = |(life, coldkey): (&Life, &Coldkey)| {
                let key = PositionKey { coldkey: *coldkey, ..KEY };
                entries(life).into_iter().map(move |entry| Entry { key, ..entry }).collect::<Vec<_>>()
            };
            let all: Vec<Entry> = lives.iter().zip(keys).flat_map(of).collect();
            let found = judge_all(&all, keys, epochs);
            found.iter().map(|found| keys.iter().map(|key| found[key]).collect::<Vec<_>>()).collect::<Vec<_>>()
        };
        let mut turned = keys.clone();
        turned.rotate_left(1);
        prop_assert_eq!(judged(&keys), judged(&turned));
    }

    #[test]
    fn history_before_the_window_changes_nothing(life in life(), epochs in 1..EPOCHS) {
        let all = entries(&life);
        let start = window(epochs).start;
        // A record that begins at the window knows its opening only.
        let opening: RaoDelta = all.iter().filter(|e| e.block <= start).map(|e| e.alpha).sum();
        let mut later: Vec<Entry> = all.iter().filter(|e| e.block > start).copied().collect();
        later.insert(0, Entry { alpha: opening, ..entry(start.0, None, Kind::Opening, 0) });
        prop_assert_eq!(judge(&all, epochs), judge(&later, epochs));
    }

    #[test]
    fn a_restart_anywhere_changes_nothing(life in life(), at in any::<prop::sample::Index>()) {
        let all = entries(&life);
        let at = at.index(all.len());
        let whole = play(&all, UnattributedRule::Neutral).tranches;
        let before = play(&all[..at], UnattributedRule::Neutral).tranches;
        let mut resumed = HolderTranches::resume(before.open().to_vec(), before.stake());
        for entry in &all[at..] {
            resumed.apply(entry, Millis(entry.block.0 * BLOCK_MS));
        }
        prop_assert_eq!(resumed, whole);
    }

    #[test]
    fn by_default_what_nothing_explains_is_no_sale(life in life(), epochs in 1..=EPOCHS) {
        let all = entries(&life);
        let sold = |(holding, _): &(Holding, Multiplier)| holding.sold;
        let expected = |rule| {
            let window = window(epochs);
            let inside = all.iter().filter(|e| e.block > window.start && e.block <= window.as_of.block.number);
            let gone = inside.filter(|e| is_sale(e) || (rule == UnattributedRule::Flow && e.kind == Kind::Unattributed && e.alpha.0 < 0));
            gone.map(|e| e.alpha.magnitude()).sum::<u128>()
        };
        for (judged, policy) in judge(&all, epochs).iter().zip(policies(&window(epochs))) {
            prop_assert_eq!(sold(judged), expected(policy.unattributed));
        }
    }

    #[test]
    fn what_nothing_explains_takes_no_reward_while_there_is_anything_older(
        life in life(), epochs in 1..=EPOCHS, block in TEMPO..EPOCHS * TEMPO, amount in 1i64..2_000,
    ) {
        let mut life = life;
        (life.deeds, life.noise) = (Vec::new(), Vec::new());
        life.opening += 2_000;
        let all = entries(&life);
        let mut gone = all.clone();
        gone.push(entry(block, None, Kind::Unattributed, -amount));
        vesting_core::sort_entries(&mut gone);
        let (before, after) = (judge(&all, epochs), judge(&gone, epochs));
        for ((before, after), policy) in before.iter().zip(&after).zip(policies(&window(epochs))) {
            if policy.unattributed == UnattributedRule::Neutral {
                prop_assert_eq!(before.0.rewards_kept, after.0.rewards_kept);
            } else {
                prop_assert!(after.0.rewards_kept <= before.0.rewards_kept);
            }
        }
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
fn another_sale_that_reaches_older_alpha_may_profit_from_one_before_it() {
    // Two rewards over an opening, a sale of as much between them, and another before or after it, which at
    // both times takes rewards only. When it comes first, the one between takes from the opening instead.
    let (end, sale) = (EPOCHS * TEMPO, |block| entry(block, Some(1), Kind::StakeRemoved, -100));
    let with = |block| {
        let reward = |block| entry(block, None, Kind::Incentive, 100);
        let mut all = vec![
            entry(TEMPO - 1, None, Kind::Opening, 1_000),
            reward(end - 40),
            reward(end - 20),
            sale(end - 25),
            sale(block),
        ];
        vesting_core::sort_entries(&mut all);
        factors(&all, EPOCHS)
    };
    let (sooner, later) = (with(end - 30), with(end - 15));
    assert!(sooner.iter().zip(&later).all(|(sooner, later)| sooner > later), "{sooner:?} {later:?}");
}

#[test]
fn a_tranche_names_its_holder_and_entry() {
    let change = HolderTranches::default().apply(&entry(5, None, Kind::Incentive, 7), Millis(60_000));
    let Some(Tranche { coldkey, id, initial, .. }) = change.opened else { panic!("no tranche") };
    assert_eq!((coldkey, id.block, initial.0), (KEY.coldkey, BlockNumber(5), 7));
}

fn hotkey(n: usize) -> Hotkey {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&n.to_be_bytes());
    Hotkey(key)
}

/// A neuron for each multiplier; none is a weight of 0.
fn report(factors: &[Option<u64>]) -> Report {
    let limited_by = LimitedBy::HoldingDuration;
    let miner = |(n, factor): (usize, &Option<u64>)| MinerReport {
        neuron: Neuron { uid: Uid(u16::try_from(n).unwrap()), hotkey: hotkey(n), coldkey: KEY.coldkey },
        stake: Rao(0),
        opening_stake: Rao(0),
        earned_stake: Rao(0),
        manual_stake: Rao(0),
        locked_stake: None,
        figures: vesting_core::PositionFigures::default(),
        holding: None,
        multiplier: Multiplier {
            factor: Ppb(factor.unwrap_or(1_000_000_000)),
            zero_weight: factor.is_none(),
            limited_by,
        },
        reason: Reason::Formula(limited_by),
    };
    let miners = factors.iter().enumerate().map(miner).collect();
    Report { netuid: NetUid(1), window: window(1), holders: BTreeMap::new(), miners }
}

fn redistribution() -> impl Strategy<Value = Redistribution> {
    let part = || (0u64..2_000_000_000).prop_map(Ppb);
    prop_oneof![
        Just(Redistribution::Normalise),
        (part(), part()).prop_map(|(factor, absolute)| Redistribution::Threshold { factor, absolute }),
        (0u16..40).prop_map(|uid| Redistribution::Burn { uid: Uid(uid) }),
    ]
}

/// Weights of any size with their multipliers; some are 0, some become 0.
fn weighted() -> impl Strategy<Value = Vec<(f64, Option<u64>)>> {
    let weight = prop_oneof![Just(0.0), 0.0f64..1.0, 1e-300f64..1e-290, 1e290f64..1e300];
    let factor =
        prop_oneof![Just(None), Just(Some(1_500_000_000)), (1_000_000_000u64..=1_500_000_000).prop_map(Some)];
    prop::collection::vec((weight, factor), 1..40)
}

proptest! {
    #[test]
    fn every_redistribution_keeps_order_length_and_sum(rows in weighted(), redistribution in redistribution()) {
        let (weights, factors): (Vec<f64>, Vec<Option<u64>>) = rows.into_iter().unzip();
        let report = report(&factors);
        let policy = Policy { redistribution, ..Policy::default() };
        let adjusted = |order: &[usize]| -> AdjustedWeights {
            adjust(&report, &policy, &order.iter().map(|n| (hotkey(*n), weights[*n])).collect::<WeightsInput>()).unwrap()
        };
        let order: Vec<usize> = (0..weights.len()).collect();
        let out = adjusted(&order);
        let found = out.weights();

        // Order and length; what is burned may come last.
        let appended = out.each.len() - weights.len();
        prop_assert!(appended == 0, "the burn uid is one of them, or is no neuron");
        prop_assert!(out.each.iter().zip(&order).all(|(found, n)| found.hotkey == Some(hotkey(*n))));
        // Sum, and never no number, and never all zero from something.
        let largest = weights.iter().copied().fold(0.0, f64::max);
        prop_assert!(found.iter().all(|w| w.is_finite() && *w >= 0.0));
        prop_assert_eq!(largest > 0.0, found.iter().any(|w| *w > 0.0));
        if largest > 0.0 {
            let sum = |weights: &[f64]| weights.iter().map(|w| w / largest).sum::<f64>();
            let (before, after) = (sum(&weights), sum(&found));
            prop_assert!((before - after).abs() <= before * 1e-12, "{} {}", before, after);
        }
        // As the chain takes them.
        let chain = to_u16(&found).unwrap();
        prop_assert_eq!(chain.iter().copied().max(), Some(if largest > 0.0 { u16::MAX } else { 0 }));
        prop_assert!(chain.iter().zip(&found).all(|(chain, w)| *w > 0.0 || *chain == 0));

        // In another order they are the same weights.
        let mut turned = order.clone();
        turned.reverse();
        let back = adjusted(&turned);
        for (one, other) in found.iter().zip(back.weights().iter().rev()) {
            prop_assert!((one - other).abs() <= largest * 1e-9, "{} {}", one, other);
        }
    }

    #[test]
    fn what_is_burned_is_appended_once_and_nothing_is_lost(rows in weighted()) {
        let (weights, mut factors): (Vec<f64>, Vec<Option<u64>>) = rows.into_iter().unzip();
        factors.push(Some(1_000_000_000));
        let burner = Uid(u16::try_from(weights.len()).unwrap());
        let policy = Policy { redistribution: Redistribution::Burn { uid: burner }, ..Policy::default() };
        let input: WeightsInput = weights.iter().enumerate().map(|(n, weight)| (hotkey(n), *weight)).collect();
        let out = adjust(&report(&factors), &policy, &input).unwrap();
        let found = out.weights();
        prop_assert!(found.len() - weights.len() <= 1);
        let largest = weights.iter().copied().fold(0.0, f64::max);
        if largest > 0.0 {
            let sum = |weights: &[f64]| weights.iter().map(|w| w / largest).sum::<f64>();
            let (before, after) = (sum(&weights), sum(&found));
            prop_assert!((before - after).abs() <= before * 1e-12, "{} {}", before, after);
        }
        for ((out, weight), factor) in found.iter().zip(&weights).zip(&factors) {
            prop_assert!(out <= weight && (*factor != Some(1_500_000_000) || out >= weight));
        }
    }
}
