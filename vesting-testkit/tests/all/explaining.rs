//! Explanations agree with the record: histories, figures and claims are compared with reports and the chain.

use std::collections::BTreeMap;
use std::sync::{Arc, RwLock};

use vesting_core::explain::{Depth, Derivation};
use vesting_core::formula::built_in;
use vesting_core::policy::{DurationRule, Policy};
use vesting_core::ports::ReadRecord;
use vesting_core::whatif::changes;
use vesting_core::{
    BlockNumber, BlockchainMonitor, Coldkey, Epoch, HistoryPoint, HolderQuery, Hotkey, MemoryStore, Millis,
    Moved, NetUid, Pace, PositionFigures, Ppb, Reason, ScoredHolder, StakeTracker, Uid,
};
use vesting_testkit::sim::{Call, SimChain, SimPort, SubnetConfig};

use super::{renamed, runtime, window_of};

const NETUID: NetUid = NetUid(1);
const ALPHA: u64 = 1_000_000_000;

/// A record of a chain from a block on, and its epochs.
async fn recorded(chain: SimChain, netuid: NetUid, begin: u64) -> (Arc<MemoryStore>, Vec<Epoch>) {
    let last = chain.head();
    let port = Arc::new(SimPort::new(Arc::new(RwLock::new(chain))));
    let store = Arc::new(MemoryStore::new());
    let mut monitor = BlockchainMonitor::open(port, store.clone(), &[netuid], 4).await.unwrap();
    monitor.advance(BlockNumber(begin), last, Pace::Following, &mut |_| {}).await.unwrap();
    let epochs = store.epoch_list(netuid, BlockNumber(0), last).await.unwrap();
    (store, epochs)
}

fn depth() -> Depth {
    Depth { sales: 5, forecasts: Vec::new() }
}

/// Compares every point of every holder's history, every explanation and every comparison with the report as
/// of its epoch, on one random chain. Returns how many points were compared, and how many of them stand under
/// an earlier coldkey of the holder.
async fn agree(seed: u64, begin: u64) -> (usize, usize) {
    let (mut points, mut renames) = (0, 0);
    for (netuid, rule) in [(NetUid(1), DurationRule::Average), (NetUid(2), DurationRule::SinceLastSale)] {
        let (store, epochs) = recorded(renamed(seed, 240), netuid, begin).await;
        let Some(last) = epochs.last() else { continue };
        let tracker = StakeTracker::new(store);
        for formula in built_in() {
            let policy = Policy { formula, duration_rule: rule, ..window_of(70) };
            let other = Policy { max_multiplier: Ppb(3_000_000_000), ..window_of(40) };
            let (mut reports, mut moved) = (BTreeMap::new(), BTreeMap::new());
            for epoch in &epochs {
                let (report, state) = tracker.state(netuid, &policy, Some(epoch.block.number)).await.unwrap();
                reports.insert(epoch.block.number, report);
                moved.insert(epoch.block.number, Moved::of(&state.ledger, policy.unattributed));
            }
            let compared = tracker.compare(netuid, [&policy, &other], None, epochs.len()).await.unwrap();
            assert_eq!(compared.len(), epochs.len());
            for (epoch, [ours, theirs]) in epochs.iter().zip(&compared) {
                assert_eq!(ours, &reports[&epoch.block.number]);
                assert_eq!(theirs, &tracker.report(netuid, &other, Some(epoch.block.number)).await.unwrap());
                assert_eq!(changes(ours, theirs).len(), ours.miners.len());
            }
            for coldkey in reports[&last.block.number].holders.keys() {
                let whom = HolderQuery::Account(Hotkey(coldkey.0));
                let history = tracker.history(netuid, &policy, whom, None, epochs.len()).await.unwrap();
                assert!(history.iter().map(|point| point.epoch).eq(epochs.iter().copied()));
                for point in &history {
                    let report = &reports[&point.epoch.block.number];
                    let expected = report.holders.get(&point.coldkey);
                    assert_eq!(
                        point.holding,
                        expected.map(|holder| holder.holding),
                        "seed {seed}, {point:?}"
                    );
                    if let (Some(ScoredHolder { multiplier, .. }), None) =
                        (expected, report.window.incomplete_since)
                    {
                        assert_eq!(point.multiplier, *multiplier);
                    }
                    let moved =
                        moved[&point.epoch.block.number].get(&point.coldkey).copied().unwrap_or_default();
                    assert_eq!(*point, HistoryPoint::of(report, point.coldkey, moved), "seed {seed}");
                    points += 1;
                    renames += usize::from(point.coldkey != *coldkey);
                }
                beside(&tracker, netuid, &policy, whom, &history).await;
                check(&tracker, netuid, &policy, *coldkey).await;
            }
        }
    }
    (points, renames)
}

