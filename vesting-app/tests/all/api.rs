//! The HTTP API over simulated records.

use std::path::Path;
use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

use diesel::prelude::*;
use diesel::sqlite::SqliteConnection;
use serde_json::{Value, json};
use vesting_core::{BlockNumber, NetUid};
use vesting_testkit::fault::Fault;
use vesting_testkit::history::History;
use vesting_testkit::node::{NodeOptions, serve};
use vesting_testkit::sim::Demo;

use crate::command_line::vesting;
use crate::daemon::Daemon;
use crate::place::life;
use crate::way::{catch_up, database};

pub const BLOCKS: u32 = 200;

pub fn history(seed: u64) -> Arc<RwLock<History>> {
    life(seed, BLOCKS.into())
}

/// Records both subnets in `vesting.db` of a folder, up to a block.
pub async fn record(folder: &Path, history: &Arc<RwLock<History>>, to: u32) {
    let node = serve(Arc::clone(history), NodeOptions::default()).await.unwrap();
    for netuid in [NetUid(1), NetUid(2)] {
        catch_up(&node, database(folder, "vesting.db"), netuid, to).await;
    }
}

/// Changes one row of the record in a folder.
pub fn alter(folder: &Path, sql: &str) {
    let mut conn = SqliteConnection::establish(folder.join("vesting.db").to_str().unwrap()).unwrap();
    assert_eq!(diesel::sql_query(sql).execute(&mut conn).unwrap(), 1, "{sql}");
}

