//! What is written comes back, whatever range is asked.

use std::collections::BTreeMap;

use vesting_core::ports::{
    BalanceChange, NeuronRow, OpenInterval, Snapshot, StakeStore, StoreError, TranchePage, TrancheStand,
};
use vesting_core::{
    BlockNumber, Coldkey, Entry, EpochRecord, Hotkey, MemoryStore, Rao, SkippedSlot, Succession, Uid,
    sort_entries,
};

use super::commits::{commits, plain, put};
use super::rows::{A, B, END, block, position};
use super::same::same;

/// A new store holds nothing, and says so to every question.
pub(super) async fn empty(store: &dyn StakeStore) {
    assert_eq!(store.genesis().await, Ok(None));
    assert_eq!(store.netuids().await, Ok(vec![]));
    assert_eq!(store.watermark(A).await, Ok(None));
    assert_eq!(store.ledger_state(A).await, Ok(None));
    same(store, &MemoryStore::new(), A, 3).await;
    let refused = store.observe(A, block(1, 0), &[], &OpenInterval::default()).await;
    assert!(matches!(refused, Err(StoreError::NotNext { netuid: A, .. })), "{refused:?}");
}

/// What is written comes back. The commits themselves and the store in memory say what is expected.
pub(super) async fn history(store: &dyn StakeStore) {
    let blocks = 60;
    let memory = MemoryStore::new();
    let (a, b) = (commits(A, blocks, 1), commits(B, blocks, 2));
    for (one, other) in a.iter().zip(&b) {
        put(store, std::slice::from_ref(one)).await;
        put(store, std::slice::from_ref(other)).await;
    }
    put(&memory, &a).await;
    put(&memory, &b).await;
    same(store, &memory, A, blocks).await;
    same(store, &memory, B, blocks).await;

    let (from, to) = (BlockNumber(11), BlockNumber(40));
    let within = |block: BlockNumber| (from..=to).contains(&block);
    let mut entries: Vec<Entry> =
        a.iter().flat_map(|c| c.entries.clone()).filter(|e| within(e.block)).collect();
    sort_entries(&mut entries);
    assert!(entries.len() > 20 && a.iter().any(|c| !c.exits.is_empty()), "too little to test with");
    assert_eq!(store.entries(A, from, to).await, Ok(entries));
    let epochs: Vec<EpochRecord> =
        a.iter().flat_map(|c| c.epochs.clone()).filter(|e| within(e.epoch.block.number)).collect();
    assert_eq!(store.epoch_list(A, from, to).await, Ok(epochs.iter().map(|e| e.epoch).collect()));
    assert_eq!(store.epochs(A, from, to).await, Ok(epochs));
    let times = a.iter().flat_map(|c| c.times.clone()).filter(|(block, _)| within(*block)).collect();
    assert_eq!(store.block_times(A, from, to).await, Ok(times));
    let changes: Vec<BalanceChange> =
        a.iter().flat_map(|c| c.balance_changes.clone()).filter(|c| within(c.to)).collect();
    let record = store.record(A).await.expect("readable").expect("a record");
    assert_eq!(record.balance_changes.into_iter().filter(|c| within(c.to)).collect::<Vec<_>>(), changes);
    let slots: Vec<SkippedSlot> =
        a.iter().flat_map(|c| c.skipped.clone()).filter(|s| within(s.block)).collect();
    assert!(!slots.is_empty());
    assert_eq!(store.skipped_slots(A, from, to).await, Ok(slots));
    let successions: Vec<Succession> =
        a.iter().flat_map(|c| c.successions.clone()).filter(|s| s.block <= to).collect();
    assert_eq!(store.successions(A, to).await, Ok(successions));
    let neurons: Vec<NeuronRow> =
        a.iter().flat_map(|c| c.neurons.clone()).filter(|n| n.block <= to).collect();
    assert!(neurons.iter().any(|n| n.holder.is_none()), "too little to test with");
    assert_eq!(store.neurons(A, to).await, Ok(neurons));
    let locks: BTreeMap<Coldkey, Rao> = a
        .iter()
        .flat_map(|c| c.locks.clone())
        .filter(|l| l.block <= to)
        .map(|l| (l.coldkey, l.locked))
        .collect();
    assert!(!locks.is_empty(), "too little to test with");
    assert_eq!(store.locks_at(A, to).await, Ok(locks));
    assert_eq!(store.entries(A, to, from).await, Ok(vec![]), "a range the wrong way round");

    let state = store.ledger_state(A).await.expect("readable").expect("a record");
    assert_eq!(state.interval.from, Some(BlockNumber(blocks)));
    assert_eq!(
        Some(&state.interval),
        a.last().map(|c| &c.interval),
        "the open interval is the last commit's"
    );
    for coldkey in [0, 1, 2].map(|c| Coldkey([c; 32])) {
        let held = store.open_tranches(A, &[coldkey].into(), &TranchePage::ALL).await.expect("readable");
        let mut stands = store.tranches(A, BlockNumber(0), END, END).await.expect("readable");
        stands.retain(|stand| stand.tranche.coldkey == coldkey && !stand.remaining.is_zero());
        let held: Vec<_> = held.iter().map(|open| (open.tranche, open.remaining.delta())).collect();
        assert_eq!(stands.iter().map(|stand| (stand.tranche, stand.remaining)).collect::<Vec<_>>(), held);
        let less = |stand: &TrancheStand| stand.tranche.initial.delta() - stand.taken;
        assert!(
            stands.iter().all(|stand| less(stand) == stand.remaining),
            "what remains is what did not leave"
        );
    }
}

