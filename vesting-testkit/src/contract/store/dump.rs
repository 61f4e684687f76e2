//! A record is read as commits that make it anew in another store.

use vesting_core::ports::{StakeStore, StoreError};
use vesting_core::{BlockNumber, Entry, Kind};

use super::commits::{commits, plain, put};
use super::rows::{A, B};
use super::same::same;

/// A whole record is read as one commit, and that commit makes the record anew in another store.
pub(super) async fn moved(store: &dyn StakeStore, other: &dyn StakeStore) {
    let blocks = 60;
    let all = commits(A, blocks, 3);
    put(store, &all).await;
    put(store, &commits(B, 9, 4)).await;
    let record = store.record(A).await.expect("readable").expect("a record");
    let last = all.last().expect("some");
    let mut whole = plain(A, blocks, None);
    whole.watermark = last.watermark;
    whole.interval = last.interval.clone();
    for commit in all.iter().cloned() {
        whole.entries.extend(commit.entries);
        for (block, time) in commit.times {
            whole.times.entry(block).or_insert(time);
        }
        whole.holders.extend(commit.holders);
        whole.epochs.extend(commit.epochs);
        whole.balance_changes.extend(commit.balance_changes);
        whole.skipped.extend(commit.skipped);
        whole.snapshots.extend(commit.snapshots);
        whole.locks.extend(commit.locks);
        whole.neurons.extend(commit.neurons);
        whole.successions.extend(commit.successions);
        whole.tranches.extend(commit.tranches);
        whole.exits.extend(commit.exits);
    }
    whole.sort();
    assert_eq!(record, whole);
    put(other, std::slice::from_ref(&record)).await;
    same(other, store, A, blocks).await;
    assert_eq!(other.netuids().await, Ok(vec![A]));
}

/// The parts of a record make it anew; the first of them make what it was at an epoch.
pub(super) async fn moved_in_parts(store: &dyn StakeStore, other: &dyn StakeStore) {
    let blocks = 60;
    put(store, &commits(A, blocks, 3)).await;
    let ends = [15, 20, 45].map(|block| Some(BlockNumber(block)));
    let mut after = None;
    for to in ends.into_iter().chain([None]) {
        let part = store.part(A, after, to).await.expect("readable").expect("a record");
        assert_eq!(part.parent.map(|block| block.number), after);
        put(other, &[part]).await;
        after = to;
        if let Some(to) = to {
            let mark = other.watermark(A).await.expect("readable").expect("a record");
            assert_eq!((mark.block.number, mark.observed), (to, to));
            let entries = store.entries(A, BlockNumber(0), to).await.expect("readable");
            let late = |entry: &&Entry| entry.block == to && entry.kind == Kind::Opening;
            let expected: Vec<Entry> = entries.iter().filter(|entry| !late(entry)).copied().collect();
            assert_eq!(other.entries(A, BlockNumber(0), to).await, Ok(expected), "up to block {to}");
        }
    }
    same(other, store, A, blocks).await;
    for (after, to) in [(None, Some(16)), (Some(16), None)] {
        let refused = store.part(A, after.map(BlockNumber), to.map(BlockNumber)).await;
        assert!(
            matches!(&refused, Err(StoreError::Unusable(why)) if why.contains("block 16")),
            "{refused:?}"
        );
    }
    assert_eq!(store.part(B, None, Some(BlockNumber(15))).await, Ok(None));
}
