//! What every [`StakeStore`] must do.

#![allow(clippy::panic, clippy::expect_used, clippy::missing_panics_doc)] // a test suite: it fails by panicking

use std::collections::BTreeMap;
use std::sync::Arc;

use vesting_core::ports::{
    BalanceChange, Commit, End, Holder, LockRow, MultiplierRow, NeuronRow, OpenInterval, Pruned, Snapshot,
    StakeStore, StoreError, TranchePage, TrancheStand, Watermark,
};
use vesting_core::{
    BlockHash, BlockNumber, BlockRef, Coldkey, Detection, Entry, EntryId, Epoch, EpochRecord, Exit, Flow,
    HolderTranches, Hotkey, Kind, MemoryStore, Millis, NetUid, Neuron, OpenTranche, Phase, PositionKey, Ppb,
    Rao, RaoDelta, SkippedSlot, Source, StakeChange, Succession, Successions, Uid, sort_entries,
};

const A: NetUid = NetUid(2);
const B: NetUid = NetUid(3);
const END: BlockNumber = BlockNumber(u64::MAX);
const MOST: u64 = i64::MAX as u64;

/// Runs every check, each on a store of its own.
pub async fn run(make: impl AsyncFn() -> Arc<dyn StakeStore>) {
    empty(&*make().await).await;
    chain(&*make().await).await;
    parents(&*make().await).await;
    history(&*make().await).await;
    moved(&*make().await, &*make().await).await;
    moved_in_parts(&*make().await, &*make().await).await;
    refused_whole(&*make().await).await;
    tranches(&*make().await).await;
    pages_of_tranches(&*make().await).await;
    newest_wins(&*make().await).await;
    observing(&*make().await).await;
    multipliers(&*make().await).await;
    large(&*make().await).await;
    pruned(&*make().await).await;
    pruned_on_the_way(&*make().await).await;
    pruned_with_large_sums(&*make().await).await;
    rewound(&make).await;
    rewound_after_a_prune(&*make().await).await;
}

/// The block of that height; another `fork` is another block.
#[must_use]
pub fn block(number: u64, fork: u8) -> BlockRef {
    let mut hash = [fork; 32];
    hash[..8].copy_from_slice(&number.to_be_bytes());
    BlockRef { number: BlockNumber(number), hash: BlockHash(hash) }
}

/// A commit of one block without rows.
#[must_use]
pub fn plain(netuid: NetUid, number: u64, parent: Option<BlockRef>) -> Commit {
    let watermark = Watermark {
        block: block(number, 0),
        time: Millis(number * 12_000),
        first_block: BlockNumber(1),
        first_time: Millis(12_000),
        observed: BlockNumber(0),
        spec_version: 300,
    };
    Commit::without_rows(netuid, parent, watermark, OpenInterval::default())
}

fn position(hotkey: u8, coldkey: u8) -> PositionKey {
    PositionKey { hotkey: Hotkey([hotkey; 32]), coldkey: Coldkey([coldkey; 32]) }
}

fn entry(netuid: NetUid, block: u64, index: Option<u32>, kind: Kind, key: PositionKey, alpha: i128) -> Entry {
    let phase = match index {
        Some(0) => Phase::Initialization,
        Some(1) => Phase::Finalization,
        other => Phase::Extrinsic(other.unwrap_or(0)),
    };
    let source = index.map(|event_index| Source { event_index, phase });
    Entry { netuid, block: BlockNumber(block), source, key, kind, alpha: RaoDelta(alpha) }
}

/// Numbers that are the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    fn byte(&mut self, sides: u8) -> u8 {
        u8::try_from(self.roll(sides.into())).expect("below a byte")
    }
}

