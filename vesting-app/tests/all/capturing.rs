//! `vesting doctor --capture`: what it writes is served again, and the same is recorded from it.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

use serde_json::Value;
use vesting_testkit::fault::Fault;
use vesting_testkit::history::History;
use vesting_testkit::node::{NodeHandle, NodeOptions, serve};
use vesting_testkit::recording::load;
use vesting_testkit::stake_api::{identity, storage_key};

use crate::command_line::program;
use crate::place::life;

fn run(folder: &Path, arguments: &[&str]) -> String {
    let output = tokio::task::block_in_place(|| program(folder, arguments).output().unwrap());
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Captures so many blocks of both subnets, and says which can be recorded.
fn capture(folder: &Path, node: &NodeHandle, blocks: u32) -> Value {
    let output = format!("captured-{blocks}");
    let said = run(
        folder,
        &[
            "doctor",
            "--json",
            "--capture",
            &blocks.to_string(),
            "--output",
            &output,
            "--network",
            &node.url(),
            "--netuid",
            "1,2",
        ],
    );
    serde_json::from_str(&said).unwrap()
}

/// `vesting simnode --recording`, until it is dropped.
struct Simnode {
    child: Child,
    url: String,
}

impl Simnode {
    fn start(folder: &Path, recording: &str, more: &[&str]) -> Self {
        let mut command: Command =
            program(folder, &["simnode", "--json", "--recording", recording, "--listen", "127.0.0.1:0"]);
        let mut child = command.args(more).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.take().unwrap()), &mut line)
            .unwrap();
        let said: Value = serde_json::from_str(&line).unwrap();
        Self { child, url: said["url"].as_str().unwrap().to_owned() }
    }
}

