//! A prune puts one opening in the place of all rows up to an epoch.

use std::collections::BTreeMap;

use vesting_core::ports::{Commit, Pruned, StakeStore, StoreError, TranchePage, WholeRecord};
use vesting_core::{
    BlockNumber, Coldkey, Detection, EntryId, EpochRecord, Kind, MemoryStore, Millis, NetUid, PositionKey,
    Rao, RaoDelta, Successions,
};

use super::commits::{commits, plain, put};
use super::rows::{A, B, END, MOST, entry, epoch, position};
use super::same::same;

/// The record as a prune up to the end of `base` leaves it, with the counts of what went and came.
fn condensed(record: &Commit, base: BlockNumber) -> (Commit, Pruned) {
    let mut after = record.clone();
    let gone = |before: usize, after: usize| u64::try_from(before - after).expect("small");
    // What was left of a tranche at the end of `base`.
    let left = |coldkey: Coldkey, id: EntryId, initial: Rao| {
        let exits =
            record.exits.iter().filter(|e| (e.coldkey, e.tranche) == (coldkey, id) && e.by.block <= base);
        initial.0 - exits.map(|exit| exit.amount.0).sum::<u64>()
    };
    after
        .tranches
        .iter_mut()
        .filter(|t| t.id.block <= base)
        .for_each(|t| t.initial = Rao(left(t.coldkey, t.id, t.initial)));
    after.tranches.retain(|t| t.id.block > base || t.initial > Rao::ZERO);
    after.exits.retain(|exit| exit.by.block > base);
    let successions = Successions::new(record.successions.clone());
    let mut owed: BTreeMap<Coldkey, i128> = BTreeMap::new();
    for tranche in after.tranches.iter().filter(|t| t.id.block <= base) {
        *owed.entry(successions.holder_of(tranche.coldkey, &tranche.id, base)).or_default() +=
            i128::from(tranche.initial.0);
    }
    let mut sums: BTreeMap<PositionKey, i128> = BTreeMap::new();
    for entry in record.entries.iter().filter(|entry| entry.block <= base) {
        *sums.entry(entry.key).or_default() += entry.alpha.0;
        *owed.entry(entry.key.coldkey).or_default() -= entry.alpha.0;
    }
    after.entries.retain(|entry| entry.block > base);
    let later = after.entries.len();
    for (key, sum) in sums {
        // Only the first position of a coldkey takes what is owed.
        let owed = owed.remove(&key.coldkey).map_or(0, |owed| owed.max(0));
        let rows = [(Kind::Rounding, -owed), (Kind::Opening, sum + owed)]
            .map(|(kind, alpha)| entry(record.netuid, base.0, None, kind, key, alpha));
        after.entries.extend(rows.into_iter().filter(|entry| !entry.alpha.is_zero()));
    }
    let newest = |key: PositionKey| {
        record.snapshots.iter().filter(|s| s.key == key && s.block <= base).map(|s| s.block).max()
    };
    after.snapshots.retain(|s| s.block > base || (newest(s.key) == Some(s.block) && s.alpha > Rao::ZERO));
    let newest = |coldkey| {
        record.locks.iter().filter(|l| l.coldkey == coldkey && l.block <= base).map(|l| l.block).max()
    };
    after.locks.retain(|l| l.block > base || newest(l.coldkey) == Some(l.block));
    let mut changes = 0;
    for epoch in after.epochs.iter_mut().filter(|record| record.epoch.block.number <= base) {
        changes += gone(epoch.changes.len(), 0);
        epoch.changes.clear();
    }
    after.balance_changes.retain(|change| change.to > base);
    after.times.retain(|block, _| *block >= base);
    let times = gone(record.times.len(), after.times.len());
    after.times.insert(base, Millis(base.0 * 12_000));
    after.holders.iter_mut().for_each(|holder| holder.since = holder.since.max(base));
    after.watermark.first_block = base.child();
    after.watermark.first_time = Millis(base.0 * 12_000);
    let pruned = Pruned {
        entries: gone(record.entries.len(), later),
        openings: gone(after.entries.len(), later),
        times,
        changes,
        balance_changes: gone(record.balance_changes.len(), after.balance_changes.len()),
        snapshots: gone(record.snapshots.len(), after.snapshots.len()),
        locks: gone(record.locks.len(), after.locks.len()),
        tranches: gone(record.tranches.len(), after.tranches.len()),
        exits: gone(record.exits.len(), after.exits.len()),
    };
    after.sort();
    (after, pruned)
}

