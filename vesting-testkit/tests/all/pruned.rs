//! A pruned record has the same figures as before in every window that it still covers.

use std::collections::BTreeMap;
use std::sync::{Arc, RwLock};

use proptest::prelude::*;
use vesting_core::check::{check, check_beside};
use vesting_core::explain::Depth;
use vesting_core::policy::{DurationRule, Policy};
use vesting_core::ports::{LedgerState, StakeStore};
use vesting_core::{
    BlockNumber, BlockchainMonitor, HolderQuery, Hotkey, MemoryStore, NetUid, Pace, Parts, Rao, Report,
    StakeTracker, TrackerError, VestingStats, dry_prune, prune,
};
use vesting_testkit::sim::{RandomLife, SimChain};

use super::{lived, port, renamed, runtime, window_of};

/// The policies under which windows are compared.
fn policies() -> [Policy; 2] {
    let by_average = window_of(60);
    let by_last_sale = Policy { duration_rule: DurationRule::SinceLastSale, ..by_average.clone() };
    [by_average, by_last_sale]
}

/// Records one history without prunes, and again with prunes at random epochs while the monitor goes on
/// unaware. With `again`, a new monitor resumes each pruned record at every stop. Returns how many windows
/// were compared.
async fn agree(chain: SimChain, stops: &[(u64, u64)], again: bool) -> usize {
    let last = chain.head();
    let chain = Arc::new(RwLock::new(chain));
    let whole: Arc<dyn StakeStore> = Arc::new(MemoryStore::new());
    let pruned: [Arc<dyn StakeStore>; 2] =
        [Arc::new(MemoryStore::new()), vesting_store::open("sqlite::memory:").unwrap()];
    let monitor = async |store: &Arc<dyn StakeStore>| {
        BlockchainMonitor::open(port(&chain), store.clone(), &RandomLife::NETUIDS, 4).await.unwrap()
    };
    let mut unpruned = monitor(&whole).await;
    let mut monitors = [monitor(&pruned[0]).await, monitor(&pruned[1]).await];
    let mut stops: Vec<(u64, Option<u64>)> =
        stops.iter().map(|(stop, choice)| (*stop, Some(*choice))).collect();
    stops.sort_unstable();
    // Nothing is pruned at the end, so that some windows are covered.
    stops.push((last.0, None));
    let mut compared = 0;
    let paces = [Pace::Following, Pace::CatchingUp, Pace::EveryBlock { blocks_per_commit: 7 }];
    for (stop, choice) in stops {
        let pace = paces[usize::try_from(stop % 3).unwrap()];
        let (first, stop) = (BlockNumber(1), BlockNumber(stop));
        unpruned.advance(first, stop, pace, &mut |_| {}).await.unwrap();
        for (monitor_of, store) in monitors.iter_mut().zip(&pruned) {
            monitor_of.advance(first, stop, pace, &mut |_| {}).await.unwrap();
            for (netuid, choice) in RandomLife::NETUIDS.into_iter().zip(choice.into_iter().cycle()) {
                prune_at(store.as_ref(), netuid, choice).await;
            }
            if again {
                *monitor_of = monitor(store).await;
            }
        }
        for netuid in RandomLife::NETUIDS {
            for store in &pruned {
                compared += same(&whole, store, netuid).await;
            }
            // A database holds the same rows as memory.
            assert_eq!(pruned[0].record(netuid).await, pruned[1].record(netuid).await);
            assert_eq!(pruned[0].ledger_state(netuid).await, pruned[1].ledger_state(netuid).await);
        }
    }
    // The positions at the end, as the monitor of the whole record has them.
    unpruned.observe().await.unwrap();
    for (monitor_of, store) in monitors.iter_mut().zip(&pruned) {
        monitor_of.observe().await.unwrap();
        for netuid in RandomLife::NETUIDS {
            let state =
                async |store: &Arc<dyn StakeStore>| store.ledger_state(netuid).await.unwrap().map(essence);
            assert_eq!(state(&whole).await, state(store).await);
            consistent(store.as_ref(), netuid).await;
        }
    }
    compared
}

/// Prunes a record up to one of its epochs, if one may be pruned.
async fn prune_at(store: &dyn StakeStore, netuid: NetUid, choice: u64) {
    let Some(watermark) = store.watermark(netuid).await.unwrap() else { return };
    let epochs =
        store.epoch_list(netuid, watermark.first_block, watermark.block.number.parent()).await.unwrap();
    // Now and then nothing is pruned.
    let Some(base) = epochs.get(usize::try_from(choice).unwrap() % (epochs.len() + 1)) else { return };
    let mut tried = Vec::new();
    for size in [1, 3, 100] {
        tried.push(
            dry_prune(Parts::of_size(store, netuid, size).await.unwrap(), base.block.number).await.unwrap(),
        );
    }
    let pruned = store.prune(netuid, base.block.number).await.unwrap();
    assert_eq!(tried, [pruned; 3]);
    let after = store.watermark(netuid).await.unwrap().unwrap();
    assert_eq!((after.first_block, after.first_time), (base.block.number.child(), base.time));
    consistent(store, netuid).await;
}

