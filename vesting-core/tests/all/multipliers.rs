//! The laws of holding and multipliers.

use proptest::prelude::*;
use vesting_core::policy::{DurationRule, Policy, UnattributedRule};
use vesting_core::{BlockNumber, Coldkey, Entry, Hotkey, Kind, PositionKey, Ppb, RaoDelta, Source};

use crate::history::{EPOCHS, KEY, Life, TEMPO, entries, entry, is_sale, life, sales};
use crate::outcome::{factors, judge, judge_all, none_is_less, only_rewards_leave, policies, window};

proptest! {
    #[test]
    fn the_multiplier_is_between_one_and_the_largest(life in life(), epochs in 1..=EPOCHS) {
        for factor in factors(&entries(&life), epochs) {
            prop_assert!(factor >= Ppb::ONE && factor <= Policy::default().max_multiplier);
        }
    }

    #[test]
    fn selling_less_never_lowers_it(
        life in life(),
        epochs in 1..=EPOCHS,
        sale in any::<prop::sample::Index>(),
        less in 1i128..3_000,
    ) {
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
    fn splitting_a_sale_changes_nothing(
        life in life(),
        epochs in 1..=EPOCHS,
        sale in any::<prop::sample::Index>(),
        part in 1i128..2_000,
    ) {
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
        life in life(),
        epochs in 6..=EPOCHS,
        blocks in (6 * TEMPO..EPOCHS * TEMPO, 6 * TEMPO..EPOCHS * TEMPO),
        amount in 1i64..1_000,
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
    fn moves_change_nothing(
        life in life(),
        epochs in 1..=EPOCHS,
        block in TEMPO..EPOCHS * TEMPO,
        alpha in 1i64..500,
    ) {
        let all = entries(&life);
        let mut moved = all.clone();
        moved.push(entry(block, Some(900), Kind::Moved, -alpha));
        let elsewhere = PositionKey { hotkey: Hotkey([9; 32]), ..KEY };
        moved.push(Entry { key: elsewhere, ..entry(block, Some(901), Kind::Moved, alpha) });
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
    for ((sooner, later), policy) in sooner.iter().zip(&later).zip(policies(&window(EPOCHS))) {
        // All stake is the same either way.
        let by_stake = policy.formula.name() == "stake_tiers";
        assert!(
            if by_stake { sooner >= later } else { sooner > later },
            "{sooner} {later} {}",
            policy.text()
        );
    }
}
