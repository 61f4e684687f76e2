//! Secrets in every place where an operator may put one, and everything the binary says.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use vesting_testkit::node::{NodeOptions, serve};

use crate::api::history;
use crate::command_line::program;
use crate::daemon::Daemon;

/// What must be nowhere, nor any six letters of it: with digits, so that no text has a part of it by chance.
const MARK: &str = "Q7wz4Kx9Lm2Rt";

fn parts() -> impl Iterator<Item = &'static str> {
    (0..=MARK.len() - 6).map(|from| &MARK[from..from + 6])
}

/// Whether a text is free of the mark, also where it is taken apart by signs.
fn is_clean(what: &str, text: &str) {
    let plain: String = text.chars().filter(|c| c.is_alphanumeric()).collect();
    for part in parts() {
        assert!(!text.contains(part) && !plain.contains(part), "{what} tells {part}: {text}");
        assert!(!text.to_lowercase().contains(&part.to_lowercase()), "{what} tells {part}: {text}");
    }
}

/// The mark with signs in the middle of it, as passwords have.
fn odd(sign: &str) -> String {
    let (before, after) = MARK.split_at(6);
    format!("{before}{sign}{after}")
}

/// Database URLs with the mark, most of them malformed.
fn databases() -> Vec<String> {
    let mut urls: Vec<String> = [
        "", "%2F", "?", "@", "/", "#", "%", "%zz", ":", " ", "&", "=", "\\", "'", "\"", ",", ";", "[", "ü",
        "%00",
    ]
    .iter()
    .map(|sign| format!("postgres://me:{}@127.0.0.1:1/vesting", odd(sign)))
    .collect();
    urls.extend(
        [
            "postgres://me:{}@127.0.0.1:1",
            "postgres://me:{}",
            "postgres://me:{}/vesting",
            "postgres://127.0.0.1:1/vesting?password={}",
            "postgres://127.0.0.1:1/vesting?sslpassword={}",
            "postgres://127.0.0.1:1/vesting?{}",
            "postgres://127.0.0.1:1/vesting?passwd={}",
            "postgres://127.0.0.1:1/vesting?password={}&password=1=2",
            "postgre://me:{}@127.0.0.1:1/vesting",
            "Postgres://me:{}@127.0.0.1:1/vesting",
            "mysql://me:{}@127.0.0.1:1/vesting",
            "postgres:me:{}@127.0.0.1:1/vesting",
            "postgres:/me:{}@127.0.0.1:1/vesting",
            "//me:{}@127.0.0.1:1/vesting",
            "me:{}@127.0.0.1:1/vesting",
            "host=127.0.0.1 port=1 user=me password={}",
            "host=127.0.0.1 password = '{}'",
            "'postgres://me:{}@127.0.0.1:1/vesting'",
            "\"postgres://me:{}@127.0.0.1:1/vesting\"",
            "`postgres://me:{}@127.0.0.1:1/vesting`",
            "sqlite://me:{}@127.0.0.1/vesting",
            "{}",
        ]
        .map(|form| form.replace("{}", MARK)),
    );
    urls
}

/// URLs of endpoints with the mark.
fn endpoints() -> Vec<String> {
    let mut urls: Vec<String> =
        ["", "%2F", "?", "@", "/", "#", "%", "%zz", ":", " ", ",", "\\", "'", "\"", "ü"]
            .iter()
            .flat_map(|sign| {
                [format!("ws://me:{}@127.0.0.1:1", odd(sign)), format!("ws://127.0.0.1:1/{}", odd(sign))]
            })
            .collect();
    urls.extend(
        [
            "ws://{}@127.0.0.1:1",
            "ws://127.0.0.1:1?key={}",
            "ws://127.0.0.1:1/#{}",
            "ws://127.0.0.1:1/v1/{}/ws",
            "wss://me:{}",
            "wss://127.0.0.1:1x/{}",
            "https://me:{}@127.0.0.1:1",
            "http://127.0.0.1:1/{}",
            "ftp://127.0.0.1:1/{}",
            "wsss://127.0.0.1:1/{}",
            "127.0.0.1:1/{}",
            "me:{}@127.0.0.1:1",
            "\"ws://127.0.0.1:1/{}\"",
            "{}",
        ]
        .map(|form| form.replace("{}", MARK)),
    );
    urls
}

