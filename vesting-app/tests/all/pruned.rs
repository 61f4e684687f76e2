//! `vesting db prune`, and `vesting run` that prunes by itself: what goes, and that nothing else changes.

use std::path::Path;
use std::sync::{Arc, RwLock};

use serde_json::Value;
use vesting_core::NetUid;
use vesting_core::ports::Watermark;
use vesting_testkit::history::History;
use vesting_testkit::node::{NodeHandle, NodeOptions, serve};
use vesting_testkit::sim::Demo;

use crate::command_line::{check, program};
use crate::daemon::Daemon;
use crate::way::database;

const DAYS: u32 = 5;
const DAY: u64 = 86_400_000;
/// What holds for every command here.
const WINDOW: [(&str, &str); 2] = [("VESTING_RETENTION_WINDOW_DAYS", "1"), ("VESTING_NETUIDS", "1")];

/// The node of a chain of some days.
async fn node() -> NodeHandle {
    let history = Arc::new(RwLock::new(History::default()));
    let mut life = Demo::new(7, DAYS);
    let mut chain = life.chain(7, Some(Arc::clone(&history)));
    (0..DAYS * 7_200).for_each(|_| life.step(&mut chain));
    serve(history, NodeOptions::default()).await.unwrap()
}

fn run(folder: &Path, arguments: &[&str]) -> String {
    let output = program(folder, arguments).envs(WINDOW).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn json(folder: &Path, arguments: &[&str]) -> Value {
    serde_json::from_str(&run(folder, &[arguments, &["--json"]].concat())).unwrap()
}

/// All that the commands print that follows from the window.
fn said(folder: &Path) -> Vec<String> {
    let mut stats = json(folder, &["stats"]);
    assert_eq!(stats["covered"], true);
    stats.as_object_mut().unwrap().remove("recorded_from");
    let mut said = vec![stats.to_string()];
    for what in [&["digest"][..], &["miners"], &["explain", "uid:5"], &["history", "uid:5", "--epochs", "10"]]
    {
        said.push(run(folder, &[what, &["--json"]].concat()));
    }
    said
}

async fn watermark(folder: &Path) -> Watermark {
    database(folder, "vesting.db").watermark(NetUid(1)).await.unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lies_far_back_goes_and_nothing_else_changes() {
    let node = node().await;
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let folder = one.path();
    check(folder, &["db", "prune", "--keep-days", "30"], 1, "no record");
    assert_eq!(std::fs::read_dir(folder).unwrap().count(), 0, "no database was made");
    run(folder, &["catch-up", "--from", "1", "--to", "30000", "--network", &node.url()]);
    let before = said(folder);
    let whole = watermark(folder).await;
    check(folder, &["db", "prune"], 2, "`--keep-days N`, or set `keep_snapshots_days`");
    check(
        folder,
        &["db", "prune", "--keep-days", "29"],
        2,
        "`--keep-days` is 29, but `retention_window_days` is 30",
    );
    check(folder, &["db", "prune", "--keep-days", "30", "--netuid", "9"], 2, "subnet 9");
    check(
        folder,
        &["db", "prune", "--keep-snapshots-days", "29"],
        2,
        "set `keep_snapshots_days` to 30 or more",
    );
    check(folder, &["db", "prune", "--keep-days", "30", "--dry-run", "--compact"], 2, "cannot be used with");

    let said_dry = run(folder, &["db", "prune", "--keep-days", "2", "--dry-run"]);
    assert!(said_dry.contains("Nothing was changed"), "{said_dry}");
    let dry = json(folder, &["db", "prune", "--keep-days", "2", "--dry-run"]);
    assert_eq!(watermark(folder).await, whole);
    // The key stands for the flag.
    let done = json(folder, &["db", "prune", "--keep-snapshots-days", "2"]);
    assert_eq!(done, dry);
    let pruned = watermark(folder).await;
    let base = done["pruned_to"].as_u64().unwrap();
    assert_eq!(
        (pruned.first_block.0, done["from"].as_u64(), done["to"].as_u64()),
        (base + 1, Some(base + 1), Some(30_000))
    );
    assert!(
        pruned.first_time.0 + 2 * DAY <= pruned.time.0
            && pruned.first_time.0 + 2 * DAY + DAY / 8 > pruned.time.0,
        "{pruned:?}"
    );
    for rows in [
        "entries",
        "openings",
        "block_times",
        "stake_changes",
        "balance_changes",
        "snapshots",
        "tranches",
        "exits",
    ] {
        assert!(done[rows].as_u64().unwrap() > 0, "{rows}: {done}");
    }
    assert_eq!(said(folder), before);
    run(folder, &["db", "check"]);
    check(
        folder,
        &["miners", "--netuid", "1", "--as-of", "5000"],
        1,
        &format!("begins at block {}", base + 1),
    );
    // Again: nothing more.
    let again = json(folder, &["db", "prune", "--keep-days", "2"]);
    assert_eq!(
        (&again["pruned_to"], &again["entries"], again["from"].as_u64()),
        (&Value::Null, &Value::from(0), Some(base + 1))
    );
    assert!(run(folder, &["db", "prune", "--keep-days", "2"]).contains("nothing is removed"));

    // What epochs did is gone, which is not nothing.
    let epochs = run(folder, &["epochs", "--json"]);
    let epochs: Vec<Value> = epochs.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(epochs.iter().any(|epoch| epoch["block"].as_u64() < Some(base)));
    for epoch in &epochs {
        assert_eq!(epoch["changes"].is_null(), epoch["block"].as_u64() <= Some(base), "{epoch}");
    }
    let table = run(folder, &["epochs", "--to", &base.to_string()]);
    assert!(!table.contains("0.000000000"), "{table}");
    let daemon = Daemon::start(folder, &["--read-only", "--netuid", "1"]);
    let answer = daemon.get(&format!("/v1/epochs?to={}", epochs.last().unwrap()["block"]));
    let told = answer.body.as_array().unwrap();
    assert!(
        told.iter().all(|epoch| epoch["changes"].is_null() == (epoch["block"].as_u64() <= Some(base))),
        "{answer:?}"
    );
    drop(daemon);

    // The space comes back, to whoever asks for it.
    let size = || std::fs::metadata(folder.join("vesting.db")).unwrap().len();
    let large = size();
    assert!(run(folder, &["db", "prune", "--keep-days", "2", "--compact"]).contains("compacted"));
    assert!(size() * 4 < large * 3, "{} of {large} bytes", size());
    assert_eq!(said(folder), before);

    // Another validator takes it in, and both go on.
    run(folder, &["db", "export", "file"]);
    let file = folder.join("file").display().to_string();
    let digest = json(folder, &["digest"])["state_digest"].as_str().unwrap().to_owned();
    run(other.path(), &["db", "import", &file, "--expect-digest", &digest]);
    run(other.path(), &["db", "check"]);
    assert_eq!(watermark(other.path()).await, pruned);
    let unpruned = tempfile::tempdir().unwrap();
    run(unpruned.path(), &["catch-up", "--from", "1", "--network", &node.url()]);
    for folder in [folder, other.path()] {
        run(folder, &["catch-up", "--network", &node.url()]);
        assert_eq!(watermark(folder).await.first_block, pruned.first_block);
        assert_eq!(said(folder), said(unpruned.path()));
        run(folder, &["db", "check"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn run_prunes_by_itself_where_it_is_told_to() {
    let node = node().await;
    let (kept, pruned) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for folder in [kept.path(), pruned.path()] {
        run(folder, &["catch-up", "--from", "1", "--to", "15000", "--network", &node.url()]);
    }
    run(kept.path(), &["run", "--until", "30000", "--network", &node.url()]);
    run(pruned.path(), &["run", "--until", "15000", "--keep-snapshots-days", "2", "--network", &node.url()]);
    assert_eq!(watermark(pruned.path()).await.first_block.0, 1, "no epoch was recorded");
    let mut command = program(
        pruned.path(),
        &["run", "--until", "30000", "--keep-snapshots-days", "2", "--network", &node.url()],
    );
    let output = command.envs(WINDOW).env("RUST_LOG", "info").output().unwrap();
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && log.contains("pruned. Subnet 1, up to the end of block"), "{log}");
    let mark = watermark(pruned.path()).await;
    // Of some epoch of the last day.
    assert!(
        mark.first_time.0 + 2 * DAY <= mark.time.0 && mark.first_time.0 + 3 * DAY + DAY / 8 > mark.time.0,
        "{mark:?}"
    );
    assert_eq!(said(pruned.path()), said(kept.path()));
    run(pruned.path(), &["db", "check"]);
    assert_eq!(watermark(kept.path()).await.first_block.0, 1);
}
