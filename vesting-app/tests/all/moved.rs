//! A record moved to another validator by a file: the same in everything, and nothing taken in that is not.

use std::path::Path;
use std::sync::{Arc, RwLock};

use vesting_core::ports::Commit;
use vesting_core::{BlockHash, Kind, NetUid, PositionKey, Rao};
use vesting_store::export::{Reader, Writer};
use vesting_testkit::history::History;
use vesting_testkit::node::{NodeHandle, NodeOptions, serve};
use vesting_testkit::sim::RandomLife;

use crate::command_line::{check, vesting};

const BLOCKS: u32 = 220;

/// A folder with the record of both subnets of a random chain and its export `file`, and the chain's node.
async fn recorded(seed: u64) -> (tempfile::TempDir, NodeHandle) {
    let history = Arc::new(RwLock::new(History::default()));
    let mut life = RandomLife::new(seed);
    let mut chain = life.chain(seed, Some(Arc::clone(&history)));
    (0..BLOCKS).for_each(|_| life.step(&mut chain));
    let node = serve(history, NodeOptions::default()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), &["catch-up", "--from", "1", "--netuid", "1,2", "--network", &node.url()]);
    run(folder.path(), &["db", "export", "file"]);
    (folder, node)
}

fn run(folder: &Path, arguments: &[&str]) -> String {
    let output = vesting(folder, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// All that the commands print of a record.
fn said(folder: &Path) -> Vec<String> {
    let what = ["ledger", "miners", "epochs", "stats", "digest"];
    ["1", "2"]
        .into_iter()
        .flat_map(|netuid| what.map(|what| run(folder, &[what, "--json", "--netuid", netuid])))
        .collect()
}

fn state_digest(folder: &Path, netuid: &str) -> String {
    let said: serde_json::Value =
        serde_json::from_str(&run(folder, &["digest", "--json", "--netuid", netuid])).unwrap();
    said["state_digest"].as_str().unwrap().to_owned()
}

/// The files of a folder.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let mut files: Vec<_> =
        files.map(|path| (path.display().to_string(), std::fs::read(&path).unwrap())).collect();
    files.sort();
    files
}

/// The import of `file` is refused with this word, and leaves the folder as it was.
fn refused(folder: &Path, file: &Path, more: &[&str], word: &str) {
    let before = files(folder);
    let file = file.display().to_string();
    check(folder, &[&["db", "import", &file], more].concat(), 1, word);
    assert_eq!(files(folder), before, "{word}: untouched");
}

/// What a file says, each record as one part.
struct Export {
    genesis: BlockHash,
    records: Vec<Commit>,
}

impl Export {
    fn read(path: &Path) -> Self {
        let mut file = Reader::open(path).unwrap();
        let records = std::iter::from_fn(|| file.next_part().unwrap()).collect();
        Self { genesis: file.genesis(), records }
    }

    fn write(&self, path: &Path) {
        let netuids: Vec<NetUid> = self.records.iter().map(|record| record.netuid).collect();
        let mut file = Writer::create(path, self.genesis, &netuids, true).unwrap();
        self.records.iter().for_each(|record| file.part(record).unwrap());
        file.finish().unwrap();
    }
}

/// The export with something altered in the record of subnet 1, written anew with a checksum that is right.
fn altered(from: &Path, to: &Path, alter: impl FnOnce(&mut Export)) {
    let mut export = Export::read(from);
    alter(&mut export);
    export.write(to);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_moves_whole() {
    let (one, node) = recorded(41).await;
    let (file, other) = (one.path().join("file"), tempfile::tempdir().unwrap());
    let name = file.display().to_string();
    let words = run(one.path(), &["db", "check"]);
    assert!(words.contains("Subnet 1") && words.contains("Subnet 2"), "{words}");
    // One subnet after the other, with the digest that is expected, and the chain asked.
    let digest = state_digest(one.path(), "2").to_uppercase().replace("0X", "0x");
    run(other.path(), &["db", "import", &name, "--netuid", "2", "--expect-digest", &digest]);
    let words = run(
        other.path(),
        &["db", "import", &name, "--netuid", "1", "--network", &node.url(), "--spot-check", "30"],
    );
    let mut exported = Reader::open(&file).unwrap();
    while exported.next_part().unwrap().is_some() {}
    let checksum = exported.checksum().unwrap();
    assert!(words.contains("the chain agrees with") && words.contains(&checksum.to_string()), "{words}");
    run(other.path(), &["db", "check"]);
    assert_eq!(said(other.path()), said(one.path()));
    run(other.path(), &["db", "export", "again"]);
    assert!(
        std::fs::read(other.path().join("again")).unwrap() == std::fs::read(&file).unwrap(),
        "bit by bit"
    );
    check(other.path(), &["db", "export", "again"], 1, "--force");
    run(other.path(), &["db", "export", "again", "--force"]);
    run(other.path(), &["db", "migrate"]);
    refused(other.path(), &file, &[], "subnet 1");
    // It goes on where it ends.
    run(other.path(), &["catch-up", "--netuid", "1,2", "--network", &node.url()]);
    assert_eq!(said(other.path()), said(one.path()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_not_taken_in() {
    let (one, _node) = recorded(42).await;
    let (file, bad) = (one.path().join("file"), one.path().join("bad"));
    let empty = tempfile::tempdir().unwrap();
    let whole = std::fs::read(&file).unwrap();
    std::fs::write(&bad, &whole[..whole.len() / 2]).unwrap();
    refused(empty.path(), &bad, &[], "cut off");
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 16;
    std::fs::write(&bad, flipped).unwrap();
    refused(empty.path(), &bad, &[], "nothing was taken in");
    refused(empty.path(), Path::new("nowhere"), &[], "nowhere");
    altered(&file, &bad, |export| export.records[0].entries[3].alpha.0 += 1);
    refused(empty.path(), &bad, &[], "subnet 1");
    // What is wrong with the second is known before the first is written.
    altered(&file, &bad, |export| export.records[1].exits[0].amount.0 += 1);
    refused(empty.path(), &bad, &[], "subnet 2");
    let wrong = format!("0x{}", "0".repeat(64));
    refused(empty.path(), &file, &["--netuid", "1", "--expect-digest", &wrong], "state digest");
    check(
        empty.path(),
        &["db", "import", &file.display().to_string(), "--expect-digest", &wrong],
        2,
        "--netuid",
    );
    check(empty.path(), &["db", "import", &file.display().to_string(), "--netuid", "9"], 2, "subnet 9");
    // Another chain's database.
    altered(&file, &bad, |export| {
        export.genesis = BlockHash([9; 32]);
        export.records.truncate(1);
    });
    run(empty.path(), &["db", "import", &bad.display().to_string()]);
    refused(empty.path(), &file, &["--netuid", "2"], "genesis");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_altered_consistently_differs_from_the_chain() {
    let (one, node) = recorded(43).await;
    let (file, bad) = (one.path().join("file"), one.path().join("bad"));
    altered(&file, &bad, |export| enrich(&mut export.records[0], 5));
    let (there, name) = (tempfile::tempdir().unwrap(), bad.display().to_string());
    refused(there.path(), &bad, &["--network", &node.url(), "--spot-check", "1000"], "the record says");
    let digest = state_digest(one.path(), "1");
    refused(there.path(), &bad, &["--netuid", "1", "--expect-digest", &digest], "state digest");
    run(there.path(), &["db", "import", &name]);
    run(there.path(), &["db", "check"]);
    // Another chain than the endpoint's.
    altered(&file, &bad, |export| export.genesis = BlockHash([9; 32]));
    let other = tempfile::tempdir().unwrap();
    refused(other.path(), &bad, &["--network", &node.url()], "genesis");
}

/// Lets a position have had so much more from the beginning, in every row that tells of it.
fn enrich(record: &mut Commit, more: u64) {
    let sums =
        |key: &PositionKey| record.snapshots.iter().filter(|s| s.key == *key).all(|s| s.alpha > Rao::ZERO);
    let opening = record.entries.iter().find(|e| e.kind == Kind::Opening && sums(&e.key)).copied().unwrap();
    let (key, coldkey) = (opening.key, opening.key.coldkey);
    record
        .entries
        .iter_mut()
        .filter(|e| e.kind == Kind::Opening && e.key == key)
        .for_each(|e| e.alpha.0 += i128::from(more));
    let tranche = record
        .tranches
        .iter_mut()
        .find(|t| t.coldkey == coldkey && t.id.kind == Kind::Opening && t.id.hotkey == key.hotkey);
    tranche.unwrap().initial.0 += more;
    record.snapshots.iter_mut().filter(|s| s.key == key).for_each(|s| s.alpha.0 += more);
    for change in record.epochs.iter_mut().flat_map(|e| &mut e.changes).filter(|c| c.key == key) {
        change.before.0 += more;
        change.after.0 += more;
    }
    for change in record.balance_changes.iter_mut().filter(|c| c.key == key) {
        change.start.0 += more;
        change.end.0 += more;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_database_is_told_from_a_sound_one() {
    let (one, _node) = recorded(44).await;
    let url = format!("sqlite://{}", one.path().join("vesting.db").display());
    run(one.path(), &["db", "check", "--netuid", "2"]);
    let store = vesting_store::open(&url).unwrap();
    let mut record = store.record(NetUid(2)).await.unwrap().unwrap();
    record.netuid = NetUid(7);
    record.entries.iter_mut().for_each(|entry| entry.netuid = NetUid(7));
    record.tranches.iter_mut().for_each(|tranche| tranche.netuid = NetUid(7));
    record.exits.iter_mut().for_each(|exit| exit.netuid = NetUid(7));
    let last = record.entries.iter_mut().rfind(|entry| entry.kind == Kind::Incentive).unwrap();
    last.alpha.0 += 1;
    let (key, block) = (last.key, last.block);
    store.commit(&record).await.unwrap();
    check(one.path(), &["db", "check"], 1, "subnet 7, stake_");
    check(
        one.path(),
        &["db", "check"],
        1,
        &format!("at block {block}, hotkey {} of coldkey {}", key.hotkey, key.coldkey),
    );
}
