//! Databases of the first two schemas, with rows written by hand. So the tests also read rows that down
//! migrations never produce.

use std::collections::BTreeMap;
use std::path::Path;

use vesting_core::check::{check, check_beside};
use vesting_core::ports::{
    BalanceChange, Commit, Holder, NeuronRow, OpenInterval, ReadRecord, Snapshot, Watermark, WholeRecord,
    WriteRecord,
};
use vesting_core::{
    BlockHash, BlockNumber, BlockRef, Coldkey, Detection, Entry, EntryId, Epoch, EpochRecord, Exit, Flow,
    Hotkey, Kind, Millis, NetUid, Origin, Phase, PositionKey, Rao, RaoDelta, SkippedSlot, Source,
    StakeChange, Succession, Tranche, Uid,
};
use vesting_store::DatabaseStore;

use crate::migrations::make;
use crate::{folder, sql, url};

const NETUID: NetUid = NetUid(2);
const HOTKEY: Hotkey = Hotkey([1; 32]);
const COLDKEY: Coldkey = Coldkey([2; 32]);
const NEW_NAME: Coldkey = Coldkey([3; 32]);

/// The rows that both schemas have in common. `H`, `C` and `N` are keys, `G` is the genesis, and `B…` are
/// hashes of blocks.
const ROWS: &str = "
INSERT INTO chain VALUES (1, G);
INSERT INTO open_interval VALUES (2, H, 1);
INSERT INTO holders VALUES (2, C, 9);
INSERT INTO stake_transactions VALUES
    (2,  9, -1, 'opening',           H, C, -1, 100),
    (2, 10, -1, 'incentive',         H, C, -1,  50),
    (2, 10, -1, 'dividend_or_other', H, C, -1,   7),
    (2, 15,  3, 'stake_removed',     H, C,  2, -20),
    (2, 19, -1, 'rounding',          H, C, -1,  -1),
    (2, 20, -1, 'incentive',         H, C, -1,  30),
    (2, 21,  1, 'stake_added',       H, C, -3,   5);
INSERT INTO stake_changes VALUES
    (2, 10, H, C, 3,    100, 157, 0, 0, 0, 57, 50, 0, 0),
    (2, 20, H, C, NULL, 136, 166, 0, 0, 0, 30, 30, 0, 0);
INSERT INTO stake_balance_changes VALUES (2, 19, H, C, 10, 157, 136, NULL, NULL, NULL, -20, NULL, -1, NULL);
INSERT INTO stake_snapshots VALUES (2, 9, H, C, 100), (2, 10, H, C, 157), (2, 19, H, C, 136), (2, 20, H, C, 166);
INSERT INTO neurons VALUES (2, 9, 3, H, C), (2, 19, 3, NULL, NULL);
INSERT INTO stake_tranches VALUES
    (2, C,  9, -1, 'opening',           H, 108000, 'opening', 100, 99),
    (2, C, 10, -1, 'incentive',         H, 120000, 'reward',   50, 30),
    (2, C, 10, -1, 'dividend_or_other', H, 120000, 'other',     7,  7),
    (2, C, 20, -1, 'incentive',         H, 240000, 'reward',   30, 30),
    (2, C, 21,  1, 'stake_added',       H, 252000, 'manual',    5,  5);
INSERT INTO tranche_exits VALUES
    (2, C, 10, -1, 'incentive', H, 15,  3, 'stake_removed', H, 20),
    (2, C,  9, -1, 'opening',   H, 19, -1, 'rounding',      H,  1);
INSERT INTO multipliers VALUES (2, 20, 'p', 3, H, C, 1250000000);
";

/// The rows in the form of the first schema.
const FIRST: &str = "
INSERT INTO blockchain_state VALUES (2, 22, B22, 264000, 8, 96000, 20, 425, 1);
INSERT INTO epoch_boundaries VALUES
    (2, 10, B10, B09, 120000, NULL, 9, 1),
    (2, 20, B20, B19, 240000, 5,    9, 1);
";

/// The rows in the form of the second schema: also a skipped slot and a succession.
const SECOND: &str = "
INSERT INTO blockchain_state VALUES (2, 22, B22, 264000, 8, 96000, 20, 425, 1, 20, 4);
INSERT INTO epoch_boundaries VALUES
    (2, 10, B10, B09, 120000, NULL, 9, 1, 'catch_up'),
    (2, 20, B20, B19, 240000, 5,    9, 1, 'runtime_api');
INSERT INTO skipped_slots VALUES (2, 14, 168000);
INSERT INTO holders VALUES (2, N, 21);
INSERT INTO successions VALUES (2, 22, 6, C, N);
INSERT INTO stake_transactions VALUES (2, 22, 6, 'key_swap', H, C, 0, -171), (2, 22, 6, 'key_swap', H, N, 0, 171);
";