/// Of several rows of a position or a neuron the newest counts.
pub(super) async fn newest_wins(store: &dyn StakeStore) {
    let snapshot = |block, hotkey, alpha| Snapshot {
        block: BlockNumber(block),
        key: position(hotkey, 1),
        alpha: Rao(alpha),
    };
    let owner = Some((Hotkey([1; 32]), Coldkey([1; 32])));
    let neuron = |block, uid, holder| NeuronRow { uid: Uid(uid), block: BlockNumber(block), holder };
    let mut one = plain(A, 1, None);
    one.snapshots.extend([snapshot(1, 1, 10), snapshot(1, 2, 20)]);
    one.neurons.extend([neuron(1, 0, owner), neuron(1, 1, owner)]);
    one.interval = OpenInterval {
        from: Some(BlockNumber(1)),
        operations: [(Hotkey([1; 32]), 3), (Hotkey([2; 32]), 1)].into(),
        anywhere: 2,
        runtime_changed: true,
    };
    let mut two = plain(A, 2, Some(block(1, 0)));
    two.snapshots.push(snapshot(2, 1, 0));
    two.neurons.push(neuron(2, 1, None));
    two.interval.operations.insert(Hotkey([2; 32]), 2);
    put(store, &[one, two.clone()]).await;

    let state = store.ledger_state(A).await.expect("readable").expect("a record");
    assert_eq!(state.observed, [(position(1, 1), Rao(0)), (position(2, 1), Rao(20))].into());
    assert_eq!(state.interval, two.interval);
    assert_eq!(
        state.neurons.iter().filter(|n| n.holder.is_some()).collect::<Vec<_>>(),
        [&neuron(1, 0, owner)]
    );
    assert_eq!(store.neurons(A, END).await.map(|rows| rows.len()), Ok(3));
    let at = async |block| store.positions_at(A, BlockNumber(block)).await.expect("readable");
    assert_eq!(at(0).await, [].into());
    assert_eq!(at(1).await, [(position(1, 1), Rao(10)), (position(2, 1), Rao(20))].into());
    assert_eq!(at(2).await, [(position(2, 1), Rao(20))].into());
    put(store, &[plain(A, 3, Some(block(2, 0)))]).await;
    let state = store.ledger_state(A).await.expect("readable").expect("a record");
    assert_eq!(state.interval, OpenInterval::default(), "an interval that was closed");
}
