//! No strategy beats honesty. With equal rewards, opening and start nobody who sells gets more than the one
//! who never sells, as of any epoch.

use std::sync::Arc;

use vesting_core::formula::Tiered;
use vesting_core::policy::{BelowMinimum, DAY_MS, DurationRule, Policy};
use vesting_core::{Millis, Ppb};
use vesting_testkit::sim::strategies::{
    Contest, ONE_COLDKEY, Outcome, RANDOM, SEVERAL_COLDKEYS, Setting, Strategy, table,
};

const ALPHA: u64 = 1_000_000_000;

/// The setting of the table in `docs/strategies.md`.
const DOCUMENTED: Setting = Setting { seed: 1, tempo: 10, days: 66, window_days: 30, opening: 3 * ALPHA };

/// The policies. A new one is one more line.
fn policies(window_days: u64) -> Vec<(&'static str, Policy)> {
    let policy = Policy { retention_window: Millis(window_days * DAY_MS), ..Policy::default() };
    let lenient =
        Policy { retention_target: Ppb(500_000_000), max_multiplier: Ppb(3 * Ppb::ONE.0), ..policy.clone() };
    let strict = Policy { below_minimum: BelowMinimum::ZeroWeight, ..policy.clone() };
    let tiered = Policy { formula: Arc::new(Tiered), ..policy.clone() };
    let since = Policy { duration_rule: DurationRule::SinceLastSale, ..policy.clone() };
    let tiered_since = Policy { formula: Arc::new(Tiered), ..since.clone() };
    vec![
        ("half to be kept, at most threefold", lenient),
        ("no weight under the minimum", strict),
        ("tiered", tiered),
        ("time since the last sale", since),
        ("tiered, time since the last sale", tiered_since),
        ("the default policy", policy),
    ]
}

fn strategies() -> Vec<Strategy> {
    ONE_COLDKEY.iter().chain(SEVERAL_COLDKEYS).copied().collect()
}

/// Runs the contest, checks its outcome under every policy, and returns the outcome under the last one.
fn nobody_wins(setting: &Setting, strategies: &[Strategy]) -> Outcome {
    super::runtime().block_on(async {
        let contest = Contest::held(setting, strategies).await.unwrap();
        let mut last = None;
        for (name, policy) in policies(setting.window_days) {
            let outcome = contest.outcome(&policy).await.unwrap();
            println!("{setting:?}, {name}\n{}", table(&outcome));
            assert!(outcome.holder.standings.len() as u64 >= setting.days - 1, "as of every epoch");
            let wins = outcome.wins();
            assert!(wins.is_empty(), "{setting:?}, {name}\n{}", wins.join("\n"));
            last = Some(outcome);
        }
        last.unwrap()
    })
}

#[test]
fn no_strategy_beats_honesty_and_the_docs_show_it() {
    let outcome = nobody_wins(&DOCUMENTED, &strategies());
    let page = include_str!("../../../docs/strategies.md");
    assert!(
        page.contains(&table(&outcome)),
        "docs/strategies.md has another table than\n{}",
        table(&outcome)
    );
    for strategy in strategies() {
        assert!(
            page.contains(&format!("**{}**. {}", strategy.name, strategy.tries)),
            "docs/strategies.md lacks {}",
            strategy.name
        );
    }
    // What that page says of coldkeys that take turns.
    let ahead: Vec<(&str, usize)> = outcome
        .rivals
        .iter()
        .map(|rival| (rival.strategy.name, outcome.ahead(rival)))
        .filter(|(_, epochs)| *epochs > 0)
        .collect();
    assert_eq!(
        ahead,
        [("rotates two coldkeys", 12), ("rotates four coldkeys", 19), ("rotates ten coldkeys", 22)]
    );
}

#[test]
fn no_strategy_beats_honesty_without_an_opening() {
    nobody_wins(&Setting { seed: 2, tempo: 10, days: 45, window_days: 20, opening: 0 }, &strategies());
}

#[test]
fn no_strategy_beats_honesty_in_a_short_window_with_a_large_opening() {
    nobody_wins(
        &Setting { seed: 3, tempo: 20, days: 27, window_days: 12, opening: 50 * ALPHA },
        &strategies(),
    );
}

#[test]
fn nothing_done_at_random_beats_honesty() {
    nobody_wins(&Setting { seed: 4, tempo: 14, days: 40, window_days: 14, opening: ALPHA }, &[RANDOM; 16]);
    nobody_wins(&Setting { seed: 5, tempo: 24, days: 25, window_days: 9, opening: 0 }, &[RANDOM; 16]);
}