/// The rows as SQL, with every key and hash replaced by its value.
fn written_out(rows: &str) -> String {
    let key = |byte: u8| format!("x'{}'", faster_hex::hex_string(&[byte; 32]));
    let mut rows = rows.to_owned();
    for (name, byte) in [
        ("G", 7),
        ("B09", 109),
        ("B10", 110),
        ("B19", 119),
        ("B20", 120),
        ("B22", 122),
        ("H", 1),
        ("C", 2),
        ("N", 3),
    ] {
        // A name is replaced only where it is a whole value.
        for (left, right) in [(" ", ","), (" ", ")"), ("(", ",")] {
            rows = rows.replace(&format!("{left}{name}{right}"), &format!("{left}{}{right}", key(byte)));
        }
    }
    rows
}

fn block(number: u8) -> BlockRef {
    BlockRef { number: BlockNumber(number.into()), hash: BlockHash([100 + number; 32]) }
}

fn time(number: u64) -> Millis {
    Millis(number * 12_000)
}

fn position(coldkey: Coldkey) -> PositionKey {
    PositionKey { hotkey: HOTKEY, coldkey }
}

fn entry(number: u64, event: Option<(u32, Phase)>, kind: Kind, coldkey: Coldkey, alpha: i128) -> Entry {
    let source = event.map(|(event_index, phase)| Source { event_index, phase });
    Entry {
        netuid: NETUID,
        block: BlockNumber(number),
        source,
        key: position(coldkey),
        kind,
        alpha: RaoDelta(alpha),
    }
}

fn id(number: u64, event_index: Option<u32>, kind: Kind) -> EntryId {
    EntryId { block: BlockNumber(number), event_index, kind, hotkey: HOTKEY }
}

fn tranche(number: u64, event_index: Option<u32>, kind: Kind, origin: Origin, initial: u64) -> Tranche {
    Tranche {
        netuid: NETUID,
        coldkey: COLDKEY,
        id: id(number, event_index, kind),
        time: time(number),
        origin,
        initial: Rao(initial),
    }
}

fn exit(tranche: EntryId, by: EntryId, amount: u64) -> Exit {
    Exit { netuid: NETUID, coldkey: COLDKEY, tranche, by, amount: Rao(amount) }
}

fn epoch(
    number: u8,
    index: Option<u64>,
    uid: Option<Uid>,
    before: u64,
    [dividend, incentive]: [u64; 2],
) -> EpochRecord {
    let emission = Rao(dividend + incentive);
    let change = StakeChange {
        uid,
        key: position(COLDKEY),
        before: Rao(before),
        after: Rao(before + emission.0),
        manual_add: RaoDelta::ZERO,
        manual_remove: RaoDelta::ZERO,
        neutral: RaoDelta::ZERO,
        true_emission: emission.delta(),
        incentive: Rao(incentive).delta(),
        rounding: RaoDelta::ZERO,
        unattributed: RaoDelta::ZERO,
    };
    let (pre_block, registered_at) = (block(number - 1), BlockNumber(1));
    let epoch =
        Epoch { block: block(number), pre_block, time: time(number.into()), index, tempo: 9, registered_at };
    EpochRecord { epoch, detected: Detection::Storage, changes: vec![change] }
}

