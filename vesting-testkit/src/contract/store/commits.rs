//! Commits and whole records, made up but consistent, and how they are put in a store.

use std::collections::BTreeMap;

use vesting_core::ports::{
    Commit, Holder, LockRow, NeuronRow, OpenInterval, Snapshot, StakeStore, Watermark,
};
use vesting_core::{
    BlockNumber, BlockRef, Coldkey, Detection, EpochRecord, Flow, HolderTranches, Hotkey, Kind, Millis,
    NetUid, Rao, SkippedSlot, Succession, Uid, sort_entries,
};

use super::dice::Dice;
use super::rows::{balance_change, block, change, entry, epoch, position};

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

/// A record of `blocks` commits on `netuid` with rows of every table, made up but consistent.
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
                // A row of the block before may be found only now; its time comes with this commit.
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
                // A new holder is followed from the parent block on; here the parent is an epoch's block.
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
                // The neurons of an epoch's block were all written with that block.
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
            // After an epoch the open interval is empty: nothing has happened in it yet.
            commit.interval.anywhere = if begun { anywhere } else { 0 };
            commit.interval.runtime_changed = begun && number.is_multiple_of(4);
            commit.interval.operations =
                (0..number % 5).map(|n| (Hotkey([dice.byte(9); 32]), number + n)).collect();
            parent = Some(commit.watermark.block);
            commit
        })
        .collect()
}

pub(super) async fn put(store: &dyn StakeStore, commits: &[Commit]) {
    for commit in commits {
        store.commit(commit).await.expect("a commit that follows");
    }
}