/// Runs a command to its end, or ends it after some seconds; everything it said.
fn said_by(mut command: Command, patience: Duration) -> (Option<i32>, String) {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let text = Arc::new(Mutex::new(String::new()));
    let read = |mut from: Box<dyn std::io::Read + Send>| {
        let text = Arc::clone(&text);
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            from.read_to_end(&mut bytes).unwrap();
            text.lock().unwrap().push_str(&String::from_utf8_lossy(&bytes));
        })
    };
    let readers =
        [read(Box::new(child.stdout.take().unwrap())), read(Box::new(child.stderr.take().unwrap()))];
    let begun = Instant::now();
    let code = loop {
        match child.try_wait().unwrap() {
            Some(status) => break status.code(),
            None if begun.elapsed() > patience => {
                child.kill().unwrap();
                child.wait().unwrap();
                break None;
            }
            None => std::thread::sleep(Duration::from_millis(20)),
        }
    };
    readers.into_iter().for_each(|reader| reader.join().unwrap());
    let text = text.lock().unwrap().clone();
    (code, text)
}

const PATIENCE: Duration = Duration::from_secs(3);

fn check(folder: &Path, arguments: &[&str], variable: Option<(&str, &str)>) -> (Option<i32>, String) {
    let mut command = program(folder, arguments);
    command.env("RUST_LOG", "debug").envs(variable);
    let (code, said) = said_by(command, PATIENCE);
    is_clean(&format!("{arguments:?} with {variable:?}"), &said);
    assert_ne!(code, Some(101), "{arguments:?} with {variable:?}: {said}");
    (code, said)
}

/// Runs tasks on two threads.
fn at_once<T: Sync>(all: &[T], task: impl Fn(&T) + Sync) {
    let (one, other) = all.split_at(all.len() / 2);
    std::thread::scope(|scope| {
        scope.spawn(|| one.iter().for_each(&task));
        other.iter().for_each(&task);
    });
}

#[test]
fn no_form_of_a_database_url_is_told_by_any_command() {
    at_once(&databases(), |url| {
        let folder = tempfile::tempdir().unwrap();
        let set = Some(("VESTING_DATABASE_URL", url.as_str()));
        let (refused, _) = check(folder.path(), &["config", "check"], set);
        check(folder.path(), &["config", "show", "--json"], set);
        let (code, said) = check(folder.path(), &["miners", "--netuid", "2"], set);
        // What `config check` accepts, others do not call a mistake of the configuration.
        assert_eq!(code == Some(2), refused == Some(2), "{url}: {said}");
        check(folder.path(), &["db", "check", "--database-url", url], None);
        // Where a stranger may put it; a word alone is a command to us.
        if url != MARK {
            check(folder.path(), &[url], None);
            check(folder.path(), &["miners", "--netuid", url], None);
        }
        check(folder.path(), &["config", "show", "--database-urll", url], None);
        let line = format!("database_url = {url}\n");
        std::fs::write(folder.path().join("vesting.toml"), line).unwrap();
        check(folder.path(), &["config", "check"], None);
        let key = if url == MARK { "database_url" } else { "bind" };
        std::fs::write(folder.path().join("vesting.toml"), format!("{key} = {}\n", json!(url))).unwrap();
        check(folder.path(), &["config", "check", "--json"], None);
    });
}

#[test]
fn every_command_that_opens_a_database_tells_nothing_of_its_password() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("weights.json"), r#"{"weights": {"0": 1}}"#).unwrap();
    let url = format!("postgres://me:{}@127.0.0.1:1/vesting?password={MARK}", odd("%2F"));
    let commands: [&[&str]; 23] = [
        &["run", "--network", "ws://127.0.0.1:1"],
        &["run", "--read-only"],
        &["catch-up", "--network", "ws://127.0.0.1:1"],
        &["update", "--network", "ws://127.0.0.1:1"],
        &["miners"],
        &["epochs"],
        &["ledger"],
        &["stats"],
        &["explain", "uid:0"],
        &["history", "uid:0"],
        &["whatif", "--set", "max_multiplier=2"],
        &["digest"],
        &["apply", "--weights", "weights.json"],
        &["db", "migrate"],
        &["db", "check"],
        &["db", "export", "x.vesting"],
        &["db", "import", "weights.json"],
        &["db", "prune", "--keep-days", "60"],
        &["db", "repair", "--from", "1", "--network", "ws://127.0.0.1:1"],
        &["doctor", "--network", "ws://127.0.0.1:1", "--timeout", "1"],
        &["doctor", "--network", "ws://127.0.0.1:1", "--timeout", "1", "--json"],
        &["config", "show"],
        &["config", "check"],
    ];
    at_once(&commands, |command| {
        let (_, said) = check(
            folder.path(),
            &[command, &["--netuid", "2"][..]].concat(),
            Some(("VESTING_DATABASE_URL", &url)),
        );
        assert!(!said.is_empty(), "{command:?}");
    });
}

