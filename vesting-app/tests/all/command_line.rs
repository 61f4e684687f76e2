//! The binary as a stranger meets it: what goes wrong says what is wrong, with the right exit code.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::daemon::Daemon;

/// The binary, in a folder, with nothing set by whoever runs the tests.
pub fn program(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vesting"));
    for (name, _) in
        std::env::vars().filter(|(name, _)| name.starts_with("VESTING_") || name.starts_with("BT_"))
    {
        command.env_remove(name);
    }
    // Many run at once, each on a port of its own.
    command.env("VESTING_BIND", "127.0.0.1:0");
    command.current_dir(folder).args(arguments).stdin(Stdio::null());
    command
}

pub fn vesting(folder: &Path, arguments: &[&str]) -> Output {
    program(folder, arguments).output().unwrap()
}

pub fn check(folder: &Path, arguments: &[&str], code: i32, word: &str) {
    let output = vesting(folder, arguments);
    let words = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {words}");
    assert!(words.contains(word), "{arguments:?}: {words}");
}

/// The digest that the binary prints of a database, and whether it says that the window is covered.
pub fn digest(database: &Path, netuid: vesting_core::NetUid) -> (String, bool) {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", database.display());
    let output = vesting(
        folder.path(),
        &["digest", "--json", "--database-url", &url, "--netuid", &netuid.to_string()],
    );
    let said: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    (said["state_digest"].as_str().unwrap().to_owned(), said["complete"].as_bool().unwrap())
}

#[test]
fn wrong_usage_exits_with_2() {
    let folder = tempfile::tempdir().unwrap();
    check(folder.path(), &["catch-up"], 2, "which subnet?");
    check(folder.path(), &["frobnicate"], 2, "unrecognized subcommand");
    check(folder.path(), &["miners", "--retention-target", "2"], 2, "retention_target");
    check(folder.path(), &["run", "--network", "moon", "--netuid", "2"], 2, "network");
    check(folder.path(), &["catch-up", "--from", "3", "--days", "2"], 2, "cannot be used with");
    check(folder.path(), &["run", "--netuid", "2", "--bind", "0.0.0.0:0"], 2, "api_token");
    check(folder.path(), &["run", "--read-only", "--until", "9"], 2, "cannot be used with");
    std::fs::write(folder.path().join("vesting.toml"), "retention_windw_days = 3\n").unwrap();
    check(folder.path(), &["miners"], 2, "retention_windw_days");
}

#[test]
fn what_is_not_there_exits_with_1_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    // A port that nothing listens on.
    check(
        folder.path(),
        &["catch-up", "--netuid", "2", "--network", "ws://127.0.0.1:9"],
        1,
        "ws://127.0.0.1:9",
    );
    check(folder.path(), &["miners", "--netuid", "2"], 1, "no record");
    check(folder.path(), &["digest", "--netuid", "2"], 1, "no record");
    check(folder.path(), &["run", "--read-only"], 1, "no record");
    check(folder.path(), &["ledger", "--database-url", "mysql://x"], 2, "sqlite://");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "no database was made");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_without_the_windows_state_is_named_before_a_database_is_made() {
    let history = std::sync::Arc::new(std::sync::RwLock::new(vesting_testkit::history::History::default()));
    let mut life = vesting_testkit::sim::Month::new(1, vesting_core::NetUid(2), 7_200, 20);
    let mut chain = life.chain(1, Some(std::sync::Arc::clone(&history)));
    (0..800).for_each(|_| life.step(&mut chain));
    let faults = vec![vesting_testkit::fault::Fault::Pruned(256)];
    let options =
        vesting_testkit::node::NodeOptions { faults, ..vesting_testkit::node::NodeOptions::default() };
    let node = vesting_testkit::node::serve(history, options).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let url = node.url();
    tokio::task::spawn_blocking(move || {
        check(folder.path(), &["catch-up", "--netuid", "2", "--network", &url], 1, "use an archive endpoint");
        // The daemon says the same, and goes on asking: no answer of a node ends it.
        let daemon = Daemon::start(folder.path(), &["--netuid", "2", "--network", &url]);
        let begun = std::time::Instant::now();
        while !daemon.get("/health/ready").body["last_error"]["error"]
            .as_str()
            .is_some_and(|said| said.contains("use an archive endpoint"))
        {
            assert!(begun.elapsed() < std::time::Duration::from_secs(60));
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        assert!(daemon.terminate().0.success());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "no database was made");
    })
    .await
    .unwrap();
}

#[test]
fn a_file_that_is_no_database_stays_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vesting.db");
    let content = b"not a database, and longer than a header of one\n".repeat(20);
    std::fs::write(&path, &content).unwrap();
    check(folder.path(), &["miners", "--netuid", "2"], 1, "vesting.db");
    assert_eq!(std::fs::read(&path).unwrap(), content);
}

#[test]
fn malformed_weights_are_refused_before_anything_else() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("weights.json"), r#"{"hotkeys": ["5F"], "weights": [1.0]}"#).unwrap();
    check(folder.path(), &["apply", "--weights", "weights.json"], 1, "hotkey");
    check(folder.path(), &["apply", "--weights", "nowhere.json"], 1, "nowhere.json");
    std::fs::write(folder.path().join("weights.json"), r#"{"uids": [0], "weights": [1.0], "netuid": 2}"#)
        .unwrap();
    check(folder.path(), &["apply", "--weights", "weights.json"], 1, "--netuid");
}

#[test]
fn shells_complete_every_command() {
    let folder = tempfile::tempdir().unwrap();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let output = vesting(folder.path(), &["completions", shell]);
        let script = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success());
        for word in ["catch-up", "whatif", "retention-window-days"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
    check(folder.path(), &["completions", "csh"], 2, "zsh");

    // As bash does when somebody presses the tabulator.
    let script = folder.path().join("vesting.bash");
    std::fs::write(&script, vesting(folder.path(), &["completions", "bash"]).stdout).unwrap();
    let ask = "source vesting.bash; COMP_WORDS=(vesting di); COMP_CWORD=1; _vesting vesting di vesting; \
        echo \"${COMPREPLY[@]}\"";
    match Command::new("bash").args(["--norc", "-c", ask]).current_dir(folder.path()).output() {
        Ok(output) => assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "digest", "{output:?}"),
        // There is no bash on every machine.
        Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::NotFound),
    }
}

#[test]
fn there_is_a_manual_page_for_every_command() {
    let folder = tempfile::tempdir().unwrap();
    let output = vesting(folder.path(), &["man"]);
    let page = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success());
    for word in [".TH vesting 1", "no wallet", "First steps", "vesting\\-catch\\-up(1)"] {
        assert!(page.contains(word), "{word}: {page}");
    }
    let manual = folder.path().join("share/man1");
    assert!(vesting(folder.path(), &["man", "share/man1"]).status.success());
    assert_eq!(std::fs::read_to_string(manual.join("vesting.1")).unwrap().trim(), page.trim());
    for (name, word) in [("vesting-run.1", "read\\-only"), ("vesting-db-import.1", "spot\\-check")] {
        assert!(std::fs::read_to_string(manual.join(name)).unwrap().contains(word), "{name}");
    }
    std::fs::write(folder.path().join("file"), "").unwrap();
    check(folder.path(), &["man", "file"], 1, "file");
}

#[test]
fn help_teaches() {
    let folder = tempfile::tempdir().unwrap();
    let output = vesting(folder.path(), &["--help"]);
    let words = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success());
    for word in ["First steps", "catch-up", "no wallet", "Exit codes"] {
        assert!(words.contains(word), "{word}: {words}");
    }
}
