//! The laws of weights, for every redistribution.

use proptest::prelude::*;
use vesting_core::adjust::{AdjustedWeights, WeightGroups, WeightsInput, adjust};
use vesting_core::multiplier::{LimitedBy, Multiplier};
use vesting_core::policy::{Policy, Redistribution};
use vesting_core::weights::to_u16;
use vesting_core::{Hotkey, MinerReport, NetUid, Neuron, Ppb, Reason, Report, Uid};

use crate::history::KEY;
use crate::outcome::window;

fn hotkey(n: usize) -> Hotkey {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&n.to_be_bytes());
    Hotkey(key)
}

/// A neuron for each multiplier; none is a weight of 0.
fn report(factors: &[Option<u64>]) -> Report {
    let limited_by = LimitedBy::HoldingDuration;
    let miner = |(n, factor): (usize, &Option<u64>)| {
        let uid = Uid(u16::try_from(n).unwrap());
        let neuron = Neuron { uid, hotkey: hotkey(n), coldkey: KEY.coldkey };
        let zero_weight = factor.is_none();
        let multiplier = Multiplier { factor: factor.map_or(Ppb::ONE, Ppb), zero_weight, limited_by };
        MinerReport::new(neuron, multiplier, Reason::Formula(limited_by))
    };
    Report::new(NetUid(1), window(1), factors.iter().enumerate().map(miner).collect())
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
    fn a_group_is_what_it_would_be_alone(
        rows in weighted(),
        groups in prop::collection::vec(0u16..4, 40),
        redistribution in redistribution(),
    ) {
        prop_assume!(!matches!(redistribution, Redistribution::Burn { .. }));
        let (weights, factors): (Vec<f64>, Vec<Option<u64>>) = rows.into_iter().unzip();
        let report = report(&factors);
        let policy = Policy { redistribution, ..Policy::default() };
        let of = |places: &[usize]| -> WeightsInput { places.iter().map(|n| (hotkey(*n), weights[*n])).collect() };
        let all: Vec<usize> = (0..weights.len()).collect();
        let labels = all.iter().map(|n| groups[*n].to_string()).collect();
        let input = WeightsInput { groups: Some(WeightGroups::Labels(labels)), ..of(&all) };
        let found = adjust(&report, &policy, &input).unwrap();
        if found.unchanged.is_some() {
            prop_assert_eq!(found.weights(), weights);
            return Ok(());
        }
        let lists = (0..4).map(|group| all.iter().filter(|n| groups[**n] == group).copied().collect::<Vec<_>>());
        for places in lists {
            let alone = adjust(&report, &policy, &of(&places)).unwrap();
            let within: Vec<f64> = places.iter().map(|n| found.each[*n].weight).collect();
            prop_assert_eq!(alone.weights(), within);
        }
        let uid = |n: &usize| Uid(u16::try_from(*n).unwrap());
        let of_group = |group: u16| all.iter().filter(|n| groups[**n] == group).map(uid).collect();
        let uids = [0, 1, 2].map(of_group).into();
        let input = WeightsInput { groups: Some(WeightGroups::Uids(uids)), ..input };
        prop_assert_eq!(adjust(&report, &policy, &input).unwrap(), found);
    }

    #[test]
    fn every_redistribution_keeps_order_length_and_sum(rows in weighted(), redistribution in redistribution()) {
        let (weights, factors): (Vec<f64>, Vec<Option<u64>>) = rows.into_iter().unzip();
        let report = report(&factors);
        let policy = Policy { redistribution, ..Policy::default() };
        let adjusted = |order: &[usize]| -> AdjustedWeights {
            let input: WeightsInput = order.iter().map(|n| (hotkey(*n), weights[*n])).collect();
            adjust(&report, &policy, &input).unwrap()
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