#[test]
fn no_form_of_an_endpoint_is_told_by_any_command() {
    at_once(&endpoints(), |url| {
        let folder = tempfile::tempdir().unwrap();
        for name in ["VESTING_ENDPOINTS", "VESTING_NETWORK", "BT_CHAIN_ENDPOINT"] {
            let set = Some((name, url.as_str()));
            let (refused, said) = check(folder.path(), &["config", "check"], set);
            let (code, more) = check(folder.path(), &["config", "show"], set);
            assert_eq!(code, refused, "{url}: {said}{more}");
            if name == "VESTING_ENDPOINTS" {
                let (code, said) = check(folder.path(), &["catch-up", "--netuid", "2"], set);
                assert_eq!(code == Some(2), refused == Some(2), "{url}: {said}");
                check(folder.path(), &["doctor", "--netuid", "2", "--timeout", "1", "--json"], set);
            }
        }
        check(folder.path(), &["run", "--netuid", "2", "--endpoints", url], None);
        check(folder.path(), &["run", "--netuid", "2", "--endpointss", url], None);
        check(folder.path(), &["digest", "--compare", url], None);
    });
}

#[test]
fn tokens_are_told_by_nobody() {
    let folder = tempfile::tempdir().unwrap();
    for token in [MARK.to_owned(), odd(" "), odd("ü"), odd("\"")] {
        check(folder.path(), &["config", "show"], Some(("VESTING_API_TOKEN", &token)));
        check(folder.path(), &["config", "show", "--json", "--api-token", &token], None);
        check(folder.path(), &["config", "show", "--api-tokenn", &format!("--api-token={token}")], None);
        check(folder.path(), &["digest", "--token", &token], None);
        check(
            folder.path(),
            &["digest", "--compare", &format!("http://me:{token}@127.0.0.1:1/{token}"), "--token", &token],
            None,
        );
    }
    let (_, said) = check(folder.path(), &["miners", "--netuid", "2"], Some(("PGPASSWORD", MARK)));
    assert!(said.contains("no record"), "{said}");
}

#[cfg(unix)]
#[test]
fn what_is_not_utf8_ends_nothing_and_is_not_told() {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;
    let folder = tempfile::tempdir().unwrap();
    let odd = || OsString::from_vec([MARK.as_bytes(), b"\xff"].concat());
    for (name, code) in [
        ("FOO", 0),
        ("RUST_LOG", 0),
        ("NOTIFY_SOCKET", 0),
        ("NO_COLOR", 0),
        ("VESTING_NETWORK", 2),
        ("VESTING_DATABASE_URL", 2),
        ("VESTING_API_TOKEN", 2),
        ("BT_NETWORK", 2),
        ("BT_CHAIN_ENDPOINT", 2),
    ] {
        let mut command = program(folder.path(), &["config", "check"]);
        command.env(name, odd());
        let (ended, said) = said_by(command, PATIENCE);
        is_clean(name, &said);
        assert_eq!(ended, Some(code), "{name}: {said}");
        assert!(code == 0 || said.contains(name), "{name}: {said}");
    }
    for (before, code) in
        [(vec![], 2), (vec!["--network"], 2), (vec!["config", "check"], 2), (vec!["miners", "--netuid"], 2)]
    {
        let mut command = program(folder.path(), &before);
        command.arg(odd());
        let (ended, said) = said_by(command, PATIENCE);
        assert_eq!(ended, Some(code), "{before:?}: {said}");
    }
}

#[test]
fn a_weights_file_with_a_byte_order_mark_is_read() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("weights.json"), b"\xef\xbb\xbf{\"weights\": {\"0\": 1}}").unwrap();
    let (code, said) = check(folder.path(), &["apply", "--weights", "weights.json"], None);
    assert!(code == Some(1) && said.contains("no record"), "{said}");
}