impl Drop for Simnode {
    fn drop(&mut self) {
        // One that has ended already cannot be killed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Everything that a record says of both subnets.
fn said(folder: &Path, database: &str) -> Vec<String> {
    let mut said = Vec::new();
    for netuid in ["1", "2"] {
        for what in ["ledger", "epochs", "miners", "digest"] {
            let output = run(folder, &[what, "--json", "--netuid", netuid, "--database-url", database]);
            // How an epoch was found is not part of it.
            said.extend(output.lines().map(|line| {
                let mut line: Value = serde_json::from_str(line).unwrap();
                line.as_object_mut().unwrap().remove("detected");
                line.to_string()
            }));
        }
    }
    said
}

/// Checks that two records say the same, line by line: all lines at once are too long to be read.
fn same(one: &[String], other: &[String], seed: u64) {
    let mut lines = one.iter().zip(other);
    assert_eq!(lines.find(|(one, other)| one != other), None, "seed {seed}");
    assert_eq!(one.len(), other.len(), "seed {seed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_capture_is_recorded_as_the_chain_itself() {
    // Upgraded twice and three times in the stretch.
    for (seed, runtimes) in [(98, 3), (57, 4)] {
        let history = life(seed, 420);
        let node = serve(Arc::clone(&history), NodeOptions::default()).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let captured = capture(folder, &node, 250);
        let [from, to] = ["from", "to"].map(|name| captured[name].as_u64().unwrap());
        assert!(to - from == 249 && from > 100, "{captured}");
        assert_eq!(captured["spec_versions"].as_array().unwrap().len(), runtimes, "{captured}");
        let (from, to) = (from.to_string(), to.to_string());
        let catch_up = |url: &str, database: &str, to: &str| {
            run(
                folder,
                &[
                    "catch-up",
                    "--network",
                    url,
                    "--netuid",
                    "1,2",
                    "--from",
                    &from,
                    "--to",
                    to,
                    "--database-url",
                    database,
                ],
            );
        };
        catch_up(&node.url(), "sqlite://original.db", &to);
        let expected = said(folder, "sqlite://original.db");
        assert!(expected.len() > 100, "seed {seed}: {} lines are too few to test with", expected.len());

        let again = Simnode::start(folder, "captured-250", &[]);
        catch_up(&again.url, "sqlite://again.db", &to);
        same(&said(folder, "sqlite://again.db"), &expected, seed);
        // What was not captured is not taken for blocks that are still to come.
        let before = [
            "catch-up",
            "--network",
            &again.url,
            "--netuid",
            "1",
            "--from",
            "9",
            "--database-url",
            "sqlite://before.db",
        ];
        let output = tokio::task::block_in_place(|| program(folder, &before).output().unwrap());
        let words = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.code() == Some(1)
                && words.contains("state of block 9")
                && words.contains("archive endpoint"),
            "{words}"
        );

        // Followed block by block, as if it went on.
        let following = Simnode::start(folder, "captured-250", &["--advance-ms", "4", "--start-at", &from]);
        let start_at = from.parse().unwrap();
        let advance = Some(Duration::from_millis(4));
        let original =
            serve(history, NodeOptions { advance, start_at, ..NodeOptions::default() }).await.unwrap();
        for (url, begun_at, database) in [
            (original.url(), node.url(), "sqlite://live.db"),
            (following.url.clone(), again.url.clone(), "sqlite://followed.db"),
        ] {
            catch_up(&begun_at, database, &from);
            run(
                folder,
                &["run", "--network", &url, "--netuid", "1,2", "--until", &to, "--database-url", database],
            );
        }
        same(&said(folder, "sqlite://followed.db"), &said(folder, "sqlite://live.db"), seed);
    }
}

/// Checks that a capture of these blocks is what the chain has, as far as it goes.
fn is_part_of(captured: &Path, original: &History, from: u32, to: u32) {
    let history = load(captured).unwrap();
    // With the two blocks before, of which what is read first needs the metadata.
    assert_eq!((history.first(), history.last(), history.len()), (from - 2, to, 12 + 2 + 1));
    for number in std::iter::once(0).chain(history.first()..=to) {
        assert_eq!(history.hash(number), original.hash(number));
        assert_eq!(history.extrinsics(number), original.extrinsics(number));
    }
    assert_eq!(history.hash(from - 3), None);
    // What it has is what the chain has, in every block.
    let mut compared = 0;
    for number in history.first()..=to {
        for key in history.keys(&[], None, usize::MAX, number) {
            assert_eq!(history.storage(key, number), original.storage(key, number), "block {number}");
            compared += 1;
        }
        assert_eq!(history.runtime(number).unwrap().metadata, original.runtime(number).unwrap().metadata);
    }
    assert!(compared > 1_000, "{compared}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_capture_is_a_recording_of_its_own() {
    let original = life(51, 320);
    let node = serve(Arc::clone(&original), NodeOptions::default()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let captured = capture(folder.path(), &node, 12);
    let [from, to] = ["from", "to"].map(|name| u32::try_from(captured[name].as_u64().unwrap()).unwrap());
    let epoch = captured["epoch"].as_u64().unwrap();
    assert!((u64::from(from)..=u64::from(to)).contains(&epoch), "{captured}");
    is_part_of(&folder.path().join("captured-12"), &original.read().unwrap(), from, to);

    // A chain that is younger than what is asked for is taken from its beginning.
    let young = serve(life(52, 30), NodeOptions::default()).await.unwrap();
    let captured = capture(folder.path(), &young, 200);
    assert_eq!((&captured["from"], &captured["to"]), (&Value::from(1), &Value::from(30)));
    assert_eq!(load(&folder.path().join("captured-200")).unwrap().len(), 31);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_capture_overwrites_nothing_and_leaves_nothing_half_done() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let history = life(51, 320);
    let node = serve(Arc::clone(&history), NodeOptions::default()).await.unwrap();
    let capture = |url: &str, output: &str| {
        let arguments = ["doctor", "--capture", "60", "--output", output, "--network", url, "--netuid", "1"];
        let output = tokio::task::block_in_place(|| program(folder, &arguments).output().unwrap());
        (
            output.status.code(),
            String::from_utf8(output.stdout).unwrap() + &String::from_utf8_lossy(&output.stderr),
        )
    };
    std::fs::create_dir(folder.join("taken")).unwrap();
    std::fs::write(folder.join("taken/file"), "mine").unwrap();
    let (code, words) = capture(&node.url(), "taken");
    assert_eq!(
        (code, std::fs::read(folder.join("taken/file")).unwrap()),
        (Some(2), b"mine".to_vec()),
        "{words}"
    );
    assert!(words.contains("not empty"), "{words}");
    let (code, words) = capture(&node.url(), "taken/file");
    assert_eq!(code, Some(2), "{words}");

    let pruned = serve(history, NodeOptions { faults: vec![Fault::Pruned(20)], ..NodeOptions::default() })
        .await
        .unwrap();
    let (code, words) = capture(&pruned.url(), "new");
    assert_eq!(code, Some(1), "{words}");
    assert!(words.contains("cannot take block") && words.contains("archive endpoint"), "{words}");
    assert!(!folder.join("new").exists());

    // One that stops in the middle of the writing.
    let stalling =
        serve(life(51, 320), NodeOptions { faults: vec![Fault::Stall(330)], ..NodeOptions::default() })
            .await
            .unwrap();
    let mut command = program(
        folder,
        &["doctor", "--capture", "60", "--output", "half", "--network", &stalling.url(), "--netuid", "1"],
    );
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let begun = Instant::now();
    while stalling.requests().values().sum::<u64>() < 331 || !folder.join("half").exists() {
        assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", stalling.requests());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // Its end is as good as the deadline's, which is long.
    drop(stalling);
    let status = tokio::task::block_in_place(|| child.wait().unwrap());
    assert_eq!(status.code(), Some(1));
    assert_eq!(std::fs::read_dir(folder.join("half")).unwrap().count(), 0);

    std::fs::create_dir(folder.join("empty")).unwrap();
    let (code, words) = capture(&node.url(), "empty");
    assert_eq!(code, Some(0), "{words}");
    assert!(words.contains("vesting simnode --recording empty") && words.contains("--from"), "{words}");
    assert!(load(&folder.join("empty")).is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_runtime_that_cannot_be_read_is_captured_all_the_same() {
    let history = life(51, 320);
    {
        // One in which an item that cannot be done without has another name.
        let mut history = history.write().unwrap();
        let mut runtime = history.runtime(320).unwrap().clone();
        let metadata = runtime.metadata.get_mut(&15).unwrap();
        let place = metadata.windows(11).position(|bytes| bytes == b"SubnetworkN").unwrap();
        metadata[place..place + 11].copy_from_slice(b"SubnetSizes");
        (0..320).for_each(|block| history.add_runtime(block, runtime.clone()));
    }
    let node = serve(Arc::clone(&history), NodeOptions::default()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let output = tokio::task::block_in_place(|| {
        program(folder, &["doctor", "--netuid", "1", "--network", &node.url()]).output().unwrap()
    });
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text.contains("SubnetworkN") && text.contains("vesting doctor --capture 20"), "{text}");

    let captured = capture(folder, &node, 20);
    assert!(captured["unread"].as_str().unwrap().contains("SubnetworkN"), "{captured}");
    let (again, history) = (load(&folder.join("captured-20")).unwrap(), history.read().unwrap());
    assert_eq!((again.first(), again.last()), (299, 320));
    assert_eq!(again.runtime(320).unwrap().metadata, history.runtime(320).unwrap().metadata);
    let sizes = storage_key("SubtensorModule", "SubnetworkN", &[identity(1)]);
    let events = storage_key("System", "Events", &[]);
    for block in 299..=320 {
        assert_eq!(again.storage(&events, block), history.storage(&events, block));
        assert_eq!(again.extrinsics(block), history.extrinsics(block));
    }
    assert!(again.storage(&sizes, 320).is_none(), "the metadata knows no such item");
    assert!(!again.keys(&storage_key("SubtensorModule", "Tempo", &[]), None, 9, 320).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs VESTING_TEST_RECORDINGS; .ci/run sets it where the recordings are"]
async fn recordings_are_captured_as_they_are() {
    let recordings = std::env::var("VESTING_TEST_RECORDINGS").unwrap();
    // The head stands where both runtimes are near.
    for (name, head) in [("U1", 290), ("S3", 700), ("O1", 400)] {
        let history = load(&Path::new(&recordings).join(name)).unwrap();
        let options = NodeOptions {
            advance: Some(Duration::from_secs(86_400)),
            start_at: head,
            ..NodeOptions::default()
        };
        let node = serve(Arc::new(RwLock::new(history)), options).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let subnets = ["--netuid", "2,3"];
        run(
            folder,
            &[&["doctor", "--capture", "80", "--output", "captured", "--network", &node.url()], &subnets[..]]
                .concat(),
        );
        let again = Simnode::start(folder, "captured", &[]);
        let from = (head - 79).to_string();
        for (url, database) in
            [(node.url(), "sqlite://original.db"), (again.url.clone(), "sqlite://again.db")]
        {
            run(
                folder,
                &[
                    &["catch-up", "--from", &from, "--network", &url, "--database-url", database],
                    &subnets[..],
                ]
                .concat(),
            );
        }
        for netuid in ["2", "3"] {
            for what in ["ledger", "epochs", "digest"] {
                let of =
                    |database| run(folder, &[what, "--json", "--netuid", netuid, "--database-url", database]);
                let (original, again) = (of("sqlite://original.db"), of("sqlite://again.db"));
                assert!(original == again && !original.is_empty(), "{name}, {netuid}, {what}");
            }
        }
    }
}
