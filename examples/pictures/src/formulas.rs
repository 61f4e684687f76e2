//! The built-in formulas: the multiplier over the share kept, and over the days held.

use std::sync::Arc;

use vesting_core::formula::{
    Formula, GeometricMean, Linear, Logarithmic, StakeTiers, Tier, TierStake, Tiered,
};
use vesting_core::holding::Holding;
use vesting_core::multiplier::multiplier;
use vesting_core::policy::{DAY_MS, Policy};
use vesting_core::{Millis, Ppb, Rao};

use crate::Error;
use crate::chart::{Axis, Line, Panel, picture};

/// What was earned: 100 alpha.
const EARNED: u128 = 100_000_000_000;

/// The default policy with a formula and a window.
fn policy(formula: Arc<dyn Formula>, days: u64) -> Policy {
    Policy { formula, retention_window: Millis(days * DAY_MS), ..Policy::default() }
}

/// The multiplier of who kept so many thousandths of what it earned, for so many tenths of a day on average.
fn factor(policy: &Policy, kept: u64, held: u64) -> f64 {
    let holding = Holding {
        rewards: EARNED,
        rewards_kept: EARNED * u128::from(kept) / 1_000,
        rewards_age: EARNED * u128::from(held) * u128::from(DAY_MS) / 10,
        // So that the minimum of the policy does not matter here.
        manual_kept: EARNED,
        window_ms: policy.retention_window.0,
        ..Holding::default()
    };
    multiplier(&holding, policy).factor.as_f64()
}

/// The axis of multipliers up to the default's largest.
pub fn multipliers() -> Axis {
    let marks = ["1", "1.1", "1.2", "1.3", "1.4", "1.5"];
    let marks = marks
        .iter()
        .filter_map(|text| Some((text.parse::<Ppb>().ok()?.as_f64(), (*text).to_owned())))
        .collect();
    Axis { from: 1.0, to: 1.5, marks, name: "multiplier" }
}

/// An axis of days from 0, with a mark every so many.
pub fn days(to: u32, step: usize) -> Axis {
    let marks = (0..=to).step_by(step).map(|day| (f64::from(day), day.to_string())).collect();
    Axis { from: 0.0, to: f64::from(to), marks, name: "days" }
}

/// The axis of the part kept, in percent.
fn parts_kept() -> Axis {
    let marks = (0..=100u32).step_by(20).map(|part| (f64::from(part), format!("{part} %"))).collect();
    Axis { from: 0.0, to: 100.0, marks, name: "part of the rewards kept" }
}

/// m over h, a line for each of some d.
pub fn by_share() -> Result<String, Error> {
    let panel = |title: &str, policy: Policy, held: &[(u64, &str)]| {
        let line = |(held, label): &(u64, &str)| {
            let points = (0..=1_000u32)
                .map(|kept| (f64::from(kept) / 10.0, factor(&policy, kept.into(), *held)))
                .collect();
            Line { label: (*label).to_owned(), points }
        };
        let x = parts_kept();
        Panel {
            title: title.to_owned(),
            x,
            y: multipliers(),
            lines: held.iter().map(line).collect(),
            groups: Vec::new(),
        }
    };
    let smooth = panel(
        "geometric_mean, window 30 days",
        policy(Arc::new(GeometricMean), 30),
        &[(300, "30 days"), (200, "20 days"), (100, "10 days"), (20, "2 days")],
    );
    let steps = panel(
        "tiered, window 90 days",
        policy(Arc::new(Tiered), 90),
        &[(600, "60 days"), (300, "30 days"), (140, "14 days"), (20, "2 days")],
    );
    let about = "The multiplier over the part of the rewards kept, for rewards held for 2 to 60 days, under \
        both formulas";
    Ok(picture(about, &[smooth, steps], &[]))
}