/// A record of `blocks` commits on `netuid` with rows of every sort, made up but consistent.
#[must_use]
pub fn commits(netuid: NetUid, blocks: u64, seed: u64) -> Vec<Commit> {
    let mut dice = Dice(seed);
    let mut holders: BTreeMap<u8, HolderTranches> = BTreeMap::new();
    let mut parent = None;
    (1..=blocks)
        .map(|number| {
            let mut commit = plain(netuid, number, parent);
            commit.watermark.spec_version += u32::from(number > blocks / 2);
            for index in 0..dice.roll(5) {
                let key = position(dice.byte(4), dice.byte(3));
                let kind = Kind::ALL[usize::try_from(dice.roll(18)).expect("small")];
                let source = (dice.roll(3) > 0).then(|| u32::try_from(index).expect("small"));
                let alpha =
                    i128::from(dice.roll(1000)) - if kind.flow() == Flow::Outflow { 1400 } else { 300 };
                let new = entry(netuid, number, source, kind, key, alpha);
                if commit.entries.iter().all(|old| old.order() != new.order()) {
                    commit.entries.push(new);
                }
            }
            sort_entries(&mut commit.entries);
            commit.times = commit.entries.iter().map(|entry| (entry.block, commit.watermark.time)).collect();
            if number.is_multiple_of(4) && !commit.times.is_empty() {
                // Found only now, in the block before.
                commit.times.insert(BlockNumber(number - 1), Millis((number - 1) * 12_000));
            }
            for entry in &commit.entries {
                let coldkey = entry.key.coldkey;
                let holder = holders.entry(coldkey.0[0]).or_insert_with(|| {
                    commit.holders.push(Holder { coldkey, since: BlockNumber(number - 1) });
                    HolderTranches::default()
                });
                let change = holder.apply(entry, commit.watermark.time);
                commit.tranches.extend(change.opened);
                commit.exits.extend(change.exits);
            }
            if number > 5 && number % 15 == 1 {
                // Who took over from a holder is followed from the parent on, here an epoch's block.
                let (key, since) = (
                    position(dice.byte(4), 100 + u8::try_from(number % 100).expect("small")),
                    BlockNumber(number - 1),
                );
                let opening =
                    entry(netuid, number - 1, None, Kind::Opening, key, 1 + i128::from(dice.roll(1000)));
                let (holder, time) =
                    (holders.entry(key.coldkey.0[0]).or_default(), Millis((number - 1) * 12_000));
                commit.holders.push(Holder { coldkey: key.coldkey, since });
                commit.times.insert(since, time);
                commit.tranches.extend(holder.apply(&opening, time).opened);
                commit.snapshots.push(Snapshot {
                    block: since,
                    key,
                    alpha: Rao(opening.alpha.magnitude().try_into().expect("small")),
                });
                let sold = entry(netuid, number, Some(77), Kind::StakeRemoved, key, -1);
                commit.exits.extend(holder.apply(&sold, commit.watermark.time).exits);
                commit.times.insert(sold.block, commit.watermark.time);
                commit.entries.extend([opening, sold]);
                sort_entries(&mut commit.entries);
            }
            for key in [position(dice.byte(4), dice.byte(3)), position(5, dice.byte(3))] {
                commit.snapshots.push(Snapshot {
                    block: BlockNumber(number),
                    key,
                    alpha: Rao(dice.roll(3) * dice.roll(1000)),
                });
            }
            if number.is_multiple_of(3) {
                let holder =
                    (dice.roll(3) > 0).then(|| (Hotkey([dice.byte(9); 32]), Coldkey([dice.byte(9); 32])));
                // Of an epoch's block all was said with it.
                let block = BlockNumber(if (number - 1).is_multiple_of(5) { number } else { number - 1 });
                commit.neurons.push(NeuronRow { uid: Uid(u16::from(dice.byte(4))), block, holder });
            }
            if number.is_multiple_of(5) {
                let changes =
                    (0..3).map(|hotkey| change(position(hotkey, dice.byte(3)), &mut dice)).collect();
                commit.epochs = vec![EpochRecord {
                    epoch: epoch(number),
                    detected: Detection::ALL[usize::from(dice.byte(3))],
                    changes,
                }];
                let locked = |coldkey, dice: &mut Dice| LockRow {
                    block: BlockNumber(number),
                    coldkey,
                    locked: Rao(dice.roll(2) * dice.roll(1000)),
                };
                commit.locks = [dice.byte(2), 2].map(|n| locked(Coldkey([n; 32]), &mut dice)).to_vec();
                commit
                    .balance_changes
                    .extend((0..2).map(|hotkey| balance_change(number, position(hotkey, 1), &mut dice)));
            }
            if number.is_multiple_of(7) {
                let (block, event_index) = (BlockNumber(number), u32::from(dice.byte(4)));
                commit.skipped.push(SkippedSlot { block, time: commit.watermark.time });
                let [old, new] = [dice.byte(9), dice.byte(9)].map(|n| Coldkey([n; 32]));
                commit.successions.push(Succession { block, event_index, old, new });
            }
            commit.interval.from = (number >= 5).then_some(BlockNumber(number / 5 * 5));
            commit.watermark.observed = commit.interval.from.unwrap_or_default();
            let (anywhere, begun) = (dice.roll(4), !number.is_multiple_of(5));
            // An epoch ends with an interval in which nothing has happened yet.
            commit.interval.anywhere = if begun { anywhere } else { 0 };
            commit.interval.runtime_changed = begun && number.is_multiple_of(4);
            commit.interval.operations =
                (0..number % 5).map(|n| (Hotkey([dice.byte(9); 32]), number + n)).collect();
            parent = Some(commit.watermark.block);
            commit
        })
        .collect()
}

