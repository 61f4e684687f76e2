//! `vesting digest --compare`: two records, one of them asked over HTTP.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use crate::api::{BLOCKS, alter, history, record};
use crate::command_line::vesting;
use crate::daemon::Daemon;

/// Compares the record in a folder with a daemon's: the exit code, the JSON, and the words.
fn compare(folder: &Path, daemon: &Daemon, more: &[&str]) -> (i32, Value, String) {
    let url = daemon.url();
    let arguments = [&["digest", "--netuid", "2", "--compare", &url], more].concat();
    let words = vesting(folder, &arguments);
    let json = vesting(folder, &[arguments.as_slice(), &["--json"]].concat());
    assert_eq!(words.status.code(), json.status.code());
    let said = serde_json::from_slice(&json.stdout).unwrap_or(Value::Null);
    let text =
        format!("{}{}", String::from_utf8_lossy(&words.stdout), String::from_utf8_lossy(&words.stderr));
    (json.status.code().unwrap(), said, text)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_difference_of_two_records_is_named() {
    let (ours, theirs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let history = history(118);
    record(ours.path(), &history, BLOCKS).await;
    record(theirs.path(), &history, BLOCKS - 40).await;
    tokio::task::spawn_blocking(move || {
        let daemon = Daemon::start(theirs.path(), &["--read-only", "--api-token", "sesame"]);
        let token = ["--token", "sesame"];

        // Equal as of the newest epoch of both, which is not the newest here.
        let (code, said, words) = compare(ours.path(), &daemon, &token);
        assert_eq!(
            (code, &said["verdict"], &said["difference"]),
            (0, &"equal".into(), &Value::Null),
            "{words}"
        );
        let newest: Value =
            serde_json::from_slice(&vesting(ours.path(), &["digest", "--json", "--netuid", "2"]).stdout)
                .unwrap();
        let as_of = said["theirs"]["as_of"].as_u64().unwrap();
        assert!(
            as_of < newest["as_of"].as_u64().unwrap() && words.contains("the states are the same"),
            "{words}"
        );
        let (code, said, words) =
            compare(ours.path(), &daemon, &["--token", "sesame", "--as-of", &as_of.to_string()]);
        assert_eq!((code, &said["verdict"]), (0, &"equal".into()), "{words}");

        // As of a block that the other has not reached.
        let (code, said, words) =
            compare(ours.path(), &daemon, &["--token", "sesame", "--as-of", &BLOCKS.to_string()]);
        assert_eq!((code, &said["verdict"]), (1, &"not_comparable".into()), "{words}");
        assert!(words.contains("has to catch up") && !words.contains("error"), "{words}");

        // Who may not ask, is told so.
        for arguments in [&[][..], &["--token", "sesam"]] {
            let (code, _, words) = compare(ours.path(), &daemon, arguments);
            assert!(code == 1 && words.contains("--token"), "{words}");
        }

        // Another policy here: named first, and then the multipliers that follow from it.
        let (code, said, words) =
            compare(ours.path(), &daemon, &["--token", "sesame", "--max-multiplier", "3"]);
        assert_eq!(
            (code, &said["verdict"], &said["policies_equal"]),
            (1, &"different".into(), &false.into()),
            "{words}"
        );
        assert_eq!(said["difference"]["part"], "multipliers", "{words}");
        let row =
            |side: &str| said["difference"][side]["multiplier"].as_str().unwrap().parse::<f64>().unwrap();
        assert!(row("ours") > row("theirs"), "{said}");
        for side in ["ours", "theirs"] {
            assert!(words.contains(said[side]["policy_digest"].as_str().unwrap()), "{words}");
        }
        assert!(words.find("policies differ") < words.find("multiplier of holder"), "{words}");
        // One that changes no multiplier.
        let (code, said, words) =
            compare(ours.path(), &daemon, &["--token", "sesame", "--effective-from-block", "7"]);
        assert_eq!(
            (code, &said["verdict"], &said["difference"]),
            (1, &"different".into(), &Value::Null),
            "{words}"
        );
        // Another window.
        let (code, said, words) =
            compare(ours.path(), &daemon, &["--token", "sesame", "--retention-window-days", "0.01"]);
        assert_eq!((code, &said["difference"]["part"]), (1, &"window_start".into()), "{words}");

        // A changed entry there: the one that differs, and no other.
        let before: Value = daemon
            .ask(
                "GET /v1/digest/rows?netuid=2&section=entries HTTP/1.1\r\nAuthorization: Bearer sesame\r\n",
                "",
            )
            .body;
        let all = before["rows"].as_array().unwrap();
        let entry = all
            .iter()
            .rev()
            .find(|row| row["kind"] == "stake_removed" || row["kind"] == "stake_added")
            .unwrap();
        let place = format!(
            "netuid = 2 AND block = {} AND event_index = {} AND kind = {}",
            entry["block"], entry["event_index"], entry["kind"]
        );
        let place =
            format!("{} AND alpha = {}", place.replace('"', "'"), entry["alpha_rao"].as_str().unwrap());
        alter(theirs.path(), &format!("UPDATE stake_transactions SET alpha = alpha + 1 WHERE {place}"));
        let (code, said, words) = compare(ours.path(), &daemon, &token);
        assert_eq!(
            (code, &said["verdict"], &said["difference"]["part"]),
            (1, &"different".into(), &"entries".into()),
            "{words}"
        );
        assert_eq!(&said["difference"]["ours"], entry);
        let changed = (entry["alpha_rao"].as_str().unwrap().parse::<i128>().unwrap() + 1).to_string();
        assert_eq!(said["difference"]["theirs"]["alpha_rao"], changed);
        for name in ["block", "event_index", "kind", "hotkey", "coldkey"] {
            assert_eq!(said["difference"]["theirs"][name], entry[name]);
            let text = entry[name].to_string();
            assert!(words.contains(text.trim_matches('"')), "{name}: {words}");
        }

        // And one that is missing there.
        let place = place.replace(
            &format!("alpha = {}", entry["alpha_rao"].as_str().unwrap()),
            &format!("alpha = {changed}"),
        );
        alter(theirs.path(), &format!("DELETE FROM stake_transactions WHERE {place}"));
        let (code, said, words) = compare(ours.path(), &daemon, &token);
        assert_eq!(
            (code, &said["difference"]["ours"], &said["difference"]["theirs"]),
            (1, entry, &Value::Null),
            "{words}"
        );
        assert!(words.contains("missing there"), "{words}");

        // A record that is not there.
        let (code, _, words) = compare(ours.path(), &daemon, &["--token", "sesame", "--as-of", "1"]);
        assert!(code == 1 && words.contains("no epoch"), "{words}");
        let url = daemon.url();
        drop(daemon);
        let output = vesting(ours.path(), &["digest", "--netuid", "2", "--compare", &url]);
        let words = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(1) && words.contains(&url), "{words}");
        let output = vesting(ours.path(), &["digest", "--netuid", "2", "--compare", "127.0.0.1:1"]);
        assert_eq!(output.status.code(), Some(2));
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_does_not_cover_the_window_is_not_compared() {
    let (ours, theirs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let history = history(85);
    record(ours.path(), &history, BLOCKS).await;
    let node =
        vesting_testkit::node::serve(history, vesting_testkit::node::NodeOptions::default()).await.unwrap();
    let url = node.url();
    tokio::task::spawn_blocking(move || {
        let output =
            vesting(theirs.path(), &["catch-up", "--network", &url, "--netuid", "2", "--from", "90"]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let daemon = Daemon::start(theirs.path(), &["--read-only"]);
        let (code, said, words) = compare(ours.path(), &daemon, &[]);
        assert_eq!((code, &said["verdict"]), (1, &"not_comparable".into()), "{words}");
        let since = said["theirs"]["incomplete_since"].as_u64().unwrap();
        assert!(words.contains(&format!("the record there begins at block {since}")), "{words}");
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_part_of_a_record_is_compared() {
    let ours = tempfile::tempdir().unwrap();
    record(ours.path(), &history(99), BLOCKS).await;
    let last_epoch = "netuid = 2 AND block = (SELECT max(block) FROM epoch_boundaries WHERE netuid = 2)";
    let changes = [
        ("chain", "UPDATE chain SET genesis = zeroblob(32)".to_owned()),
        ("as_of", format!("UPDATE epoch_boundaries SET hash = zeroblob(32) WHERE {last_epoch}")),
        (
            "registered_at",
            format!("UPDATE epoch_boundaries SET registered_at = registered_at + 1 WHERE {last_epoch}"),
        ),
        (
            "neurons",
            "UPDATE neurons SET coldkey = zeroblob(32) WHERE netuid = 2 AND (block, uid) = (SELECT block, \
            uid FROM neurons WHERE netuid = 2 ORDER BY block DESC LIMIT 1)"
                .to_owned(),
        ),
        (
            "openings",
            "UPDATE stake_transactions SET alpha = alpha + 1 WHERE netuid = 2 AND (block, hotkey, coldkey) \
            = (SELECT block, hotkey, coldkey FROM stake_transactions WHERE netuid = 2 AND kind = 'opening' \
            ORDER BY block LIMIT 1) AND kind = 'opening'"
                .to_owned(),
        ),
        (
            "epochs",
            "DELETE FROM epoch_boundaries WHERE netuid = 2 AND block = (SELECT block FROM epoch_boundaries \
            WHERE netuid = 2 ORDER BY block DESC LIMIT 1 OFFSET 2)"
                .to_owned(),
        ),
    ];
    tokio::task::spawn_blocking(move || {
        for (part, sql) in changes {
            let theirs = tempfile::tempdir().unwrap();
            for file in std::fs::read_dir(ours.path()).unwrap().map(Result::unwrap) {
                std::fs::copy(file.path(), theirs.path().join(file.file_name())).unwrap();
            }
            alter(theirs.path(), &sql);
            let daemon = Daemon::start(theirs.path(), &["--read-only"]);
            let (code, said, words) = compare(ours.path(), &daemon, &[]);
            assert_eq!(
                (code, &said["verdict"], &said["difference"]["part"]),
                (1, &"different".into(), &part.into()),
                "{words}"
            );
            assert!(words.contains(said["difference"]["text"].as_str().unwrap()), "{words}");
            if part != "epochs" {
                assert_ne!(said["difference"]["ours"], said["difference"]["theirs"], "{words}");
            }
        }
    })
    .await
    .unwrap();
}

/// Answers each request with what `answer` gives for its path, head and all.
fn pretend(answer: impl Fn(&str) -> String + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut line = String::new();
            BufReader::new(&stream).read_line(&mut line).unwrap();
            let answer = answer(line.split(' ').nth(1).unwrap());
            // A client that has heard enough may have gone.
            let _ = stream.write_all(answer.as_bytes());
            if answer.is_empty() {
                std::thread::sleep(Duration::from_secs(60));
            }
        }
    });
    format!("http://{address}")
}

fn ok(body: &Value) -> String {
    let body = body.to_string();
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_that_says_nonsense_is_not_believed() {
    let (ours, theirs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let history = history(54);
    record(ours.path(), &history, BLOCKS).await;
    record(theirs.path(), &history, BLOCKS).await;
    alter(
        theirs.path(),
        "UPDATE stake_transactions SET alpha = alpha + 1 WHERE netuid = 2 AND (block, event_index, kind, \
        hotkey, coldkey) = (SELECT block, event_index, kind, hotkey, coldkey FROM stake_transactions WHERE \
        netuid = 2 AND kind = 'dividend_or_other' ORDER BY block DESC LIMIT 1)",
    );
    tokio::task::spawn_blocking(move || {
        let daemon = Daemon::start(theirs.path(), &["--read-only"]);
        let (code, said, words) = compare(ours.path(), &daemon, &[]);
        assert_eq!((code, &said["difference"]["part"]), (1, &"entries".into()), "{words}");
        let digests = daemon.get("/v1/digest?netuid=2").body;
        let rows = daemon.get("/v1/digest/rows?netuid=2&section=entries").body;

        let against = |answer: Box<dyn Fn(&str) -> String + Send>, word: &str| {
            let url = pretend(answer);
            let output = vesting(ours.path(), &["digest", "--netuid", "2", "--compare", &url]);
            let words = String::from_utf8_lossy(&output.stderr);
            assert!(
                output.status.code() == Some(1) && words.contains("error") && words.contains(word),
                "{word}: {words}"
            );
        };
        let mut wrong = digests.clone();
        wrong["window_start"] = 7.into();
        against(Box::new(move |_| ok(&wrong)), "do not give its state digest");
        let mut wrong = digests.clone();
        wrong["sections"].as_array_mut().unwrap().remove(1);
        against(Box::new(move |_| ok(&wrong)), "the section `holders` is missing");
        let mut wrong = digests.clone();
        wrong["genesis"] = "0x7".into();
        against(Box::new(move |_| ok(&wrong)), "`genesis`");

        // The right digests, and rows that are not those.
        let with_rows = |change: &dyn Fn(&mut Value)| {
            let (digests, mut rows) = (digests.clone(), rows.clone());
            change(&mut rows);
            Box::new(move |path: &str| ok(if path.starts_with("/v1/digest/rows") { &rows } else { &digests }))
        };
        against(with_rows(&|rows| rows["rows"] = Value::Array(Vec::new())), "do not give the digest");
        against(with_rows(&|rows| rows["rows"][0]["block"] = 0.into()), "not of the blocks");
        against(with_rows(&|_| {}), "not of the blocks");
        against(with_rows(&|rows| rows["state_digest"] = "0x".into()), "of another state");
        against(with_rows(&|rows| rows["version"] = 2.into()), "of another state or version");
        against(
            with_rows(&|rows| rows["rows"][0] = serde_json::json!({ "coldkey": "5F", "start": 1 })),
            "another section",
        );

        against(
            Box::new(|_| {
                "HTTP/1.1 302 Found\r\nLocation: https://elsewhere\r\nContent-Length: 0\r\n\r\n".into()
            }),
            "https://elsewhere",
        );
        against(Box::new(|_| "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello".into()), "not understood");
        against(
            Box::new(|_| "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n{".into()),
            "cannot read",
        );
        against(Box::new(|_| "hello\r\n\r\n".into()), "cannot ask");
        let begun = std::time::Instant::now();
        against(Box::new(|_| String::new()), "timeout");
        assert!((9..15).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
    })
    .await
    .unwrap();
}
