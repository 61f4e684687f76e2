//! The contract of a store on every adapter, and what is particular to SQLite.

#![allow(clippy::unwrap_used, clippy::panic, clippy::cast_precision_loss)] // tests fail by panicking

mod damage;
mod examine;
mod export;
mod first_schemas;
mod migrations;
mod plans;
mod postgres;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tempfile::TempDir;
use vesting_core::ports::{ReadRecord, StakeStore, StoreError, WholeRecord, WriteRecord};
use vesting_core::{BlockHash, BlockNumber, MemoryStore, NetUid};
use vesting_store::{DatabaseStore, migrate, open, open_existing};
use vesting_testkit::contract::store::{block, commits, plain, run, same};

const NETUID: NetUid = NetUid(2);

fn folder() -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("vesting.db");
    (folder, path)
}

fn url(path: &Path) -> String {
    format!("sqlite://{}", path.display())
}

/// The text of a refusal, which must be one for the operator.
fn refused<T>(result: Result<T, StoreError>) -> String {
    match result {
        Err(StoreError::Unusable(words)) => words,
        Err(other) => panic!("another kind: {other:?}"),
        Ok(_) => panic!("not refused"),
    }
}

/// Every file in a folder with its content.
fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.into_iter().map(|path| (path.clone(), std::fs::read(&path).unwrap_or_default())).collect()
}

fn sql(path: &Path, statements: &str) {
    use diesel::connection::{Connection, SimpleConnection};
    diesel::SqliteConnection::establish(path.to_str().unwrap()).unwrap().batch_execute(statements).unwrap();
}

#[tokio::test]
async fn memory_keeps_the_contract() {
    run(async || Arc::new(MemoryStore::new()) as Arc<dyn StakeStore>).await;
}

#[tokio::test]
async fn sqlite_in_memory_keeps_the_contract() {
    run(async || open("sqlite::memory:").unwrap()).await;
}

#[tokio::test]
async fn sqlite_files_keep_the_contract() {
    let (folder, _) = folder();
    let count = AtomicU32::new(0);
    run(async || {
        let name = format!("{} 100%#ü.db", count.fetch_add(1, Ordering::Relaxed));
        Arc::new(DatabaseStore::open(&url(&folder.path().join(name))).unwrap()) as Arc<dyn StakeStore>
    })
    .await;
    assert!(folder.path().join("0 100%#ü.db").is_file(), "names are taken as they are");
}

#[tokio::test]
async fn a_record_outlives_its_store() {
    let (_folder, path) = folder();
    let memory = MemoryStore::new();
    for commit in commits(NETUID, 30, 5) {
        memory.commit(&commit).await.unwrap();
        // A new store for each commit, so that only the file keeps anything in between.
        DatabaseStore::open(&url(&path)).unwrap().commit(&commit).await.unwrap();
    }
    same(&DatabaseStore::open(&url(&path)).unwrap(), &memory, NETUID, 30).await;
    same(&DatabaseStore::open_read_only(&url(&path)).unwrap(), &memory, NETUID, 30).await;
}

#[tokio::test]
async fn the_second_of_two_writers_stands_by() {
    let (_folder, path) = folder();
    let (one, other) = (DatabaseStore::open(&url(&path)).unwrap(), DatabaseStore::open(&url(&path)).unwrap());
    assert_eq!(one.claim(NETUID).await, Ok(()));
    assert_eq!(one.claim(NETUID).await, Ok(()), "what is held is held");
    one.commit(&plain(NETUID, 1, None)).await.unwrap();
    // Another path to the same database.
    let link = path.with_file_name("link.db");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    let linked = DatabaseStore::open(&url(&link)).unwrap();
    let ours = StoreError::OtherWriter { netuid: NETUID, by: format!("process {}", std::process::id()) };
    for store in [&other, &linked] {
        assert_eq!(store.claim(NETUID).await, Err(ours.clone()));
        assert_eq!(store.commit(&plain(NETUID, 2, Some(block(1, 0)))).await, Err(ours.clone()));
        assert_eq!(store.rewind(NETUID, None).await, Err(ours.clone()));
        assert_eq!(store.watermark(NETUID).await.unwrap().unwrap().block, block(1, 0), "all may read");
    }
    // The record of another subnet has a right of its own.
    assert_eq!(other.commit(&plain(NetUid(3), 1, None)).await, Ok(()));
    assert_eq!(
        one.claim(NetUid(3)).await,
        Err(StoreError::OtherWriter { netuid: NetUid(3), by: format!("process {}", std::process::id()) })
    );
    drop(one);
    assert_eq!(other.claim(NETUID).await, Ok(()));
    let late = other.commit(&plain(NETUID, 1, None)).await;
    assert!(matches!(late, Err(StoreError::NotNext { .. })), "{late:?}");
    assert_eq!(other.commit(&plain(NETUID, 2, Some(block(1, 0)))).await, Ok(()));
}

