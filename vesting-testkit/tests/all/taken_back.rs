//! A record that is rewound to one of its epochs is what it was at that epoch, and reaches the same end
//! again.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, RwLock};

use proptest::prelude::*;
use vesting_core::ports::{Commit, LedgerState, StakeStore, StoreError};
use vesting_core::{BlockNumber, BlockchainMonitor, MemoryStore, MonitorError, NetUid, Pace};
use vesting_testkit::flaky::FlakyStore;
use vesting_testkit::sim::{RandomLife, SimChain};

use super::{lived, port, renamed, runtime, undetected};

const FIRST: BlockNumber = BlockNumber(1);
const PACES: [Pace; 3] = [Pace::Following, Pace::CatchingUp, Pace::EveryBlock { blocks_per_commit: 7 }];

async fn monitor(chain: &Arc<RwLock<SimChain>>, store: &Arc<dyn StakeStore>) -> BlockchainMonitor {
    BlockchainMonitor::open(port(chain), store.clone(), &RandomLife::NETUIDS, 4).await.unwrap()
}

/// The whole record and the state from which a recorder resumes, without how epochs were found.
async fn whole(store: &dyn StakeStore, netuid: NetUid) -> Option<(Commit, LedgerState)> {
    let mut record = store.record(netuid).await.unwrap()?;
    record.epochs = undetected(&record.epochs);
    Some((record, store.ledger_state(netuid).await.unwrap().unwrap()))
}

/// Records a history to its end, rewinds it to a random epoch, compares it with a record that never went
/// further, and records it again. Returns how many rewinds there were.
async fn agree(chain: SimChain, back: &[usize], pace: Pace) -> usize {
    let last = chain.head();
    let chain = Arc::new(RwLock::new(chain));
    let store: Arc<dyn StakeStore> = vesting_store::open("sqlite::memory:").unwrap();
    let calm: Arc<dyn StakeStore> = Arc::new(MemoryStore::new());
    monitor(&chain, &calm).await.advance(FIRST, last, pace, &mut |_| {}).await.unwrap();
    let mut recording = monitor(&chain, &store).await;
    recording.advance(FIRST, last, pace, &mut |_| {}).await.unwrap();
    let mut taken = 0;
    for choice in back {
        for netuid in RandomLife::NETUIDS {
            let epochs = store.epoch_list(netuid, BlockNumber(0), last).await.unwrap();
            // Now and then the block is before all epochs, or between two.
            let epoch = epochs.get(choice % (epochs.len() + 1)).map(|epoch| epoch.block.number);
            let to =
                epoch.map_or(BlockNumber(0), |epoch| if choice % 3 == 0 { epoch.child() } else { epoch });
            let expected = epochs.iter().map(|epoch| epoch.block.number).filter(|block| *block <= to).max();
            assert_eq!(recording.take_back(netuid, to).await.unwrap(), expected);
            let stopped: Arc<dyn StakeStore> = Arc::new(MemoryStore::new());
            if let Some(at) = expected {
                monitor(&chain, &stopped).await.advance(FIRST, at, pace, &mut |_| {}).await.unwrap();
            }
            assert!(
                whole(store.as_ref(), netuid).await == whole(stopped.as_ref(), netuid).await,
                "subnet {netuid} back at {expected:?}"
            );
            taken += 1;
        }
        if choice % 2 == 0 {
            recording = monitor(&chain, &store).await;
        }
        recording.advance(FIRST, last, pace, &mut |_| {}).await.unwrap();
        for netuid in RandomLife::NETUIDS {
            assert!(
                whole(store.as_ref(), netuid).await == whole(calm.as_ref(), netuid).await,
                "subnet {netuid}"
            );
        }
    }
    taken
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_record_taken_back_goes_on_as_if_it_had_never_gone_further(
        seed in any::<u64>(),
        back in prop::collection::vec(any::<usize>(), 1..3),
        pace in 0usize..3,
        swapping in any::<bool>(),
    ) {
        let chain = if swapping { renamed(seed, 160) } else { lived(seed, 160) };
        prop_assert!(runtime().block_on(agree(chain, &back, PACES[pace])) > 0);
    }
}

#[tokio::test]
async fn what_cannot_be_read_again_is_not_taken_back() {
    let chain = Arc::new(RwLock::new(lived(3, 120)));
    let inner: Arc<dyn StakeStore> = Arc::new(MemoryStore::new());
    let failing = Arc::new(AtomicBool::new(false));
    let fails = Arc::clone(&failing);
    let busy = move |what| {
        (what == "rewind" && fails.load(Ordering::Relaxed)).then(|| StoreError::Busy("busy".into()))
    };
    let store: Arc<dyn StakeStore> = Arc::new(FlakyStore::new(Arc::clone(&inner), busy));
    let mut recording = monitor(&chain, &store).await;
    recording.advance(FIRST, BlockNumber(120), Pace::Following, &mut |_| {}).await.unwrap();
    let netuid = RandomLife::NETUIDS[0];
    let before = whole(inner.as_ref(), netuid).await;
    failing.store(true, Ordering::Relaxed);
    let failed = recording.take_back(netuid, BlockNumber(60)).await;
    assert!(matches!(failed, Err(MonitorError::Store(StoreError::Busy(_)))), "{failed:?}");
    assert!(whole(inner.as_ref(), netuid).await == before);
    failing.store(false, Ordering::Relaxed);
    assert_eq!(recording.take_back(NetUid(99), BlockNumber(60)).await, Ok(None), "there is no record of it");
    // Where the chain has another block, no block that follows on this one can be read.
    let mut moved = inner.record(netuid).await.unwrap().unwrap();
    moved.epochs.iter_mut().for_each(|record| record.epoch.block.hash.0[0] ^= 1);
    let forked: Arc<dyn StakeStore> = Arc::new(MemoryStore::new());
    forked.commit(&moved).await.unwrap();
    let kept = whole(forked.as_ref(), netuid).await;
    let mut recording = monitor(&chain, &forked).await;
    let refused = recording.take_back(netuid, BlockNumber(60)).await;
    assert!(matches!(refused, Err(MonitorError::Fork { .. })), "{refused:?}");
    assert!(whole(forked.as_ref(), netuid).await == kept);
}