/// A history of which some points are known is the same, and known points are not computed again.
async fn beside(
    tracker: &StakeTracker,
    netuid: NetUid,
    policy: &Policy,
    whom: HolderQuery,
    history: &[HistoryPoint],
) {
    let kept: BTreeMap<(BlockNumber, Coldkey), HistoryPoint> =
        history.iter().map(|point| ((point.epoch.block.number, point.coldkey), *point)).collect();
    // Known are all but the last; every other one; none of the first half.
    let half = history.len() / 2;
    let some: [&(dyn Fn(usize) -> bool + Sync); 3] =
        [&|place| place + 1 < history.len(), &|place| place % 2 == 0, &|place| place >= half];
    for is_known in some {
        let known = |epoch: &Epoch, coldkey: Coldkey| {
            let place = history.iter().position(|point| point.epoch == *epoch)?;
            is_known(place).then(|| kept.get(&(epoch.block.number, coldkey)).copied()).flatten()
        };
        let found = tracker.history_beside(netuid, policy, whom, None, history.len(), &known).await.unwrap();
        assert_eq!(found, history);
    }
    let marked = |epoch: &Epoch, coldkey: Coldkey| {
        let mut point = *kept.get(&(epoch.block.number, coldkey))?;
        point.earned = u128::MAX;
        Some(point)
    };
    let found = tracker.history_beside(netuid, policy, whom, None, history.len(), &marked).await.unwrap();
    assert!(found.len() == history.len() && found.iter().all(|point| point.earned == u128::MAX));
}

/// The explanation of a holder adds up, and never selling is best.
async fn check(tracker: &StakeTracker, netuid: NetUid, policy: &Policy, coldkey: Coldkey) {
    let found = tracker
        .explain(netuid, policy, HolderQuery::Account(Hotkey(coldkey.0)), None, &depth())
        .await
        .unwrap();
    let report = tracker.report(netuid, policy, None).await.unwrap();
    let ScoredHolder { holding, multiplier, .. } = report.holders[&coldkey];
    assert_eq!(found.holder.holding, Some(holding));
    let sum = |of: fn(&PositionFigures) -> u128| {
        found.holder.positions.iter().map(|position| of(&position.figures)).sum::<u128>()
    };
    assert_eq!(sum(|f| f.rewards), holding.rewards);
    assert_eq!(sum(|f| f.rewards_kept), holding.rewards_kept);
    assert_eq!(sum(|f| f.other), holding.other);
    assert_eq!(sum(|f| f.other_kept), holding.other_kept);
    assert_eq!(sum(|f| f.sold), holding.sold);
    assert_eq!(
        found.holder.positions.iter().map(|position| position.stake.0).sum::<u64>(),
        holding.stake().0
    );
    let Some(derivation) = found.derivation else {
        assert_eq!(found.holder.reason, Reason::Incomplete);
        return;
    };
    assert!(derivation.unsold.factor >= multiplier.factor, "{derivation:?}");
    assert_eq!(
        (derivation.sale_count == 0, derivation.sale_count.min(5)),
        (holding.sold == 0, derivation.sales.len())
    );
    for sale in &derivation.sales {
        assert!(sale.without.factor >= multiplier.factor, "{sale:?}");
        assert!(u128::from(sale.rewards.0) <= sale.entry.alpha.magnitude() && sale.time.is_some());
    }
    if let [only] = derivation.sales.as_slice() {
        assert_eq!(only.without, derivation.unsold);
    }
}