#[tokio::test]
async fn a_held_lock_is_busy_and_passes() {
    use diesel::connection::{Connection, SimpleConnection};
    let (_folder, path) = folder();
    let store = DatabaseStore::open(&url(&path)).unwrap();
    let mut other = diesel::SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    other.batch_execute("BEGIN IMMEDIATE").unwrap();
    let opened = tokio::task::spawn_blocking({
        let path = path.clone();
        move || DatabaseStore::open(&url(&path)).map(drop)
    });
    for busy in [store.commit(&plain(NETUID, 1, None)).await, opened.await.unwrap()] {
        assert!(matches!(&busy, Err(StoreError::Busy(words)) if words.contains("vesting.db")), "{busy:?}");
    }
    assert_eq!(store.watermark(NETUID).await, Ok(None), "readers go on");
    other.batch_execute("ROLLBACK").unwrap();
    assert_eq!(store.commit(&plain(NETUID, 1, None)).await, Ok(()));
}

#[tokio::test]
async fn reading_creates_and_changes_nothing() {
    let (folder, path) = folder();
    let words = refused(open_existing(&format!("sqlite://{}", path.display())));
    assert!(words.contains("vesting catch-up"), "{words}");
    std::fs::write(&path, b"").unwrap();
    assert!(refused(DatabaseStore::open_read_only(&url(&path))).contains("vesting catch-up"));
    assert_eq!(contents(folder.path()), [(path.clone(), vec![])]);

    std::fs::remove_file(&path).unwrap();
    DatabaseStore::open(&url(&path)).unwrap().commit(&plain(NETUID, 1, None)).await.unwrap();
    let before = contents(folder.path());
    let store = DatabaseStore::open_read_only(&url(&path)).unwrap();
    let refusal = store.commit(&plain(NETUID, 2, Some(block(1, 0)))).await;
    assert!(matches!(refusal, Err(StoreError::Unusable(_))), "{refusal:?}");
    assert_eq!(store.watermark(NETUID).await.unwrap().unwrap().block, block(1, 0));
    drop(store);
    assert_eq!(contents(folder.path()), before);
}

#[tokio::test]
async fn a_reader_follows_a_writer() {
    let (_folder, path) = folder();
    let writer = DatabaseStore::open(&url(&path)).unwrap();
    let reader = DatabaseStore::open_read_only(&url(&path)).unwrap();
    writer.bind_chain(BlockHash([1; 32])).await.unwrap();
    assert_eq!(reader.bind_chain(BlockHash([1; 32])).await, Ok(()));
    assert!(matches!(reader.bind_chain(BlockHash([2; 32])).await, Err(StoreError::OtherChain { .. })));
    writer.commit(&plain(NETUID, 1, None)).await.unwrap();
    assert_eq!(reader.watermark(NETUID).await.unwrap().unwrap().block, block(1, 0));
}

#[test]
fn files_that_are_no_record_are_left_alone() {
    type Make = fn(&Path);
    let cases: [(&str, Make); 5] = [
        ("not a SQLite database", |path| std::fs::write(path, b"x").unwrap()),
        ("not a SQLite database", |path| std::fs::write(path, vec![b'x'; 9000]).unwrap()),
        ("is a folder", |path| std::fs::create_dir(path).unwrap()),
        ("another program", |path| sql(path, "CREATE TABLE songs (name TEXT)")),
        ("newer version", |path| {
            drop(DatabaseStore::open(&url(path)).unwrap());
            sql(path, "INSERT INTO __diesel_schema_migrations (version) VALUES ('29991231000000')");
        }),
    ];
    for (words, make) in cases {
        let (folder, path) = folder();
        make(&path);
        let before = contents(folder.path());
        for said in
            [refused(DatabaseStore::open(&url(&path))), refused(DatabaseStore::open_read_only(&url(&path)))]
        {
            assert!(said.contains(words) && said.contains("vesting.db"), "{said}");
        }
        assert_eq!(contents(folder.path()), before, "{words}");
    }
    let (folder, _) = folder();
    let said = refused(DatabaseStore::open(&url(&folder.path().join("no/such/vesting.db"))));
    assert!(said.contains("create it"), "{said}");
    assert_eq!(contents(folder.path()), []);
}

