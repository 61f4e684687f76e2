//! `vesting doctor` finds each trouble, says what to do, changes nothing, and ends.
//!
//! One file, though a long one: each test is one row of the table in docs/doctor.md, and all share one subnet.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::Path;
use std::process::Output;
use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use diesel::connection::{Connection, SimpleConnection};
use diesel::sqlite::SqliteConnection;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use serde_json::Value;
use vesting_core::{Millis, NetUid};
use vesting_testkit::fault::Fault;
use vesting_testkit::history::History;
use vesting_testkit::node::{NodeHandle, NodeOptions, serve};
use vesting_testkit::postgres_test;
use vesting_testkit::sim::{Generation, Month, SimChain};

use crate::command_line::{check, program, vesting};
use crate::daemon::Daemon;
use crate::place::Place;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../migrations/sqlite");

const BLOCKS: u64 = 800;
/// Half of the blocks.
const WINDOW: &[&str] = &["--netuid", "2", "--retention-window-days", "0.055"];

/// A chain whose newest block is of some seconds ago, or so many ms later.
fn chain(seed: u64, generation: Generation, later: i64) -> Arc<RwLock<History>> {
    let history = Arc::new(RwLock::new(History::default()));
    let mut life = Month::new(seed, NetUid(2), BLOCKS, 20);
    let mut chain = SimChain::of_generation(generation, seed, &[life.subnet()], Some(Arc::clone(&history)));
    let now = u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap();
    chain.set_start(Millis((now - BLOCKS * 12_000 - 5_000).saturating_add_signed(later)));
    (0..BLOCKS).for_each(|_| life.step(&mut chain));
    history
}

async fn node(history: &Arc<RwLock<History>>, faults: &[Fault]) -> NodeHandle {
    serve(Arc::clone(history), NodeOptions { faults: faults.to_vec(), ..NodeOptions::default() })
        .await
        .unwrap()
}

/// What was found, by check and subject.
struct Found {
    code: Option<i32>,
    all: Vec<Value>,
}

impl Found {
    fn of(output: &Output) -> Self {
        let text = String::from_utf8(output.stdout.clone()).unwrap();
        let all: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert!(!all.is_empty(), "{output:?}");
        let found = Self { code: output.status.code(), all };
        let summary = found.all.last().unwrap();
        assert_eq!(summary["check"], "summary");
        assert_eq!(found.code, Some(i32::from(summary["problems"] != 0)), "{summary}");
        for line in &found.all[..found.all.len() - 1] {
            // What is wrong comes with what to do.
            let advised = line["advice"].as_array().unwrap().len();
            assert_eq!(advised > 0, line["status"] != "ok", "{line}");
        }
        found
    }

    /// The one finding of a check about this subject.
    fn about(&self, check: &str, subject: &str) -> &Value {
        let mut found = self
            .all
            .iter()
            .filter(|line| line["check"] == check && line["subject"].as_str().unwrap().contains(subject));
        let one = found.next().unwrap_or_else(|| panic!("{check} {subject}: {:?}", self.all));
        assert!(found.next().is_none(), "{check} {subject}");
        one
    }

    /// Checks that a check found this, and its advice has the word.
    fn has(&self, check: &str, subject: &str, status: &str, found: &str, advice: &str) {
        let line = self.about(check, subject);
        let words = line["advice"].to_string();
        assert_eq!(line["status"], status, "{line}");
        assert!(line["found"].as_str().unwrap().contains(found) && words.contains(advice), "{line}");
    }

    /// The checks that did not end well.
    fn wrong(&self) -> Vec<(&str, &str)> {
        let lines = self.all[..self.all.len() - 1].iter().filter(|line| line["status"] != "ok");
        lines.map(|line| (line["check"].as_str().unwrap(), line["status"].as_str().unwrap())).collect()
    }
}

fn doctor(folder: &Path, arguments: &[&str]) -> Found {
    let mut command = program(folder, &["doctor", "--json"]);
    command.args(WINDOW).args(arguments);
    Found::of(&tokio::task::block_in_place(|| command.output().unwrap()))
}

