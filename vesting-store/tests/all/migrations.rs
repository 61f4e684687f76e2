//! Migrations of databases with data: from every earlier schema, back to it, and interrupted.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};

use diesel::connection::Connection;
use diesel::migration::{Migration, MigrationSource};
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel::sqlite::{Sqlite, SqliteConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use vesting_core::check::{check, check_beside};
use vesting_core::ports::{Commit, LockRow, ReadRecord, StakeStore, WholeRecord};
use vesting_core::{BlockNumber, BlockchainMonitor, Detection, Flow, Kind, NetUid, Pace};
use vesting_store::{DatabaseStore, migrate, open};
use vesting_testkit::sim::{Call, Generation, RandomLife, Rng, SimChain, SimPort};

use crate::{folder, refused, sql, url};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../migrations/sqlite");

/// The blocks of a history, and the block at which the schema changes.
const BLOCKS: u64 = 260;
const CHANGED_AT: BlockNumber = BlockNumber(150);

fn migrations() -> Vec<Box<dyn Migration<Sqlite>>> {
    let mut all = MigrationSource::<Sqlite>::migrations(&MIGRATIONS).unwrap();
    all.sort_by_key(|migration| migration.name().version().as_owned());
    all
}

fn connect(path: &Path) -> SqliteConnection {
    SqliteConnection::establish(path.to_str().unwrap()).unwrap()
}

/// Creates a database with the first `versions` migrations.
pub fn make(path: &Path, versions: usize) -> SqliteConnection {
    let mut conn = connect(path);
    // This creates the table of versions.
    assert_eq!(conn.pending_migrations(MIGRATIONS).unwrap().len(), migrations().len());
    migrations()[..versions].iter().for_each(|migration| drop(conn.run_migration(migration).unwrap()));
    conn
}

/// Takes a database of today's schema back to the first `versions` migrations.
fn revert(path: &Path, versions: usize) {
    let mut conn = connect(path);
    migrations()[versions..]
        .iter()
        .rev()
        .for_each(|migration| drop(conn.revert_migration(migration).unwrap()));
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

fn lines(conn: &mut SqliteConnection, query: &str) -> Vec<String> {
    diesel::sql_query(query).load::<Line>(conn).unwrap().into_iter().map(|row| row.line).collect()
}

fn tables(conn: &mut SqliteConnection) -> Vec<String> {
    lines(conn, "SELECT name AS line FROM sqlite_master WHERE type = 'table' ORDER BY name")
}

/// The columns of every table, and the indexes.
fn schema(conn: &mut SqliteConnection) -> Vec<String> {
    let mut schema = lines(
        conn,
        "SELECT name || ' on ' || tbl_name AS line FROM sqlite_master WHERE type = 'index' ORDER BY name",
    );
    for table in tables(conn) {
        let columns =
            "name || ' ' || type || ' ' || \"notnull\" || ' ' || coalesce(dflt_value, '') || ' ' || pk";
        schema.push(table.clone());
        schema.extend(lines(
            conn,
            &format!("SELECT {columns} AS line FROM pragma_table_info('{table}') ORDER BY cid"),
        ));
    }
    schema
}

/// Every row of every table, without the times at which migrations ran.
fn contents(conn: &mut SqliteConnection) -> BTreeMap<String, Vec<String>> {
    let mut contents = BTreeMap::new();
    for table in tables(conn) {
        let columns = lines(
            conn,
            &format!(
                "SELECT name AS line FROM pragma_table_info('{table}') WHERE name <> 'run_on' ORDER BY cid"
            ),
        );
        let row = columns
            .iter()
            .map(|column| format!("quote(\"{column}\")"))
            .collect::<Vec<_>>()
            .join(" || ',' || ");
        contents.insert(
            table.clone(),
            lines(conn, &format!("SELECT {row} AS line FROM \"{table}\" ORDER BY line")),
        );
    }
    contents
}

async fn record(path: &Path, netuid: NetUid) -> Commit {
    DatabaseStore::open_read_only(&url(path)).unwrap().record(netuid).await.unwrap().unwrap()
}

/// Removes from a record what the down migration of a version loses, and adds what its up migration fills in.
fn forget(version: usize, record: &mut Commit) {
    match version {
        2 => {
            record.successions.clear();
            record.skipped.clear();
            record.epochs.iter_mut().for_each(|epoch| epoch.detected = Detection::Storage);
            record.interval.anywhere = 0;
            // In this version, a dissolution did not end an interval.
            record.interval.from = record.epochs.iter().map(|epoch| epoch.epoch.block.number).max();
        }
        3 => record.locks.clear(),
        // Another order of rows, another index, or a table without a part of the record: nothing is lost.
        4 | 6 | 8 | 9 => {}
        // As far as it follows from other rows.
        5 => {
            let epochs = record.epochs.iter().map(|epoch| (epoch.epoch.block.number, epoch.epoch.time));
            let tranches = record
                .tranches
                .iter()
                .filter(|t| t.id.kind != Kind::Unattributed)
                .map(|t| (t.id.block, t.time));
            record.times = epochs.chain(tranches).collect();
        }
        7 => {
            for change in &mut record.balance_changes {
                change.by_flow.remove(&Flow::Corrected);
            }
        }
        other => panic!("say here what the down migration of version {other} loses"),
    }
}

/// A record after migrating down to the first migrations and up again.
fn migrated_back(versions: usize, mut record: Commit) -> Commit {
    (versions + 1..=migrations().len()).rev().for_each(|version| forget(version, &mut record));
    record
}

/// An undisturbed record whose first part, up to [`CHANGED_AT`], went through the migrations.
fn continued(versions: usize, undisturbed: &Commit, remembered: &Commit) -> Commit {
    let mut record = undisturbed.clone();
    let early = |block: BlockNumber| block <= CHANGED_AT;
    record.times.retain(|block, _| !early(*block));
    record.times.extend(&remembered.times);
    let mut old = remembered.epochs.iter();
    record
        .epochs
        .iter_mut()
        .filter(|epoch| early(epoch.epoch.block.number))
        .for_each(|epoch| *epoch = old.next().unwrap().clone());
    if versions < 3 {
        // At the first epoch after that, the locked part of every holder is read again, changed or not.
        let first = undisturbed
            .epochs
            .iter()
            .map(|epoch| epoch.epoch.block.number)
            .find(|block| !early(*block))
            .unwrap();
        let mut locks: Vec<LockRow> =
            record.locks.iter().filter(|lock| lock.block <= first).copied().collect();
        locks.sort_by_key(|lock| lock.block);
        let there: BTreeMap<_, _> = locks.iter().map(|lock| (lock.coldkey, lock.locked)).collect();
        record.locks.retain(|lock| lock.block > first);
        record.locks.extend(there.into_iter().map(|(coldkey, locked)| LockRow {
            block: first,
            coldkey,
            locked,
        }));
    }
    record.sort();
    record
}

/// Subnets with every kind of event.
fn lively() -> SimChain {
    let mut life = RandomLife::new(68);
    let mut chain = life.chain(68, None);
    chain.upgrade(Generation::Present);
    (0..BLOCKS).for_each(|_| life.step(&mut chain));
    chain
}

/// Subnets without successions, skipped epochs and root claims, which the first version could not record.
fn simple() -> SimChain {
    let mut rng = Rng::new(6);
    let mut chain = RandomLife::new(6).chain(6, None);
    chain.upgrade(Generation::Present);
    for _ in 0..BLOCKS {
        if rng.once_in(2) {
            let netuid = *rng.pick(&RandomLife::NETUIDS).unwrap();
            let neurons = chain.neurons_at(netuid, chain.head());
            let (coldkey, hotkey) = rng.pick(&neurons).map(|neuron| (neuron.coldkey, neuron.hotkey)).unwrap();
            let to = rng.pick(&neurons).map(|neuron| neuron.hotkey).unwrap();
            let alpha = 1 + rng.below(30_000_000_000);
            chain.queue(match rng.below(5) {
                0 | 1 => Call::RemoveStake { coldkey, hotkey, netuid, alpha },
                2 => Call::AddStake { coldkey, hotkey, netuid, alpha },
                3 => Call::MoveStake {
                    coldkey,
                    from: hotkey,
                    to,
                    from_netuid: netuid,
                    to_netuid: netuid,
                    alpha,
                },
                _ => Call::Lock { coldkey, hotkey, netuid, alpha: alpha / 10 },
            });
        }
        chain.step();
    }
    chain
}

async fn advance(chain: &Arc<RwLock<SimChain>>, store: Arc<dyn StakeStore>, to: BlockNumber, pace: Pace) {
    let port = Arc::new(SimPort::new(Arc::clone(chain)));
    let mut monitor = BlockchainMonitor::open(port, store, &RandomLife::NETUIDS, 4).await.unwrap();
    monitor.advance(BlockNumber(1), to, pace, &mut |_| {}).await.unwrap();
    monitor.observe().await.unwrap();
}

/// A record in a file of today's schema, up to [`CHANGED_AT`], and the same record at its undisturbed end.
async fn recorded(chain: &Arc<RwLock<SimChain>>, path: &Path) -> BTreeMap<NetUid, Commit> {
    {
        let store = open(&url(path)).unwrap();
        advance(chain, Arc::clone(&store), CHANGED_AT, Pace::CatchingUp).await;
    }
    let (_folder, whole) = folder();
    std::fs::copy(path, &whole).unwrap();
    advance(chain, open(&url(&whole)).unwrap(), BlockNumber(BLOCKS), Pace::Following).await;
    let mut records = BTreeMap::new();
    for netuid in RandomLife::NETUIDS {
        records.insert(netuid, record(&whole, netuid).await);
    }
    records
}

/// Takes a recorded file back to the first migrations, and opens it with today's version.
async fn back_and_forth(path: &Path, versions: usize) -> (tempfile::TempDir, PathBuf) {
    let (folder, old) = folder();
    std::fs::copy(path, &old).unwrap();
    revert(&old, versions);
    let (_made, other) = crate::folder();
    assert_eq!(
        schema(&mut connect(&old)),
        schema(&mut make(&other, versions)),
        "the schema of version {versions}"
    );
    let outdated = versions < migrations().len();
    if outdated {
        assert!(
            refused(DatabaseStore::open_read_only(&url(&old))).contains("vesting db migrate"),
            "version {versions}"
        );
    }
    if versions.is_multiple_of(2) {
        assert_eq!(migrate(&url(&old)), Ok(outdated), "version {versions}");
    } else {
        drop(DatabaseStore::open(&url(&old)).unwrap());
    }
    assert_eq!(schema(&mut connect(&old)), schema(&mut connect(path)), "version {versions} is today's now");
    let store = DatabaseStore::open_read_only(&url(&old)).unwrap();
    let recorded = DatabaseStore::open_read_only(&url(path)).unwrap();
    assert_eq!(store.genesis().await, recorded.genesis().await);
    assert_ne!(store.genesis().await, Ok(None));
    for netuid in RandomLife::NETUIDS {
        let expected = migrated_back(versions, record(path, netuid).await);
        assert!(
            store.record(netuid).await.unwrap().unwrap() == expected,
            "version {versions}, subnet {netuid}"
        );
    }
    (folder, old)
}

/// Checks that the record is consistent in itself, and with the state that the store finds.
async fn sound(path: &Path, netuid: NetUid) -> Commit {
    let store = DatabaseStore::open_read_only(&url(path)).unwrap();
    let record = store.record(netuid).await.unwrap().unwrap();
    let checked = check(&record).unwrap_or_else(|wrong| panic!("{wrong}"));
    check_beside(&store, &record, &checked).await.unwrap();
    record
}

/// Takes a recorded file through every schema from `oldest` on, and continues recording.
async fn through_every_schema(chain: SimChain, oldest: usize, rich: impl Fn(&[Commit]) -> bool) {
    let chain = Arc::new(RwLock::new(chain));
    let (_folder, path) = folder();
    let undisturbed = recorded(&chain, &path).await;
    let mut early = Vec::new();
    for netuid in RandomLife::NETUIDS {
        early.push(record(&path, netuid).await);
    }
    assert!(rich(&early), "too little to test with");
    for versions in oldest..=migrations().len() {
        let (_old, old) = back_and_forth(&path, versions).await;
        let mut remembered = BTreeMap::new();
        for netuid in RandomLife::NETUIDS {
            remembered.insert(netuid, sound(&old, netuid).await);
        }
        advance(&chain, open(&url(&old)).unwrap(), BlockNumber(BLOCKS), Pace::Following).await;
        for netuid in RandomLife::NETUIDS {
            let found = sound(&old, netuid).await;
            let expected = continued(versions, &undisturbed[&netuid], &remembered[&netuid]);
            assert!(
                found == expected,
                "version {versions}, subnet {netuid}: {}",
                differences(&found, &expected)
            );
        }
    }
}

/// The names of the parts in which two records differ.
fn differences(one: &Commit, other: &Commit) -> String {
    let parts = |c: &Commit| {
        [
            ("watermark", format!("{:?}", c.watermark)),
            ("entries", format!("{:?}", c.entries)),
            ("times", format!("{:?}", c.times)),
            ("epochs", format!("{:?}", c.epochs)),
            ("locks", format!("{:?}", c.locks)),
            ("snapshots", format!("{:?}", c.snapshots)),
            ("tranches", format!("{:?}", c.tranches)),
            ("exits", format!("{:?}", c.exits)),
            ("interval", format!("{:?}", c.interval)),
        ]
    };
    parts(one)
        .iter()
        .zip(parts(other))
        .filter(|(a, b)| a.1 != b.1)
        .map(|(a, b)| format!("{}: {} and {}\n", a.0, a.1, b.1))
        .collect()
}

#[tokio::test]
async fn a_record_survives_every_schema_since_swaps_were_known() {
    through_every_schema(lively(), 2, |records| {
        records.iter().all(|r| !r.exits.is_empty() && !r.locks.is_empty() && r.interval.from.is_some())
            && records.iter().any(|r| !r.successions.is_empty())
            && records.iter().any(|r| !r.skipped.is_empty())
            && records.iter().any(|r| r.interval.anywhere > 0 && !r.interval.operations.is_empty())
    })
    .await;
}

#[tokio::test]
async fn a_record_of_what_the_first_schema_knew_survives_it_too() {
    through_every_schema(simple(), 1, |records| {
        records.iter().all(|r| {
            !r.exits.is_empty() && !r.locks.is_empty() && r.successions.is_empty() && r.skipped.is_empty()
        }) && records.iter().any(|r| !r.interval.operations.is_empty())
    })
    .await;
}

#[tokio::test]
async fn the_first_schema_loses_who_went_on_under_another_name_and_nothing_else() {
    let chain = Arc::new(RwLock::new(lively()));
    let (_folder, path) = folder();
    recorded(&chain, &path).await;
    // The records are equal but for what `forget` removes.
    back_and_forth(&path, 1).await;
}

#[tokio::test]
async fn a_migration_that_fails_halfway_leaves_the_database_as_it_was() {
    let chain = Arc::new(RwLock::new(simple()));
    let (_folder, path) = folder();
    recorded(&chain, &path).await;
    let table = |name: &'static str| {
        let made = format!("CREATE TABLE {name} (mine TEXT); INSERT INTO {name} VALUES ('here')");
        (name, made, format!("DROP TABLE {name}"))
    };
    let column = |table: &str, name: &'static str| {
        (
            name,
            format!("ALTER TABLE {table} ADD COLUMN {name} TEXT"),
            format!("ALTER TABLE {table} DROP COLUMN {name}"),
        )
    };
    let renamed = |name: &'static str| {
        (name, format!("ALTER TABLE {name} RENAME TO mine"), format!("ALTER TABLE mine RENAME TO {name}"))
    };
    let obstacles = [
        (2, table("successions")),
        (3, table("stake_locks")),
        (4, table("tranches_anew")),
        (5, table("block_times")),
        (6, table("open_tranches_by_coldkey")),
        (7, column("stake_balance_changes", "corrected")),
        (8, table("open_tranches_by_block")),
        (9, renamed("multipliers")),
    ];
    assert!(
        obstacles.iter().map(|obstacle| obstacle.0).eq(2..=migrations().len()),
        "a migration without an obstacle"
    );
    // From the schema just before the failing migration, and from the very first.
    let cases = obstacles
        .iter()
        .flat_map(|(failing, obstacle)| [(1, *failing, obstacle), (failing - 1, *failing, obstacle)]);
    for (versions, failing, (name, made, removed)) in cases {
        let (_old, old) = folder();
        std::fs::copy(&path, &old).unwrap();
        revert(&old, versions);
        sql(&old, made);
        let before = (schema(&mut connect(&old)), contents(&mut connect(&old)));
        assert!(before.1["stake_transactions"].len() > 50, "too little to test with");
        for words in [refused(DatabaseStore::open(&url(&old))), refused(migrate(&url(&old)))] {
            assert!(words.contains(name) && words.contains("vesting.db"), "{words}");
        }
        assert!(
            (schema(&mut connect(&old)), contents(&mut connect(&old))) == before,
            "{versions} migrations, number {failing} fails"
        );
        sql(&old, removed);
        assert_eq!(migrate(&url(&old)), Ok(true));
        for netuid in RandomLife::NETUIDS {
            let expected = migrated_back(versions, record(&path, netuid).await);
            assert!(sound(&old, netuid).await == expected, "{versions} migrations, number {failing} failed");
        }
    }
}
