//! `VestingSystem` on a simulated chain, in memory.

use std::sync::{Arc, Mutex, RwLock};
use std::time::Duration;

use vesting_core::adjust::WeightsInput;
use vesting_core::policy::Policy;
use vesting_core::ports::ReadRecord;
use vesting_core::{BlockNumber, MemoryStore, Millis, SystemError, VestingSystem};
use vesting_testkit::sim::SimChain;

use super::{NETUID, lived, port};

fn policy() -> Policy {
    Policy {
        retention_window: Millis(100 * 12_000),
        minimum_stake: vesting_core::Rao(0),
        ..Policy::default()
    }
}

fn system(
    chain: &Arc<RwLock<SimChain>>,
    store: &Arc<MemoryStore>,
) -> (Arc<VestingSystem>, Arc<Mutex<Vec<BlockNumber>>>) {
    let system = Arc::new(VestingSystem::new(port(chain), store.clone(), NETUID, policy()));
    let heard = Arc::new(Mutex::new(Vec::new()));
    let hears = Arc::clone(&heard);
    system.on_epoch_boundary(move |record| hears.lock().unwrap().push(record.epoch.block.number));
    (system, heard)
}

async fn epochs(store: &MemoryStore) -> Vec<BlockNumber> {
    store
        .epoch_list(NETUID, BlockNumber(0), BlockNumber(u64::MAX))
        .await
        .unwrap()
        .iter()
        .map(|epoch| epoch.block.number)
        .collect()
}

#[tokio::test]
async fn it_moves_when_told_and_tells_of_every_epoch_once() {
    let chain = Arc::new(RwLock::new(lived(41, 200)));
    let store = Arc::new(MemoryStore::new());
    let (system, heard) = system(&chain, &store);
    assert_eq!(system.update().await, Err(SystemError::NotRunning));
    assert!(matches!(
        system.apply_vesting_multipliers(&WeightsInput::from_iter([(vesting_core::Uid(0), 1.0)])).await,
        Err(SystemError::Tracker(_))
    ));
    system.initialize().await.unwrap();
    let update = system.update().await.unwrap();
    assert_eq!(update.block, BlockNumber(200));
    assert!(update.epochs > 3);
    // The record begins where the window does, not where the chain does.
    assert!(store.watermark(NETUID).await.unwrap().unwrap().first_block > BlockNumber(1));
    assert_eq!(system.update().await.unwrap().epochs, 0);
    for _ in 0..60 {
        chain.write().unwrap().step();
    }
    // An update that is dropped half-way and repeated leaves no trace.
    let _ = tokio::time::timeout(Duration::ZERO, system.update()).await;
    system.update().await.unwrap();
    let recorded = epochs(&store).await;
    assert_eq!(*heard.lock().unwrap(), recorded);

    let report = system.report(None).await.unwrap();
    assert_eq!(report.window.incomplete_since, None);
    let weights: WeightsInput = report.miners.iter().map(|miner| (miner.neuron.hotkey, 1.0)).collect();
    let adjusted = system.apply_vesting_multipliers(&weights).await.unwrap();
    assert!((adjusted.weights().iter().sum::<f64>() - weights.weights.iter().sum::<f64>()).abs() < 1e-12);
    let stats = system.get_vesting_stats().await.unwrap();
    assert_eq!((stats.miners, stats.epochs), (report.miners.len(), report.window.epochs.len()));
    let (lowest, mean, highest) = stats.multipliers.unwrap();
    assert!(lowest <= mean && mean <= highest && lowest.0 >= 1_000_000_000);

    let all = (BlockNumber(0), BlockNumber(u64::MAX));
    let emissions = system.get_true_emissions(all.0, all.1).await.unwrap();
    assert!(
        !emissions.is_empty() && emissions.iter().all(|emission| !emission.change.true_emission.is_zero())
    );
    let hotkey = emissions[0].change.key.hotkey;
    let history = system.get_stake_history(hotkey, all.0, all.1).await.unwrap();
    assert!(!history.entries.is_empty() && history.entries.iter().all(|entry| entry.key.hotkey == hotkey));
    assert!(history.epochs.contains(&emissions[0]));
}

#[tokio::test]
async fn in_the_background_it_follows_until_it_is_shut_down_and_goes_on_after() {
    let chain = Arc::new(RwLock::new(lived(42, 150)));
    let store = Arc::new(MemoryStore::new());
    let (system, heard) = system(&chain, &store);
    assert_eq!(Arc::clone(&system).follow().await, Err(SystemError::NotRunning));
    for round in 1..=2u64 {
        system.initialize().await.unwrap();
        let following = tokio::spawn(Arc::clone(&system).follow());
        for _ in 0..50 {
            chain.write().unwrap().step();
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let head = chain.read().unwrap().head();
        while store.watermark(NETUID).await.unwrap().is_none_or(|watermark| watermark.block.number < head) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        system.shutdown().await;
        assert_eq!(following.await.unwrap(), Ok(()));
        assert_eq!(head, BlockNumber(150 + 50 * round));
        assert_eq!(system.update().await, Err(SystemError::NotRunning));
    }
    // Notices that were pending at the shutdown may be lost. The others come once and in order.
    let epochs = epochs(&store).await;
    let heard = heard.lock().unwrap();
    assert!(
        heard.is_sorted()
            && heard.len() + 2 >= epochs.len()
            && heard.iter().all(|block| epochs.contains(block))
    );
}

#[tokio::test]
async fn a_policy_that_cannot_be_and_a_subnet_that_is_not_there_are_refused() {
    let chain = Arc::new(RwLock::new(lived(43, 20)));
    let store = Arc::new(MemoryStore::new());
    let wrong = Policy { max_multiplier: vesting_core::Ppb(1), ..policy() };
    let system = VestingSystem::new(port(&chain), store.clone(), NETUID, wrong);
    assert!(
        matches!(system.initialize().await, Err(SystemError::Policy(error)) if error.key == "max_multiplier")
    );
    let system = VestingSystem::new(port(&chain), store.clone(), vesting_core::NetUid(77), policy());
    assert!(system.initialize().await.unwrap_err().to_string().contains("subnet 77 does not exist"));
    assert_eq!(store.netuids().await, Ok(vec![]));
}
