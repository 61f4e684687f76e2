//! Killed at any moment, and started again: the record is the same as if nothing had happened.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use vesting_core::{BlockNumber, NetUid};
use vesting_testkit::history::History;
use vesting_testkit::node::{NodeHandle, NodeOptions, serve};
use vesting_testkit::sim::{RandomLife, Rng};

use crate::command_line::{program, vesting};

pub const BLOCKS: u64 = 320;
/// Kills after which it may run to its end, so that the test does.
const KILLS: u64 = 25;

pub fn history(seed: u64) -> Arc<RwLock<History>> {
    let history = Arc::new(RwLock::new(History::default()));
    let mut life = RandomLife::new(seed);
    let mut chain = life.chain(seed, Some(Arc::clone(&history)));
    (0..BLOCKS).for_each(|_| life.step(&mut chain));
    history
}

fn start(folder: &Path, arguments: &[&str], node: &NodeHandle) -> Child {
    let mut command = program(folder, arguments);
    command.args(["--network", &node.url(), "--netuid", "1,2"]);
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// Everything the record says of both subnets but how epochs were found.
pub fn said(folder: &Path) -> Vec<String> {
    let mut said = Vec::new();
    for netuid in ["1", "2"] {
        for what in ["ledger", "miners", "epochs"] {
            let output = vesting(folder, &[what, "--json", "--netuid", netuid]);
            assert!(output.status.success(), "{what}: {}", String::from_utf8_lossy(&output.stderr));
            let lines = String::from_utf8(output.stdout).unwrap();
            said.extend(lines.lines().map(|line| {
                let mut line: serde_json::Value = serde_json::from_str(line).unwrap();
                line.as_object_mut().unwrap().remove("detected");
                line.to_string()
            }));
        }
    }
    said
}

/// How far the record goes, if there is one yet.
pub async fn reached(folder: &Path) -> Option<BlockNumber> {
    let store = vesting_store::open_existing(&format!("sqlite://{}", folder.join("vesting.db").display())).ok()?;
    Some(store.watermark(NetUid(1)).await.ok()??.block.number)
}

async fn undisturbed_and_killed(arguments: &[&str], options: impl Fn() -> NodeOptions, seed: u64) {
    let history = history(seed);
    let calm = tempfile::tempdir().unwrap();
    let node = serve(Arc::clone(&history), options()).await.unwrap();
    assert!(start(calm.path(), arguments, &node).wait().unwrap().success());
    let expected = said(calm.path());
    assert!(expected.len() > 100, "{} lines are too few to test with", expected.len());

    let killed = tempfile::tempdir().unwrap();
    let node = serve(history, options()).await.unwrap();
    let mut rng = Rng::new(seed);
    let mut stood = BTreeSet::new();
    for kill in 0.. {
        let mut child = start(killed.path(), arguments, &node);
        // Some moments after it has got on.
        let before = reached(killed.path()).await;
        while child.try_wait().unwrap().is_none() && (kill >= KILLS || reached(killed.path()).await == before) {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        tokio::time::sleep(Duration::from_micros(rng.below(30_000))).await;
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success());
            break;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        stood.insert(reached(killed.path()).await);
    }
    assert!(stood.len() > 4, "killed at {stood:?}: too few points to test with");
    assert_eq!(said(killed.path()), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn catching_up_survives_being_killed() {
    let slow = || NodeOptions { latency: Duration::from_millis(1), ..NodeOptions::default() };
    undisturbed_and_killed(&["catch-up", "--from", "1"], slow, 31).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn following_survives_being_killed() {
    let advancing = || NodeOptions { advance: Some(Duration::from_millis(8)), ..NodeOptions::default() };
    let until = BLOCKS.to_string();
    undisturbed_and_killed(&["run", "--until", &until], advancing, 32).await;
}
