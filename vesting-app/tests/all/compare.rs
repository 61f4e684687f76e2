//! `vesting digest --compare`: two records, one of them asked over HTTP.

use std::path::Path;

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
    let text = format!("{}{}", String::from_utf8_lossy(&words.stdout), String::from_utf8_lossy(&words.stderr));
    (json.status.code().unwrap(), said, text)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_difference_of_two_records_is_named() {
    let (ours, theirs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let history = history(51);
    record(ours.path(), &history, BLOCKS).await;
    record(theirs.path(), &history, BLOCKS - 40).await;
    tokio::task::spawn_blocking(move || {
        let daemon = Daemon::start(theirs.path(), &["--read-only", "--api-token", "sesame"]);
        let token = ["--token", "sesame"];

        // Equal as of the newest epoch of both, which is not the newest here.
        let (code, said, words) = compare(ours.path(), &daemon, &token);
        assert_eq!((code, &said["verdict"], &said["difference"]), (0, &"equal".into(), &Value::Null), "{words}");
        let newest: Value = serde_json::from_slice(&vesting(ours.path(), &["digest", "--json", "--netuid", "2"]).stdout).unwrap();
        let as_of = said["theirs"]["as_of"].as_u64().unwrap();
        assert!(as_of < newest["as_of"].as_u64().unwrap() && words.contains("the states are the same"), "{words}");
        let (code, said, words) = compare(ours.path(), &daemon, &["--token", "sesame", "--as-of", &as_of.to_string()]);
        assert_eq!((code, &said["verdict"]), (0, &"equal".into()), "{words}");

        // As of a block that the other has not reached.
        let (code, said, words) = compare(ours.path(), &daemon, &["--token", "sesame", "--as-of", &BLOCKS.to_string()]);
        assert_eq!((code, &said["verdict"]), (1, &"not_comparable".into()), "{words}");
        assert!(words.contains("has to catch up") && !words.contains("error"), "{words}");

        // Who may not ask, is told so.
        for arguments in [&[][..], &["--token", "sesam"]] {
            let (code, _, words) = compare(ours.path(), &daemon, arguments);
            assert!(code == 1 && words.contains("--token"), "{words}");
        }

        // Another policy here: named first, and then the multipliers that follow from it.
        let (code, said, words) = compare(ours.path(), &daemon, &["--token", "sesame", "--max-multiplier", "3"]);
        assert_eq!((code, &said["verdict"], &said["policies_equal"]), (1, &"different".into(), &false.into()), "{words}");
        assert_eq!(said["difference"]["part"], "multipliers", "{words}");
        let row = |side: &str| said["difference"][side]["multiplier"].as_str().unwrap().parse::<f64>().unwrap();
        assert!(row("ours") > row("theirs"), "{said}");
        for side in ["ours", "theirs"] {
            assert!(words.contains(said[side]["policy_digest"].as_str().unwrap()), "{words}");
        }
        assert!(words.find("policies differ") < words.find("multiplier of holder"), "{words}");
        // One that changes no multiplier.
        let (code, said, words) = compare(ours.path(), &daemon, &["--token", "sesame", "--effective-from-block", "7"]);
        assert_eq!((code, &said["verdict"], &said["difference"]), (1, &"different".into(), &Value::Null), "{words}");
        // Another window.
        let (code, said, words) = compare(ours.path(), &daemon, &["--token", "sesame", "--retention-window-days", "0.01"]);
        assert_eq!((code, &said["difference"]["part"]), (1, &"window_start".into()), "{words}");

        // A changed entry there: the one that differs, and no other.
        let before: Value =
            daemon.ask("GET /v1/digest/rows?netuid=2&section=entries HTTP/1.1\r\nAuthorization: Bearer sesame\r\n", "").body;
        let all = before["rows"].as_array().unwrap();
        let entry = all.iter().rev().find(|row| row["kind"] == "stake_removed" || row["kind"] == "stake_added").unwrap();
        let place =
            format!("netuid = 2 AND block = {} AND event_index = {} AND kind = {}", entry["block"], entry["event_index"], entry["kind"]);
        let place = format!("{} AND alpha = {}", place.replace('"', "'"), entry["alpha_rao"].as_str().unwrap());
        alter(theirs.path(), &format!("UPDATE stake_transactions SET alpha = alpha + 1 WHERE {place}"));
        let (code, said, words) = compare(ours.path(), &daemon, &token);
        assert_eq!((code, &said["verdict"], &said["difference"]["part"]), (1, &"different".into(), &"entries".into()), "{words}");
        assert_eq!(&said["difference"]["ours"], entry);
        let changed = (entry["alpha_rao"].as_str().unwrap().parse::<i128>().unwrap() + 1).to_string();
        assert_eq!(said["difference"]["theirs"]["alpha_rao"], changed);
        for name in ["block", "event_index", "kind", "hotkey", "coldkey"] {
            assert_eq!(said["difference"]["theirs"][name], entry[name]);
            let text = entry[name].to_string();
            assert!(words.contains(text.trim_matches('"')), "{name}: {words}");
        }

        // And one that is missing there.
        let place = place.replace(&format!("alpha = {}", entry["alpha_rao"].as_str().unwrap()), &format!("alpha = {changed}"));
        alter(theirs.path(), &format!("DELETE FROM stake_transactions WHERE {place}"));
        let (code, said, words) = compare(ours.path(), &daemon, &token);
        assert_eq!((code, &said["difference"]["ours"], &said["difference"]["theirs"]), (1, entry, &Value::Null), "{words}");
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
    let history = history(52);
    record(ours.path(), &history, BLOCKS).await;
    let node = vesting_testkit::node::serve(history, vesting_testkit::node::NodeOptions::default()).await.unwrap();
    let url = node.url();
    tokio::task::spawn_blocking(move || {
        let output = vesting(theirs.path(), &["catch-up", "--network", &url, "--netuid", "2", "--from", "90"]);
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
