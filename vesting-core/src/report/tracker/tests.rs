use std::sync::Arc;

use futures_util::FutureExt;

use super::StakeTracker;
use crate::block::{Detection, EpochRecord};
use crate::ledger::{Entry, Kind};
use crate::ports::{
    Commit, Holder, MockReadRecord, NeuronRow, OpenInterval, ReadRecord, Snapshot, Watermark, WholeRecord,
    WriteRecord,
};
use crate::report::TrackerError;
use crate::score::policy::Policy;
use crate::store::MemoryStore;
use crate::units::{BlockNumber, Coldkey, Hotkey, Millis, NetUid, PositionKey, Rao, RaoDelta, Uid};
use crate::window::span::tests::epoch;

#[test]
fn a_record_that_has_not_begun_is_not_damaged() {
    let tracker = StakeTracker::new(Arc::new(MemoryStore::new()));
    let state = tracker.state(NetUid(7), &Policy::default(), None).now_or_never().unwrap();
    assert_eq!(state.unwrap_err(), TrackerError::NotRecorded(NetUid(7)));
}

/// A record of the blocks 1 to 61 with epochs at 20, 40 and 60, and a miner that held 100 at first.
fn record() -> MemoryStore {
    let netuid = NetUid(2);
    let key = PositionKey { hotkey: Hotkey([1; 32]), coldkey: Coldkey([2; 32]) };
    let watermark = Watermark {
        block: crate::units::BlockRef { number: BlockNumber(61), hash: crate::units::BlockHash::default() },
        time: Millis(61 * 12_000),
        first_block: BlockNumber(1),
        first_time: Millis(12_000),
        observed: BlockNumber(60),
        spec_version: 1,
    };
    let interval = OpenInterval { from: Some(BlockNumber(60)), ..OpenInterval::default() };
    let mut commit = Commit::without_rows(netuid, None, watermark, interval);
    let block = BlockNumber(19);
    commit.entries.push(Entry {
        netuid,
        block,
        source: None,
        key,
        kind: Kind::Opening,
        alpha: RaoDelta(100),
    });
    commit.holders.push(Holder { coldkey: key.coldkey, since: block });
    commit.snapshots.push(Snapshot { block, key, alpha: Rao(100) });
    commit.neurons.push(NeuronRow { uid: Uid(0), block, holder: Some((key.hotkey, key.coldkey)) });
    let epoch =
        |block| EpochRecord { epoch: epoch(block), detected: Detection::Storage, changes: Vec::new() };
    commit.epochs = [20, 40, 60].map(epoch).to_vec();
    let store = MemoryStore::new();
    store.commit(&commit).now_or_never().unwrap().unwrap();
    store
}

#[test]
fn what_is_pruned_while_it_is_read_does_not_count_as_nothing() {
    let netuid = NetUid(2);
    let policy = Policy { retention_window: Millis(12_000), ..Policy::default() };
    let as_of = Some(BlockNumber(40));
    let store = Arc::new(record());
    let report =
        StakeTracker::new(store.clone()).report(netuid, &policy, as_of).now_or_never().unwrap().unwrap();
    assert_eq!((report.miners[0].opening_stake, report.window.incomplete_since), (Rao(100), None));
    let mut pruned_meanwhile = MockReadRecord::new();
    let of = || Arc::clone(&store);
    let reading = of();
    pruned_meanwhile.expect_watermark().returning(move |n| reading.watermark(n).now_or_never().unwrap());
    let reading = of();
    pruned_meanwhile
        .expect_epoch_list()
        .returning(move |n, from, to| reading.epoch_list(n, from, to).now_or_never().unwrap());
    let reading = of();
    pruned_meanwhile.expect_neurons().returning(move |n, to| reading.neurons(n, to).now_or_never().unwrap());
    let reading = of();
    pruned_meanwhile
        .expect_successions()
        .returning(move |n, to| reading.successions(n, to).now_or_never().unwrap());
    let reading = of();
    pruned_meanwhile
        .expect_entries()
        .returning(move |n, from, to| reading.entries(n, from, to).now_or_never().unwrap());
    let reading = of();
    pruned_meanwhile.expect_positions_at().returning(move |n, block| {
        // The second time there is nothing to prune.
        let _ = reading.prune(n, BlockNumber(40)).now_or_never().unwrap();
        reading.positions_at(n, block).now_or_never().unwrap()
    });
    let reading = of();
    pruned_meanwhile
        .expect_locks_at()
        .returning(move |n, block| reading.locks_at(n, block).now_or_never().unwrap());
    let said =
        StakeTracker::new(Arc::new(pruned_meanwhile)).report(netuid, &policy, as_of).now_or_never().unwrap();
    assert_eq!(said, Err(TrackerError::NoEpoch { netuid, as_of: BlockNumber(40), from: BlockNumber(41) }));
}