#[test]
fn histories_explanations_and_comparisons_are_those_of_the_reports() {
    let mut sums = (0, 0);
    for (seed, begin) in [(1, 1), (2, 60), (3, 1), (4, 90), (5, 1)] {
        let (points, renames) = runtime().block_on(agree(seed, begin));
        sums = (sums.0 + points, sums.1 + renames);
    }
    assert!(sums.0 > 500 && sums.1 > 20, "{sums:?} are too few to test with");
}

/// A subnet of three miners and no more, with equal rewards.
fn three() -> ([(Coldkey, Hotkey); 3], SimChain) {
    let miners = [1, 2, 3].map(|n| (Coldkey([n; 32]), Hotkey([100 + n; 32])));
    let neurons = miners.iter().map(|(coldkey, hotkey)| (*coldkey, *hotkey, 10, false, ALPHA)).collect();
    let subnet = SubnetConfig {
        netuid: NETUID,
        tempo: 10,
        owner: (Coldkey([9; 32]), Hotkey([9; 32])),
        neurons,
        capacity: 3,
    };
    (miners, SimChain::new(1, &[subnet], None))
}

fn steps(chain: &mut SimChain, blocks: u64) {
    (0..blocks).for_each(|_| chain.step());
}

#[test]
fn a_multiplier_foretold_comes_true_where_all_goes_on_as_it_did() {
    let ([(coldkey, hotkey), ..], mut chain) = three();
    steps(&mut chain, 40);
    chain.queue(Call::RemoveStake { coldkey, hotkey, netuid: NETUID, alpha: 20 * ALPHA });
    steps(&mut chain, 400);
    runtime().block_on(async {
        let (store, epochs) = recorded(chain, NETUID, 1).await;
        let tracker = StakeTracker::new(store);
        for (formula, duration_rule) in
            built_in().into_iter().flat_map(|f| DurationRule::ALL.map(|rule| (Arc::clone(&f), rule)))
        {
            // Windows that begin before the sale and after it, so that the opening leaves them.
            for (place, ahead, blocks) in
                [(12, 5, 120), (12, 11, 125), (20, 8, 100), (20, 1, 100), (10, 3, 500)]
            {
                let policy = Policy { formula: Arc::clone(&formula), duration_rule, ..window_of(blocks) };
                let (now, then) = (epochs[place], epochs[place + ahead]);
                let time = Millis(then.time.0 - now.time.0);
                let depth = Depth { sales: 1, forecasts: vec![time] };
                let found = tracker
                    .explain(NETUID, &policy, HolderQuery::Uid(Uid(0)), Some(now.block.number), &depth)
                    .await
                    .unwrap();
                let foretold = found.derivation.unwrap().forecasts[0];
                let report = tracker.report(NETUID, &policy, Some(then.block.number)).await.unwrap();
                assert_eq!(
                    foretold.multiplier, report.holders[&coldkey].multiplier,
                    "{} epochs after {place}, {policy:?}",
                    ahead
                );
                assert_eq!(
                    foretold.rewards,
                    u128::from(chain_reward(&tracker, &policy, now).await) * u128::try_from(ahead).unwrap()
                );
            }
        }
    });
}