fn epoch(number: u64) -> Epoch {
    Epoch {
        block: block(number, 0),
        pre_block: block(number - 1, 0),
        time: Millis(number * 12_000),
        index: number.is_multiple_of(2).then_some(number / 5),
        tempo: u16::MAX,
        registered_at: BlockNumber(1),
    }
}

fn change(key: PositionKey, dice: &mut Dice) -> StakeChange {
    let mut part = || RaoDelta(i128::from(dice.roll(100)) - 50);
    StakeChange {
        manual_add: part(),
        manual_remove: part(),
        neutral: part(),
        true_emission: part(),
        incentive: part(),
        rounding: part(),
        unattributed: part(),
        uid: (dice.roll(2) > 0).then_some(Uid(u16::MAX)),
        key,
        before: Rao(dice.roll(1000)),
        after: Rao(dice.roll(1000)),
    }
}

fn balance_change(number: u64, key: PositionKey, dice: &mut Dice) -> BalanceChange {
    let flows = [
        Flow::Opening,
        Flow::Emission,
        Flow::Inflow,
        Flow::Outflow,
        Flow::Neutral,
        Flow::Corrected,
        Flow::Rounding,
        Flow::Unattributed,
    ];
    // No entry of a flow and entries that sum to 0 are two things.
    let by_flow = flows
        .into_iter()
        .map(|flow| (flow, dice.roll(3), dice.roll(5)))
        .filter(|(_, there, _)| *there > 0)
        .map(|(flow, _, sum)| (flow, RaoDelta(i128::from(sum) - 2)))
        .collect();
    BalanceChange {
        from: BlockNumber(number - 5),
        to: BlockNumber(number - 1),
        key,
        start: Rao(dice.roll(1000)),
        end: Rao(dice.roll(1000)),
        by_flow,
    }
}

async fn put(store: &dyn StakeStore, commits: &[Commit]) {
    for commit in commits {
        store.commit(commit).await.expect("a commit that follows");
    }
}

/// Pages of open tranches: all of them, and some from either end of some blocks.
fn pages(blocks: u64) -> Vec<TranchePage> {
    let mut pages = vec![TranchePage::ALL];
    for (from, to) in [(0, u64::MAX), (2, blocks / 2), (blocks / 2, blocks / 3)] {
        for least in [0, 1, 2, 7, u32::MAX] {
            let page = |first| TranchePage { from: BlockNumber(from), to: BlockNumber(to), first, least };
            pages.extend([End::Oldest, End::Newest].map(page));
        }
    }
    pages
}

