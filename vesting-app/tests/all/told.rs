//! A daemon that goes on only when it is told to.

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use vesting_core::NetUid;
use vesting_core::policy::Policy;
use vesting_testkit::node::{NodeOptions, serve};

use crate::api::{BLOCKS, history};
use crate::command_line::program;
use crate::daemon::Daemon;
use crate::way::{catch_up, database, digest};

/// Runs a command; gives its exit code, and what it printed and said.
fn run(mut command: Command) -> (i32, String, String) {
    let done = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (done.status.code().unwrap(), text(done.stdout), text(done.stderr))
}

fn stands_at(daemon: &Daemon) -> Option<u64> {
    daemon
        .get("/v1/subnets")
        .body
        .as_array()
        .unwrap()
        .iter()
        .map(|subnet| subnet["block"].as_u64().unwrap())
        .min()
}

#[tokio::test(flavor = "multi_thread")]
async fn it_goes_on_when_told_and_only_then() {
    let folder = tempfile::tempdir().unwrap();
    let history = history(51);
    let options = |start_at| NodeOptions {
        advance: Some(Duration::from_secs(1 << 30)),
        start_at,
        ..NodeOptions::default()
    };
    let node = serve(history.clone(), options(90)).await.unwrap();
    let url = node.url();
    let path = folder.path().to_owned();
    let followed =
        ["--network", &url, "--netuid", "1,2", "--retention-window-days", "0.005"].map(str::to_owned);
    let (node, last) = tokio::task::spawn_blocking(move || {
        let arguments: Vec<&str> = followed.iter().map(String::as_str).collect();
        let start =
            || Daemon::start(&path, &[&["--use-background-thread", "false"], arguments.as_slice()].concat());
        let update = |daemon: &Daemon| daemon.ask("POST /v1/update HTTP/1.1\r\n", "");
        let daemon = start();
        std::thread::sleep(Duration::from_millis(1500));
        assert_eq!(stands_at(&daemon), None, "nobody told it");
        let told = update(&daemon);
        assert_eq!(told.status, 200, "{told:?}");
        let blocks = |body: &Value| {
            body.as_array().unwrap().iter().map(|subnet| subnet["block"].clone()).collect::<Vec<_>>()
        };
        assert_eq!(blocks(&told.body), [90, 90]);
        assert_eq!(told.body, daemon.get("/v1/subnets").body);
        // Told again with nothing to do, and of one subnet, or of one that is not followed.
        assert_eq!(update(&daemon).body, told.body);
        assert_eq!(blocks(&daemon.ask("POST /v1/update?netuid=2 HTTP/1.1\r\n", "").body), [90]);
        daemon.ask("POST /v1/update?netuid=9 HTTP/1.1\r\n", "").is_problem(400, "bad-input", "not followed");
        daemon.get("/v1/update").is_problem(405, "wrong-method", "POST");
        node.set_head(140);
        std::thread::sleep(Duration::from_millis(1500));
        assert_eq!(stands_at(&daemon), Some(90), "nobody told it");
        // The command tells the one that records.
        let command = |more: &[&str]| {
            let mut command = program(&path, &["update", "--json", "--bind", &daemon.address]);
            command.args(&arguments).args(more);
            run(command)
        };
        let (code, out, errors) = command(&[]);
        assert_eq!(code, 0, "{errors}");
        let lines: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(
            lines.iter().map(|line| (&line["netuid"], &line["block"])).collect::<Vec<_>>(),
            [(&json!(1), &json!(140)), (&json!(2), &json!(140))]
        );
        let (code, _, errors) = {
            let mut elsewhere = program(&path, &["update", "--bind", "127.0.0.1:1"]);
            elsewhere.args(&arguments);
            run(elsewhere)
        };
        assert!(
            code == 1 && errors.contains("being written by") && errors.contains("127.0.0.1:1"),
            "{code}: {errors}"
        );
        // One that stands by says whom to tell, and goes on with the record when it is its turn.
        let second = start();
        update(&second).is_problem(409, "not-here", "being written by process");
        drop(daemon);
        node.set_head(170);
        let begun = Instant::now();
        let told = loop {
            let told = update(&second);
            if told.status != 409 || begun.elapsed() > Duration::from_secs(30) {
                break told;
            }
            std::thread::sleep(Duration::from_millis(50));
        };
        assert_eq!((told.status, blocks(&told.body)), (200, vec![json!(170); 2]), "{told:?}");
        drop(second);
        // With nobody else there the command records by itself.
        node.set_head(BLOCKS);
        let mut command = program(&path, &["update"]);
        command.args(&arguments);
        let (code, out, errors) = run(command);
        assert!(code == 0 && out.contains("stands at block 200"), "{code}: {out}{errors}");
        (node, path)
    })
    .await
    .unwrap();
    // By fits and starts it is the same.
    let policy = Policy { retention_window: vesting_core::Millis(432_000), ..Policy::default() };
    for netuid in [NetUid(1), NetUid(2)] {
        let other = tempfile::tempdir().unwrap();
        let whole = catch_up(&node, database(other.path(), "whole.db"), netuid, BLOCKS).await;
        let store = database(&last, "vesting.db");
        let (_, state) = vesting_core::StakeTracker::new(store).state(netuid, &policy, None).await.unwrap();
        assert_eq!(state.summary().digest(), digest(&whole, netuid, &policy).await);
    }
}
