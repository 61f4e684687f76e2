//! Examining a database without changing it.

use diesel::connection::{Connection, SimpleConnection};
use vesting_core::ports::{StoreError, WriteRecord};
use vesting_store::{DatabaseStore, Examined, Schema, examine, open, writer};
use vesting_testkit::contract::store::plain;
use vesting_testkit::postgres::Database;
use vesting_testkit::postgres_test;

use crate::migrations::make;
use crate::{NETUID, folder, refused, url};

fn schema(url: &str) -> Schema {
    let Examined { schema, writable } = examine(url).unwrap();
    assert_eq!(writable, Ok(()));
    schema
}

#[test]
fn an_examination_tells_the_schema_and_creates_nothing() {
    let (folder, path) = folder();
    assert_eq!(schema(&url(&path)), Schema::None);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    for versions in [1, 3] {
        let (_folder, path) = crate::folder();
        let mut conn = make(&path, versions);
        assert_eq!(schema(&url(&path)), Schema::Outdated);
        conn.batch_execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('99990101000000')")
            .unwrap();
        assert!(refused(examine(&url(&path))).contains("newer version"));
    }
    let (_folder, path) = crate::folder();
    drop(open(&url(&path)).unwrap());
    assert_eq!(schema(&url(&path)), Schema::Current);
    let Examined { writable, .. } = examine(&url(&folder.path().join("no/such.db"))).unwrap();
    assert!(refused(writable).contains("create it"));
    assert!(refused(examine("mysql://x")).contains("sqlite://"));
}

#[test]
fn a_place_that_takes_no_file_is_named_with_what_to_do() {
    // A file system on which nobody can make a file.
    let said = refused(open("sqlite:///proc/vesting.db"));
    assert!(said.contains("in the folder `/proc`") && said.contains("let this user write there"), "{said}");
    let said = refused(open(&url(&folder().0.path().join("no/such.db"))));
    assert!(said.contains("create it"), "{said}");
}

#[tokio::test]
async fn the_writer_is_named_and_not_disturbed() {
    let (_folder, path) = folder();
    let url = url(&path);
    let store = DatabaseStore::open(&url).unwrap();
    assert_eq!(writer(&url, NETUID), Ok(None));
    store.claim(NETUID).await.unwrap();
    let named = writer(&url, NETUID).unwrap().unwrap();
    assert!(named.contains(&std::process::id().to_string()), "{named}");
    store.commit(&plain(NETUID, 1, None)).await.unwrap();
    drop(store);
    assert_eq!(writer(&url, NETUID), Ok(None));
    // The examination does not block a writer.
    assert_eq!(DatabaseStore::open(&url).unwrap().claim(NETUID).await, Ok(()));
}

#[tokio::test]
async fn a_database_that_is_being_written_to_is_busy() {
    let (_folder, path) = folder();
    drop(open(&url(&path)).unwrap());
    let mut other = diesel::SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    other.batch_execute("BEGIN IMMEDIATE").unwrap();
    let examined = examine(&url(&path)).unwrap();
    assert!(
        matches!(&examined.writable, Err(StoreError::Busy(why)) if why.contains("vesting.db")),
        "{examined:?}"
    );
}

postgres_test! {
    async fn a_server_tells_what_may_be_done_there() {
        let database = Database::new();
        assert_eq!(schema(&database.url), Schema::None);
        assert_eq!(schema(&database.url), Schema::None, "nothing is made");
        let store = DatabaseStore::open(&database.url).unwrap();
        assert_eq!(schema(&database.url), Schema::Current);
        assert_eq!(writer(&database.url, NETUID), Ok(None));
        store.claim(NETUID).await.unwrap();
        let named = writer(&database.url, NETUID).unwrap().unwrap();
        assert!(named.contains("connected from"), "{named}");
        let divider = if database.url.contains('?') { '&' } else { '?' };
        let read_only = format!("{}{divider}options=-cdefault_transaction_read_only%3Don", database.url);
        if !database.url.contains("options=") {
            assert!(refused(examine(&read_only).unwrap().writable).contains("only read"));
        }
        database.sql(
            "DELETE FROM __diesel_schema_migrations WHERE version = (SELECT max(version) FROM \
            __diesel_schema_migrations)",
        );
        assert_eq!(schema(&database.url), Schema::Outdated);
    }
}