fn catch_up(folder: &Path, node: &NodeHandle, arguments: &[&str]) {
    let mut command = program(folder, &["catch-up", "--network", &node.url()]);
    let output = tokio::task::block_in_place(|| command.args(WINDOW).args(arguments).output().unwrap());
    assert!(output.status.success(), "{output:?}");
}

/// Every file of a folder with what is in it.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    entries
        .map(|entry| (entry.file_name().into_string().unwrap(), std::fs::read(entry.path()).unwrap()))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn all_is_well_and_nothing_is_changed() {
    let history = chain(1, Generation::Present, 0);
    let good = node(&history, &[]).await;
    let folder = tempfile::tempdir().unwrap();
    let found = doctor(folder.path(), &["--network", &good.url()]);
    assert_eq!((found.code, found.wrong()), (Some(0), vec![]));
    found.has("database_schema", "vesting.db", "ok", "no record yet", "");
    assert_eq!(files(folder.path()).len(), 0, "nothing is made");

    catch_up(folder.path(), &good, &[]);
    let before = files(folder.path());
    let found = doctor(folder.path(), &["--network", &good.url()]);
    assert_eq!((found.code, found.wrong()), (Some(0), vec![]));
    assert_eq!(files(folder.path()), before);
    let about = |check, name: &str| found.about(check, "")[name].clone();
    let times = about("endpoint_head", "head_age_seconds").as_u64().unwrap();
    assert!(times < 120, "{times}");
    assert_eq!(
        [
            about("endpoint_head", "head"),
            about("endpoint_head", "lag_blocks"),
            about("record_end", "behind_blocks")
        ],
        [800, 0, 0]
    );
    assert_eq!(
        [
            about("subnet_exists", "neurons"),
            about("subnet_epoch", "last_epoch"),
            about("subnet_epoch", "next_epoch")
        ],
        [256, 720, 1080]
    );
    assert_eq!(about("record_window", "incomplete_since"), Value::Null);
    assert_eq!(about("endpoint_genesis", "genesis"), about("database_chain", "genesis"));

    // For people: aligned, without colours where it is no terminal.
    let mut command = program(folder.path(), &["doctor", "--network", &good.url()]);
    let output = tokio::task::block_in_place(|| command.args(WINDOW).output().unwrap());
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success() && text.contains("0 problems, 0 warnings, ") && !text.contains('\u{1b}'),
        "{text}"
    );
    let columns: Vec<usize> =
        text.lines().filter(|line| line.contains('✓')).map(|line| line.find("ok").unwrap()).collect();
    assert!(columns.len() > 10 && columns.iter().all(|column| *column == columns[0]), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_is_down_or_stalls_is_named_and_holds_nothing_up() {
    let history = chain(2, Generation::Present, 0);
    let (good, stalled) = (node(&history, &[]).await, node(&history, &[Fault::Stall(0)]).await);
    let (later, busy) = (node(&history, &[Fault::Stall(6)]).await, node(&history, &[Fault::Refuse(4)]).await);
    let folder = tempfile::tempdir().unwrap();
    let down = "ws://127.0.0.1:9";
    let found = doctor(folder.path(), &["--endpoints", down]);
    assert_eq!(found.code, Some(1));
    found.has("endpoint_reachable", down, "problem", "cannot reach", "start the node");

    let begun = Instant::now();
    let all = [good.url(), stalled.url(), down.to_owned(), later.url(), busy.url()].join(",");
    let found = doctor(folder.path(), &["--timeout", "1", "--endpoints", &all]);
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
    assert_eq!(found.code, Some(0), "the good one serves: {:?}", found.wrong());
    found.has("endpoint_reachable", &good.url(), "ok", "answers in", "");
    found.has("endpoint_state", &good.url(), "ok", "which is enough", "");
    found.has("endpoint_reachable", &stalled.url(), "warning", "answer within 1 s", "leave this one out");
    found.has("endpoint_reachable", down, "warning", "cannot reach", "leave this one out");
    found.has("endpoint_reachable", &later.url(), "warning", "answer within", "leave this one out");
    // In the order in which they are configured.
    let order: Vec<&str> = found
        .all
        .iter()
        .filter(|line| line["check"] == "endpoint_reachable")
        .filter_map(|l| l["subject"].as_str())
        .collect();
    assert_eq!(order.join(","), all);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_chain_is_told_from_the_endpoints_and_the_databases() {
    let (one, other) = (
        node(&chain(3, Generation::Present, 0), &[]).await,
        node(&chain(4, Generation::Present, 0), &[]).await,
    );
    let folder = tempfile::tempdir().unwrap();
    let both = format!("{},{}", one.url(), other.url());
    let found = doctor(folder.path(), &["--endpoints", &both]);
    assert_eq!(found.wrong(), [("endpoint_genesis", "problem")]);
    found.has(
        "endpoint_genesis",
        &other.url(),
        "problem",
        "another chain than the first endpoint that answered",
        "leave it out",
    );

    catch_up(folder.path(), &other, &[]);
    let found = doctor(folder.path(), &["--endpoints", &both]);
    assert_eq!(found.wrong(), [("endpoint_genesis", "problem")]);
    found.has(
        "endpoint_genesis",
        &one.url(),
        "problem",
        "another chain than the database's",
        "--database-url",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn pruned_state_is_measured_against_what_is_needed() {
    let history = chain(5, Generation::Present, 0);
    let (pruned, archive) = (node(&history, &[Fault::Pruned(256)]).await, node(&history, &[]).await);
    let folder = tempfile::tempdir().unwrap();
    let found = doctor(folder.path(), &["--network", &pruned.url()]);
    assert_eq!(found.wrong(), [("subnet_state", "problem")]);
    found.has(
        "subnet_state",
        "Subnet 2",
        "problem",
        "no endpoint has the state of block 404",
        "--archive-endpoints",
    );
    assert_eq!(found.about("endpoint_state", "")["oldest_state"], 544);

    // Another depth than the usual is found as well, and in few requests.
    let deeper = node(&history, &[Fault::Pruned(350)]).await;
    let found = doctor(folder.path(), &["--network", &deeper.url()]);
    let oldest = found.about("endpoint_state", "")["oldest_state"].as_u64().unwrap();
    assert!((450..=450 + 350 / 16).contains(&oldest), "{oldest}");
    assert!(deeper.requests().values().sum::<u64>() < 60, "{:?}", deeper.requests());

    let found = doctor(folder.path(), &["--network", &pruned.url(), "--archive-endpoints", &archive.url()]);
    assert_eq!(found.wrong(), []);
    found.has("subnet_state", "Subnet 2", "ok", &archive.url(), "");

    // A record that stands near the head needs no archive.
    catch_up(folder.path(), &archive, &[]);
    let found = doctor(folder.path(), &["--network", &pruned.url()]);
    assert_eq!(found.wrong(), []);
    found.has("subnet_state", "Subnet 2", "ok", "block 800, where its record goes on", "");
    // One that was left alone for long does.
    let other = tempfile::tempdir().unwrap();
    catch_up(other.path(), &archive, &["--to", "500"]);
    let found = doctor(other.path(), &["--network", &pruned.url()]);
    found.has("subnet_state", "Subnet 2", "problem", "block 500, where its record goes on", "db import");
    found.has("record_end", "subnet 2", "warning", "300 blocks behind", "vesting run");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_lags_is_found_beside_a_good_one() {
    let history = chain(6, Generation::Present, 0);
    let good = node(&history, &[]).await;
    let folder = tempfile::tempdir().unwrap();
    for (block, status, behind) in
        [(797, "ok", "3 blocks behind"), (780, "warning", "20 blocks"), (600, "problem", "200 blocks behind")]
    {
        let frozen = node(&history, &[Fault::Frozen(block)]).await;
        let found = doctor(folder.path(), &["--endpoints", &format!("{},{}", frozen.url(), good.url())]);
        found.has("endpoint_head", &frozen.url(), status, behind, "");
        found.has("endpoint_head", &good.url(), "ok", "block 800", "");
        found.has("clock", "", "ok", "agree", "");
        assert_eq!(found.code, Some(i32::from(status == "problem")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_runtime_lacks_is_told_with_what_follows() {
    let folder = tempfile::tempdir().unwrap();
    let older = node(&chain(7, Generation::Older, 0), &[]).await;
    let found = doctor(folder.path(), &["--network", &older.url()]);
    assert_eq!((found.code, found.wrong()), (Some(0), vec![("endpoint_runtime", "warning")]));
    found.has("endpoint_runtime", "", "warning", "spec 393 lacks", "a skipped one is not reported");
    assert_eq!(
        found.about("endpoint_runtime", "")["lacks"],
        serde_json::json!(["epoch_index", "fee_in_alpha", "locks_api"])
    );
    found.has("endpoint_measured", "", "ok", "spec 393 were measured", "");
    found.has("endpoint_unknown", "", "ok", "is known", "");
    let later = node(&chain(7, Generation::Later, 0), &[]).await;
    let found = doctor(folder.path(), &["--network", &later.url()]);
    assert_eq!(found.about("endpoint_runtime", "")["lacks"], serde_json::json!(["shares", "counters"]));
    found.has(
        "endpoint_measured",
        "",
        "warning",
        "spec 512 is newer than any that was measured (393, 425, 475)",
        "unattributed",
    );
    let rules = found.about("endpoint_measured", "")["rules"].as_array().unwrap().clone();
    assert!(
        rules.iter().any(|rule| rule["rule"] == "fee_on_top" && rule["found"] == "measured on 425, 475"),
        "{rules:?}"
    );
    let oldest = node(&chain(7, Generation::Oldest, 0), &[]).await;
    let found = doctor(folder.path(), &["--network", &oldest.url()]);
    found.has("endpoint_measured", "", "warning", "spec 260 is older", "");

    let lying = node(&chain(7, Generation::Present, 0), &[Fault::Disagree]).await;
    let found = doctor(folder.path(), &["--network", &lying.url()]);
    assert_eq!(found.wrong(), [("endpoint_agreement", "warning")]);
    found.has("endpoint_agreement", "", "warning", "its storage was taken to say", "--capture");
}

/// Replaces bytes of the runtime's metadata by as many others.
fn rename(history: &RwLock<History>, changes: &[(&str, &str)]) {
    let mut runtime = history.read().unwrap().runtime(0).unwrap().clone();
    for metadata in runtime.metadata.values_mut() {
        for (from, to) in changes {
            assert_eq!(from.len(), to.len());
            let places: Vec<usize> = (0..metadata.len() - from.len())
                .filter(|at| metadata[*at..].starts_with(from.as_bytes()))
                .collect();
            assert!(!places.is_empty(), "{from}");
            places.into_iter().for_each(|at| metadata[at..at + to.len()].copy_from_slice(to.as_bytes()));
        }
    }
    history.write().unwrap().add_runtime(0, runtime);
}

/// A chain as the present one, but for its runtime's metadata.
fn renamed(changes: &[(&str, &str)]) -> Arc<RwLock<History>> {
    let history = chain(9, Generation::Present, 0);
    rename(&history, changes);
    history
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_known_of_a_runtime_is_told_with_what_it_could_mean() {
    // The names of fields are what a known event is recognized by.
    let changes =
        [("AlphaBurned", "AlphaLeased"), ("old_coldkey", "oldest_cold"), ("OwnedHotkeys", "LoanedHotkey")];
    let changed = node(&renamed(&changes), &[]).await;
    let folder = tempfile::tempdir().unwrap();
    let found = doctor(folder.path(), &["--network", &changed.url()]);
    let unknown = found.about("endpoint_unknown", "")["unknown"].as_array().unwrap().clone();
    let told: Vec<(&str, bool)> =
        unknown.iter().map(|one| (one["name"].as_str().unwrap(), one["reshaped"] == true)).collect();
    assert_eq!(
        told,
        [
            ("SubtensorModule.LoanedHotkey", false),
            ("SubtensorModule.AlphaLeased", false),
            ("SubtensorModule.ColdkeySwapped", true),
            ("SubtensorModule.SubnetOwnerChanged", true)
        ]
    );
    found.has(
        "endpoint_unknown",
        "",
        "warning",
        "4 items of spec 425",
        "an event we do not know: if it moves stake",
    );
    found.has("endpoint_unknown", "", "warning", "", "known by name, but of another shape");

    // Once at start, too, and by a metric.
    let (said, metrics) = tokio::task::block_in_place(|| {
        let mut command = program(folder.path(), &["catch-up", "--network", &changed.url(), "--to", "100"]);
        let output = command.args(WINDOW).env("RUST_LOG", "warn").output().unwrap();
        let url = changed.url();
        let mut arguments = WINDOW.to_vec();
        arguments.extend(["--network", &url]);
        let daemon = Daemon::start(folder.path(), &arguments);
        let begun = Instant::now();
        let metrics = loop {
            let metrics = daemon.get("/metrics").text;
            if metrics.contains("vesting_runtime_spec_version 425") {
                break metrics;
            }
            assert!(begun.elapsed() < Duration::from_secs(60), "{metrics}");
            std::thread::sleep(Duration::from_millis(50));
        };
        (String::from_utf8_lossy(&output.stderr).into_owned(), metrics)
    });
    assert_eq!(said.matches("an event we do not know").count(), 1, "{said}");
    assert!(
        said.contains("SubtensorModule.AlphaLeased") && said.contains("SubtensorModule.LoanedHotkey"),
        "{said}"
    );
    for line in [
        r#"vesting_runtime_unknown_items{kind="event",why="new"} 1"#,
        r#"vesting_runtime_unknown_items{kind="event",why="reshaped"} 2"#,
        r#"vesting_runtime_unknown_items{kind="storage",why="new"} 1"#,
        r#"vesting_runtime_unknown_items{kind="call",why="new"} 0"#,
        "vesting_runtime_unmeasured 0",
    ] {
        assert!(metrics.contains(line), "{line}: {metrics}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_runtime_that_cannot_be_read_is_no_endpoint_that_cannot_be_reached() {
    let folder = tempfile::tempdir().unwrap();
    for (from, to, why) in [
        ("StakingHotkeys", "StakedHotkeys2", "has no storage `SubtensorModule.StakingHotkeys`"),
        ("meta\u{f}", "meta\u{7f}", "its metadata cannot be decoded"),
    ] {
        let node = node(&renamed(&[(from, to)]), &[]).await;
        let found = doctor(folder.path(), &["--network", &node.url()]);
        assert_eq!(found.code, Some(1));
        found.has("endpoint_reachable", "", "ok", "answers in", "");
        found.has(
            "endpoint_runtime",
            "",
            "problem",
            "the chain's runtime (spec 425) cannot be read",
            "newer version",
        );
        found.has("endpoint_runtime", "", "problem", why, "--capture");
        // At start, too.
        let arguments = ["catch-up", "--netuid", "2", "--network", &node.url()];
        let output = tokio::task::block_in_place(|| vesting(folder.path(), &arguments));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            !output.status.success()
                && said.contains("runtime (spec 425) cannot be read")
                && !said.contains("cannot reach"),
            "{said}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn run_stays_where_the_runtime_cannot_be_read_and_says_so() {
    let history = chain(9, Generation::Present, 0);
    let changing = node(&history, &[]).await;
    let folder = tempfile::tempdir().unwrap();
    catch_up(folder.path(), &changing, &["--to", "500"]);
    rename(&history, &[("StakingHotkeys", "StakedHotkeys2")]);
    let (url, metrics, told) = tokio::task::block_in_place(|| {
        let url = changing.url();
        let mut arguments = WINDOW.to_vec();
        arguments.extend(["--network", &url]);
        let daemon = Daemon::start(folder.path(), &arguments);
        let begun = Instant::now();
        let told = loop {
            let told = daemon.get("/health/ready").body;
            if told["reasons"].to_string().contains("spec 425") {
                break told;
            }
            assert!(begun.elapsed() < Duration::from_secs(60), "{told}");
            std::thread::sleep(Duration::from_millis(50));
        };
        (url.clone(), daemon.get("/metrics").text, told)
    });
    assert!(
        told["reasons"].to_string().contains("runtime (spec 425) cannot be read by this version"),
        "{told}"
    );
    let error = told["last_error"]["error"].as_str().unwrap();
    assert!(
        error.contains("SubtensorModule.StakingHotkeys")
            && !error.contains("cannot reach")
            && !error.contains(&url),
        "{error}"
    );
    assert!(metrics.contains("vesting_follower_failing 1"), "{metrics}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_far_off_is_told_as_far_as_it_can_be() {
    let folder = tempfile::tempdir().unwrap();
    for (later, found, advice) in [
        (7_500_000, "slow by 2 h", "timedatectl"),
        (-86_400_000, "clock is fast, or they all stand still", "date -u"),
    ] {
        let off = node(&chain(8, Generation::Present, later), &[]).await;
        let all = doctor(folder.path(), &["--network", &off.url()]);
        all.has("clock", "This machine", "problem", found, advice);
        assert_eq!(all.wrong(), [("clock", "problem")]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_cannot_be_used_is_named_with_the_reason() {
    let good = node(&chain(9, Generation::Present, 0), &[]).await;
    let folder = tempfile::tempdir().unwrap();
    let network = ["--network".to_owned(), good.url()];
    let with = |arguments: &[&str]| {
        let mut all: Vec<&str> = network.iter().map(String::as_str).collect();
        all.extend(arguments);
        doctor(folder.path(), &all)
    };
    let found = with(&["--database-url", "sqlite://nowhere/vesting.db"]);
    assert_eq!(found.wrong(), [("database_writable", "problem")]);
    found.has("database_writable", "nowhere", "problem", "folder `nowhere` is not there", "--database-url");
    if cfg!(target_os = "linux") {
        // Where not even root can make a file.
        let found = with(&["--database-url", "sqlite:///proc/vesting.db"]);
        found.has(
            "database_writable",
            "/proc",
            "problem",
            "no file can be made in the folder",
            "let this user write there",
        );
    }
    std::fs::write(folder.path().join("text.db"), "no database, but longer than a header\n".repeat(30))
        .unwrap();
    with(&["--database-url", "sqlite://text.db"]).has(
        "database_schema",
        "text.db",
        "problem",
        "not a SQLite database",
        "--database-url",
    );
    check(folder.path(), &["doctor", "--database-url", "mysql://x"], 2, "not understood");
    with(&["--database-url", "postgres://u:secret@127.0.0.1:9/x"]).has(
        "database_schema",
        "u:***@",
        "problem",
        "cannot be reached",
        "server is up",
    );

    catch_up(folder.path(), &good, &[]);
    let path = folder.path().join("vesting.db");
    let connect = || SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    let mut conn = connect();
    conn.revert_last_migration(MIGRATIONS).unwrap();
    drop(conn);
    let before = std::fs::read(&path).unwrap();
    let found = with(&[]);
    assert_eq!(found.wrong(), [("database_schema", "problem")]);
    found.has("database_schema", "vesting.db", "problem", "from an older version", "vesting db migrate");
    assert_eq!(std::fs::read(&path).unwrap(), before, "it is not migrated");

    let mut conn = connect();
    conn.batch_execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('99990101000000')").unwrap();
    drop(conn);
    with(&[]).has(
        "database_schema",
        "vesting.db",
        "problem",
        "newer version",
        "install the version that made it",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_database_is_said_to_be_busy() {
    let good = node(&chain(9, Generation::Present, 0), &[]).await;
    let folder = tempfile::tempdir().unwrap();
    catch_up(folder.path(), &good, &[]);
    let mut other = SqliteConnection::establish(folder.path().join("vesting.db").to_str().unwrap()).unwrap();
    other.batch_execute("BEGIN IMMEDIATE").unwrap();
    let found = doctor(folder.path(), &["--network", &good.url()]);
    assert_eq!(found.wrong(), [("database_writable", "warning")]);
    found.has("database_writable", "vesting.db", "warning", "busy", "try again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_that_is_not_covered_is_found() {
    let good = node(&chain(10, Generation::Present, 0), &[]).await;
    let folder = tempfile::tempdir().unwrap();
    catch_up(folder.path(), &good, &["--from", "600"]);
    let found = doctor(folder.path(), &["--network", &good.url()]);
    assert_eq!(found.wrong(), [("record_window", "problem")]);
    found.has("record_window", "subnet 2", "problem", "begins at block 600", "covers the window from");
    assert_eq!(found.about("record_window", "")["incomplete_since"], 600);
    // Without an epoch there is none.
    let other = tempfile::tempdir().unwrap();
    catch_up(other.path(), &good, &["--from", "790"]);
    doctor(other.path(), &["--network", &good.url()]).has(
        "record_window",
        "subnet 2",
        "problem",
        "no epoch yet",
        "vesting run",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn subnets_and_the_address_of_the_api_are_looked_at() {
    let good = node(&chain(11, Generation::Present, 0), &[]).await;
    let folder = tempfile::tempdir().unwrap();
    let url = good.url();
    let output = tokio::task::block_in_place(|| {
        vesting(folder.path(), &["doctor", "--json", "--network", &url, "--netuid", "9"])
    });
    let found = Found::of(&output);
    found.has("subnet_exists", "Subnet 9", "problem", "does not exist", "check `netuids`");
    let output =
        tokio::task::block_in_place(|| vesting(folder.path(), &["doctor", "--json", "--network", &url]));
    Found::of(&output).has("subnet_exists", "Subnets", "problem", "no subnet is named", "--netuid");

    let found = doctor(folder.path(), &["--network", &url, "--bind", "0.0.0.0:0"]);
    assert_eq!(found.wrong(), [("api_token", "problem")]);
    let found =
        doctor(folder.path(), &["--network", &url, "--bind", "0.0.0.0:0", "--allow-public-without-token"]);
    assert_eq!(found.wrong(), [("api_token", "warning")]);
    let found = doctor(folder.path(), &["--network", &url, "--bind", "0.0.0.0:0", "--api-token", "secret"]);
    assert_eq!(found.wrong(), []);
    assert!(!format!("{:?}", found.all).contains("secret"));

    // Held by a program that answers nothing.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || listener.incoming().for_each(drop));
    let found = doctor(folder.path(), &["--network", &url, "--bind", &address]);
    assert_eq!(found.wrong(), [("api_address", "problem")]);

    let daemon = tokio::task::block_in_place(|| {
        let mut arguments = vec!["--network", &url];
        arguments.extend(WINDOW);
        Daemon::start(folder.path(), &arguments)
    });
    let begun = Instant::now();
    loop {
        let found = doctor(folder.path(), &["--network", &url, "--bind", &daemon.address]);
        found.has("api_address", &daemon.address, "ok", "a running vesting answers", "");
        // Once it has recorded something.
        if found.all.iter().any(|line| line["check"] == "record_writer") {
            found.has("record_writer", "subnet 2", "ok", "is being written by process", "");
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(60));
    }
}

#[test]
fn it_is_called_rightly() {
    let folder = tempfile::tempdir().unwrap();
    for (arguments, word) in [
        (&["--output", "x"][..], "--capture"),
        (&["--capture", "0"], "1..=10000"),
        (&["--timeout", "0"], "1..=600"),
        (&["--capture", "5"], "which subnet?"),
        (&["--network", "moon"], "network"),
    ] {
        let mut command = program(folder.path(), &["doctor"]);
        let output = command.args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains(word), "{arguments:?}: {output:?}");
    }
    let help = vesting(folder.path(), &["doctor", "--help"]);
    let text = String::from_utf8(help.stdout).unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
    for word in ["Nothing is changed", "Exit code", "--capture", "Examples:"] {
        assert!(text.contains(word), "{word}: {text}");
    }
}

postgres_test! {
    async fn a_database_on_a_server_is_looked_at_alike() {
        let history = chain(12, Generation::Present, 0);
        let good = node(&history, &[]).await;
        let place = Place::server();
        let look = || {
            let mut command = place.program(&["doctor", "--json", "--network", &good.url()]);
            Found::of(&tokio::task::block_in_place(|| command.args(WINDOW).output().unwrap()))
        };
        let found = look();
        assert_eq!(found.wrong(), []);
        found.has("database_schema", "postgres", "ok", "no record yet", "");
        let mut command = place.program(&["catch-up", "--network", &good.url()]);
        assert!(tokio::task::block_in_place(|| command.args(WINDOW).output().unwrap()).status.success());
        let found = look();
        assert_eq!(found.wrong(), []);
        found.has("record_window", "subnet 2", "ok", "covers its window", "");
        place.sql(
            "DELETE FROM __diesel_schema_migrations WHERE version = (SELECT max(version) FROM \
            __diesel_schema_migrations)",
        );
        look().has("database_schema", "postgres", "problem", "older version", "vesting db migrate");
    }
}
