//! A store that fails now and then. The same monitor retries transient errors, and loses nothing and counts
//! nothing twice.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, RwLock};

use vesting_core::ports::{ReadRecord, StakeStore, StoreError};
use vesting_core::{BlockNumber, BlockchainMonitor, MemoryStore, MonitorError, Pace};
use vesting_testkit::flaky::FlakyStore;
use vesting_testkit::sim::{RandomLife, Rng, SimChain, SimPort};

use crate::{port, renamed, undetected};

const FIRST: BlockNumber = BlockNumber(1);

async fn monitor(port: Arc<SimPort>, store: Arc<dyn StakeStore>) -> BlockchainMonitor {
    BlockchainMonitor::open(port, store, &RandomLife::NETUIDS, 4).await.unwrap()
}

/// What a store holds, without how epochs were found.
async fn same(one: &dyn StakeStore, other: &dyn StakeStore, seed: u64) {
    for netuid in RandomLife::NETUIDS {
        let [one, other] =
            [one.record(netuid).await.unwrap().unwrap(), other.record(netuid).await.unwrap().unwrap()];
        assert_eq!(one.watermark, other.watermark, "seed {seed}");
        assert!(
            one.entries == other.entries,
            "seed {seed}, subnet {netuid}: {}",
            crate::difference(&one.entries, &other.entries)
        );
        assert!(
            one.tranches == other.tranches,
            "seed {seed}, subnet {netuid}: {}",
            crate::difference(&one.tranches, &other.tranches)
        );
        assert!(
            one.exits == other.exits,
            "seed {seed}, subnet {netuid}: {}",
            crate::difference(&one.exits, &other.exits)
        );
        assert!(undetected(&one.epochs) == undetected(&other.epochs), "seed {seed}, subnet {netuid}");
        assert!(
            one.snapshots == other.snapshots && one.locks == other.locks && one.neurons == other.neurons,
            "seed {seed}, {netuid}"
        );
        assert!(
            one.successions == other.successions && one.skipped == other.skipped && one.times == other.times,
            "seed {seed}, {netuid}"
        );
    }
}

/// Records a history with a store that fails every few calls. Returns how many retries that took.
async fn tried(chain: SimChain, seed: u64, pace: Pace) -> u32 {
    let last = chain.head();
    let chain = Arc::new(RwLock::new(chain));
    let (calm, inner) = (Arc::new(MemoryStore::new()), Arc::new(MemoryStore::new()));
    monitor(port(&chain), calm.clone()).await.advance(FIRST, last, pace, &mut |_| {}).await.unwrap();
    let (rng, calls) = (Mutex::new(Rng::new(seed)), AtomicU32::new(0));
    let flaky = FlakyStore::new(inner.clone(), move |what| {
        // Opening the store succeeds.
        let early = calls.fetch_add(1, Ordering::Relaxed) < 6;
        let mut rng = rng.lock().unwrap();
        let words = format!("{what} fails");
        (!early && rng.once_in(6))
            .then(|| if rng.once_in(2) { StoreError::Busy(words) } else { StoreError::Full(words) })
    });
    let mut tries = 0;
    let mut monitor = monitor(port(&chain), Arc::new(flaky)).await;
    while let Err(error) = monitor.advance(FIRST, last, pace, &mut |_| {}).await {
        assert!(error.is_passing(), "{error}");
        tries += 1;
    }
    same(calm.as_ref(), inner.as_ref(), seed).await;
    tries
}

#[tokio::test]
async fn what_passes_is_tried_again_and_nothing_is_lost() {
    let mut tries = 0;
    for seed in 0..24 {
        // Catching up reads longer stretches, and a retry reads them again from where it stood.
        let (pace, blocks) = match seed % 3 {
            0 => (Pace::Following, 90),
            1 => (Pace::EveryBlock { blocks_per_commit: 5 }, 160),
            _ => (Pace::CatchingUp, 200),
        };
        tries += tried(renamed(seed, blocks), seed, pace).await;
    }
    assert!(tries > 24 * 6, "{tries}: too little to test with");
}

#[tokio::test]
async fn a_block_that_was_not_written_is_not_taken_for_done() {
    let chain = Arc::new(RwLock::new(renamed(3, 60)));
    let inner = Arc::new(MemoryStore::new());
    let failing = Arc::new(AtomicU32::new(0));
    let flaky = FlakyStore::new(inner.clone(), {
        let failing = Arc::clone(&failing);
        move |what| (failing.load(Ordering::Relaxed) > 0).then(|| StoreError::Busy(what.to_owned()))
    });
    let mut monitor = monitor(port(&chain), Arc::new(flaky)).await;
    for stop in 1..=60 {
        // The block fails: it is neither written nor taken for done.
        failing.store(1, Ordering::Relaxed);
        let failed = monitor.follow(FIRST, Some(BlockNumber(stop)), &mut |_| {}).await;
        assert!(matches!(failed, Err(MonitorError::Store(StoreError::Busy(_)))), "block {stop}: {failed:?}");
        failing.store(0, Ordering::Relaxed);
        monitor.follow(FIRST, Some(BlockNumber(stop)), &mut |_| {}).await.unwrap();
        for netuid in RandomLife::NETUIDS {
            assert_eq!(inner.watermark(netuid).await.unwrap().unwrap().block.number, BlockNumber(stop));
        }
    }
}

#[test]
fn what_does_not_pass_is_not_tried_again() {
    let damaged = MonitorError::Store(StoreError::Corrupt("a page".into()));
    let unusable = MonitorError::Store(StoreError::Unusable("read-only".into()));
    assert!(!damaged.is_passing() && !unusable.is_passing());
    assert!(MonitorError::Store(StoreError::Full("no room".into())).is_passing());
}