/// Everything the two stores say about a subnet is the same, whatever range is asked.
pub async fn same(one: &dyn StakeStore, other: &dyn StakeStore, netuid: NetUid, blocks: u64) {
    assert_eq!(one.watermark(netuid).await, other.watermark(netuid).await);
    assert_eq!(one.ledger_state(netuid).await, other.ledger_state(netuid).await);
    assert_eq!(one.holders(netuid).await, other.holders(netuid).await);
    assert_eq!(one.record(netuid).await, other.record(netuid).await);
    for (after, to) in [
        (None, Some(5)),
        (Some(5), Some(20)),
        (Some(10), None),
        (Some(20), Some(10)),
        (None, Some(7)),
        (Some(3), None),
    ] {
        let (after, to) = (after.map(BlockNumber), to.map(BlockNumber));
        assert_eq!(
            one.part(netuid, after, to).await,
            other.part(netuid, after, to).await,
            "after {after:?} to {to:?}"
        );
    }
    // Each of the coldkeys of the rows alone, all of them, and some with one that is none.
    let alone = (0..4).map(|coldkey| vec![coldkey]);
    for coldkeys in alone.chain([vec![], vec![0, 1, 2, 3], vec![1, 200]]) {
        let coldkeys = coldkeys.into_iter().map(|n| Coldkey([n; 32])).collect();
        for page in pages(blocks) {
            let open = one.open_tranches(netuid, &coldkeys, &page).await;
            assert_eq!(open, other.open_tranches(netuid, &coldkeys, &page).await, "{coldkeys:?}, {page:?}");
        }
    }
    let near = [0, 1, blocks / 3, blocks / 2, blocks - 1, blocks, blocks + 1, u64::MAX];
    for to in near.map(BlockNumber) {
        assert_eq!(one.neurons(netuid, to).await, other.neurons(netuid, to).await);
        assert_eq!(one.successions(netuid, to).await, other.successions(netuid, to).await);
        assert_eq!(one.positions_at(netuid, to).await, other.positions_at(netuid, to).await);
        assert_eq!(one.locks_at(netuid, to).await, other.locks_at(netuid, to).await);
        for from in near.map(BlockNumber) {
            assert_eq!(
                one.entries(netuid, from, to).await,
                other.entries(netuid, from, to).await,
                "{from} to {to}"
            );
            for as_of in [0, blocks / 2, blocks].map(BlockNumber) {
                let stands = one.tranches(netuid, from, to, as_of).await;
                assert_eq!(
                    stands,
                    other.tranches(netuid, from, to, as_of).await,
                    "{from} to {to} as of {as_of}"
                );
            }
            assert_eq!(
                one.block_times(netuid, from, to).await,
                other.block_times(netuid, from, to).await,
                "{from} to {to}"
            );
            assert_eq!(
                one.epochs(netuid, from, to).await,
                other.epochs(netuid, from, to).await,
                "{from} to {to}"
            );
            assert_eq!(
                one.epoch_list(netuid, from, to).await,
                other.epoch_list(netuid, from, to).await,
                "{from} to {to}"
            );
            assert_eq!(
                one.skipped_slots(netuid, from, to).await,
                other.skipped_slots(netuid, from, to).await,
                "{from} to {to}"
            );
            assert_eq!(
                one.balance_changes(netuid, from, to).await,
                other.balance_changes(netuid, from, to).await,
                "{from} to {to}"
            );
        }
    }
}

/// Page by page from either end all open tranches come, none twice, and those of a block together.
async fn pages_of_tranches(store: &dyn StakeStore) {
    let mut holders: BTreeMap<u8, HolderTranches> = BTreeMap::new();
    let mut parent = None;
    for number in 1..=40u64 {
        let mut commit = plain(A, number, parent);
        let own = u8::try_from(number % 3).expect("small");
        commit.entries = vec![
            entry(A, number, None, Kind::Incentive, position(1, own), 100),
            entry(A, number, None, Kind::Incentive, position(2, own), 70),
            entry(A, number, None, Kind::DividendOrOther, position(2, (own + 1) % 3), 5),
        ];
        if number.is_multiple_of(4) {
            commit.entries.push(entry(A, number, Some(3), Kind::StakeRemoved, position(1, own), -130));
        }
        sort_entries(&mut commit.entries);
        for entry in &commit.entries {
            let change =
                holders.entry(entry.key.coldkey.0[0]).or_default().apply(entry, commit.watermark.time);
            commit.tranches.extend(change.opened);
            commit.exits.extend(change.exits);
        }
        parent = Some(commit.watermark.block);
        put(store, &[commit]).await;
    }
    let coldkeys = (0..4).map(|n| Coldkey([n; 32])).collect();
    let all = store.open_tranches(A, &coldkeys, &TranchePage::ALL).await.expect("readable");
    assert!(all.len() > 20, "too little to test with: {}", all.len());
    for (first, least) in [(End::Oldest, 1), (End::Newest, 1), (End::Oldest, 5), (End::Newest, 5)] {
        let (mut found, mut page) = (Vec::new(), TranchePage { first, least, ..TranchePage::ALL });
        loop {
            let read = store.open_tranches(A, &coldkeys, &page).await.expect("readable");
            let blocks = || read.iter().map(|open| open.tranche.id.block);
            let (Some(low), Some(high)) = (blocks().min(), blocks().max()) else { break };
            assert!(low >= page.from && high <= page.to, "{page:?}");
            found.extend(&read);
            if read.len() < usize::try_from(least).expect("small") || low == BlockNumber(0) {
                break;
            }
            match first {
                End::Oldest => page.from = high.child(),
                End::Newest => page.to = low.parent(),
            }
        }
        found.sort_by_key(|open: &OpenTranche| all.iter().position(|one| one.tranche == open.tranche));
        assert_eq!(found, all, "{first:?} {least}");
    }
}

