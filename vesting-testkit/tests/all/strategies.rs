//! No strategy beats honesty. With equal rewards, opening and start nobody who sells gets more than the one
//! who never sells, as of any epoch.

use std::sync::Arc;

use vesting_core::formula::{Formula, Linear, Logarithmic, StakeTiers, Tier, TierStake, Tiered};
use vesting_core::policy::{BelowMinimum, DAY_MS, DurationRule, Policy};
use vesting_core::{Millis, Ppb, Rao};
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
    let with = |formula: Arc<dyn Formula>| Policy { formula, ..policy.clone() };
    let tier =
        |(from, tenths): (u64, u64)| Tier { from: Rao(from * ALPHA), factor: Ppb(tenths * ALPHA / 10) };
    let tiers = |on| StakeTiers { on, tiers: [(1, 11), (3, 13), (5, 15)].map(tier).into() };
    vec![
        ("linear", with(Arc::new(Linear))),
        ("logarithmic", with(Arc::new(Logarithmic::default()))),
        (
            "logarithmic, time since the last sale",
            Policy { duration_rule: DurationRule::SinceLastSale, ..with(Arc::new(Logarithmic::default())) },
        ),
        ("a table of stake", with(Arc::new(tiers(TierStake::Stake)))),
        ("a table of rewards held", with(Arc::new(tiers(TierStake::HeldRewards)))),
        ("half to be kept, at most threefold", lenient),
        ("no weight under the minimum", strict),
        ("tiered", tiered),
        ("time since the last sale", since),
        ("tiered, time since the last sale", tiered_since),
        ("an opening of at most the rewards", Policy { opening_cap: Some(Ppb::ONE), ..policy.clone() }),
        ("the default policy", policy),
    ]
}

fn strategies() -> Vec<Strategy> {
    ONE_COLDKEY.iter().chain(SEVERAL_COLDKEYS).copied().collect()
}

/// Runs the contest, checks its outcome under every policy, and returns the outcome under the last two: with an
/// `opening_cap` of 1, and the default.
fn nobody_wins(setting: &Setting, strategies: &[Strategy]) -> [Outcome; 2] {
    super::runtime().block_on(async {
        let contest = Contest::held(setting, strategies).await.unwrap();
        let mut last = Vec::new();
        for (name, policy) in policies(setting.window_days) {
            let outcome = contest.outcome(&policy).await.unwrap();
            assert!(outcome.holder.standings.len() as u64 >= setting.days - 1, "as of every epoch");
            let wins = outcome.wins();
            assert!(wins.is_empty(), "{setting:?}, {name}\n{}", wins.join("\n"));
            last.push(outcome);
        }
        let default = last.pop().unwrap();
        [last.pop().unwrap(), default]
    })
}

#[test]
fn no_strategy_beats_honesty_and_the_docs_show_it() {
    let [capped, outcome] = nobody_wins(&DOCUMENTED, &strategies());
    let page = include_str!("../../../docs/strategies.md");
    let table = table(&outcome, &capped);
    assert!(page.contains(&table), "docs/strategies.md has another table than\n{table}");
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
    // And how the cap closes that.
    for rival in &capped.rivals {
        assert_eq!(capped.ahead(rival), 0, "{}", rival.strategy.name);
    }
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
