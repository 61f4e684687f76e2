//! `vesting config`, and the form of the log.

use std::path::Path;
use std::process::Output;

use serde_json::Value;

use crate::api::{history, record};
use crate::command_line::{check, program, vesting};
use crate::daemon::Daemon;

fn words(output: &Output) -> (String, String) {
    (
        String::from_utf8_lossy(&output.stdout).into_owned(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}

#[test]
fn a_file_to_begin_with_is_written_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("vesting.toml");
    let (said, _) = words(&vesting(folder.path(), &["config", "init"]));
    assert!(said.contains("vesting config check vesting.toml"), "{said}");
    let text = std::fs::read_to_string(&file).unwrap();
    assert_eq!(words(&vesting(folder.path(), &["config", "init", "--output", "-"])).0, text);
    let (said, _) = words(&vesting(folder.path(), &["config", "check"]));
    assert_eq!(said, "vesting.toml: no mistakes\n");

    std::fs::write(&file, "netuids = [2]\n").unwrap();
    check(folder.path(), &["config", "init"], 2, "--force");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "netuids = [2]\n");
    assert!(vesting(folder.path(), &["config", "init", "--force"]).status.success());
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
    check(folder.path(), &["config", "init", "--output", "nowhere/vesting.toml"], 1, "nowhere");
}

#[test]
fn every_mistake_is_named_with_exit_code_2() {
    let folder = tempfile::tempdir().unwrap();
    let text = "netuids = [5]\nbind = \"0.0.0.0:9180\"\nmax_multiplyer = 2\n[subnet.5]\n\
        retention_target = 0\n[subnet.6]\n";
    std::fs::write(folder.path().join("some.toml"), text).unwrap();
    let check_it = |more: &[&str]| {
        program(folder.path(), &[&["config", "check", "some.toml"], more].concat())
            .env_remove("VESTING_BIND")
            .output()
    };
    let output = check_it(&[]).unwrap();
    let (_, said) = words(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    for word in [
        "3 mistakes",
        "did you mean `max_multiplier`",
        "`bind = 0.0.0.0:9180`",
        "[subnet.5]",
        "retention_target = 0",
    ] {
        assert!(said.contains(word), "{word}: {said}");
    }
    let output = check_it(&["--json"]).unwrap();
    let keys: Vec<(Value, Value)> = words(&output)
        .0
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .map(|mistake| (mistake["netuid"].clone(), mistake["key"].clone()))
        .collect();
    let expected = [
        (Value::Null, "max_multiplyer".into()),
        (5.into(), "retention_target".into()),
        (Value::Null, "bind".into()),
    ];
    assert_eq!((output.status.code(), keys.as_slice()), (Some(2), &expected[..]));
    check(folder.path(), &["config", "check", "none.toml"], 2, "none.toml");
    check(folder.path(), &["config", "show", "--max-multiplier", "0"], 2, "max_multiplier = 0");

    std::fs::write(folder.path().join("some.toml"), "netuids = [5]\n[subnet.6]\nshadow = true\n").unwrap();
    let (said, warned) = words(&check_it(&[]).unwrap());
    assert!(said.contains("some.toml: no mistakes") && warned.contains("[subnet.6]"), "{said} {warned}");
}

#[test]
fn what_is_in_force_is_shown_without_secrets() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("vesting.toml"), "stale_after_seconds = 60\n").unwrap();
    let mut command = program(folder.path(), &["config", "show", "--netuid", "2", "--json"]);
    let output = command.env("VESTING_API_TOKEN", "hunter2").env("BT_NETWORK", "local").output().unwrap();
    let (said, _) = words(&output);
    let of = |key: &str| {
        let line = said
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap())
            .find(|line| line["key"] == key)
            .unwrap();
        (line["value"].as_str().unwrap().to_owned(), line["from"].as_str().unwrap().to_owned())
    };
    let pair = |value: &str, from: &str| (value.to_owned(), from.to_owned());
    assert_eq!(of("netuids"), pair("2", "--netuids"));
    assert_eq!(of("api_token"), pair("***", "VESTING_API_TOKEN"));
    assert_eq!(of("stale_after_seconds"), pair("60", "vesting.toml"));
    assert_eq!(of("network"), pair("local", "BT_NETWORK"));
    assert_eq!(of("max_multiplier"), pair("1.5", "default"));
    assert!(!said.contains("hunter2"));
    let (table, _) = words(&vesting(folder.path(), &["config", "show"]));
    assert!(table.contains("stale_after_seconds") && table.contains("vesting.toml"), "{table}");
}

/// The log of a daemon that cannot begin, as lines.
fn log(folder: &Path, format: Option<&str>) -> Vec<String> {
    // Another program listens where its API is to. (A chain that is away is waited for.)
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let bind = taken.local_addr().unwrap().to_string();
    let mut command =
        program(folder, &["run", "--netuid", "2", "--network", "ws://127.0.0.1:9", "--bind", &bind]);
    if let Some(format) = format {
        command.env("VESTING_LOG_FORMAT", format);
    }
    // A policy that is warned of.
    let output = command.env_remove("RUST_LOG").args(["--formula", "tiered"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    words(&output).1.lines().map(str::to_owned).collect()
}

#[test]
fn programs_read_the_log_as_json_and_people_as_text() {
    let folder = tempfile::tempdir().unwrap();
    for format in [None, Some("auto"), Some("json")] {
        let lines = log(folder.path(), format);
        let lines: Vec<Value> = lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
        let levels: Vec<&str> = lines.iter().map(|line| line["level"].as_str().unwrap()).collect();
        assert!(levels.contains(&"WARN") && levels.last() == Some(&"ERROR"), "{lines:?}");
        for line in &lines {
            line["timestamp"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
            assert!(line["message"].is_string(), "{line}");
        }
        assert!(
            lines.iter().any(|line| line["message"].as_str().unwrap().contains("retention_window_days")),
            "{lines:?}"
        );
        assert!(lines.last().unwrap()["message"].as_str().unwrap().contains("127.0.0.1:"), "{lines:?}");
    }
    let lines = log(folder.path(), Some("human"));
    assert!(lines.iter().all(|line| serde_json::from_str::<Value>(line).is_err()), "{lines:?}");
    assert!(lines.last().unwrap().starts_with("error: "), "{lines:?}");
    check(folder.path(), &["run", "--log-format", "xml"], 2, "log_format = xml");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_of_a_daemon_has_times() {
    let folder = tempfile::tempdir().unwrap();
    record(folder.path(), &history(45), 60).await;
    tokio::task::spawn_blocking(move || {
        let people = Daemon::start(folder.path(), &["--read-only", "--log-format", "human"]).listens.clone();
        let (time, words) = people.split_once(' ').unwrap();
        time.parse::<jiff::Timestamp>().unwrap();
        assert!(words.trim_start().starts_with("INFO the API listens"), "{people}");
        let programs = Daemon::start(folder.path(), &["--read-only"]).listens.clone();
        let line: Value = serde_json::from_str(&programs).unwrap();
        line["timestamp"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
        assert!(line["message"].as_str().unwrap().starts_with("the API listens"), "{line}");
    })
    .await
    .unwrap();
}