#[test]
fn without_a_sale_it_is_that_of_who_did_not_make_it() {
    let (miners, mut chain) = three();
    let ([(seller, sold), _, (other, also)], netuid) = (miners, NETUID);
    steps(&mut chain, 60);
    chain.queue(Call::RemoveStake { coldkey: seller, hotkey: sold, netuid, alpha: 3 * ALPHA });
    steps(&mut chain, 30);
    for (coldkey, hotkey) in [(seller, sold), (other, also)] {
        chain.queue(Call::RemoveStake { coldkey, hotkey, netuid, alpha: 2 * ALPHA });
    }
    steps(&mut chain, 60);
    runtime().block_on(async {
        let (store, _) = recorded(chain, netuid, 1).await;
        let tracker = StakeTracker::new(store);
        for (formula, duration_rule) in
            built_in().into_iter().flat_map(|f| DurationRule::ALL.map(|rule| (Arc::clone(&f), rule)))
        {
            let policy = Policy { formula, duration_rule, ..window_of(140) };
            let report = tracker.report(netuid, &policy, None).await.unwrap();
            let [of_seller, honest, of_other] =
                miners.map(|(coldkey, _)| report.holders[&coldkey].multiplier);
            let derivation = tracker
                .explain(netuid, &policy, HolderQuery::Uid(Uid(0)), None, &depth())
                .await
                .unwrap()
                .derivation
                .unwrap();
            assert_eq!((derivation.unsold, derivation.sales[0].without), (honest, of_other));
            assert_eq!(
                derivation.sales.iter().map(|sale| sale.rewards.0).collect::<Vec<_>>(),
                [3 * ALPHA, 2 * ALPHA]
            );
            assert!(of_seller.factor <= of_other.factor && of_other.factor <= honest.factor);
            let largest = Depth { sales: 1, forecasts: Vec::new() };
            let one = tracker
                .explain(netuid, &policy, HolderQuery::Uid(Uid(0)), None, &largest)
                .await
                .unwrap()
                .derivation
                .unwrap();
            assert_eq!((one.sale_count, one.sales.as_slice()), (2, &derivation.sales[..1]));
            // Here only the minimum stake keeps the miner from its factor.
            let dear = Policy { minimum_stake: vesting_core::Rao(1_000 * ALPHA), ..policy };
            let derivation = tracker
                .explain(netuid, &dear, HolderQuery::Uid(Uid(0)), None, &largest)
                .await
                .unwrap()
                .derivation
                .unwrap();
            assert_eq!((derivation.with_minimum, derivation.terms), (Some(of_seller), Vec::new()));
        }
    });
}

/// What the first miner earned in an epoch.
async fn chain_reward(tracker: &StakeTracker, policy: &Policy, epoch: Epoch) -> u64 {
    let history =
        tracker.history(NETUID, policy, HolderQuery::Uid(Uid(0)), Some(epoch.block.number), 1).await.unwrap();
    u64::try_from(history[0].earned).unwrap()
}

#[test]
fn time_further_ahead_than_the_window_is_not_foretold() {
    let (_, mut chain) = three();
    steps(&mut chain, 100);
    runtime().block_on(async {
        let (store, _) = recorded(chain, NETUID, 1).await;
        let policy = window_of(50);
        let window = policy.retention_window.0;
        let depth = Depth { sales: 0, forecasts: [window, window + 1, 0].map(Millis).to_vec() };
        let found = StakeTracker::new(store)
            .explain(NETUID, &policy, HolderQuery::Uid(Uid(1)), None, &depth)
            .await
            .unwrap();
        assert_eq!(
            found.derivation.unwrap().forecasts.iter().map(|forecast| forecast.time).collect::<Vec<_>>(),
            [policy.retention_window]
        );
    });
}

