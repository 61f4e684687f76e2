//! A record taken from one validator and judged by another: `GET /v1/export`, and `vesting db import URL`.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;

use vesting_testkit::node::{NodeOptions, serve};

use crate::api::{BLOCKS, alter, history, record};
use crate::command_line::{check, vesting};
use crate::daemon::Daemon;

/// Imports subnet 2 from a URL: the exit code, and what was said.
fn import(folder: &Path, url: &str, more: &[&str]) -> (Option<i32>, String) {
    let output = vesting(folder, &[&["db", "import", url, "--netuid", "2"], more].concat());
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.code(), said)
}

/// The import fails with that code and this word, and leaves nothing.
fn refused(url: &str, more: &[&str], code: i32, word: &str) {
    let folder = tempfile::tempdir().unwrap();
    let (ended, said) = import(folder.path(), url, more);
    assert!(ended == Some(code) && said.contains(word), "{word}: {ended:?} {said}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "{word}");
}

/// The record of subnet 2 in a folder, as a file.
fn exported(folder: &Path, name: &str) -> Vec<u8> {
    let output = vesting(folder, &["db", "export", name, "--netuid", "2"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    std::fs::read(folder.join(name)).unwrap()
}

/// Answers one request after the other with these bytes, and ends the connection.
fn answers(answer: Vec<u8>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut head = [0; 4096];
            let _ = stream.read(&mut head);
            let _ = stream.write_all(&answer);
        }
    });
    url
}

/// Changes the hash of the newest epoch of subnet 2, as if another chain had been followed.
fn alter_newest(folder: &Path) {
    alter(
        folder,
        "UPDATE epoch_boundaries SET hash = zeroblob(32) WHERE netuid = 2 AND block = (SELECT MAX(block) FROM \
         epoch_boundaries WHERE netuid = 2)",
    );
}

/// Where the record of subnet 2 begins.
fn first_block(folder: &Path) -> String {
    let output = vesting(folder, &["db", "check", "--json", "--netuid", "2"]);
    let said: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    said["from"].to_string()
}

