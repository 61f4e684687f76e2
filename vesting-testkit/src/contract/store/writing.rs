//! What a commit and an observation may write, and what is refused.

use vesting_core::ports::{Commit, Holder, NeuronRow, OpenInterval, Snapshot, StakeStore, StoreError};
use vesting_core::{
    BlockHash, BlockNumber, BlockRef, Coldkey, Detection, EntryId, Epoch, EpochRecord, Exit, Flow,
    HolderTranches, Hotkey, Kind, MemoryStore, Millis, Rao, RaoDelta, SkippedSlot, Succession, Uid,
    sort_entries,
};

use super::commits::{plain, put};
use super::dice::Dice;
use super::rows::{A, B, END, MOST, balance_change, block, change, entry, epoch, position};
use super::same::same;

/// A store is bound to one chain, and refuses another one.
pub(super) async fn chain(store: &dyn StakeStore) {
    let (stored, offered) = (BlockHash([1; 32]), BlockHash([2; 32]));
    for _ in 0..2 {
        assert_eq!(store.bind_chain(stored).await, Ok(()));
    }
    assert_eq!(store.bind_chain(offered).await, Err(StoreError::OtherChain { stored, offered }));
    assert_eq!(store.bind_chain(stored).await, Ok(()));
    assert_eq!(store.genesis().await, Ok(Some(stored)));
}

/// A commit must follow on the newest block of its subnet; another one is refused and changes nothing.
pub(super) async fn parents(store: &dyn StakeStore) {
    let refuses = async |number: u64, parent: Option<BlockRef>| {
        let before = store.ledger_state(A).await;
        let mut commit = plain(A, number, parent);
        commit.holders.push(Holder { coldkey: Coldkey([9; 32]), since: BlockNumber(number) });
        let refused = store.commit(&commit).await;
        assert!(matches!(refused, Err(StoreError::NotNext { netuid: A, .. })), "{refused:?}");
        assert_eq!(store.ledger_state(A).await, before);
        assert_eq!(store.holders(A).await, Ok(vec![]));
    };
    refuses(1, Some(block(0, 0))).await;
    assert_eq!(store.netuids().await, Ok(vec![]));
    put(store, &[plain(A, 1, None), plain(A, 2, Some(block(1, 0)))]).await;
    refuses(3, None).await;
    refuses(3, Some(block(1, 0))).await;
    refuses(3, Some(block(2, 7))).await;
    refuses(2, Some(block(1, 0))).await;
    // The first commit of another subnet has nothing to follow on.
    put(store, &[plain(B, 9, None), plain(A, 3, Some(block(2, 0)))]).await;
    assert_eq!(store.netuids().await, Ok(vec![A, B]));
    assert_eq!(store.watermark(A).await, Ok(Some(plain(A, 3, None).watermark)));
}

