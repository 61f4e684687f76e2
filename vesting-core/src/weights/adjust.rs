//! A validator's weights under a report. They are matched by hotkey, since a uid may have a new owner.

use std::collections::BTreeMap;

use crate::report::{MinerReport, Reason, Report};
use crate::score::policy::{Policy, Redistribution};
use crate::units::{Hotkey, Ppb, Uid};
use crate::weights::{Burned, Factor, WeightsError, burn, leaves_nothing, normalise, threshold};

pub use super::adjusted::{AdjustedWeight, AdjustedWeights};
pub use super::groups::WeightGroups;
pub use super::input::WeightsInput;

/// Multiplies weights by their holders' multipliers, and redistributes as the policy says.
///
/// A weight that is not in the report counts ×1. If a hotkey and a uid are given, the multiplier is the
/// hotkey's, even if the report knows another hotkey under that uid. The weights return unchanged, with the
/// reason, in these cases: the record does not cover the window; the policy is in shadow or not in effect
/// yet; nobody has the burn uid; nothing would be left of any weight.
///
/// With groups, weight moves inside each group only. A group of which nothing would be left stays as it was,
/// with that reason.
///
/// ```
/// # use vesting_core::multiplier::{LimitedBy, Multiplier};
/// # use vesting_core::window::Window;
/// # use vesting_core::{BlockHash, BlockRef, Epoch, Millis, MinerReport, NetUid, Neuron, Ppb, Reason, Report};
/// # use vesting_core::{BlockNumber, Coldkey, Hotkey, Uid};
/// use vesting_core::adjust::{WeightsInput, adjust};
/// use vesting_core::policy::Policy;
///
/// # let limited_by = LimitedBy::HoldingDuration;
/// # let miner = |n: u8, factor| {
/// #     let neuron = Neuron { uid: Uid(n.into()), hotkey: Hotkey([n; 32]), coldkey: Coldkey([n; 32]) };
/// #     let multiplier = Multiplier { factor: Ppb(factor), zero_weight: false, limited_by };
/// #     MinerReport::new(neuron, multiplier, Reason::Formula(limited_by))
/// # };
/// # let block = |number| BlockRef { number: BlockNumber(number), hash: BlockHash::default() };
/// # let (registered_at, start) = (BlockNumber(0), BlockNumber(359));
/// # let (block, pre_block, time) = (block(360), block(359), Millis(0));
/// # let as_of = Epoch { block, pre_block, time, index: None, tempo: 360, registered_at };
/// # let window = Window { as_of, length: Millis(1), start, epochs: vec![as_of], incomplete_since: None };
/// # let report = Report::new(NetUid(1), window, vec![miner(0, 1_500_000_000), miner(1, 1_000_000_000)]);
/// // `report` is what `StakeTracker::report` gives; uid 0 has 1.5 there and uid 1 has 1.
/// let weights: WeightsInput = [(Uid(0), 0.5), (Uid(1), 0.5)].into_iter().collect();
/// let adjusted = adjust(&report, &Policy::default(), &weights)?;
/// assert!((adjusted.each[0].weight - 0.6).abs() < 1e-12 && (adjusted.each[1].weight - 0.4).abs() < 1e-12);
///
/// let later = Policy { effective_from_block: Some(BlockNumber(361)), ..Policy::default() };
/// let unchanged = adjust(&report, &later, &weights)?;
/// assert_eq!(unchanged.weights(), [0.5, 0.5]);
/// assert_eq!(unchanged.unchanged.unwrap().to_string(), "the policy takes effect at block 361");
/// # Ok::<(), vesting_core::weights::WeightsError>(())
/// ```
///
/// # Errors
/// For weights without names, lists of different lengths, a weight that is negative or not finite, a hotkey or
/// uid that is given twice, and groups where the policy burns.
pub fn adjust(
    report: &Report,
    policy: &Policy,
    input: &WeightsInput,
) -> Result<AdjustedWeights, WeightsError> {
    input.check()?;
    let mut each = matched(report, input);
    let factors: Vec<Factor> = each.iter().map(|(_, factor)| *factor).collect();
    // Computed even if the policy is not in effect, so that bad weights are always refused.
    let Burned { mut weights, rest } = redistribute(policy, &input.weights, &factors)?;
    let mut unchanged = unchanged(report, policy);
    let burns = matches!(policy.redistribution, Redistribution::Burn { .. });
    if let Some(groups) = &input.groups {
        if burns {
            return Err(WeightsError::BurnedGroups);
        }
        let uids: Vec<Option<Uid>> = each.iter().map(|(each, _)| each.uid).collect();
        for places in groups.places(&uids)? {
            let own: (Vec<f64>, Vec<Factor>) = places
                .iter()
                .filter_map(|place| Some((*input.weights.get(*place)?, *factors.get(*place)?)))
                .unzip();
            let left_alone = leaves_nothing(&own.0, &own.1)?;
            let within = if left_alone { own.0 } else { redistribute(policy, &own.0, &own.1)?.weights };
            for (place, weight) in places.iter().zip(within) {
                weights.get_mut(*place).into_iter().for_each(|place| *place = weight);
                if left_alone && unchanged.is_none() {
                    each.get_mut(*place).into_iter().for_each(|(each, _)| each.reason = Reason::NothingLeft);
                }
            }
        }
    }
    if unchanged.is_none() && !burns && leaves_nothing(&input.weights, &factors)? {
        unchanged = Some(Reason::NothingLeft);
    }
    let weights = if unchanged.is_some() { &input.weights } else { &weights };
    each.iter_mut().zip(weights).for_each(|((each, _), weight)| each.weight = *weight);
    let mut each: Vec<AdjustedWeight> = each.into_iter().map(|(each, _)| each).collect();
    if let Redistribution::Burn { uid } = policy.redistribution
        && unchanged.is_none()
    {
        give(&mut each, rest, burner(report, uid), input.uids.is_some())?;
    }
    Ok(AdjustedWeights { each, unchanged })
}