/// m over d, a line for each of some h.
pub fn by_duration() -> Result<String, Error> {
    let panel = |title: &str, policy: Policy| {
        let line = |kept: u64| {
            let points = (0..=900u32)
                .map(|held| (f64::from(held) / 10.0, factor(&policy, kept, held.into())))
                .collect();
            Line { label: format!("{} % kept", kept / 10), points }
        };
        let x = Axis { name: "days held, on average", ..days(90, 15) };
        Panel {
            title: title.to_owned(),
            x,
            y: multipliers(),
            lines: [900, 500, 300, 50].map(line).into(),
            groups: Vec::new(),
        }
    };
    let smooth = panel("geometric_mean, window 90 days", policy(Arc::new(GeometricMean), 90));
    let steps = panel("tiered, window 90 days", policy(Arc::new(Tiered), 90));
    let about = "The multiplier over the days for which rewards were held, for 5 to 90 percent of them \
        kept, under both formulas";
    Ok(picture(about, &[smooth, steps], &[]))
}

/// What the other formulas make of the part kept, of the days held, and of the stake.
pub fn others() -> Result<String, Error> {
    let linear = |target: u64, label: &str| {
        let policy = Policy { retention_target: Ppb(target), ..policy(Arc::new(Linear), 30) };
        let points = (0..=1_000u32).map(|kept| (f64::from(kept) / 10.0, factor(&policy, kept.into(), 300)));
        Line { label: label.to_owned(), points: points.collect() }
    };
    let by_part = Panel {
        title: "linear".to_owned(),
        x: parts_kept(),
        y: multipliers(),
        lines: vec![linear(500_000_000, "target 0.5"), linear(900_000_000, "target 0.9")],
        groups: Vec::new(),
    };
    let logarithmic = |scale_days: u64| {
        let policy = policy(Arc::new(Logarithmic { scale: Millis(scale_days * DAY_MS) }), 30);
        let points = (0..=300u32).map(|held| (f64::from(held) / 10.0, factor(&policy, 900, held.into())));
        Line { label: format!("scale {scale_days} d"), points: points.collect() }
    };
    let by_time = Panel {
        title: "logarithmic, window 30 days, all kept".to_owned(),
        x: Axis { name: "days held, on average", ..days(30, 5) },
        y: multipliers(),
        lines: [1, 7, 60].map(logarithmic).into(),
        groups: Vec::new(),
    };
    let thousands = |k: u32| if k == 0 { "0".to_owned() } else { format!("{k},000") };
    let marks = (0..=8u32).step_by(2).map(|k| (f64::from(k), thousands(k))).collect();
    let points = (0..=8_000u32).step_by(10).map(|stake| (f64::from(stake) / 1_000.0, of_stake(stake.into())));
    let by_stake = Panel {
        title: "stake_tiers = 1000:1.1, 3000:1.2, 6000:1.4".to_owned(),
        x: Axis { from: 0.0, to: 8.0, marks, name: "alpha" },
        y: multipliers(),
        lines: vec![Line { label: String::new(), points: points.collect() }],
        groups: Vec::new(),
    };
    let about = "The multiplier over the part kept with linear, over the days held with logarithmic, and over \
        the stake with stake_tiers";
    Ok(picture(about, &[by_part, by_time, by_stake], &[]))
}

/// The multiplier of a stake in alpha under a table of three lines.
fn of_stake(alpha: u64) -> f64 {
    let alphas = |alpha: u64| alpha * Ppb::ONE.0;
    let tier = |(from, factor)| Tier { from: Rao(alphas(from)), factor: Ppb(factor) };
    let tiers = [(1_000, 1_100_000_000), (3_000, 1_200_000_000), (6_000, 1_400_000_000)].map(tier).into();
    let policy = policy(Arc::new(StakeTiers { on: TierStake::Stake, tiers }), 30);
    let holding = Holding { manual_kept: alphas(alpha).into(), ..Holding::default() };
    multiplier(&holding, &policy).factor.as_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_points_are_those_of_the_worked_example_and_of_the_steps() {
        let near =
            |found: f64, expected: f64| assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
        near(factor(&policy(Arc::new(GeometricMean), 30), 450, 150), 1.25);
        near(factor(&policy(Arc::new(Tiered), 90), 700, 600), 1.5);
        near(factor(&policy(Arc::new(Tiered), 90), 299, 139), 1.0);
        near(factor(&policy(Arc::new(Linear), 30), 450, 0), 1.25);
        near(factor(&policy(Arc::new(Logarithmic::default()), 30), 900, 300), 1.5);
        near(of_stake(2_999), 1.1);
        near(of_stake(3_000), 1.2);
    }
}