/// A commit with one row that cannot be stored is refused, and leaves nothing behind.
pub(super) async fn refused_whole(store: &dyn StakeStore) {
    let mut first = plain(A, 1, None);
    let tranche_entry = entry(A, 1, Some(4), Kind::StakeAdded, position(1, 1), 50);
    first.entries.push(tranche_entry);
    first.tranches.extend(HolderTranches::default().apply(&tranche_entry, Millis(12_000)).opened);
    first.snapshots.push(Snapshot { block: BlockNumber(1), key: position(1, 1), alpha: Rao(50) });
    first.neurons.push(NeuronRow { uid: Uid(1), block: BlockNumber(1), holder: None });
    first.holders.push(Holder { coldkey: Coldkey([1; 32]), since: BlockNumber(1) });
    put(store, std::slice::from_ref(&first)).await;
    let memory = MemoryStore::new();
    put(&memory, std::slice::from_ref(&first)).await;

    let base = || {
        let mut commit = plain(A, 2, Some(block(1, 0)));
        commit.entries.push(entry(A, 2, None, Kind::Incentive, position(1, 1), 5));
        commit.interval.operations.insert(Hotkey([1; 32]), 1);
        commit
    };
    let exit = |tranche: EntryId, amount: u64| {
        let by = EntryId {
            block: BlockNumber(2),
            event_index: Some(1),
            kind: Kind::StakeRemoved,
            hotkey: Hotkey([1; 32]),
        };
        Exit { netuid: A, coldkey: Coldkey([1; 32]), tranche, by, amount: Rao(amount) }
    };
    type Spoil = fn(&mut Commit, &Commit);
    let bad: [(&str, Spoil); 11] = [
        ("an entry again", |commit, first| commit.entries.extend(&first.entries)),
        ("an entry twice", |commit, _| commit.entries.extend(commit.entries.clone())),
        ("a holder again", |commit, first| commit.holders.extend(&first.holders)),
        ("a snapshot again", |commit, first| commit.snapshots.extend(&first.snapshots)),
        ("a succession twice", |commit, _| {
            let (old, new) = (Coldkey([1; 32]), Coldkey([2; 32]));
            commit.successions.extend([Succession { block: BlockNumber(2), event_index: 1, old, new }; 2]);
        }),
        ("a skipped slot twice", |commit, _| {
            commit.skipped.extend([SkippedSlot { block: BlockNumber(2), time: Millis(0) }; 2])
        }),
        ("a neuron again", |commit, first| commit.neurons.extend(&first.neurons)),
        ("a tranche again", |commit, first| commit.tranches.extend(&first.tranches)),
        ("an entry of another subnet", |commit, _| {
            commit.entries.push(entry(B, 2, None, Kind::Fee, position(1, 1), -1))
        }),
        ("an epoch with a gap before it", |commit, _| {
            let epoch = Epoch { pre_block: block(7, 0), ..epoch(2) };
            commit.epochs = vec![EpochRecord { epoch, detected: Detection::Storage, changes: vec![] }];
        }),
        ("changes of one position twice", |commit, _| {
            let one = change(position(1, 1), &mut Dice(1));
            commit.epochs =
                vec![EpochRecord { epoch: epoch(2), detected: Detection::Storage, changes: vec![one, one] }];
        }),
    ];
    let mut refused: Vec<(&str, Commit)> = bad
        .iter()
        .map(|(what, spoil)| {
            (*what, {
                let mut c = base();
                spoil(&mut c, &first);
                c
            })
        })
        .collect();
    let there = EntryId::of(&tranche_entry);
    let nowhere = EntryId { event_index: None, ..there };
    refused.push(("an exit from no tranche", Commit { exits: vec![exit(nowhere, 1)], ..base() }));
    refused.push(("an exit of too much", Commit { exits: vec![exit(there, 51)], ..base() }));
    for (what, commit) in refused {
        let result = store.commit(&commit).await;
        assert!(
            matches!(result, Err(StoreError::Unusable(_) | StoreError::Corrupt(_))),
            "{what}: {result:?}"
        );
        same(store, &memory, A, 2).await;
    }
    let good = Commit { exits: vec![exit(there, 50)], ..base() };
    put(store, std::slice::from_ref(&good)).await;
    put(&memory, std::slice::from_ref(&good)).await;
    same(store, &memory, A, 2).await;
}