/// The record that the rows of the first schema mean, in today's form.
fn first() -> Commit {
    let watermark = Watermark {
        block: block(22),
        time: time(22),
        first_block: BlockNumber(8),
        first_time: time(8),
        observed: BlockNumber(20),
        spec_version: 425,
    };
    let interval = OpenInterval {
        from: Some(BlockNumber(20)),
        operations: [(HOTKEY, 1)].into(),
        anywhere: 0,
        runtime_changed: true,
    };
    let snapshot =
        |number, alpha| Snapshot { block: BlockNumber(number), key: position(COLDKEY), alpha: Rao(alpha) };
    let neuron = |number, holder| NeuronRow { uid: Uid(3), block: BlockNumber(number), holder };
    let mut record = Commit {
        entries: vec![
            entry(9, None, Kind::Opening, COLDKEY, 100),
            entry(10, None, Kind::Incentive, COLDKEY, 50),
            entry(10, None, Kind::DividendOrOther, COLDKEY, 7),
            entry(15, Some((3, Phase::Extrinsic(2))), Kind::StakeRemoved, COLDKEY, -20),
            entry(19, None, Kind::Rounding, COLDKEY, -1),
            entry(20, None, Kind::Incentive, COLDKEY, 30),
            entry(21, Some((1, Phase::Finalization)), Kind::StakeAdded, COLDKEY, 5),
        ],
        // The times of epochs and tranches. The times of the sale at block 15 and of the rounding at block 19
        // are lost.
        times: [9, 10, 20, 21].map(|number| (BlockNumber(number), time(number))).into(),
        holders: vec![Holder { coldkey: COLDKEY, since: BlockNumber(9) }],
        epochs: vec![epoch(10, None, Some(Uid(3)), 100, [7, 50]), epoch(20, Some(5), None, 136, [0, 30])],
        balance_changes: vec![BalanceChange {
            from: BlockNumber(10),
            to: BlockNumber(19),
            key: position(COLDKEY),
            start: Rao(157),
            end: Rao(136),
            by_flow: BTreeMap::from([(Flow::Outflow, RaoDelta(-20)), (Flow::Rounding, RaoDelta(-1))]),
        }],
        snapshots: vec![snapshot(9, 100), snapshot(10, 157), snapshot(19, 136), snapshot(20, 166)],
        neurons: vec![neuron(9, Some((HOTKEY, COLDKEY))), neuron(19, None)],
        tranches: vec![
            tranche(9, None, Kind::Opening, Origin::Opening, 100),
            tranche(10, None, Kind::Incentive, Origin::Reward, 50),
            tranche(10, None, Kind::DividendOrOther, Origin::Other, 7),
            tranche(20, None, Kind::Incentive, Origin::Reward, 30),
            tranche(21, Some(1), Kind::StakeAdded, Origin::Manual, 5),
        ],
        exits: vec![
            exit(id(10, None, Kind::Incentive), id(15, Some(3), Kind::StakeRemoved), 20),
            exit(id(9, None, Kind::Opening), id(19, None, Kind::Rounding), 1),
        ],
        ..Commit::without_rows(NETUID, None, watermark, interval)
    };
    record.sort();
    record
}

/// The record that the rows of the second schema mean, in today's form.
fn second() -> Commit {
    let mut record = first();
    record.interval.anywhere = 4;
    for (epoch, detected) in record.epochs.iter_mut().zip([Detection::CatchUp, Detection::RuntimeApi]) {
        epoch.detected = detected;
    }
    record.skipped.push(SkippedSlot { block: BlockNumber(14), time: time(14) });
    record.holders.push(Holder { coldkey: NEW_NAME, since: BlockNumber(21) });
    record.successions.push(Succession {
        block: BlockNumber(22),
        event_index: 6,
        old: COLDKEY,
        new: NEW_NAME,
    });
    let swap = |coldkey, alpha| entry(22, Some((6, Phase::Extrinsic(0))), Kind::KeySwap, coldkey, alpha);
    record.entries.extend([swap(COLDKEY, -171), swap(NEW_NAME, 171)]);
    record.sort();
    record
}

async fn sound(store: &DatabaseStore) -> Commit {
    let record = store.record(NETUID).await.unwrap().unwrap();
    let checked = check(&record).unwrap_or_else(|wrong| panic!("{wrong}"));
    check_beside(store, &record, &checked).await.unwrap();
    record
}

/// Opens the file with today's version. It holds `expected`, and a commit changes both in the same way.
async fn prove(path: &Path, mut expected: Commit, holder: Coldkey) {
    let store = DatabaseStore::open(&url(path)).unwrap();
    assert_eq!(store.genesis().await, Ok(Some(BlockHash([7; 32]))));
    assert_eq!(sound(&store).await, expected);
    // A sale of the newest tranche and a part of the one before.
    let watermark = Watermark { block: block(23), time: time(23), ..expected.watermark };
    let by = id(23, Some(2), Kind::StakeRemoved);
    let next = Commit {
        entries: vec![entry(23, Some((2, Phase::Extrinsic(1))), Kind::StakeRemoved, holder, -8)],
        times: [(BlockNumber(23), time(23))].into(),
        exits: vec![
            exit(id(21, Some(1), Kind::StakeAdded), by, 5),
            exit(id(20, None, Kind::Incentive), by, 3),
        ],
        ..Commit::without_rows(NETUID, Some(block(22)), watermark, expected.interval.clone())
    };
    store.commit(&next).await.unwrap();
    expected.watermark = watermark;
    expected.entries.extend(&next.entries);
    expected.times.extend(&next.times);
    expected.exits.extend(&next.exits);
    expected.sort();
    assert_eq!(sound(&store).await, expected);
}

#[tokio::test]
async fn rows_of_the_first_schema_keep_their_meaning() {
    let (_folder, path) = folder();
    drop(make(&path, 1));
    sql(&path, &written_out(&[ROWS, FIRST].concat()));
    prove(&path, first(), COLDKEY).await;
}

#[tokio::test]
async fn rows_of_the_second_schema_keep_their_meaning() {
    let (_folder, path) = folder();
    drop(make(&path, 2));
    sql(&path, &written_out(&[ROWS, SECOND].concat()));
    prove(&path, second(), NEW_NAME).await;
}