async fn empty(store: &dyn StakeStore) {
    assert_eq!(store.genesis().await, Ok(None));
    assert_eq!(store.netuids().await, Ok(vec![]));
    assert_eq!(store.watermark(A).await, Ok(None));
    assert_eq!(store.ledger_state(A).await, Ok(None));
    same(store, &MemoryStore::new(), A, 3).await;
    assert_eq!(store.multipliers(A, END, "p").await, Ok(vec![]));
    let refused = store.observe(A, block(1, 0), &[], &OpenInterval::default()).await;
    assert!(matches!(refused, Err(StoreError::NotNext { netuid: A, .. })), "{refused:?}");
}

async fn chain(store: &dyn StakeStore) {
    let (stored, offered) = (BlockHash([1; 32]), BlockHash([2; 32]));
    for _ in 0..2 {
        assert_eq!(store.bind_chain(stored).await, Ok(()));
    }
    assert_eq!(store.bind_chain(offered).await, Err(StoreError::OtherChain { stored, offered }));
    assert_eq!(store.bind_chain(stored).await, Ok(()));
    assert_eq!(store.genesis().await, Ok(Some(stored)));
}

async fn parents(store: &dyn StakeStore) {
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
    // The first record of another subnet is none of this one's business.
    put(store, &[plain(B, 9, None), plain(A, 3, Some(block(2, 0)))]).await;
    assert_eq!(store.netuids().await, Ok(vec![A, B]));
    assert_eq!(store.watermark(A).await, Ok(Some(plain(A, 3, None).watermark)));
}