/// Weights multiplied by factors, and redistributed as the policy says.
fn redistribute(policy: &Policy, weights: &[f64], factors: &[Factor]) -> Result<Burned, WeightsError> {
    let weights = match policy.redistribution {
        Redistribution::Normalise => normalise(weights, factors)?,
        Redistribution::Threshold { factor, absolute } => threshold(weights, factors, factor, absolute)?,
        Redistribution::Burn { .. } => return burn(weights, factors, policy.max_multiplier),
    };
    Ok(Burned { weights, rest: 0.0 })
}

/// Why the weights return unchanged, if they do.
fn unchanged(report: &Report, policy: &Policy) -> Option<Reason> {
    match (policy.effective_from_block, policy.redistribution) {
        _ if report.window.incomplete_since.is_some() => Some(Reason::Incomplete),
        (Some(block), _) if report.window.as_of.block.number < block => Some(Reason::NotEffective(block)),
        _ if policy.shadow => Some(Reason::Shadow),
        (_, Redistribution::Burn { uid }) if burner(report, uid).is_none() => Some(Reason::NoBurnNeuron(uid)),
        _ => None,
    }
}

fn burner(report: &Report, uid: Uid) -> Option<&MinerReport> {
    report.miners.iter().find(|miner| miner.neuron.uid == uid)
}

/// Gives the rest to the burn uid. If the validator gave uids, that uid is looked for among them, else the
/// hotkey that has it in the report. If it is not among the weights, it is appended.
fn give(
    each: &mut Vec<AdjustedWeight>,
    rest: f64,
    burner: Option<&MinerReport>,
    by_uid: bool,
) -> Result<(), WeightsError> {
    let Some(burner) = burner.filter(|_| rest > 0.0) else { return Ok(()) };
    let (uid, hotkey) = (Some(burner.neuron.uid), Some(burner.neuron.hotkey));
    match each.iter_mut().find(|each| if by_uid { each.uid == uid } else { each.hotkey == hotkey }) {
        Some(burned) => burned.weight += rest,
        None => each.push(AdjustedWeight {
            uid,
            hotkey,
            weight: rest,
            multiplier: burner.multiplier.factor,
            reason: Reason::Burned,
            own_uid: None,
        }),
    }
    if each.iter().all(|each| each.weight.is_finite()) { Ok(()) } else { Err(WeightsError::Overflow) }
}

