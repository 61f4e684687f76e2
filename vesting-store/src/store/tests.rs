//! A database that must not grow. This test is here because the limit is set on the store's own connection.

#![allow(clippy::unwrap_used, clippy::panic)] // tests fail by panicking

use vesting_core::ports::{StoreError, WriteRecord};
use vesting_core::{MemoryStore, NetUid};
use vesting_testkit::contract::store::{commits, same};

use super::DatabaseStore;

const NETUID: NetUid = NetUid(2);

#[tokio::test]
async fn a_commit_to_a_full_disk_changes_nothing_and_succeeds_once_there_is_space() {
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("vesting.db");
    let url = format!("sqlite://{}", path.display());
    let (store, memory) = (DatabaseStore::open(&url).unwrap(), MemoryStore::new());
    let allow = |pages: u32| store.writer().unwrap().execute(&format!("PRAGMA max_page_count = {pages}"));
    let mut full = 0;
    for commit in commits(NETUID, 200, 5) {
        // The limit is raised to the present size: the file cannot grow.
        allow(1);
        while let Err(error) = store.commit(&commit).await {
            let StoreError::Full(words) = &error else { panic!("{error:?}") };
            assert!(words.contains("vesting.db") && error.is_passing(), "{error}");
            same(&store, &memory, NETUID, commit.watermark.block.number.0.max(2) - 1).await;
            full += 1;
            assert!(full < 200, "room does not help");
            allow(1_000_000);
        }
        memory.commit(&commit).await.unwrap();
    }
    assert!(full > 5, "too little to test with: {full}");
    same(&store, &memory, NETUID, 200).await;
    drop(store);
    same(&DatabaseStore::open(&url).unwrap(), &memory, NETUID, 200).await;
}