/// An observation is taken only at the newest block, and taking it again changes nothing.
pub(super) async fn observing(store: &dyn StakeStore) {
    put(store, &[plain(A, 1, None), plain(B, 1, None), plain(A, 2, Some(block(1, 0)))]).await;
    let row = Snapshot { block: BlockNumber(2), key: position(1, 1), alpha: Rao(5) };
    for at in [block(1, 0), block(2, 7), block(3, 0)] {
        let refused = store.observe(A, at, &[row], &OpenInterval::default()).await;
        assert!(matches!(refused, Err(StoreError::NotNext { netuid: A, .. })), "{refused:?}");
    }
    assert_eq!(store.positions_at(A, END).await, Ok([].into()));
    let operations = [(position(1, 1).hotkey, 3)].into();
    let interval =
        OpenInterval { from: Some(BlockNumber(1)), operations, anywhere: 2, runtime_changed: true };
    for _ in 0..2 {
        assert_eq!(
            store.observe(A, block(2, 0), &[row], &interval).await,
            Ok(()),
            "observing again changes nothing"
        );
        let state = store.ledger_state(A).await.expect("readable").expect("a record");
        assert_eq!(state.interval, interval);
        assert_eq!(store.positions_at(A, END).await, Ok([(row.key, row.alpha)].into()));
    }
    let observed =
        async |netuid| store.watermark(netuid).await.expect("readable").expect("a record").observed;
    assert_eq!((observed(A).await, observed(B).await), (BlockNumber(2), BlockNumber(0)));
    let mut next = plain(A, 3, Some(block(2, 0)));
    next.watermark.observed = BlockNumber(2);
    put(store, &[next]).await;
    assert_eq!(observed(A).await, BlockNumber(2));
}

/// The largest amounts come back as they were; larger ones are refused, and leave nothing behind.
pub(super) async fn large(store: &dyn StakeStore) {
    let most = i128::from(MOST);
    let mut first = plain(A, 1, None);
    // The whole sum fits a row, though the sum of the first ones does not.
    for (index, alpha) in [most, most, -most, -most, most].into_iter().enumerate() {
        let index = u32::MAX - 4 + u32::try_from(index).expect("small");
        first.entries.push(entry(A, 1, Some(index), Kind::Moved, position(1, 1), alpha));
    }
    first.entries.push(entry(A, 1, None, Kind::Fee, position(2, 1), i128::from(i64::MIN)));
    first.snapshots.push(Snapshot { block: BlockNumber(1), key: position(1, 1), alpha: Rao(MOST) });
    let opening = entry(A, 1, None, Kind::Opening, position(3, 1), most);
    first.tranches.extend(HolderTranches::default().apply(&opening, Millis(0)).opened);
    sort_entries(&mut first.entries);
    put(store, std::slice::from_ref(&first)).await;
    let memory = MemoryStore::new();
    put(&memory, std::slice::from_ref(&first)).await;
    assert_eq!(store.entries(A, END, END).await, Ok(vec![]));
    assert_eq!(store.entries(A, BlockNumber(0), END).await, Ok(first.entries.clone()));

    let base = || plain(A, 2, Some(block(1, 0)));
    let snapshot = Snapshot { block: BlockNumber(2), key: position(1, 1), alpha: Rao(MOST + 1) };
    let tranche = vesting_core::Tranche { initial: Rao(MOST + 1), ..first.tranches[0] };
    let mut stake = change(position(1, 1), &mut Dice(1));
    stake.after = Rao(u64::MAX);
    let mut interval = balance_change(6, position(1, 1), &mut Dice(1));
    interval.by_flow.insert(Flow::Emission, RaoDelta(most + 1));
    let bad = [
        Commit { entries: vec![entry(A, 2, None, Kind::Incentive, position(1, 1), most + 1)], ..base() },
        Commit { entries: vec![entry(A, 2, None, Kind::Incentive, position(1, 1), i128::MIN)], ..base() },
        Commit { snapshots: vec![snapshot], ..base() },
        Commit { tranches: vec![tranche], ..base() },
        Commit {
            epochs: vec![EpochRecord { epoch: epoch(2), detected: Detection::Storage, changes: vec![stake] }],
            ..base()
        },
        Commit { balance_changes: vec![interval], ..base() },
    ];
    for commit in bad {
        let refused = store.commit(&commit).await;
        assert!(matches!(refused, Err(StoreError::Unusable(_))), "{refused:?}");
        same(store, &memory, A, 2).await;
    }
    let refused = store.observe(A, block(1, 0), &[snapshot], &OpenInterval::default()).await;
    assert!(matches!(refused, Err(StoreError::Unusable(_))), "{refused:?}");
    same(store, &memory, A, 2).await;
}