fn http(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    [format!("HTTP/1.1 {status}\r\nConnection: close\r\n{headers}\r\n").as_bytes(), body].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_is_taken_from_one_validator_and_judged_by_another() {
    let (giver, judge) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let history = history(118);
    record(giver.path(), &history, BLOCKS).await;
    record(judge.path(), &history, BLOCKS - 40).await;
    tokio::task::spawn_blocking(move || {
        let whole = exported(giver.path(), "whole");
        let gives = Daemon::start(giver.path(), &["--read-only", "--api-token", "sesame"]);
        let judges = Daemon::start(judge.path(), &["--read-only", "--api-token", "barley"]);
        let (from, by) = (gives.url(), judges.url());
        let token = ["--token", "sesame"];
        let judged = ["--token", "sesame", "--digest-from", &by, "--digest-token", "barley"];

        // The judge's newest epoch is older than the record's, and the digest is that of then.
        let folder = tempfile::tempdir().unwrap();
        let (code, said) = import(folder.path(), &from, &judged);
        assert!(code == Some(0) && said.contains("as expected"), "{said}");
        assert!(exported(folder.path(), "again") == whole, "bit by bit");
        check(folder.path(), &["db", "import", &from, "--token", "sesame", "--netuid", "2"], 1, "already");

        // Who may not ask, and what may not be asked.
        refused(&from, &[], 1, "--token");
        refused(&from, &["--token", "sesam"], 1, "--token");
        refused(&from, &["--token", "sesame", "--digest-from", &format!("{from}/")], 2, "another one");
        refused(&from, &["--token", "sesame", "--digest-from", "judge.example"], 2, "http");
        refused(&from, &["--token", "sesame", "--digest-from", &by], 1, "--digest-token");
        refused(&from, &[&judged[..], &["--max-multiplier", "3"]].concat(), 1, "another policy");
        refused(&from, &[&token[..], &["--netuid", "1,2"]].concat(), 2, "--netuid");
        refused(&format!("{from}/v1/export?netuid=9"), &token, 1, "subnet 9");

        // One entry in the window differs between the two.
        alter_newest(judge.path());
        refused(&from, &judged, 1, "state digest");

        // Without a token set, nobody is given a record.
        let open = Daemon::start(judge.path(), &["--read-only"]);
        let answer = open.get("/v1/export?netuid=2");
        assert_eq!(answer.status, 403, "{}", answer.text);
        refused(&open.url(), &[], 1, "api_token");
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_url_gives_is_taken_whole_or_not_at_all() {
    let giver = tempfile::tempdir().unwrap();
    record(giver.path(), &history(119), BLOCKS).await;
    tokio::task::spawn_blocking(move || {
        let whole = exported(giver.path(), "whole");
        let half = &whole[..whole.len() / 2];
        let length = format!("Content-Length: {}\r\n", whole.len());

        let folder = tempfile::tempdir().unwrap();
        let url = format!("{}/subnet-2.vesting.zst", answers(http("200 OK", &length, &whole)));
        let (code, said) = import(folder.path(), &url, &[]);
        assert_eq!(code, Some(0), "{said}");
        assert!(exported(folder.path(), "again") == whole, "bit by bit");

        refused(&answers(http("200 OK", &length, half)), &[], 1, "broke off");
        refused(&answers(http("200 OK", "", half)), &[], 1, "cut off");
        refused(&answers(http("200 OK", "", b"<html>")), &[], 1, "nothing was taken in");
        refused(&answers(http("302 Found", "Location: http://elsewhere.example/\r\n", b"")), &[], 1, "moved");
        refused(&answers(http("404 Not Found", "Content-Length: 0\r\n", b"")), &[], 1, "404");
        refused(&answers(b"SSH-2.0-x\r\n".to_vec()), &[], 1, "cannot ask");
        refused("http://127.0.0.1:1", &[], 1, "127.0.0.1:1");
        refused("https://", &[], 2, "cannot be asked");
    })
    .await
    .unwrap();
}

/// The state digest of subnet 2 in a folder.
fn digest(folder: &Path) -> String {
    let output = vesting(folder, &["digest", "--json", "--netuid", "2"]);
    let said: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    said["state_digest"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_without_a_record_takes_one_and_goes_on_from_it() {
    let (giver, judge, whole) =
        (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let history = history(120);
    record(giver.path(), &history, BLOCKS - 20).await;
    record(judge.path(), &history, BLOCKS - 60).await;
    record(whole.path(), &history, BLOCKS).await;
    let node = serve(history, NodeOptions::default()).await.unwrap();
    let chain = node.url();
    tokio::task::spawn_blocking(move || {
        let expected = digest(whole.path());
        let gives = Daemon::start(giver.path(), &["--read-only", "--api-token", "sesame"]);
        let judges = Daemon::start(judge.path(), &["--read-only", "--api-token", "barley"]);
        let (from, by, until) = (gives.url(), judges.url(), BLOCKS.to_string());
        // Runs without a record, to the chain's end: what was said.
        let begun = |more: &[&str]| {
            let folder = tempfile::tempdir().unwrap();
            let follow =
                ["run", "--network", &chain, "--netuid", "2", "--until", &until, "--bind", "127.0.0.1:0"];
            let output = vesting(folder.path(), &[&follow[..], more].concat());
            let said = String::from_utf8(output.stderr).unwrap();
            assert!(output.status.success(), "{said}");
            assert_eq!(digest(folder.path()), expected, "{said}");
            (said, first_block(folder.path()))
        };
        let token = ["--bootstrap", &from, "--bootstrap-token", "sesame"];
        let judged = ["--bootstrap-digest-from", &by, "--bootstrap-digest-token", "barley"];
        let (said, first) = begun(&[&token[..], &judged].concat());
        assert!(said.contains("the record was taken in") && !said.contains("WARN"), "{said}");
        assert_eq!(first, first_block(giver.path()), "{said}");

        // What cannot be taken is said, and read from the chain.
        for (more, word) in [
            (&["--bootstrap-digest-token", "oats"][..], "--bootstrap-digest-token"),
            (&["--bootstrap-token", "oats"], "--bootstrap-token"),
            (&["--max-multiplier", "3"], "another policy"),
            (&["--bootstrap", "http://127.0.0.1:1"], "127.0.0.1:1"),
        ] {
            let all = [&token[..], &judged].concat();
            let kept = all.chunks(2).filter(|pair| pair[0] != more[0]).flatten().copied();
            let (said, _) = begun(&kept.chain(more.iter().copied()).collect::<Vec<_>>());
            assert!(said.contains("read from the chain"), "{said}");
            assert!(said.contains(word) && !said.contains("was taken in"), "{word}: {said}");
        }

        // Both have a record that begins inside the window: more may be had from the chain.
        let young = tempfile::tempdir().unwrap();
        let late = ["catch-up", "--network", &chain, "--netuid", "2", "--from", "170"];
        assert!(vesting(young.path(), &late).status.success());
        let both = Daemon::start(young.path(), &["--read-only", "--api-token", "sesame"]);
        let again = Daemon::start(young.path(), &["--read-only", "--api-token", "barley"]);
        let (from_young, by_young) = (both.url(), again.url());
        let (said, first) = begun(
            &[
                &["--bootstrap", &from_young, "--bootstrap-token", "sesame"][..],
                &["--bootstrap-digest-from", &by_young, "--bootstrap-digest-token", "barley"],
            ]
            .concat(),
        );
        assert!(said.contains("inside the window") && said.contains("read from the chain"), "{said}");
        assert_ne!(first, "170");

        // The judge has another record: nothing of the giver's is believed.
        alter_newest(judge.path());
        let (said, _) = begun(&[&token[..], &judged].concat());
        assert!(said.contains("read from the chain") && said.contains("state digest"), "{said}");

        // What is configured wrongly ends the start.
        let folder = tempfile::tempdir().unwrap();
        let alone = [&["run", "--netuid", "2", "--bind", "127.0.0.1:0"][..], &token].concat();
        check(folder.path(), &alone, 2, "bootstrap_digest_from");
        let same = [&alone[..], &["--bootstrap-digest-from", &from]].concat();
        check(folder.path(), &same, 2, "another one");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    })
    .await
    .unwrap();
}