/// Finds the neuron of each weight, with its factor in the report.
fn matched(report: &Report, input: &WeightsInput) -> Vec<(AdjustedWeight, Factor)> {
    let by_hotkey: BTreeMap<Hotkey, &MinerReport> =
        report.miners.iter().map(|m| (m.neuron.hotkey, m)).collect();
    let by_uid: BTreeMap<Uid, &MinerReport> = report.miners.iter().map(|m| (m.neuron.uid, m)).collect();
    let of = |(place, weight): (usize, &f64)| {
        let uid = input.uids.as_ref().and_then(|uids| uids.get(place)).copied();
        let hotkey = input.hotkeys.as_ref().and_then(|hotkeys| hotkeys.get(place)).copied();
        let miner = match (hotkey, uid) {
            (Some(hotkey), _) => by_hotkey.get(&hotkey).ok_or(Reason::UnknownHotkey),
            (None, Some(uid)) => by_uid.get(&uid).ok_or(Reason::UnknownUid(uid)),
            (None, None) => Err(Reason::UnknownHotkey),
        };
        let unknown = |reason| AdjustedWeight {
            uid,
            hotkey,
            weight: *weight,
            multiplier: Ppb::ONE,
            reason,
            own_uid: None,
        };
        match miner {
            Err(reason) => (unknown(reason), Some(Ppb::ONE)),
            Ok(miner) => {
                let neuron = miner.neuron;
                let factor = (!miner.multiplier.zero_weight).then_some(miner.multiplier.factor);
                let known = AdjustedWeight {
                    uid: uid.or(Some(neuron.uid)),
                    hotkey: Some(neuron.hotkey),
                    multiplier: factor.unwrap_or(Ppb(0)),
                    own_uid: uid.filter(|uid| *uid != neuron.uid).map(|_| neuron.uid),
                    ..unknown(miner.reason)
                };
                (known, factor)
            }
        }
    };
    input.weights.iter().enumerate().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::Epoch;
    use crate::score::multiplier::{LimitedBy, Multiplier};
    use crate::units::{BlockHash, BlockNumber, BlockRef, Coldkey, Millis, NetUid, Neuron};
    use crate::window::Window;

    fn key(n: u8) -> Hotkey {
        Hotkey([n; 32])
    }

    /// Uids from 0 on with the hotkeys 1, 2, …; a factor of 0 is a weight of 0.
    fn report(factors: &[u64]) -> Report {
        let miners = (0u16..).zip(1u8..).zip(factors).map(|((uid, n), factor)| {
            let limited_by = LimitedBy::HoldingDuration;
            let multiplier = Multiplier { factor: Ppb(*factor), zero_weight: *factor == 0, limited_by };
            let neuron = Neuron { uid: Uid(uid), hotkey: key(n), coldkey: Coldkey([n; 32]) };
            MinerReport::new(neuron, multiplier, Reason::Formula(limited_by))
        });
        let block = |number| BlockRef { number: BlockNumber(number), hash: BlockHash::default() };
        let registered_at = BlockNumber(0);
        let as_of = Epoch {
            block: block(100),
            pre_block: block(99),
            time: Millis(0),
            index: None,
            tempo: 20,
            registered_at,
        };
        let window = Window {
            as_of,
            length: Millis(1),
            start: BlockNumber(99),
            epochs: vec![as_of],
            incomplete_since: None,
        };
        Report::new(NetUid(1), window, miners.collect())
    }

    fn lists(uids: &[u16], hotkeys: &[u8], weights: &[f64]) -> WeightsInput {
        WeightsInput {
            uids: Some(uids.iter().map(|uid| Uid(*uid)).collect()),
            hotkeys: Some(hotkeys.iter().map(|n| key(*n)).collect()),
            weights: weights.to_vec(),
            groups: None,
        }
    }

    fn multipliers(adjusted: &AdjustedWeights) -> Vec<Ppb> {
        adjusted.each.iter().map(|each| each.multiplier).collect()
    }

    fn near(found: &[f64], expected: &[f64]) {
        let near =
            found.len() == expected.len() && found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12);
        assert!(near, "{found:?} is not {expected:?}");
    }

    #[test]
    fn weights_are_matched_by_hotkey_and_a_uid_that_is_another_ones_is_told() {
        let report = report(&[1_500_000_000, 1_200_000_000]);
        let out =
            adjust(&report, &Policy::default(), &lists(&[1, 7, 9], &[2, 1, 5], &[1.0, 1.0, 1.0])).unwrap();
        assert_eq!(multipliers(&out), [Ppb(1_200_000_000), Ppb(1_500_000_000), Ppb::ONE]);
        assert_eq!(
            (out.each[1].reason, out.each[2].reason),
            (Reason::Formula(LimitedBy::HoldingDuration), Reason::UnknownHotkey)
        );
        let uids: Vec<_> = out.each.iter().map(|each| each.uid).collect();
        assert_eq!(uids, [Some(Uid(1)), Some(Uid(7)), Some(Uid(9))], "as they were given");
        let elsewhere: Vec<_> =
            out.elsewhere().map(|(place, each)| (place, each.hotkey, each.own_uid)).collect();
        assert_eq!(elsewhere, [(1, Some(key(1)), Some(Uid(0)))]);
        near(&out.weights(), &[3.6 / 3.7, 4.5 / 3.7, 3.0 / 3.7]);
    }

    #[test]
    fn hotkeys_in_another_order_than_the_uids_have_their_own_multipliers() {
        let report = report(&[1_500_000_000, 1_200_000_000, 1_000_000_000]);
        let by = |uids: &[u16]| {
            adjust(&report, &Policy::default(), &lists(uids, &[3, 1, 2], &[0.2, 0.3, 0.5])).unwrap()
        };
        let (right, crossed) = (by(&[2, 0, 1]), by(&[0, 1, 2]));
        assert_eq!((crossed.weights(), multipliers(&crossed)), (right.weights(), multipliers(&right)));
        assert_eq!((right.elsewhere().count(), crossed.elsewhere().count()), (0, 3));
    }

    #[test]
    fn where_nothing_would_be_left_it_is_said_why_nothing_changed() {
        let report = report(&[0, 0, 1_000_000_000]);
        for redistribution in [
            Redistribution::Normalise,
            Redistribution::Threshold { factor: Ppb(500_000_000), absolute: Ppb(0) },
        ] {
            let policy = Policy { redistribution, ..Policy::default() };
            for weights in [[0.4, 0.6, 0.0], [1.0, 0.0, 0.0]] {
                let out = adjust(&report, &policy, &lists(&[0, 1, 2], &[1, 2, 3], &weights)).unwrap();
                assert_eq!((out.weights(), out.unchanged), (weights.to_vec(), Some(Reason::NothingLeft)));
                assert_eq!(multipliers(&out), [Ppb(0), Ppb(0), Ppb::ONE]);
            }
            // Something is left, or there was nothing.
            for weights in [[0.4, 0.6, 0.1], [0.0, 0.0, 0.0]] {
                assert_eq!(
                    adjust(&report, &policy, &lists(&[0, 1, 2], &[1, 2, 3], &weights)).unwrap().unchanged,
                    None
                );
            }
            let shadow = Policy { shadow: true, ..policy };
            let out = adjust(&report, &shadow, &lists(&[0], &[1], &[1.0])).unwrap();
            assert_eq!(out.unchanged, Some(Reason::Shadow), "what the policy says comes first");
        }
        // To burn all of it is a change.
        let burn = Policy { redistribution: Redistribution::Burn { uid: Uid(2) }, ..Policy::default() };
        let out = adjust(&report, &burn, &lists(&[0, 1, 2], &[1, 2, 3], &[0.4, 0.6, 0.0])).unwrap();
        assert_eq!(out.unchanged, None);
        near(&out.weights(), &[0.0, 0.0, 1.0]);
    }

    #[test]
    fn weights_that_add_up_beyond_what_a_number_holds_are_refused_however_the_policy_stands() {
        let report = report(&[1_500_000_000, 1_000_000_000]);
        let weights = lists(&[0, 1], &[1, 2], &[f64::MAX, f64::MAX]);
        for redistribution in [
            Redistribution::Normalise,
            Redistribution::Threshold { factor: Ppb::ONE, absolute: Ppb(0) },
            Redistribution::Burn { uid: Uid(7) },
        ] {
            for shadow in [false, true] {
                let policy = Policy { redistribution, shadow, ..Policy::default() };
                assert_eq!(adjust(&report, &policy, &weights), Err(WeightsError::Overflow), "{policy:?}");
            }
        }
    }

    #[test]
    fn weight_moves_inside_groups_only() {
        let report = report(&[1_500_000_000, 1_000_000_000, 0, 1_200_000_000, 1_000_000_000]);
        let mut input = lists(&[0, 1, 2, 3, 4], &[1, 2, 3, 4, 5], &[0.2, 0.2, 0.1, 0.25, 0.25]);
        let alone = adjust(&report, &Policy::default(), &input).unwrap();
        input.groups = Some(WeightGroups::Uids(vec![vec![Uid(0), Uid(1)], vec![Uid(2)]]));
        let out = adjust(&report, &Policy::default(), &input).unwrap();
        near(&out.weights(), &[0.24, 0.16, 0.1, 0.3 / 1.1, 0.25 / 1.1]);
        // Nothing would be left of the second group.
        assert_eq!((out.unchanged, out.each[2].reason), (None, Reason::NothingLeft));
        assert_eq!(out.each[0].reason, Reason::Formula(LimitedBy::HoldingDuration));
        input.groups = Some(WeightGroups::Labels(["a", "a", "b", "c", "c"].map(str::to_owned).into()));
        assert_eq!(adjust(&report, &Policy::default(), &input).unwrap(), out);
        // One group is none.
        input.groups = Some(WeightGroups::Uids(Vec::new()));
        assert_eq!(adjust(&report, &Policy::default(), &input).unwrap(), alone);
        let redistribution = Redistribution::Burn { uid: Uid(0) };
        let burning = Policy { redistribution, ..Policy::default() };
        assert_eq!(adjust(&report, &burning, &input), Err(WeightsError::BurnedGroups));
        let shadow = Policy { shadow: true, ..Policy::default() };
        let out = adjust(&report, &shadow, &input).unwrap();
        assert_eq!((out.weights(), out.unchanged), (input.weights.clone(), Some(Reason::Shadow)));
    }

    #[test]
    fn maps_by_uid_and_by_hotkey_are_the_same_weights() {
        let report = report(&[1_500_000_000, 1_200_000_000]);
        let by_uid: WeightsInput = BTreeMap::from([(Uid(0), 0.25), (Uid(1), 0.75)]).into_iter().collect();
        let by_hotkey: WeightsInput = BTreeMap::from([(key(1), 0.25), (key(2), 0.75)]).into_iter().collect();
        let [one, other] =
            [&by_uid, &by_hotkey].map(|input| adjust(&report, &Policy::default(), input).unwrap());
        assert_eq!(one, other);
        let names: Vec<_> = one.each.iter().map(|each| (each.uid, each.hotkey)).collect();
        assert_eq!(names, [(Some(Uid(0)), Some(key(1))), (Some(Uid(1)), Some(key(2)))]);
        let stranger: WeightsInput = [(Uid(9), 1.0)].into_iter().collect();
        let out = adjust(&report, &Policy::default(), &stranger).unwrap();
        let [each] = out.each[..] else { panic!("{out:?}") };
        assert_eq!((each.reason, each.multiplier, each.hotkey), (Reason::UnknownUid(Uid(9)), Ppb::ONE, None));
    }

    #[test]
    fn what_does_not_belong_together_is_named() {
        let refused = |input: WeightsInput| {
            adjust(&report(&[1_000_000_000]), &Policy::default(), &input).unwrap_err().to_string()
        };
        assert!(refused(lists(&[0], &[1, 2], &[1.0])).contains("`hotkeys` has 2 entries"));
        assert!(refused(lists(&[0], &[1, 2], &[1.0, 1.0])).contains("`uids` has 1 entries"));
        assert!(refused(lists(&[0, 1], &[1, 1], &[1.0, 1.0])).contains(&key(1).to_string()));
        assert!(refused(lists(&[3, 3], &[1, 2], &[1.0, 1.0])).contains("uid 3"));
        assert!(refused(lists(&[0, 1], &[1, 2], &[1.0, -1.0])).contains("weight 1 is -1"));
        assert!(
            refused(WeightsInput { uids: None, hotkeys: None, weights: vec![1.0], groups: None })
                .contains("stand alone")
        );
        // However the policy stands.
        let shadow = Policy { shadow: true, ..Policy::default() };
        assert!(adjust(&report(&[]), &shadow, &lists(&[0], &[1], &[f64::NAN])).is_err());
    }

    #[test]
    fn weights_come_back_as_they_were_with_the_reason_and_all_that_was_computed() {
        let burn = Policy { redistribution: Redistribution::Burn { uid: Uid(1) }, ..Policy::default() };
        let (complete, mut incomplete) =
            (report(&[1_500_000_000, 1_000_000_000]), report(&[1_500_000_000, 1_000_000_000]));
        incomplete.window.incomplete_since = Some(BlockNumber(50));
        let late = BlockNumber(101);
        let cases = [
            (
                &incomplete,
                Policy { shadow: true, effective_from_block: Some(late), ..burn.clone() },
                Reason::Incomplete,
            ),
            (
                &complete,
                Policy { shadow: true, effective_from_block: Some(late), ..burn.clone() },
                Reason::NotEffective(late),
            ),
            (&complete, Policy { shadow: true, ..burn.clone() }, Reason::Shadow),
            (
                &complete,
                Policy { redistribution: Redistribution::Burn { uid: Uid(7) }, ..burn.clone() },
                Reason::NoBurnNeuron(Uid(7)),
            ),
        ];
        for (report, policy, reason) in cases {
            let out = adjust(report, &policy, &lists(&[0], &[1], &[0.4])).unwrap();
            assert_eq!(
                (out.weights(), out.unchanged, multipliers(&out)),
                (vec![0.4], Some(reason), vec![Ppb(1_500_000_000)])
            );
        }
        let now = Policy { effective_from_block: Some(BlockNumber(100)), ..burn };
        assert_eq!(adjust(&complete, &now, &lists(&[0], &[1], &[0.4])).unwrap().unchanged, None);
    }

    #[test]
    fn what_is_burned_goes_to_the_burn_uid_wherever_it_is() {
        let policy = Policy { redistribution: Redistribution::Burn { uid: Uid(2) }, ..Policy::default() };
        let report = report(&[1_500_000_000, 1_000_000_000, 1_500_000_000]);
        // Not named: it is appended, with its hotkey from the report.
        let out = adjust(&report, &policy, &lists(&[0, 1], &[1, 2], &[0.4, 0.6])).unwrap();
        near(&out.weights(), &[0.4, 0.4, 0.2]);
        assert_eq!(
            (out.each[2].uid, out.each[2].hotkey, out.each[2].reason),
            (Some(Uid(2)), Some(key(3)), Reason::Burned)
        );
        // Named: it keeps its place.
        let out = adjust(&report, &policy, &lists(&[2, 1], &[3, 2], &[0.4, 0.6])).unwrap();
        near(&out.weights(), &[0.6, 0.4]);
        let by_hotkey: WeightsInput = [(key(3), 0.4), (key(2), 0.6)].into_iter().collect();
        near(&adjust(&report, &policy, &by_hotkey).unwrap().weights(), &[0.6, 0.4]);
        // Its uid with another hotkey: weights go by uid on the chain.
        let out = adjust(&report, &policy, &lists(&[2, 1], &[9, 2], &[0.4, 0.6])).unwrap();
        near(&out.weights(), &[0.6, 0.4]);
        // Nothing is burned: nothing is appended.
        assert_eq!(adjust(&report, &policy, &lists(&[0], &[1], &[0.4])).unwrap().weights(), [0.4]);
        assert_eq!(adjust(&report, &policy, &lists(&[1], &[2], &[0.0])).unwrap().weights(), [0.0]);
    }

    #[test]
    fn a_weight_of_zero_is_given_by_every_redistribution() {
        let report = report(&[0, 1_000_000_000]);
        for redistribution in [
            Redistribution::Normalise,
            Redistribution::Threshold { factor: Ppb(500_000_000), absolute: Ppb(0) },
            Redistribution::Burn { uid: Uid(1) },
        ] {
            let policy = Policy { redistribution, ..Policy::default() };
            let out = adjust(&report, &policy, &lists(&[0, 1], &[1, 2], &[0.4, 0.6])).unwrap();
            near(&out.weights(), &[0.0, 1.0]);
            assert_eq!(out.each[0].multiplier, Ppb(0));
        }
    }
}