/// A prune makes the record begin at the end of an epoch. It may be repeated, and changes nothing else.
pub(super) async fn pruned(store: &dyn StakeStore) {
    let (blocks, memory) = (60, MemoryStore::new());
    let (a, b) = (commits(A, blocks, 6), commits(B, blocks, 7));
    for all in [&a, &b] {
        put(store, all).await;
        put(&memory, all).await;
    }
    let whole = store.ledger_state(A).await.expect("readable").expect("a record");
    let open_tranches = async || {
        let coldkeys = (0..3).map(|n| Coldkey([n; 32])).collect();
        let mut open = store.open_tranches(A, &coldkeys, &TranchePage::ALL).await.expect("readable");
        open.iter_mut().for_each(|open| open.tranche.initial = Rao::ZERO);
        open
    };
    let open = open_tranches().await;
    assert!(!open.is_empty(), "too little to test with");
    for base in [20, 25, 50].map(BlockNumber) {
        let record = store.record(A).await.expect("readable").expect("a record");
        let (expected, rows) = condensed(&record, base);
        let each = [
            rows.entries,
            rows.openings,
            rows.times,
            rows.changes,
            rows.balance_changes,
            rows.snapshots,
            rows.tranches,
            rows.exits,
        ];
        assert!(each.into_iter().all(|rows| rows > 0), "too little to test with: {rows:?}");
        assert_eq!(store.prune(A, base).await, Ok(rows));
        assert_eq!(memory.prune(A, base).await, Ok(rows));
        assert_eq!(store.record(A).await, Ok(Some(expected)));
        same(store, &memory, A, blocks).await;
        same(store, &memory, B, blocks).await;
        // A recorder resumes from the same state, but for positions that hold nothing.
        let state = store.ledger_state(A).await.expect("readable").expect("a record");
        assert_eq!(open_tranches().await, open);
        assert_eq!((state.locks, state.neurons), (whole.locks.clone(), whole.neurons.clone()));
        assert_eq!((state.successions, state.interval), (whole.successions.clone(), whole.interval.clone()));
        let some = |observed: BTreeMap<PositionKey, Rao>| {
            observed.into_iter().filter(|(_, alpha)| *alpha > Rao::ZERO).collect::<Vec<_>>()
        };
        assert_eq!(some(state.observed), some(whole.observed.clone()));
        // Refused: the same epoch again, an earlier one, no epoch, the newest block, beyond it, no record.
        for (netuid, refused) in
            [(A, base.0), (A, base.0 - 5), (A, 52), (A, blocks), (A, u64::MAX), (NetUid(9), 20)]
        {
            let refused = store.prune(netuid, BlockNumber(refused)).await;
            assert!(
                matches!(&refused, Err(StoreError::Unusable(why)) if why.starts_with("nothing was pruned")),
                "{refused:?}"
            );
        }
        same(store, &memory, A, blocks).await;
        assert_eq!(store.netuids().await, Ok(vec![A, B]));
    }
}

/// Commits go on after a prune as if there were none, and a prune after all commits gives the same record.
pub(super) async fn pruned_on_the_way(store: &dyn StakeStore) {
    let (blocks, base, memory) = (60, BlockNumber(20), MemoryStore::new());
    let all = commits(A, blocks, 9);
    put(&memory, &all).await;
    put(store, &all[..25]).await;
    store.prune(A, base).await.expect("an epoch of the record");
    let from_before = |commit: &Commit| commit.exits.iter().any(|exit| exit.tranche.block <= base);
    assert!(all[25..].iter().any(from_before), "too little to test with");
    put(store, &all[25..]).await;
    memory.prune(A, base).await.expect("an epoch of the record");
    same(store, &memory, A, blocks).await;
    let first = store.watermark(A).await.expect("readable").expect("a record");
    assert_eq!((first.first_block, first.first_time), (BlockNumber(21), Millis(240_000)));
}

/// A sum that fits a row is stored though the sum on the way does not fit; a sum that does not is refused.
pub(super) async fn pruned_with_large_sums(store: &dyn StakeStore) {
    let most = i128::from(MOST);
    let moved = |block, alphas: &[i128]| {
        let row =
            |(index, alpha): (u32, &i128)| entry(A, block, Some(index), Kind::Moved, position(1, 1), *alpha);
        (0u32..).zip(alphas).map(row).collect::<Vec<_>>()
    };
    let mut parent = None;
    for number in 1..=5 {
        let mut commit = plain(A, number, parent);
        commit.entries = match number {
            1 => moved(1, &[most, most, -most, -most, most]),
            4 => moved(4, &[1]),
            _ => Vec::new(),
        };
        if [3, 4].contains(&number) {
            commit.epochs =
                vec![EpochRecord { epoch: epoch(number), detected: Detection::Storage, changes: vec![] }];
        }
        commit.interval.from = (number >= 3).then_some(BlockNumber(number.min(4)));
        put(store, std::slice::from_ref(&commit)).await;
        parent = Some(commit.watermark.block);
    }
    let before = store.record(A).await;
    let refused = store.prune(A, BlockNumber(4)).await;
    assert!(matches!(refused, Err(StoreError::Unusable(_))), "{refused:?}");
    assert_eq!(store.record(A).await, before);
    assert_eq!(store.prune(A, BlockNumber(3)).await.map(|rows| (rows.entries, rows.openings)), Ok((5, 1)));
    assert_eq!(
        store.entries(A, BlockNumber(0), BlockNumber(3)).await,
        Ok(vec![entry(A, 3, None, Kind::Opening, position(1, 1), most)])
    );
    let sum: RaoDelta =
        store.entries(A, BlockNumber(0), END).await.expect("readable").iter().map(|entry| entry.alpha).sum();
    assert_eq!(sum, RaoDelta(most + 1));
}