/// A miner loses its uid, sells a little, and comes back under a hotkey.
fn comes_back(under: Option<Hotkey>) {
    let ([(coldkey, hotkey), second, third], mut chain) = three();
    let (stranger, again) = ((Coldkey([50; 32]), Hotkey([150; 32])), under.unwrap_or(hotkey));
    steps(&mut chain, 100);
    // The neuron with the least weight is replaced.
    chain.set_weight(NETUID, hotkey, 0);
    chain.queue(Call::Register { coldkey: stranger.0, hotkey: stranger.1, netuid: NETUID });
    steps(&mut chain, 50);
    let away = chain.head();
    assert!(chain.neurons_at(NETUID, away).iter().all(|neuron| neuron.coldkey != coldkey));
    chain.queue(Call::RemoveStake { coldkey, hotkey, netuid: NETUID, alpha: ALPHA / 2 });
    steps(&mut chain, 30);
    for (_, hotkey) in [second, third] {
        chain.set_weight(NETUID, hotkey, 10);
    }
    chain.set_weight(NETUID, stranger.1, 0);
    chain.queue(Call::Register { coldkey, hotkey: again, netuid: NETUID });
    chain.set_weight(NETUID, again, 10);
    steps(&mut chain, 40);
    let head = chain.head();
    assert!(
        chain
            .neurons_at(NETUID, head)
            .iter()
            .any(|neuron| (neuron.hotkey, neuron.coldkey) == (again, coldkey))
    );
    runtime().block_on(async {
        let (store, epochs) = recorded(chain, NETUID, 1).await;
        let tracker = StakeTracker::new(store);
        let policy = window_of(200);
        let explained = async |policy| {
            let query = HolderQuery::Account(hotkey);
            tracker.explain(NETUID, policy, query, Some(away), &depth()).await.unwrap()
        };
        let gone = explained(&policy).await;
        assert_eq!(gone.holder.coldkey, coldkey);
        assert!(gone.holder.positions.iter().all(|position| position.uid.is_none()));
        assert!(gone.holder.multiplier.factor > Ppb(1_200_000_000), "{:?}", gone.holder);
        let report = tracker.report(NETUID, &policy, Some(away)).await.unwrap();
        assert!(report.miners.iter().all(|miner| miner.neuron.coldkey != coldkey));
        assert_eq!(report.holders[&coldkey].multiplier, gone.holder.multiplier);

        let report = tracker.report(NETUID, &policy, None).await.unwrap();
        let miner = report.miners.iter().find(|miner| miner.neuron.hotkey == again).unwrap();
        let ScoredHolder { holding, multiplier, .. } = report.holders[&coldkey];
        let sold = u128::from(ALPHA / 2);
        assert_eq!((holding.start, holding.sold), (report.window.start, sold), "one history, with the sale");
        assert_eq!(miner.multiplier, multiplier);
        assert!(multiplier.factor > gone.holder.multiplier.factor, "held for longer");
        // The window has rewards from before it lost its uid and from after it came back.
        let history =
            tracker.history(NETUID, &policy, HolderQuery::Account(again), None, epochs.len()).await.unwrap();
        let earned: Vec<bool> = history.iter().map(|point| point.earned > 0).collect();
        assert!(
            earned.starts_with(&[true]) && earned.ends_with(&[true]) && earned.contains(&false),
            "{earned:?}"
        );
        let early = BlockNumber(30);
        assert!(
            history
                .iter()
                .all(|point| point.multiplier.factor > Ppb::ONE || point.epoch.block.number < early)
        );
        let newcomer = report.holders[&stranger.0].multiplier;
        assert!(newcomer.factor < multiplier.factor);

        // A window without any of its past gives it nothing.
        let short = tracker.report(NETUID, &window_of(50), Some(away)).await.unwrap();
        assert!(!short.holders.contains_key(&coldkey));
        let forgotten = explained(&window_of(50)).await;
        assert_eq!((forgotten.holder.reason, forgotten.derivation), (Reason::NoHolder, None::<Derivation>));
    });
}

#[test]
fn a_miner_that_loses_its_uid_keeps_its_history_and_comes_back_to_its_multiplier() {
    comes_back(None);
    comes_back(Some(Hotkey([200; 32])));
}
