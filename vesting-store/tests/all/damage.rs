//! Files that are damaged, cut off, removed or replaced.

use std::path::Path;

use vesting_core::MemoryStore;
use vesting_core::ports::{Commit, ReadRecord, StakeStore, StoreError, WholeRecord, WriteRecord};
use vesting_store::DatabaseStore;
use vesting_testkit::contract::store::{commits, same};

use crate::{NETUID, contents, folder, refused, url};

/// The default page size of SQLite.
const PAGE: usize = 4096;

async fn memory(commits: &[Commit]) -> MemoryStore {
    let memory = MemoryStore::new();
    put(&memory, commits).await;
    memory
}

async fn put(store: &dyn StakeStore, commits: &[Commit]) {
    for commit in commits {
        store.commit(commit).await.unwrap();
    }
}

/// What is read from a damaged file: either the true record, or an error that names the file.
async fn honest(path: &Path, truth: &MemoryStore) -> bool {
    let read = async {
        let store = DatabaseStore::open_read_only(&url(path))?;
        Ok((store.record(NETUID).await?, store.ledger_state(NETUID).await?))
    };
    match read.await {
        Ok((record, state)) => {
            assert_eq!(record, truth.record(NETUID).await.unwrap());
            assert_eq!(state, truth.ledger_state(NETUID).await.unwrap());
            true
        }
        Err(error) => {
            assert!(matches!(error, StoreError::Corrupt(_)) && !error.is_passing(), "{error:?}");
            let words = error.to_string();
            assert!(words.contains("vesting.db") && words.contains("restore a copy"), "{words}");
            false
        }
    }
}

#[tokio::test]
async fn damaged_pages_are_reported_and_not_changed() {
    let (folder, path) = folder();
    let all = commits(NETUID, 120, 5);
    put(&DatabaseStore::open(&url(&path)).unwrap(), &all).await;
    let truth = memory(&all).await;
    let whole = std::fs::read(&path).unwrap();
    assert!(whole.len() > 40 * PAGE, "too little to test with");
    let mut noticed = 0;
    for (number, page) in (1..whole.len() / PAGE).enumerate() {
        let mut damaged = whole.clone();
        damaged[page * PAGE..(page + 1) * PAGE].fill([0, 0xff, b'x'][number % 3]);
        std::fs::write(&path, damaged).unwrap();
        let before = contents(folder.path());
        noticed += u32::from(!honest(&path, &truth).await);
        assert_eq!(contents(folder.path()), before, "page {page}");
    }
    assert!(noticed > 30, "{noticed} of {} pages", whole.len() / PAGE);
    for length in [PAGE, 2 * PAGE, 7 * PAGE + 100, whole.len() / 2, whole.len() - PAGE, whole.len() - 1] {
        std::fs::write(&path, &whole[..length]).unwrap();
        let before = contents(folder.path());
        assert!(!honest(&path, &truth).await, "{length} bytes");
        assert!(matches!(DatabaseStore::open(&url(&path)), Err(StoreError::Corrupt(_))), "{length} bytes");
        assert_eq!(contents(folder.path()), before, "{length} bytes");
    }
    std::fs::write(&path, whole).unwrap();
    assert!(honest(&path, &truth).await);
}

#[tokio::test]
async fn commits_lost_with_a_log_are_recorded_again() {
    let (_folder, path) = folder();
    let all = commits(NETUID, 60, 9);
    // As a power loss leaves it: some commits are in the file, the rest in the log beside it.
    put(&DatabaseStore::open(&url(&path)).unwrap(), &all[..20]).await;
    let store = DatabaseStore::open(&url(&path)).unwrap();
    put(&store, &all[20..40]).await;
    let log = path.with_extension("db-wal");
    let (file, whole) = (std::fs::read(&path).unwrap(), std::fs::read(&log).unwrap());
    drop(store);
    let truth = memory(&all).await;
    let mut stood = std::collections::BTreeSet::new();
    let garbage = |from: usize| [&whole[..from], &vec![0xa5; whole.len() - from]].concat();
    let middles =
        (1..20).map(|n| whole.len() * n / 20 + 17).flat_map(|from| [garbage(from), whole[..from].to_vec()]);
    let logs =
        [vec![], garbage(0), b"garbage".to_vec(), garbage(32), whole.clone()].into_iter().chain(middles);
    for log in logs {
        let (_folder, path) = crate::folder();
        std::fs::write(&path, &file).unwrap();
        std::fs::write(path.with_extension("db-wal"), &log).unwrap();
        let store = DatabaseStore::open(&url(&path)).unwrap();
        let stands = store.watermark(NETUID).await.unwrap().unwrap().block.number.0;
        assert!((20..=40).contains(&stands), "{stands}");
        let reached = usize::try_from(stands).unwrap();
        same(&store, &memory(&all[..reached]).await, NETUID, stands).await;
        put(&store, &all[reached..]).await;
        same(&store, &truth, NETUID, 60).await;
        stood.insert(stands);
    }
    assert!(stood.contains(&20) && stood.contains(&40) && stood.len() > 5, "{stood:?}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_removed_or_replaced_file_is_not_written_to() {
    let (folder, path) = folder();
    let all = commits(NETUID, 30, 3);
    let store = DatabaseStore::open(&url(&path)).unwrap();
    put(&store, &all[..10]).await;
    let aside = folder.path().join("aside");
    std::fs::rename(&path, &aside).unwrap();
    let before = contents(folder.path());
    for words in [refused(store.commit(&all[10]).await), refused(store.record(NETUID).await)] {
        assert!(words.contains("vesting.db") && words.contains("taken away"), "{words}");
    }
    assert_eq!(contents(folder.path()), before);
    // Another file of the same name, with the same content.
    std::fs::copy(&aside, &path).unwrap();
    let before = contents(folder.path());
    for words in [refused(store.commit(&all[10]).await), refused(store.record(NETUID).await)] {
        assert!(words.contains("vesting.db") && words.contains("replaced"), "{words}");
    }
    assert_eq!(contents(folder.path()), before);
    std::fs::rename(&aside, &path).unwrap();
    put(&store, &all[10..]).await;
    drop(store);
    same(&DatabaseStore::open(&url(&path)).unwrap(), &memory(&all).await, NETUID, 30).await;
}