/// What the command prints, as a list of JSON values.
fn printed(folder: &Path, arguments: &[&str]) -> Vec<Value> {
    let output = vesting(folder, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_those_of_the_commands_and_problems_say_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    record(folder.path(), &history(99), BLOCKS).await;
    tokio::task::spawn_blocking(move || {
        let daemon = Daemon::start(folder.path(), &["--read-only", "--stale-after-seconds", "315360000"]);
        answers(&daemon, folder.path());
        weights(&daemon, folder.path());
        problems(&daemon);
        let (status, took) = daemon.terminate();
        assert!(status.success() && took < Duration::from_secs(4), "{status} after {took:?}");
    })
    .await
    .unwrap();
}

fn answers(daemon: &Daemon, folder: &Path) {
    let live = daemon.get("/health/live");
    assert_eq!((live.status, &live.body["status"]), (200, &"live".into()));
    let said = |command: &str, more: &[&str]| {
        printed(folder, &[&[command, "--json", "--netuid", "2"], more].concat())
    };
    let get = |path: &str| {
        let answer = daemon.get(path);
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(answer.head.contains("content-type: application/json"));
        answer.body
    };
    assert_eq!(get("/v1/digest?netuid=2"), said("digest", &[])[0]);
    assert_eq!(get("/v1/digest?netuid=2&as_of=120"), said("digest", &["--as-of", "120"])[0]);
    assert_eq!(get("/v1/miners?netuid=2"), Value::Array(said("miners", &[])));
    assert_eq!(get("/v1/stats?netuid=2"), said("stats", &[])[0]);
    let hotkey = said("miners", &[])[0]["hotkey"].as_str().unwrap().to_owned();
    let all = said("history", &[&hotkey]);
    assert!(all.len() > 4);
    assert_eq!(get(&format!("/v1/miners/{hotkey}/history?netuid=2")), Value::Array(all));
    let some = said("history", &["uid:0", "--epochs", "2", "--as-of", "120"]);
    assert_eq!(get("/v1/miners/uid%3A0/history?netuid=2&epochs=2&as_of=120"), Value::Array(some));
    let epochs = said("epochs", &[]);
    assert!(epochs.len() > 4);
    assert_eq!(get("/v1/epochs?netuid=2"), Value::Array(epochs));
    let some = said("epochs", &["--from", "60", "--to", "120"]);
    assert_eq!(get("/v1/epochs?netuid=2&from=60&to=120"), Value::Array(some));

    one_of_each(&get, &said);

    let digests = get("/v1/digest?netuid=2");
    for section in digests["sections"].as_array().unwrap() {
        let name = section["section"].as_str().unwrap();
        let told = get(&format!("/v1/digest/rows?netuid=2&section={name}"));
        let keys = (&told["version"], &told["as_of"], &told["state_digest"], &told["section"]);
        assert_eq!(keys, (&1.into(), &digests["as_of"], &digests["state_digest"], &section["section"]));
        let rows = told["rows"].as_array().unwrap().len();
        if name != "entries" {
            assert_eq!(section["rows"], rows, "{name}");
        }
    }
    let ranges = digests["entries"].as_array().unwrap();
    let mut rows = Vec::new();
    for range in ranges {
        let told = get(&format!(
            "/v1/digest/rows?netuid=2&section=entries&from={}&to={}",
            range["from"], range["to"]
        ));
        let some = told["rows"].as_array().unwrap();
        assert_eq!(range["rows"], some.len());
        rows.extend(some.clone());
    }
    // Those of the window's holders, which all are here.
    let ledger =
        said("ledger", &["--from", &ranges[0]["from"].to_string(), "--to", &digests["as_of"].to_string()]);
    let ledger: Vec<Value> =
        ledger.iter().map(without_what_is_not_digested).filter(|entry| rows.contains(entry)).collect();
    assert_eq!(ledger, rows);
    assert!(rows.len() > 100);
}

/// A miner, a coldkey, an epoch, and another policy.
fn one_of_each(get: &dyn Fn(&str) -> Value, said: &dyn Fn(&str, &[&str]) -> Vec<Value>) {
    for (more, arguments) in [("", [].as_slice()), ("&as_of=120", &["--as-of", "120"])] {
        let all = said("miners", arguments);
        let miner = &all[0];
        let hotkey = miner["hotkey"].as_str().unwrap();
        let told = get(&format!("/v1/miners/{hotkey}?netuid=2{more}"));
        assert_eq!(
            told,
            json!({ "miner": miner, "explanation": said("explain", &[&[hotkey], arguments].concat())[0] })
        );
        let coldkey = miner["coldkey"].as_str().unwrap();
        let told = get(&format!("/v1/coldkeys/{coldkey}?netuid=2{more}"));
        let own: Vec<&Value> = all.iter().filter(|other| other["coldkey"] == coldkey).collect();
        assert_eq!(told["neurons"], json!(own));
        for name in [
            "multiplier",
            "reason",
            "limited_by",
            "holder",
            "holding_percentage",
            "holding_duration",
            "as_of",
        ] {
            assert_eq!(told[name], miner[name], "{name}");
        }
        for name in ["stake", "opening_stake", "manual_stake", "earned_stake", "locked_stake"] {
            let rao = |value: &Value| value.as_str().unwrap().parse::<u128>().unwrap();
            assert_eq!(rao(&told[name]), own.iter().map(|miner| rao(&miner[name])).sum(), "{name}");
        }
        let set = ["--set", "retention_target=0.5", "--set", "max_multiplier=2"];
        let told = get(&format!("/v1/whatif?netuid=2{more}&max_multiplier=2&retention_target=0.5"));
        assert_eq!(told, said("whatif", &[&set, arguments].concat())[0]);
        assert!(told["neurons"].as_array().unwrap().iter().any(|neuron| neuron["differs"] == true));
        // A coldkey is no neuron; it is explained all the same.
        let told = get(&format!("/v1/miners/{coldkey}?netuid=2{more}"));
        assert_eq!((&told["miner"], &told["explanation"]["coldkey"]), (&Value::Null, &coldkey.into()));
    }
    for epoch in said("epochs", &[]) {
        assert_eq!(get(&format!("/v1/epochs/{}?netuid=2", epoch["block"])), epoch);
    }
}

/// What is kept of earlier questions changes no answer, and no answer outlives what it follows from.
#[tokio::test(flavor = "multi_thread")]
async fn asked_again_the_answer_is_the_same_until_there_is_another_epoch_or_a_prune() {
    let folder = tempfile::tempdir().unwrap();
    let history = history(45);
    record(folder.path(), &history, 120).await;
    let path = folder.path().to_owned();
    let ask = |daemon: &Daemon| {
        let body = json!({ "uids": [0, 1], "weights": [0.4, 0.6], "netuid": 2 }).to_string();
        let paths = [
            "/v1/miners?netuid=2",
            "/v1/stats?netuid=2",
            "/v1/digest?netuid=2",
            "/v1/whatif?netuid=2&max_multiplier=2",
        ];
        let mut all: Vec<String> =
            paths.iter().map(|path| daemon.get(path)).map(|answer| answer.text).collect();
        all.push(daemon.ask("POST /v1/weights/apply HTTP/1.1\r\n", &body).text);
        all
    };
    let read_only = ["--read-only", "--stale-after-seconds", "315360000", "--retention-window-days", "0.005"];
    let begun = tokio::task::spawn_blocking(move || {
        let daemon = Arc::new(Daemon::start(&path, &read_only));
        let first = std::thread::scope(|scope| {
            let all: Vec<_> = (0..6).map(|_| scope.spawn(|| ask(&daemon))).collect();
            let all: Vec<Vec<String>> = all.into_iter().map(|asked| asked.join().unwrap()).collect();
            assert!(all.iter().all(|answers| *answers == all[0]));
            all.into_iter().next().unwrap()
        });
        assert_eq!(ask(&daemon), first);
        assert_eq!(ask(&Daemon::start(&path, &read_only)), first, "of one that has not been asked before");
        let lines =
            vesting(&path, &["miners", "--json", "--netuid", "2", "--retention-window-days", "0.005"]).stdout;
        let lines: Vec<String> = String::from_utf8(lines).unwrap().lines().map(str::to_owned).collect();
        assert_eq!(first[0], format!("[{}]", lines.join(",")));
        (daemon, first, path)
    });
    let (daemon, first, path) = begun.await.unwrap();
    record(folder.path(), &history, BLOCKS).await;
    let grown = tokio::task::spawn_blocking(move || {
        let next = ask(&daemon);
        assert!(next.iter().zip(&first).all(|(next, first)| next != first), "{next:?}");
        assert_eq!(ask(&Daemon::start(&path, &read_only)), next);
        let epochs = printed(&path, &["epochs", "--json", "--netuid", "2"]);
        let blocks = [1, epochs.len() - 3].map(|place| epochs[place]["block"].as_u64().unwrap());
        assert_eq!(daemon.get(&format!("/v1/stats?netuid=2&as_of={}", blocks[0])).status, 200);
        (daemon, blocks, path)
    });
    let (daemon, [early, base], path) = grown.await.unwrap();
    database(folder.path(), "vesting.db").prune(NetUid(2), BlockNumber(base)).await.unwrap();
    tokio::task::spawn_blocking(move || {
        daemon.get(&format!("/v1/stats?netuid=2&as_of={early}")).is_problem(404, "no-epoch", "recorded");
        assert_eq!(ask(&daemon), ask(&Daemon::start(&path, &read_only)), "after the prune");
    })
    .await
    .unwrap();
}

fn without_what_is_not_digested(entry: &Value) -> Value {
    let mut entry = entry.clone();
    for name in ["netuid", "phase", "flow"] {
        entry.as_object_mut().unwrap().remove(name);
    }
    entry
}

fn weights(daemon: &Daemon, folder: &Path) {
    let post = |path: &str, body: &Value| daemon.ask(&format!("POST {path} HTTP/1.1\r\n"), &body.to_string());
    let given = json!({ "uids": [0, 1], "weights": [0.4, 0.6] });
    std::fs::write(folder.join("weights.json"), given.to_string()).unwrap();
    let mut told =
        printed(folder, &["apply", "--json", "--netuid", "2", "--weights", "weights.json"]).remove(0);
    told["stale"] = false.into();
    assert!(told["unchanged"].is_null());
    assert_eq!(post("/v1/weights/apply?netuid=2", &given).body, told);
    let mut with_the_rest = given.clone();
    with_the_rest["netuid"] = 2.into();
    assert_eq!(post("/v1/weights/apply", &with_the_rest).body, told);
    with_the_rest["as_of"] = 120.into();
    let earlier = post("/v1/weights/apply", &with_the_rest).body;
    assert_eq!((&earlier["stale"], earlier["as_of"].as_u64().unwrap() <= 120), (&false.into(), true));

    let bad = |body: Value, field: &str, word: &str| {
        let answer = post("/v1/weights/apply?netuid=2", &body);
        answer.is_problem(400, "bad-input", word);
        assert_eq!(answer.body["field"], field);
    };
    bad(json!({ "hotkeys": ["5F"], "weights": [1.0] }), "hotkeys", "5F");
    bad(json!({ "weights": [1.0] }), "hotkeys", "alone");
    bad(json!({ "uids": [0, 0], "weights": [1.0, 1.0] }), "uids", "twice");
    bad(json!({ "uids": [0], "weights": [1.0, 1.0] }), "uids", "belong together");
    bad(json!({ "uids": [0], "weights": [-1.0] }), "weights", "not negative");
    bad(json!({ "uids": [0], "weights": ["much"] }), "body", "not understood");
    bad(json!({ "uids": [0], "weights": [1.0], "netuid": 1 }), "netuid", "differs");
    bad(Value::Null, "body", "not understood");

    let head =
        |length: u32| format!("POST /v1/weights/apply?netuid=2 HTTP/1.1\r\nContent-Length: {length}\r\n");
    daemon.ask(&head(16 * 1024 * 1024 + 1), "{").is_problem(413, "too-large", "16 MiB");
    // One that does not say how large it will be, and gets larger.
    let chunked = "POST /v1/weights/apply?netuid=2 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n";
    let body = format!("{:x}\r\n{}\r\n", 16 * 1024 * 1024 + 1, " ".repeat(16 * 1024 * 1024 + 1));
    daemon.ask(chunked, &body).is_problem(413, "too-large", "16 MiB");
}

fn problems(daemon: &Daemon) {
    daemon.get("/v1/digest?netuid=9").is_problem(404, "unknown-netuid", "vesting catch-up --netuid 9");
    daemon.get("/v1/epochs?netuid=9").is_problem(404, "unknown-netuid", "9");
    daemon.get("/v1/digest?netuid=2&as_of=1").is_problem(404, "no-epoch", "block 1");
    let nobody = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";
    daemon.get(&format!("/v1/miners/{nobody}/history?netuid=2")).is_problem(404, "nobody", nobody);
    daemon.get(&format!("/v1/miners/{nobody}?netuid=2")).is_problem(404, "nobody", nobody);
    daemon.get(&format!("/v1/coldkeys/{nobody}?netuid=2")).is_problem(404, "nobody", nobody);
    daemon.get("/v1/epochs/1?netuid=2").is_problem(404, "no-epoch", "block 1");
    daemon.get("/v2").is_problem(404, "no-such-path", "/v2");
    daemon.get("/v1/weights/apply").is_problem(405, "wrong-method", "POST");
    let bad = |path: &str, field: &str, word: &str| {
        let answer = daemon.get(path);
        answer.is_problem(400, "bad-input", word);
        assert_eq!(answer.body["field"], field, "{path}");
    };
    bad("/v1/digest", "netuid", "1, 2");
    bad("/v1/digest?netuid=two", "netuid", "`two`");
    bad("/v1/digest?netuid=65536", "netuid", "65535");
    bad("/v1/digest?netuid=2&as_of=-1", "as_of", "whole number");
    bad("/v1/digest?netuid=2&netuid=2", "netuid", "twice");
    bad("/v1/digest?netuid=2&block=7", "query", "`block`");
    bad("/v1/digest?netuid=%FF%00", "netuid", "65535");
    bad("/v1/miners/5Grw/history?netuid=2", "hotkey", "5Grw");
    bad("/v1/miners/%FF/history?netuid=2", "hotkey", "UTF-8");
    bad("/v1/miners/uid:0/history?netuid=2&epochs=0", "epochs", "1000");
    bad("/v1/miners/uid:0/history?netuid=2&epochs=1001", "epochs", "1000");
    bad("/v1/digest/rows?netuid=2", "section", "openings");
    bad("/v1/digest/rows?netuid=2&section=stakes", "section", "openings");
    bad("/v1/digest/rows?netuid=2&section=holders&from=3", "from", "entries");
    bad("/v1/coldkeys/uid:0?netuid=2", "coldkey", "uid:0");
    bad("/v1/epochs/first?netuid=2", "block", "first");
    bad("/v1/whatif?netuid=2", "query", "retention_target");
    bad("/v1/whatif?netuid=2&retention_target=2", "retention_target", "`retention_target = 2`");
    bad("/v1/whatif?netuid=2&max_multiplier=2&formula=lineal", "formula", "tiered");
    bad("/v1/whatif?netuid=2&redistribution=burn", "redistribution", "burn_uid");
    bad("/v1/whatif?netuid=2&api_token=x", "query", "`api_token`");
    let none = daemon.get("/v1/digest/rows?netuid=2&section=entries&from=18446744073709551615&to=0");
    assert_eq!((none.status, &none.body["rows"]), (200, &json!([])));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_token_nothing_is_told_but_that_it_lives() {
    let folder = tempfile::tempdir().unwrap();
    record(folder.path(), &history(42), BLOCKS).await;
    tokio::task::spawn_blocking(move || {
        let daemon = Daemon::start(folder.path(), &["--read-only", "--api-token", "sesame"]);
        assert_eq!(daemon.get("/health/live").status, 200);
        let with = |header: &str| daemon.ask(&format!("GET /v1/digest?netuid=2 HTTP/1.1\r\n{header}"), "");
        let none = with("");
        none.is_problem(401, "unauthorized", "Authorization: Bearer");
        assert!(none.head.contains("www-authenticate: bearer"));
        for wrong in ["Bearer sesam", "Bearer sesame2", "Bearer Sesame", "Basic sesame", "Bearer ", "B"] {
            assert_eq!(with(&format!("Authorization: {wrong}\r\n")).status, 401, "{wrong}");
        }
        let page = daemon.get("/");
        assert!(
            page.status == 200
                && page.head.contains("content-security-policy: default-src 'none'; script-src 'self'"),
            "{page:?}"
        );
        for (asset, kind) in
            [("page.js", "text/javascript"), ("page.css", "text/css"), ("icon.svg", "image/svg+xml")]
        {
            let answer = daemon.get(&format!("/assets/{asset}"));
            assert!(
                answer.status == 200 && answer.head.contains(&format!("content-type: {kind}")),
                "{asset}: {}",
                answer.head
            );
        }
        daemon.get("/assets/..%2Fpage.js").is_problem(404, "no-such-path", "assets");
        assert_eq!(daemon.get("/openapi.json").status, 200);
        for path in
            ["/v1/subnets", "/v1/events", "/v1/miners/uid:0", "/charts/multipliers", "/charts/history/uid:0"]
        {
            assert_eq!(daemon.get(path).status, 401, "{path}");
        }
        daemon.get("/v1/nowhere").is_problem(401, "unauthorized", "Bearer");
        assert_eq!(with("Authorization: Bearer sesame\r\n").status, 200);
        assert_eq!(with("authorization: bearer sesame\r\n").status, 200);

        let output = vesting(folder.path(), &["run", "--read-only", "--bind", &daemon.address]);
        let words = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{words}");
        assert!(words.contains("another program does") && words.contains("bind"), "{words}");
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_daemon_serves_while_it_follows() {
    let folder = tempfile::tempdir().unwrap();
    let advance = Some(Duration::from_millis(10));
    let node = serve(history(43), NodeOptions { advance, ..NodeOptions::default() }).await.unwrap();
    let (url, until) = (node.url(), BLOCKS.to_string());
    tokio::task::spawn_blocking(move || {
        let daemon = Daemon::start(folder.path(), &["--network", &url, "--netuid", "2", "--until", &until]);
        let mut seen = std::collections::BTreeMap::new();
        let begun = Instant::now();
        while seen.len() < 3 && begun.elapsed() < Duration::from_secs(60) {
            let answer = daemon.get("/v1/digest");
            match answer.status {
                // Before the first epoch.
                404 => {}
                200 => {
                    seen.insert(answer.body["as_of"].as_u64().unwrap(), answer.body);
                }
                _ => panic!("{answer:?}"),
            }
        }
        assert!(seen.len() >= 3, "{:?}", seen.keys());
        assert!(daemon.wait().success());
        // What was told under way is what the whole record tells.
        for (as_of, told) in seen {
            assert_eq!(printed(folder.path(), &["digest", "--json", "--as-of", &as_of.to_string()]), [told]);
        }
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_runtime_that_contradicts_its_storage_is_said() {
    let history = Arc::new(RwLock::new(History::default()));
    let mut demo = Demo::new(7, 1);
    let mut chain = demo.chain(7, Some(Arc::clone(&history)));
    (0..800).for_each(|_| demo.step(&mut chain));
    for (faults, degraded) in [(vec![Fault::Disagree], true), (vec![], false)] {
        let folder = tempfile::tempdir().unwrap();
        let node =
            serve(Arc::clone(&history), NodeOptions { faults, ..NodeOptions::default() }).await.unwrap();
        let url = node.url();
        tokio::task::spawn_blocking(move || {
            let daemon = Daemon::start(folder.path(), &["--network", &url, "--netuid", "1"]);
            let begun = Instant::now();
            let answer = loop {
                let answer = daemon.get("/v1/miners");
                if answer.status == 200 || begun.elapsed() > Duration::from_secs(60) {
                    break answer;
                }
                std::thread::sleep(Duration::from_millis(20));
            };
            assert_eq!(
                (answer.status, answer.head.contains("vesting-degraded: true")),
                (200, degraded),
                "{}",
                answer.head
            );
            let health = daemon.get("/health/ready");
            assert_eq!(health.body["degraded"].as_array().map(Vec::is_empty), Some(!degraded), "{health:?}");
            let metrics = daemon.get("/metrics").text;
            assert!(
                metrics.contains(if degraded { "vesting_degraded 1" } else { "vesting_degraded 0" }),
                "{metrics}"
            );
        })
        .await
        .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_record_is_said_to_be_and_changes_no_figure() {
    let folder = tempfile::tempdir().unwrap();
    record(folder.path(), &history(44), BLOCKS).await;
    alter(folder.path(), "UPDATE blockchain_state SET time = 1000 WHERE netuid = 2");
    tokio::task::spawn_blocking(move || {
        let daemon = Daemon::start(folder.path(), &["--read-only", "--stale-after-seconds", "315360000"]);
        let body = json!({ "uids": [0, 1], "weights": [0.4, 0.6], "netuid": 2 }).to_string();
        let told = daemon.ask("POST /v1/weights/apply HTTP/1.1\r\n", &body).body;
        let as_of =
            json!({ "uids": [0, 1], "weights": [0.4, 0.6], "netuid": 2, "as_of": told["as_of"] }).to_string();
        let mut asked = daemon.ask("POST /v1/weights/apply HTTP/1.1\r\n", &as_of).body;
        assert_eq!((&told["stale"], &asked["stale"]), (&true.into(), &false.into()));
        for path in
            ["/v1/miners?netuid=2", "/v1/stats?netuid=2", "/v1/digest?netuid=2", "/v1/miners/uid:0?netuid=2"]
        {
            assert!(daemon.get(path).head.contains("vesting-stale: true"), "{path}");
            assert!(!daemon.get(&format!("{path}&as_of=120")).head.contains("vesting-stale"), "{path}");
        }
        asked["stale"] = true.into();
        assert_eq!(told, asked);
    })
    .await
    .unwrap();
}