async fn consistent(store: &dyn StakeStore, netuid: NetUid) {
    let Some(record) = store.record(netuid).await.unwrap() else { return };
    let checked = check(&record).unwrap_or_else(|wrong| panic!("{wrong}"));
    check_beside(store, &record, &checked).await.unwrap_or_else(|wrong| panic!("{wrong}"));
}

/// The state from which a recorder resumes, without what a prune condenses.
fn essence(mut state: LedgerState) -> LedgerState {
    (state.watermark.first_block, state.watermark.first_time) = Default::default();
    state.holders.iter_mut().for_each(|holder| holder.since = BlockNumber(0));
    state.observed.retain(|_, alpha| *alpha > Rao::ZERO);
    state
}

/// Compares both records as of every epoch whose window the pruned one covers. For other epochs the pruned
/// record must refuse. Returns how many epochs were compared.
async fn same(whole: &Arc<dyn StakeStore>, pruned: &Arc<dyn StakeStore>, netuid: NetUid) -> usize {
    let Some(watermark) = pruned.watermark(netuid).await.unwrap() else { return 0 };
    let (ours, theirs) = (StakeTracker::new(whole.clone()), StakeTracker::new(pruned.clone()));
    let epochs = whole.epoch_list(netuid, BlockNumber(0), watermark.block.number).await.unwrap();
    assert_eq!(pruned.epoch_list(netuid, BlockNumber(0), watermark.block.number).await.unwrap(), epochs);
    let mut compared = 0;
    for policy in policies() {
        let mut covered = 0;
        for epoch in &epochs {
            let as_of = Some(epoch.block.number);
            let found = theirs.state(netuid, &policy, as_of).await;
            if epoch.block.number < watermark.first_block {
                assert!(matches!(found, Err(TrackerError::NoEpoch { .. })), "{found:?}");
                continue;
            }
            let (report, state) = found.unwrap();
            if report.window.incomplete_since.is_some() {
                assert!(
                    epoch.time.0 < watermark.first_time.0 + policy.retention_window.0,
                    "its window begins after the record"
                );
                continue;
            }
            let (expected, expected_state) = ours.state(netuid, &policy, as_of).await.unwrap();
            if let Some(difference) = expected_state.difference(&state) {
                panic!("subnet {netuid} as of {}: {difference}", epoch.block);
            }
            assert!(expected_state == state && expected_state.summary().digest() == state.summary().digest());
            assert_eq!(report, expected);
            assert_eq!(figures(pruned, &report).await, figures(whole, &report).await);
            (covered, compared) = (covered + 1, compared + 1);
        }
        let Some(last) = epochs.last().filter(|_| covered > 0) else { continue };
        let report = ours.report(netuid, &policy, None).await.unwrap();
        for whom in report.holders.keys().map(|coldkey| HolderQuery::Account(Hotkey(coldkey.0))) {
            let depth = Depth { sales: 2, forecasts: Vec::new() };
            let explained = theirs.explain(netuid, &policy, whom, Some(last.block.number), &depth).await;
            assert_eq!(explained, ours.explain(netuid, &policy, whom, Some(last.block.number), &depth).await);
            let history = theirs.history(netuid, &policy, whom, None, covered).await;
            assert_eq!(history, ours.history(netuid, &policy, whom, None, covered).await);
        }
    }
    compared
}

/// The figures of a report, without where the record begins.
async fn figures(store: &Arc<dyn StakeStore>, report: &Report) -> VestingStats {
    let mut figures = VestingStats::read(store.as_ref(), report).await.unwrap();
    figures.recorded = None;
    figures
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_pruned_record_goes_on_as_if_it_had_begun_there(
        seed in any::<u64>(),
        stops in prop::collection::vec((60u64..200, any::<u64>()), 1..5),
        swapping in any::<bool>(),
        again in any::<bool>(),
    ) {
        let chain = if swapping { renamed(seed, 300) } else { lived(seed, 300) };
        let compared = runtime().block_on(agree(chain, &stops, again));
        prop_assert!(compared > 0, "no window was covered");
    }
}

#[test]
fn what_is_kept_covers_the_windows_to_come() {
    let policy = window_of(60);
    let chain = Arc::new(RwLock::new(lived(7, 300)));
    runtime().block_on(async {
        let store: Arc<dyn StakeStore> = Arc::new(MemoryStore::new());
        let mut monitor =
            BlockchainMonitor::open(port(&chain), store.clone(), &RandomLife::NETUIDS, 4).await.unwrap();
        let mut bases = BTreeMap::new();
        for stop in (20..=300).step_by(10).map(BlockNumber) {
            monitor.advance(BlockNumber(1), stop, Pace::Following, &mut |_| {}).await.unwrap();
            for netuid in RandomLife::NETUIDS {
                let Some(watermark) = store.watermark(netuid).await.unwrap() else { continue };
                let epochs = store.epoch_list(netuid, watermark.first_block, stop).await.unwrap();
                let Some(base) = prune::base(&watermark, &epochs, policy.retention_window) else { continue };
                store.prune(netuid, base.block.number).await.unwrap();
                let report = StakeTracker::new(store.clone()).report(netuid, &policy, None).await.unwrap();
                assert_eq!(report.window.incomplete_since, None);
                assert!(
                    bases.insert(netuid, base.block.number).is_none_or(|before| before < base.block.number)
                );
            }
        }
        assert!(bases.values().any(|base| *base > BlockNumber(150)), "{bases:?}");
    });
}