#[test]
fn an_older_schema_is_brought_up_to_date_by_writers_only() {
    let (_folder, path) = folder();
    // As a version without any migration would leave it.
    sql(
        &path,
        "CREATE TABLE __diesel_schema_migrations (version VARCHAR(50) PRIMARY KEY NOT NULL, run_on \
        TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP)",
    );
    assert!(refused(DatabaseStore::open_read_only(&url(&path))).contains("vesting db migrate"));
    let old = std::fs::read(&path).unwrap();
    drop(DatabaseStore::open(&url(&path)).unwrap());
    DatabaseStore::open_read_only(&url(&path)).unwrap();
    let url = url(&path);
    assert_eq!(migrate(&url), Ok(false));
    for helper in contents(path.parent().unwrap()) {
        std::fs::remove_file(helper.0).unwrap();
    }
    assert!(refused(migrate(&url)).contains("vesting catch-up"));
    assert_eq!(contents(path.parent().unwrap()), [], "nothing is made");
    std::fs::write(&path, old).unwrap();
    assert_eq!((migrate(&url), migrate(&url)), (Ok(true), Ok(false)));
    DatabaseStore::open_read_only(&url).unwrap();
}

#[tokio::test]
async fn a_damaged_row_is_named() {
    let (_folder, path) = folder();
    let store = DatabaseStore::open(&url(&path)).unwrap();
    for commit in commits(NETUID, 30, 5) {
        store.commit(&commit).await.unwrap();
    }
    let corrupt = async |statements: &str| {
        sql(&path, statements);
        let result = store.entries(NETUID, BlockNumber(0), BlockNumber(30)).await.map(drop);
        match result
            .and(store.tranches(NETUID, BlockNumber(0), BlockNumber(30), BlockNumber(30)).await.map(drop))
        {
            Err(StoreError::Corrupt(words)) => words,
            other => panic!("{other:?}"),
        }
    };
    let words = corrupt(
        "UPDATE stake_tranches SET origin = 'gift' WHERE block = (SELECT MAX(block) FROM stake_tranches)",
    )
    .await;
    assert!(words.contains("stake_tranches of subnet 2 at block") && words.contains("`gift`"), "{words}");
    let words = corrupt(
        "UPDATE stake_transactions SET kind = 'gift' WHERE block = (SELECT MAX(block) FROM \
        stake_transactions)",
    )
    .await;
    assert!(words.contains("stake_transactions of subnet 2 at block") && words.contains("`gift`"), "{words}");
    let words = corrupt(
        "UPDATE stake_transactions SET hotkey = x'00' || substr(hotkey, 1, 3), kind = 'fee' \
        WHERE kind = 'gift'",
    )
    .await;
    assert!(words.contains("4 bytes"), "{words}");
}

#[test]
fn urls_that_are_not_understood_say_what_is_expected() {
    for (url, words) in [
        ("sqlite://", "names no file"),
        ("sqlite://x.db?mode=ro", "options"),
        ("mysql://user:secret@host/db", "expected `sqlite://"),
        ("vesting.db", "expected `sqlite://"),
        ("", "expected `sqlite://"),
    ] {
        for said in [refused(open(url)), refused(open_existing(url))] {
            assert!(said.contains(words) && !said.contains("secret"), "{url}: {said}");
        }
    }
    assert!(refused(open_existing("sqlite::memory:")).contains("no record"));
}

/// Measures the speed of commits: `cargo test --release -p vesting-store -- --ignored --nocapture`.
#[tokio::test]
#[ignore = "a measurement"]
async fn speed() {
    let (_folder, path) = folder();
    let store = DatabaseStore::open(&url(&path)).unwrap();
    let commits = commits(NETUID, 5000, 5);
    let rows: usize = commits
        .iter()
        .map(|c| {
            c.entries.len()
                + c.snapshots.len()
                + c.tranches.len()
                + c.exits.len()
                + c.neurons.len()
                + c.balance_changes.len()
        })
        .sum();
    let start = std::time::Instant::now();
    for commit in &commits {
        store.commit(commit).await.unwrap();
    }
    let spent = start.elapsed().as_secs_f64();
    println!(
        "{} commits, {rows} rows in {spent:.2} s: {:.0} commits/s, {:.0} rows/s",
        commits.len(),
        5000.0 / spent,
        rows as f64 / spent
    );
    let start = std::time::Instant::now();
    store.ledger_state(NETUID).await.unwrap();
    println!("ledger_state in {:?}", start.elapsed());
}
