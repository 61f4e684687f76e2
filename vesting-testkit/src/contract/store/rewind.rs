//! A rewind takes a record back to one of its epochs.

use std::sync::Arc;

use vesting_core::ports::{StakeStore, StoreError, TranchePage, Watermark, WholeRecord};
use vesting_core::{BlockNumber, Coldkey, MemoryStore, Millis, NetUid};

use super::commits::{commits, plain, put};
use super::dice::Dice;
use super::rows::{A, B, block};
use super::same::same;

/// A rewind to an epoch gives the record as it was at that epoch, and commits go on from there.
/// It changes no other subnet, and what cannot be done is refused.
pub(super) async fn rewound(make: &impl AsyncFn() -> Arc<dyn StakeStore>) {
    let (blocks, mut dice) = (60, Dice(9));
    let all = commits(A, blocks, 10);
    let (store, memory) = (make().await, MemoryStore::new());
    for store in [&*store, &memory] {
        put(store, &all).await;
        put(store, &commits(B, blocks, 11)).await;
    }
    let whole = MemoryStore::new();
    put(&whole, &all).await;
    let other = store.record(B).await;
    for _ in 0..4 {
        let block = 5 * (1 + dice.roll(blocks / 5));
        let kept = usize::try_from(block).expect("small");
        let mark = all[kept - 1].watermark;
        let told = Watermark { first_block: BlockNumber(99), first_time: Millis(99), ..mark };
        // The same record in a store that stopped there.
        let stopped = MemoryStore::new();
        put(&stopped, &all[..kept]).await;
        for store in [&*store, &memory] {
            assert_eq!(store.rewind(A, Some(told)).await, Ok(()));
            same_whole(store, &stopped, blocks).await;
            // The same rewind again changes nothing.
            assert_eq!(store.rewind(A, Some(told)).await, Ok(()));
            same_whole(store, &stopped, blocks).await;
            refused_to_rewind(store, block, blocks).await;
            same_whole(store, &stopped, blocks).await;
            put(store, &all[kept..]).await;
        }
        for store in [&*store, &memory] {
            same_whole(store, &whole, blocks).await;
        }
        assert_eq!(store.record(B).await, other);
    }
    for store in [&*store, &memory] {
        assert_eq!(store.rewind(A, None).await, Ok(()));
        assert_eq!(
            (store.netuids().await, store.watermark(A).await, store.ledger_state(A).await),
            (Ok(vec![B]), Ok(None), Ok(None))
        );
        same(store, &MemoryStore::new(), A, blocks).await;
        assert_eq!(store.rewind(A, None).await, Ok(()), "there is nothing to take back");
        put(store, &all[..7]).await;
        assert_eq!(store.record(B).await, other);
    }
    let anew = MemoryStore::new();
    put(&anew, &all[..7]).await;
    same(&*store, &anew, A, blocks).await;
}

/// A rewind to a block that is no epoch of the record is refused.
async fn refused_to_rewind(store: &dyn StakeStore, stands_at: u64, blocks: u64) {
    let at =
        |number: u64, fork: u8| Watermark { block: block(number, fork), ..plain(A, number, None).watermark };
    let wrong_time = Watermark { time: Millis(1), ..at(stands_at, 0) };
    let refused = [
        at(3, 0),
        at(stands_at + 5, 0),
        at(stands_at - 1, 0),
        at(blocks + 5, 0),
        at(stands_at, 7),
        wrong_time,
        at(0, 0),
    ];
    for (netuid, to) in refused.map(|to| (A, to)).into_iter().chain([(NetUid(9), at(5, 0))]) {
        let refused = store.rewind(netuid, Some(to)).await;
        assert!(
            matches!(&refused, Err(StoreError::Unusable(why)) if why.starts_with("nothing was taken back")),
            "{to:?}: {refused:?}"
        );
    }
}

/// Checks that a record is the same as one that was never rewound, its open tranches included.
async fn same_whole(store: &dyn StakeStore, other: &dyn StakeStore, blocks: u64) {
    same(store, other, A, blocks).await;
    let coldkeys = (0..=u8::MAX).map(|n| Coldkey([n; 32])).collect();
    let page = TranchePage::ALL;
    assert_eq!(
        store.open_tranches(A, &coldkeys, &page).await,
        other.open_tranches(A, &coldkeys, &page).await
    );
}

/// A rewind to a pruned epoch is refused; every epoch that was kept can be rewound to.
pub(super) async fn rewound_after_a_prune(store: &dyn StakeStore) {
    let (blocks, all) = (60, commits(A, 60, 12));
    put(store, &all).await;
    store.prune(A, BlockNumber(20)).await.expect("an epoch of the record");
    let before = store.record(A).await;
    for gone in [15, 20] {
        let refused = store.rewind(A, Some(all[gone - 1].watermark)).await;
        assert!(
            matches!(&refused, Err(StoreError::Unusable(why)) if why.contains("begins at block 21")),
            "{refused:?}"
        );
    }
    assert_eq!(store.record(A).await, before);
    assert_eq!(store.rewind(A, Some(all[39].watermark)).await, Ok(()));
    put(store, &all[40..]).await;
    assert_eq!(store.record(A).await, before);
    let memory = MemoryStore::new();
    put(&memory, &all).await;
    memory.prune(A, BlockNumber(20)).await.expect("an epoch of the record");
    same(store, &memory, A, blocks).await;
}
