//! Records as a file, and back.

use std::io::{BufReader, Read};
use std::path::Path;
use std::sync::Arc;

use tempfile::TempDir;
use vesting_core::ports::{Commit, StakeStore};
use vesting_core::{BlockHash, MemoryStore, NetUid};
use vesting_store::export::{Export, ExportError, decode, encode, read, write};
use vesting_store::open;
use vesting_testkit::contract::store::{commits, same};

const BLOCKS: u64 = 60;

async fn record(store: &dyn StakeStore, netuid: NetUid, blocks: u64) -> Commit {
    for commit in commits(netuid, blocks, 1) {
        store.commit(&commit).await.unwrap();
    }
    store.record(netuid).await.unwrap().unwrap()
}

async fn example() -> Export {
    let store = MemoryStore::new();
    let records = vec![record(&store, NetUid(2), BLOCKS).await, record(&store, NetUid(3), BLOCKS).await];
    Export { genesis: BlockHash([7; 32]), records }
}

fn lines(export: &Export) -> Vec<u8> {
    let mut lines = Vec::new();
    encode(export, &mut lines).unwrap();
    lines
}

#[tokio::test]
async fn records_come_back_into_any_store() {
    let folder = TempDir::new().unwrap();
    let [one, other] = ["one", "other"].map(|name| folder.path().join(name));
    let export = example().await;
    let checksum = write(&one, &export, false).unwrap();
    let (back, same_checksum) = read(&one).unwrap();
    assert_eq!((&back, same_checksum), (&export, checksum));
    let stores: [Arc<dyn StakeStore>; 2] = [Arc::new(MemoryStore::new()), open("sqlite::memory:").unwrap()];
    for store in &stores {
        for record in &back.records {
            store.commit(record).await.unwrap();
        }
        let mut again = Export { genesis: export.genesis, records: Vec::new() };
        for netuid in store.netuids().await.unwrap() {
            again.records.push(store.record(netuid).await.unwrap().unwrap());
        }
        write(&other, &again, true).unwrap();
        assert_eq!(std::fs::read(&one).unwrap(), std::fs::read(&other).unwrap(), "bit by bit");
    }
    same(&*stores[0], &*stores[1], NetUid(2), BLOCKS).await;
}

#[tokio::test]
async fn a_file_that_is_there_stays() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("export");
    std::fs::write(&path, "mine").unwrap();
    let export = example().await;
    let refused = write(&path, &export, false);
    assert!(matches!(refused, Err(ExportError::Exists(_))), "{refused:?}");
    assert_eq!(std::fs::read(&path).unwrap(), b"mine");
    write(&path, &export, true).unwrap();
    assert_eq!(read(&path).unwrap().0, export);
    let nowhere = write(&folder.path().join("no/folder"), &export, false);
    assert!(matches!(nowhere, Err(ExportError::File { .. })), "{nowhere:?}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left behind");
}

#[tokio::test]
async fn a_file_cut_off_anywhere_is_refused() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("export");
    write(&path, &example().await, false).unwrap();
    let whole = std::fs::read(&path).unwrap();
    for length in (0..whole.len()).step_by(97).chain([whole.len() - 1]) {
        std::fs::write(&path, &whole[..length]).unwrap();
        let refused = read(&path);
        assert!(matches!(refused, Err(ExportError::CutOff(_))), "{length} of {}: {refused:?}", whole.len());
    }
    std::fs::write(&path, [&whole[..], b"more"].concat()).unwrap();
    assert!(read(&path).is_err());
    std::fs::write(&path, [&whole[..], &whole[..]].concat()).unwrap();
    assert!(read(&path).is_err(), "two of them");
}

#[tokio::test]
async fn a_line_cut_off_left_out_or_altered_is_refused() {
    let store = MemoryStore::new();
    let export = Export { genesis: BlockHash([7; 32]), records: vec![record(&store, NetUid(2), 15).await] };
    let whole = String::from_utf8(lines(&export)).unwrap();
    let all: Vec<&str> = whole.lines().collect();
    let refused = |text: &str| decode(&mut text.as_bytes()).unwrap_err();
    for n in 0..all.len() {
        let cut = all[..n].iter().map(|line| format!("{line}\n")).collect::<String>();
        assert!(matches!(refused(&cut), ExportError::CutOff(line) if line == u64::try_from(n).unwrap()), "{n}");
        let left_out: String = all.iter().enumerate().filter(|(i, _)| *i != n).map(|(_, line)| format!("{line}\n")).collect();
        refused(&left_out);
    }
    // A digit of each line but the last is another one.
    for (n, line) in all.iter().enumerate().take(all.len() - 1) {
        let Some(digit) = line.rfind(|c: char| c.is_ascii_digit()) else { continue };
        let old: u32 = line[digit..=digit].parse().unwrap();
        let altered = format!("{}{}{}", &line[..digit], (old + 1) % 10, &line[digit + 1..]);
        let text: String = all.iter().enumerate().map(|(i, line)| format!("{}\n", if i == n { &altered } else { *line })).collect();
        refused(&text);
    }
    let amount = whole.replacen(r#""initial":""#, r#""initial":"1"#, 1);
    assert!(matches!(refused(&amount), ExportError::Checksum { .. }));
    assert!(matches!(refused(&whole.replacen(r#""version":1"#, r#""version":2"#, 1)), ExportError::Version(2)));
    assert!(matches!(refused(&whole.replacen("vesting/export", "else", 1)), ExportError::Line { line: 1, .. }));
    assert!(matches!(refused(&whole.replacen(r#""since""#, r#""more":1,"since""#, 1)), ExportError::Line { .. }), "an unknown field");
    assert!(matches!(refused(&format!("{whole}\n")), ExportError::Line { .. }), "something after the end");
}

#[tokio::test]
async fn what_the_page_shows_is_what_is_written() {
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/export.md")).unwrap();
    let whole = String::from_utf8(lines(&example().await)).unwrap();
    for line in whole.lines() {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        let (sort, row) = value.as_object().unwrap().iter().next().unwrap();
        assert!(page.contains(&format!("### `{sort}`")), "{sort}");
        let section = page.split(&format!("### `{sort}`")).nth(1).unwrap().split("\n### ").next().unwrap();
        for field in row.as_object().into_iter().flat_map(|row| row.keys()) {
            assert!(section.contains(&format!("`{field}`")), "{sort}: {field}");
        }
    }
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("export");
    write(&path, &example().await, false).unwrap();
    let mut text = String::new();
    BufReader::new(zstd::Decoder::new(std::fs::File::open(&path).unwrap()).unwrap()).read_to_string(&mut text).unwrap();
    assert_eq!(text, whole, "the file is these lines, compressed");
}
