//! Readiness, metrics, and what is made of them: against the real binary.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

use serde_json::Value;
use vesting_core::NetUid;
use vesting_testkit::history::History;
use vesting_testkit::node::{NodeOptions, serve};
use vesting_testkit::sim::{Call, RandomLife};

use crate::api::{BLOCKS, alter, history, record};
use crate::command_line::program;
use crate::daemon::{Answer, Daemon};
use crate::place::{Place, said, start};

const OLD: &str = "315360000";

/// The value of a line of metrics.
fn value(metrics: &str, line: &str) -> Option<f64> {
    metrics.lines().find_map(|found| found.strip_prefix(line)?.strip_prefix(' ')?.parse().ok())
}

fn ready(daemon: &Daemon) -> Answer {
    daemon.get("/health/ready")
}

/// Waits until the answer is as wanted.
fn until(daemon: &Daemon, what: &str, wanted: impl Fn(&Answer) -> bool) -> Answer {
    let begun = Instant::now();
    loop {
        let answer = ready(daemon);
        if wanted(&answer) {
            return answer;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{what}: {answer:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn reasons(answer: &Answer) -> String {
    answer.body["reasons"].to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_is_read_is_ready_by_its_age_and_its_window() {
    let folder = tempfile::tempdir().unwrap();
    record(folder.path(), &history(46), BLOCKS).await;
    let path = folder.path().to_owned();
    tokio::task::spawn_blocking(move || {
        let daemon =
            Daemon::start(&path, &["--read-only", "--stale-after-seconds", OLD, "--api-token", "sesame"]);
        until(&daemon, "ready", |answer| answer.status == 200);
        let with_token = || daemon.ask("GET /health/ready HTTP/1.1\r\nAuthorization: Bearer sesame\r\n", "");
        let answer = with_token();
        assert_eq!((&answer.body["ready"], &answer.body["head"]), (&true.into(), &Value::Null), "{answer:?}");
        let subnets = answer.body["subnets"].as_array().unwrap();
        assert_eq!(subnets.iter().map(|s| s["netuid"].as_u64().unwrap()).collect::<Vec<_>>(), [1, 2]);
        for subnet in subnets {
            assert_eq!(
                (&subnet["role"], &subnet["covered"], &subnet["block"]),
                (&"reader".into(), &true.into(), &BLOCKS.into())
            );
            assert!(
                subnet["block_age_seconds"].as_u64().unwrap() > 0 && subnet["lag_blocks"].is_null(),
                "{subnet}"
            );
        }
        // Health asks for no token, though it tells more with it; metrics do.
        daemon.get("/metrics").is_problem(401, "unauthorized", "Bearer");
        let metrics = daemon.ask("GET /metrics HTTP/1.1\r\nAuthorization: Bearer sesame\r\n", "");
        assert!(metrics.head.contains("content-type: application/openmetrics-text"), "{}", metrics.head);
        let of = |line: &str| value(&metrics.text, line);
        assert_eq!(
            (of("vesting_ready"), of("vesting_recorded_block{netuid=\"2\"}")),
            (Some(1.0), Some(f64::from(BLOCKS)))
        );
        assert_eq!(
            (of("vesting_role{netuid=\"2\",role=\"reader\"}"), of("vesting_head_block")),
            (Some(1.0), None)
        );
        assert!(metrics.text.ends_with("# EOF\n"));

        alter(&path, "UPDATE blockchain_state SET time = 1000 WHERE netuid = 2");
        until(&daemon, "stale", |answer| answer.status == 503);
        let answer = with_token();
        assert!(
            reasons(&answer).contains("subnet 2: its last block is")
                && !reasons(&answer).contains("subnet 1"),
            "{answer:?}"
        );
        assert_eq!(answer.body["subnets"][0]["ready"], true);
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_begins_inside_the_window_is_not_ready_and_says_since_when() {
    let folder = tempfile::tempdir().unwrap();
    let node = serve(history(58), NodeOptions::default()).await.unwrap();
    let url = node.url();
    tokio::task::spawn_blocking(move || {
        let to = BLOCKS.to_string();
        let arguments = ["catch-up", "--from", "100", "--to", &to, "--network", &url, "--netuid", "2"];
        let output = program(folder.path(), &arguments).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let daemon = Daemon::start(folder.path(), &["--read-only", "--stale-after-seconds", OLD]);
        let answer = until(&daemon, "incomplete", |answer| reasons(answer).contains("inside the window"));
        let subnet = &answer.body["subnets"][0];
        assert_eq!(
            (answer.status, &subnet["covered"], &subnet["incomplete_since"]),
            (503, &false.into(), &100.into()),
            "{answer:?}"
        );
        assert_eq!(value(&daemon.get("/metrics").text, "vesting_window_covered{netuid=\"2\"}"), Some(0.0));
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_tells_how_it_goes_and_who_stands_by_says_for_whom() {
    let place = Place::file();
    let node = serve(
        history(48),
        NodeOptions { advance: Some(Duration::from_millis(20)), ..NodeOptions::default() },
    )
    .await
    .unwrap();
    let last = u64::from(BLOCKS);
    tokio::task::spawn_blocking(move || {
        let url = format!("{0}/a-key-of-mine,{0}/another", node.url());
        let arguments = ["--endpoints", &url, "--netuid", "1,2", "--database-url", &place.url];
        let fresh = ["--stale-after-seconds", OLD];
        let leader = Daemon::start(place.folder(), &[&arguments[..], &fresh].concat());
        let answer = until(&leader, "ready", |answer| answer.status == 200);
        assert_eq!(
            (&answer.body["subnets"][0]["role"], &answer.body["last_error"]),
            (&"leader".into(), &Value::Null),
            "{answer:?}"
        );

        let other = Daemon::start(place.folder(), &arguments);
        let answer = until(&other, "standing by", |answer| answer.body["subnets"][0]["role"] == "standby");
        // Old by the clock, as simulated blocks are.
        let old = until(&other, "stale", |answer| reasons(answer).contains("stale_after_seconds"));
        assert_eq!(old.status, 503);
        let by = answer.body["subnets"][0]["recorded_by"].as_str().unwrap();
        assert!(by.contains(&format!("process {}", leader.id())), "{by}");
        let answer = until(&leader, "at the end", |answer| {
            answer.body["subnets"].as_array().unwrap().iter().all(|s| s["block"] == last)
        });
        assert_eq!(
            (&answer.body["head"], &answer.body["subnets"][1]["lag_blocks"]),
            (&last.into(), &0.into()),
            "{answer:?}"
        );
        // Who stands by looks at the record of the other.
        until(&other, "sees it", |answer| answer.body["subnets"][0]["block"] == last);

        let metrics = leader.get("/metrics").text;
        let of = |line: &str| value(&metrics, line).unwrap_or_else(|| panic!("{line} is not in {metrics}"));
        assert_eq!(
            (of("vesting_lag_blocks{netuid=\"1\"}"), of("vesting_head_block")),
            (0.0, f64::from(BLOCKS))
        );
        assert_eq!(
            (
                of("vesting_conservation_failures_total{netuid=\"1\"}"),
                of("vesting_unattributed_rao_total{netuid=\"2\"}")
            ),
            (0.0, 0.0)
        );
        for netuid in ["1", "2"] {
            let ways = ["storage", "runtime_api", "catch_up"];
            let epochs: f64 = ways
                .iter()
                .map(|way| of(&format!("vesting_epochs_total{{netuid=\"{netuid}\",detected=\"{way}\"}}")))
                .sum();
            let lines = |what: &str| {
                let output = place.program(&[what, "--json", "--netuid", netuid]).output().unwrap();
                let lines = String::from_utf8(output.stdout)
                    .unwrap()
                    .lines()
                    .filter(|line| !line.contains("\"kind\":\"rounding\""))
                    .count();
                f64::from(u32::try_from(lines).unwrap())
            };
            assert!((epochs - lines("epochs")).abs() < 0.5, "{epochs}");
            // The command adds what closes the open interval, which is not stored: rounding.
            assert!(of(&format!("vesting_entries_total{{netuid=\"{netuid}\"}}")) >= lines("ledger"));
            assert!(epochs >= 1.0 && lines("ledger") >= 1.0);
        }
        // What is behind the host of an endpoint may be a key.
        let mut series: Vec<&str> =
            metrics.lines().filter_map(|line| Some(line.rsplit_once(' ')?.0)).collect();
        let all = series.len();
        series.sort_unstable();
        series.dedup();
        assert_eq!(series.len(), all, "a series is there twice: {metrics}");
        assert!(!metrics.contains("a-key-of-mine") && metrics.contains("/***\""), "{metrics}");
        let calls = metrics.lines().filter(|line| {
            line.starts_with("vesting_rpc_calls_total{") && line.contains("state_queryStorageAt")
        });
        assert!(
            calls.filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok()).sum::<f64>() > 50.0,
            "{metrics}"
        );
        let metrics = other.get("/metrics").text;
        assert_eq!(value(&metrics, "vesting_role{netuid=\"2\",role=\"standby\"}"), Some(1.0));
        let (status, took) = leader.terminate();
        assert!(status.success() && took < Duration::from_secs(4), "{status} after {took:?}");
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_event_explains_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let history = Arc::new(RwLock::new(History::default()));
    let mut life = RandomLife::new(118);
    let mut chain = life.chain(118, Some(Arc::clone(&history)));
    while chain.head().0 < u64::from(BLOCKS) {
        // Some of it comes with an epoch or a claim, which would explain it.
        if [91, 103, 116, 125].contains(&chain.head().0) {
            let neuron =
                chain.neurons_at(NetUid(2), chain.head())[usize::try_from(chain.head().0 % 4).unwrap()];
            let (coldkey, hotkey) = (neuron.coldkey, neuron.hotkey);
            chain.queue(Call::SilentEdit { coldkey, hotkey, netuid: NetUid(2), alpha: 5_000_000 });
        }
        life.step(&mut chain);
    }
    let node = serve(history, NodeOptions::default()).await.unwrap();
    tokio::task::spawn_blocking(move || {
        let daemon = Daemon::start(
            folder.path(),
            &["--network", &node.url(), "--netuid", "2", "--stale-after-seconds", OLD],
        );
        until(&daemon, "at the end", |answer| answer.body["subnets"][0]["block"] == BLOCKS);
        let metrics = daemon.get("/metrics").text;
        let of = |line: &str| value(&metrics, line).unwrap();
        let counted = of("vesting_unattributed_rao_total{netuid=\"2\"}");
        assert!((4_999_000.0..=20_001_000.0).contains(&counted), "{counted}");
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_has_a_line_of_every_epoch_with_its_subnet() {
    let place = Place::file();
    let node =
        serve(history(49), NodeOptions { advance: Some(Duration::from_millis(6)), ..NodeOptions::default() })
            .await
            .unwrap();
    let arguments = ["run", "--until", &BLOCKS.to_string()];
    assert!(start(&place, &arguments, &node).wait().unwrap().success());
    let log = std::fs::read_to_string(place.words()).unwrap();
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let logged: Vec<(u64, u64)> = lines
        .iter()
        .filter(|line| line["message"] == "epoch")
        .map(|line| (line["netuid"].as_u64().unwrap(), line["block"].as_u64().unwrap()))
        .collect();
    for netuid in [1, 2] {
        let output = place.program(&["epochs", "--json", "--netuid", &netuid.to_string()]).output().unwrap();
        let epochs = String::from_utf8(output.stdout).unwrap();
        let recorded: Vec<u64> = epochs
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap()["block"].as_u64().unwrap())
            .collect();
        let of_subnet: Vec<u64> =
            logged.iter().filter(|(of, _)| *of == netuid).map(|(_, block)| *block).collect();
        assert_eq!(of_subnet, recorded);
    }
    assert!(said(&place).len() > 10);
}

/// The repository.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// Every name of a metric in a text, without what belongs to a histogram's parts.
fn names(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let name = |word: &str| {
        let plain = ["_bucket", "_sum", "_count"].iter().find_map(|part| word.strip_suffix(part));
        plain.unwrap_or(word).to_owned()
    };
    words.filter(|word| word.starts_with("vesting_") && !word.ends_with('_')).map(name).collect()
}

/// The metrics of a demo that goes on.
fn demo(folder: &Path) -> (Answer, BTreeSet<String>) {
    let mut command = program(folder, &["demo", "--days", "1"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let address = loop {
        let line = lines.next().unwrap().unwrap();
        if let Some((_, rest)) = line.split_once("http://") {
            break rest.split('/').next().unwrap().to_owned();
        }
    };
    std::thread::spawn(move || lines.for_each(drop));
    let demo = Daemon::of(child, address);
    let answer = until(&demo, "the demo is ready", |answer| answer.status == 200);
    let metrics = demo.get("/metrics").text;
    // A line, not only a heading.
    let exported = metrics
        .lines()
        .filter(|line| !line.starts_with('#'))
        .flat_map(|line| names(line.split(['{', ' ']).next().unwrap()));
    (answer, exported.collect())
}

#[test]
fn every_metric_used_is_exported_and_every_one_exported_is_documented() {
    let folder = tempfile::tempdir().unwrap();
    let (answer, exported) = demo(folder.path());
    assert_eq!(
        (&answer.body["subnets"][0]["role"], &answer.body["subnets"][0]["covered"]),
        (&"leader".into(), &true.into())
    );
    let read = |path: &str| std::fs::read_to_string(root().join(path)).unwrap();
    let dashboard: Value = serde_json::from_str(&read("deploy/grafana/vesting.json")).unwrap();
    let mut asked = Vec::new();
    expressions(&dashboard, &mut asked);
    let mut used = names(&asked.join("\n"));
    assert!(used.len() > 20, "{used:?}");
    let rules = read("deploy/prometheus/vesting.rules.yaml");
    let alerts: Vec<&str> = rules.lines().filter_map(|line| line.trim().strip_prefix("expr:")).collect();
    assert!(alerts.len() >= 7 && rules.matches("- alert:").count() == alerts.len(), "{alerts:?}");
    used.extend(names(&alerts.join("\n")));
    assert_eq!(
        used.difference(&exported).collect::<Vec<_>>(),
        Vec::<&String>::new(),
        "used, but not exported: {exported:?}"
    );
    let table = read("docs/metrics.md");
    let documented: BTreeSet<String> = table
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next().map(str::to_owned))
        .collect();
    assert_eq!(documented, exported);
}

/// What a dashboard asks: its expressions and the queries of its variables.
fn expressions(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member.as_str() {
                    Some(text) if name == "expr" || name == "definition" => found.push(text.to_owned()),
                    _ => expressions(member, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| expressions(item, found)),
        _ => {}
    }
}