/// What is put comes back: against the commits themselves, and against the store in memory.
async fn history(store: &dyn StakeStore) {
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
    assert_eq!(store.balance_changes(A, from, to).await, Ok(changes));
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

/// A record is one commit that makes it anew, in another store too.
async fn moved(store: &dyn StakeStore, other: &dyn StakeStore) {
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

/// A commit of which one row cannot be stored leaves nothing behind.
/// Its parts make a record anew, and the first ones what it was at an epoch.
async fn moved_in_parts(store: &dyn StakeStore, other: &dyn StakeStore) {
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

async fn refused_whole(store: &dyn StakeStore) {
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

/// Exits reach back over commits, and `as_of` goes back in time.
async fn tranches(store: &dyn StakeStore) {
    let key = position(1, 1);
    let mut holder = HolderTranches::default();
    let mut parent = None;
    for (number, kind, alpha) in [
        (1, Kind::Opening, 100),
        (2, Kind::Incentive, 30),
        (3, Kind::StakeRemoved, -40),
        (4, Kind::StakeRemoved, -90),
    ] {
        let mut commit = plain(A, number, parent);
        let index = (alpha < 0).then_some(7);
        let new = entry(A, number, index, kind, key, alpha);
        let change = holder.apply(&new, commit.watermark.time);
        commit.entries.push(new);
        commit.tranches.extend(change.opened);
        commit.exits.extend(change.exits);
        put(store, std::slice::from_ref(&commit)).await;
        parent = Some(commit.watermark.block);
        assert_eq!(
            store.open_tranches(A, &[key.coldkey].into(), &TranchePage::ALL).await,
            Ok(holder.open().to_vec()),
            "after block {number}"
        );
    }
    let stands = async |from, to, as_of| {
        let found = store
            .tranches(A, BlockNumber(from), BlockNumber(to), BlockNumber(as_of))
            .await
            .expect("readable");
        found.iter().map(|stand| (stand.exits, stand.taken.0, stand.remaining.0)).collect::<Vec<_>>()
    };
    for (as_of, one, two) in [
        (1, (0, 0, 100), (0, 0, 30)),
        (2, (0, 0, 100), (0, 0, 30)),
        (3, (1, 10, 90), (1, 30, 0)),
        (4, (2, 100, 0), (1, 30, 0)),
        (u64::MAX, (2, 100, 0), (1, 30, 0)),
    ] {
        assert_eq!(stands(0, u64::MAX, as_of).await, [one, two], "as of {as_of}");
        assert_eq!(stands(0, 1, as_of).await, [one]);
        assert_eq!(stands(2, 2, as_of).await, [two]);
        assert_eq!(stands(3, u64::MAX, as_of).await, []);
    }
}

async fn newest_wins(store: &dyn StakeStore) {
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

async fn observing(store: &dyn StakeStore) {
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

async fn multipliers(store: &dyn StakeStore) {
    let row = |as_of, policy: &str, uid: u16, multiplier| MultiplierRow {
        as_of: BlockNumber(as_of),
        policy: policy.into(),
        neuron: Neuron { uid: Uid(uid), hotkey: Hotkey([1; 32]), coldkey: Coldkey([2; 32]) },
        multiplier: Ppb(multiplier),
    };
    let rows = [row(5, "p", 10, 1), row(5, "p", 9, 2), row(5, "q", 9, 3), row(6, "p", 9, 4)];
    for _ in 0..2 {
        assert_eq!(store.put_multipliers(A, &rows).await, Ok(()));
        assert_eq!(
            store.multipliers(A, BlockNumber(5), "p").await,
            Ok(vec![rows[1].clone(), rows[0].clone()])
        );
    }
    assert_eq!(store.put_multipliers(A, &[row(5, "p", 9, 77), row(5, "p", 11, 5)]).await, Ok(()));
    let found = store.multipliers(A, BlockNumber(5), "p").await.expect("readable");
    assert_eq!(
        found.iter().map(|row| row.multiplier.0).collect::<Vec<_>>(),
        [2, 1, 5],
        "what is stored stays"
    );
    assert_eq!(store.multipliers(A, BlockNumber(5), "q").await, Ok(vec![rows[2].clone()]));
    assert_eq!(store.multipliers(A, BlockNumber(7), "p").await, Ok(vec![]));
    assert_eq!(store.multipliers(B, BlockNumber(5), "p").await, Ok(vec![]));
    let refused = store.put_multipliers(A, &[row(8, "p", 1, 1), row(8, "p", 2, MOST + 1)]).await;
    assert!(matches!(refused, Err(StoreError::Unusable(_))), "{refused:?}");
    assert_eq!(store.multipliers(A, BlockNumber(8), "p").await, Ok(vec![]), "nothing of what was refused");
}

async fn large(store: &dyn StakeStore) {
    let most = i128::from(MOST);
    let mut first = plain(A, 1, None);
    // Sums that fit, by way of sums that do not.
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

/// What a record is once it is pruned up to the end of `base`, and what went and came.
fn condensed(record: &Commit, base: BlockNumber) -> (Commit, Pruned) {
    let mut after = record.clone();
    let gone = |before: usize, after: usize| u64::try_from(before - after).expect("small");
    // What was left of each tranche at the end of the block, and whose it was.
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
        // Only the first of a coldkey's positions finds it.
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

/// A record is condensed to what begins at the end of an epoch, as often as one likes; nothing else changes.
async fn pruned(store: &dyn StakeStore) {
    let (blocks, memory) = (60, MemoryStore::new());
    let (a, b) = (commits(A, blocks, 6), commits(B, blocks, 7));
    for all in [&a, &b] {
        put(store, all).await;
        put(&memory, all).await;
    }
    let kept = MultiplierRow {
        as_of: BlockNumber(5),
        policy: "p".into(),
        neuron: Neuron { uid: Uid(1), hotkey: Hotkey([1; 32]), coldkey: Coldkey([2; 32]) },
        multiplier: Ppb(3),
    };
    assert_eq!(store.put_multipliers(A, std::slice::from_ref(&kept)).await, Ok(()));
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
        // What a recorder goes on from is what it was, but for what is nothing.
        let state = store.ledger_state(A).await.expect("readable").expect("a record");
        assert_eq!(open_tranches().await, open);
        assert_eq!((state.locks, state.neurons), (whole.locks.clone(), whole.neurons.clone()));
        assert_eq!((state.successions, state.interval), (whole.successions.clone(), whole.interval.clone()));
        let some = |observed: BTreeMap<PositionKey, Rao>| {
            observed.into_iter().filter(|(_, alpha)| *alpha > Rao::ZERO).collect::<Vec<_>>()
        };
        assert_eq!(some(state.observed), some(whole.observed.clone()));
        // Again, before it, where no epoch is, where nothing follows, and where there is no record.
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
    assert_eq!(store.multipliers(A, BlockNumber(5), "p").await, Ok(vec![kept]));
}

/// Who writes need not know that the record was pruned, and what is pruned later is the same.
async fn pruned_on_the_way(store: &dyn StakeStore) {
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

/// Sums that fit by way of sums that do not; one that does not fit is refused, and nothing changes.
async fn pruned_with_large_sums(store: &dyn StakeStore) {
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

/// Taken back to any of its epochs a record is what it was when it stood there, and goes on as if it had
/// never gone further; nothing else changes, and what cannot be is refused.
async fn rewound(make: &impl AsyncFn() -> Arc<dyn StakeStore>) {
    let (blocks, mut dice) = (60, Dice(9));
    let all = commits(A, blocks, 10);
    let (store, memory) = (make().await, MemoryStore::new());
    for store in [&*store, &memory] {
        put(store, &all).await;
        put(store, &commits(B, blocks, 11)).await;
        put_multipliers_of(store, &all).await;
    }
    let whole = MemoryStore::new();
    put(&whole, &all).await;
    put_multipliers_of(&whole, &all).await;
    let other = store.record(B).await;
    for _ in 0..4 {
        let block = 5 * (1 + dice.roll(blocks / 5));
        let kept = usize::try_from(block).expect("small");
        let mark = all[kept - 1].watermark;
        let told = Watermark { first_block: BlockNumber(99), first_time: Millis(99), ..mark };
        // The same record, made by who stopped there.
        let stopped = MemoryStore::new();
        put(&stopped, &all[..kept]).await;
        put_multipliers_of(&stopped, &all[..kept]).await;
        for store in [&*store, &memory] {
            assert_eq!(store.rewind(A, Some(told)).await, Ok(()));
            same_whole(store, &stopped, blocks).await;
            // Once more changes nothing.
            assert_eq!(store.rewind(A, Some(told)).await, Ok(()));
            same_whole(store, &stopped, blocks).await;
            refused_to_rewind(store, block, blocks).await;
            same_whole(store, &stopped, blocks).await;
            put(store, &all[kept..]).await;
            put_multipliers_of(store, &all[kept..]).await;
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
        assert_eq!(store.multipliers(A, BlockNumber(5), "p").await, Ok(vec![]));
        assert_eq!(store.rewind(A, None).await, Ok(()), "there is nothing to take back");
        put(store, &all[..7]).await;
        assert_eq!(store.record(B).await, other);
    }
    let anew = MemoryStore::new();
    put(&anew, &all[..7]).await;
    same(&*store, &anew, A, blocks).await;
}

/// What is no epoch of the record is not taken back to.
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

/// Multipliers as of every epoch of these commits.
async fn put_multipliers_of(store: &dyn StakeStore, commits: &[Commit]) {
    let neuron = Neuron { uid: Uid(1), hotkey: Hotkey([1; 32]), coldkey: Coldkey([2; 32]) };
    let epochs = commits.iter().flat_map(|commit| &commit.epochs).map(|record| record.epoch.block.number);
    let rows: Vec<_> = epochs
        .map(|as_of| MultiplierRow { as_of, policy: "p".into(), neuron, multiplier: Ppb(as_of.0) })
        .collect();
    assert_eq!(store.put_multipliers(A, &rows).await, Ok(()));
}

/// A record is what another one is, which was never taken back.
async fn same_whole(store: &dyn StakeStore, other: &dyn StakeStore, blocks: u64) {
    same(store, other, A, blocks).await;
    let coldkeys = (0..=u8::MAX).map(|n| Coldkey([n; 32])).collect();
    let page = TranchePage::ALL;
    assert_eq!(
        store.open_tranches(A, &coldkeys, &page).await,
        other.open_tranches(A, &coldkeys, &page).await
    );
    for as_of in (0..=blocks).map(BlockNumber) {
        assert_eq!(
            store.multipliers(A, as_of, "p").await,
            other.multipliers(A, as_of, "p").await,
            "as of {as_of}"
        );
    }
}

/// Of what was pruned nothing is taken back to; of what was kept everything.
async fn rewound_after_a_prune(store: &dyn StakeStore) {
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
