//! Export of records to a file, and import.

use std::io::{BufReader, Read};
use std::path::Path;
use std::sync::Arc;

use tempfile::TempDir;
use vesting_core::ports::{Commit, StakeStore};
use vesting_core::{BlockHash, MemoryStore, NetUid, Parts};
use vesting_store::export::{Checksum, Decoder, Encoder, ExportError, Reader, Writer};
use vesting_store::open;
use vesting_testkit::contract::store::{commits, same};

const BLOCKS: u64 = 60;

const GENESIS: BlockHash = BlockHash([7; 32]);

/// The records of a store, in parts of a number of epochs each.
async fn parts(store: &dyn StakeStore, epochs: usize) -> Vec<Commit> {
    let mut found = Vec::new();
    for netuid in store.netuids().await.unwrap() {
        let mut parts = Parts::of_size(store, netuid, epochs).await.unwrap();
        while let Some(part) = parts.next().await.unwrap() {
            found.push(part);
        }
    }
    found
}

async fn example() -> Vec<Commit> {
    let store = MemoryStore::new();
    for netuid in [NetUid(2), NetUid(3)] {
        put(&store, &commits(netuid, BLOCKS, 1)).await;
    }
    parts(&store, 5).await
}

async fn put(store: &dyn StakeStore, commits: &[Commit]) {
    for commit in commits {
        store.commit(commit).await.unwrap();
    }
}

fn netuids(parts: &[Commit]) -> Vec<NetUid> {
    let mut netuids: Vec<NetUid> = parts.iter().map(|part| part.netuid).collect();
    netuids.dedup();
    netuids
}

fn lines(parts: &[Commit]) -> Vec<u8> {
    let mut encoder = Encoder::new(Vec::new(), GENESIS, &netuids(parts)).unwrap();
    parts.iter().for_each(|part| encoder.part(part).unwrap());
    encoder.finish().unwrap().0
}

/// Reads an export to its end.
fn decode(text: &[u8]) -> Result<Vec<Commit>, ExportError> {
    let mut lines = Decoder::new(text)?;
    let mut parts = Vec::new();
    while let Some(part) = lines.next_part()? {
        parts.push(part);
    }
    assert!(lines.checksum().is_some());
    Ok(parts)
}

fn write(path: &Path, parts: &[Commit], replace: bool) -> Result<Checksum, ExportError> {
    let mut file = Writer::create(path, GENESIS, &netuids(parts), replace)?;
    parts.iter().try_for_each(|part| file.part(part))?;
    file.finish()
}

fn read(path: &Path) -> Result<(Vec<Commit>, Checksum), ExportError> {
    let mut file = Reader::open(path)?;
    let mut parts = Vec::new();
    while let Some(part) = file.next_part()? {
        parts.push(part);
    }
    assert_eq!((file.genesis(), file.netuids()), (GENESIS, netuids(&parts).as_slice()));
    Ok((parts, file.checksum().unwrap()))
}

#[tokio::test]
async fn records_come_back_into_any_store() {
    let folder = TempDir::new().unwrap();
    let [one, other] = ["one", "other"].map(|name| folder.path().join(name));
    let export = example().await;
    assert!(export.len() > 4, "too little to test with");
    let checksum = write(&one, &export, false).unwrap();
    assert_eq!(read(&one).unwrap(), (export.clone(), checksum));
    let stores: [Arc<dyn StakeStore>; 2] = [Arc::new(MemoryStore::new()), open("sqlite::memory:").unwrap()];
    for store in &stores {
        put(store.as_ref(), &export).await;
        write(&other, &parts(store.as_ref(), 5).await, true).unwrap();
        assert_eq!(std::fs::read(&one).unwrap(), std::fs::read(&other).unwrap(), "bit by bit");
    }
    same(&*stores[0], &*stores[1], NetUid(2), BLOCKS).await;
}

#[tokio::test]
async fn an_existing_file_is_kept() {
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
    drop(Writer::create(&folder.path().join("begun"), GENESIS, &[], false).unwrap());
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
    put(&store, &commits(NetUid(2), 15, 1)).await;
    let export = parts(&store, 1).await;
    let whole = String::from_utf8(lines(&export)).unwrap();
    let all: Vec<&str> = whole.lines().collect();
    let refused = |text: &str| decode(text.as_bytes()).unwrap_err();
    for n in 0..all.len() {
        let cut = all[..n].iter().map(|line| format!("{line}\n")).collect::<String>();
        assert!(
            matches!(refused(&cut), ExportError::CutOff(line) if line == u64::try_from(n).unwrap()),
            "{n}"
        );
        let left_out: String =
            all.iter().enumerate().filter(|(i, _)| *i != n).map(|(_, line)| format!("{line}\n")).collect();
        refused(&left_out);
    }
    // Each line but the last, with one digit changed.
    for (n, line) in all.iter().enumerate().take(all.len() - 1) {
        let Some(digit) = line.rfind(|c: char| c.is_ascii_digit()) else { continue };
        let old: u32 = line[digit..=digit].parse().unwrap();
        let altered = format!("{}{}{}", &line[..digit], (old + 1) % 10, &line[digit + 1..]);
        let text: String = all
            .iter()
            .enumerate()
            .map(|(i, line)| format!("{}\n", if i == n { &altered } else { *line }))
            .collect();
        refused(&text);
    }
    let amount = whole.replacen(r#""initial":""#, r#""initial":"1"#, 1);
    assert!(matches!(refused(&amount), ExportError::Checksum { .. }));
    assert!(matches!(
        refused(&whole.replacen(r#""version":2"#, r#""version":1"#, 1)),
        ExportError::Version(1)
    ));
    assert!(matches!(
        refused(&whole.replacen("vesting/export", "else", 1)),
        ExportError::Line { line: 1, .. }
    ));
    assert!(
        matches!(refused(&whole.replacen(r#""since""#, r#""more":1,"since""#, 1)), ExportError::Line { .. }),
        "an unknown field"
    );
    assert!(matches!(refused(&format!("{whole}\n")), ExportError::Line { .. }), "something after the end");
}

#[tokio::test]
async fn every_kind_of_line_and_every_field_is_documented() {
    let page =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/export.md")).unwrap();
    let whole = String::from_utf8(lines(&example().await)).unwrap();
    for line in whole.lines() {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        let (kind, row) = value.as_object().unwrap().iter().next().unwrap();
        assert!(page.contains(&format!("### `{kind}`")), "{kind}");
        let section = page.split(&format!("### `{kind}`")).nth(1).unwrap().split("\n### ").next().unwrap();
        for field in row.as_object().into_iter().flat_map(|row| row.keys()) {
            assert!(section.contains(&format!("`{field}`")), "{kind}: {field}");
        }
    }
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("export");
    write(&path, &example().await, false).unwrap();
    let mut text = String::new();
    BufReader::new(zstd::Decoder::new(std::fs::File::open(&path).unwrap()).unwrap())
        .read_to_string(&mut text)
        .unwrap();
    assert_eq!(text, whole, "the file is these lines, compressed");
}