/// Waits for something that a daemon says.
fn until(daemon: &Daemon, path: &str, is: impl Fn(&str) -> bool) -> String {
    let begun = Instant::now();
    loop {
        let text = daemon.get(path).text;
        if is(&text) || begun.elapsed() > Duration::from_secs(30) {
            return text;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_tells_no_secret_over_its_api_and_only_the_operator_why_it_is_not_ready() {
    let folder = tempfile::tempdir().unwrap();
    let node = serve(history(55), NodeOptions::default()).await.unwrap();
    let good = node.url().replace("ws://", &format!("ws://me:{}@", odd("%3A")));
    tokio::task::spawn_blocking(move || {
        let all = |daemon: &Daemon, head: &str| {
            for path in [
                "/health/live",
                "/health/ready",
                "/metrics",
                "/v1/subnets",
                "/v1/stats",
                "/",
                "/assets/page.js",
                "/nothing",
                "/openapi.json",
            ] {
                let answer = daemon.ask(&format!("GET {path} HTTP/1.1\r\n{head}"), "");
                is_clean(path, &format!("{}{}", answer.head, answer.text));
            }
        };
        let endpoint = format!("ws://me:{MARK}@127.0.0.1:1/v1/{MARK}?key={MARK}");
        let token = format!("Authorization: Bearer {MARK}\r\n");
        // Nobody is there, and a token is asked for.
        let daemon =
            Daemon::start(folder.path(), &["--netuid", "1", "--endpoints", &endpoint, "--api-token", MARK]);
        is_clean("the log", &daemon.listens);
        let begun = Instant::now();
        let told = loop {
            let told = daemon.ask(&format!("GET /health/ready HTTP/1.1\r\n{token}"), "").body;
            if told["last_error"].is_object() || begun.elapsed() > Duration::from_secs(30) {
                break told;
            }
            std::thread::sleep(Duration::from_millis(50));
        };
        let error = told["last_error"]["error"].as_str().unwrap();
        assert!(error.contains("ws://***@127.0.0.1:1/***"), "{error}");
        for head in ["", "Authorization: Bearer other\r\n", "Authorization: Basic x\r\n"] {
            let brief = daemon.ask(&format!("GET /health/ready HTTP/1.1\r\n{head}"), "");
            assert_eq!(
                (brief.status, brief.body),
                (503, json!({ "ready": false, "subnets": [{ "netuid": 1, "ready": false }] }))
            );
        }
        all(&daemon, &token);
        all(&daemon, "");
        drop(daemon);
        // Where others may ask without a token they are told no more either.
        let daemon = Daemon::start(
            folder.path(),
            &[
                "--netuid",
                "1",
                "--endpoints",
                &endpoint,
                "--bind",
                "0.0.0.0:0",
                "--allow-public-without-token",
            ],
        );
        assert_eq!(
            daemon.get("/health/ready").body,
            json!({ "ready": false, "subnets": [{ "netuid": 1, "ready": false }] })
        );
        drop(daemon);
        // One that follows, with a password that the node never sees otherwise than meant.
        let daemon = Daemon::start(
            folder.path(),
            &["--netuid", "1", "--endpoints", &good, "--stale-after-seconds", "315360000"],
        );
        until(&daemon, "/metrics", |text| text.contains("vesting_last_epoch_block{"));
        let metrics = daemon.get("/metrics").text;
        assert!(
            metrics.contains("endpoint=\"ws://***@127.0.0.1")
                && metrics.contains("vesting_clock_behind_seconds 0"),
            "{metrics}"
        );
        all(&daemon, "");
        let told: Value = daemon.get("/health/ready").body;
        assert!(told["reasons"].is_array() && told["clock_behind_seconds"].is_null(), "{told}");
        // Nothing of it is in the database either.
        drop(daemon);
        let stored = std::fs::read(folder.path().join("vesting.db")).unwrap();
        is_clean("the database", &String::from_utf8_lossy(&stored));
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_repeats_what_it_was_told_is_not_repeated() {
    use std::io::{Read, Write};
    let folder = tempfile::tempdir().unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    // Refuses, and says why in a status line and a place to go to, with all of the request.
    std::thread::spawn(move || {
        for (count, stream) in listener.incoming().enumerate() {
            let Ok(mut stream) = stream else { return };
            let mut buffer = [0; 4_096];
            let length = stream.read(&mut buffer).unwrap_or(0);
            let request = String::from_utf8_lossy(&buffer[..length]).replace(['\r', '\n'], " ");
            let answer = match count % 3 {
                0 => format!("HTTP/1.1 302 {request}\r\nLocation: ftp://me:{MARK}@127.0.0.1/{MARK}\r\n\r\n"),
                1 => format!("HTTP/1.1 500 {request}\r\nX-Why: {MARK}\r\n\r\n{request}"),
                _ => format!("{request}\r\n\r\n"),
            };
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    tokio::task::spawn_blocking(move || {
        let endpoint = format!("ws://me:{MARK}@{address}/{MARK}");
        for command in ["catch-up", "doctor", "run"] {
            for format in ["human", "json"] {
                let mut command = program(
                    folder.path(),
                    &[command, "--netuid", "2", "--endpoints", &endpoint, "--log-format", format],
                );
                command.env("RUST_LOG", "trace");
                let (_, said) = said_by(command, Duration::from_secs(6));
                is_clean("a command", &said);
                // `me:…` as it is sent.
                assert!(!said.contains("bWU6UTd3ejRLeDlMbTJSdA"), "{said}");
                assert!(said.contains("127.0.0.1"), "{said}");
            }
        }
    })
    .await
    .unwrap();
}
