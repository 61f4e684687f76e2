//! Small disks and read-only ones, mounted for the test in a namespace of its own: rights alone do not bind
//! root. Not every machine allows that, so these tests are run on demand:
//! `cargo test -p vesting-app -- --ignored mounted`.

use std::path::Path;
use std::process::{Command, Output};

use vesting_testkit::node::{NodeOptions, serve};

use crate::command_line::{program, vesting};
use crate::database::{Running, node, undisturbed};
use crate::place::{BLOCKS, Place, history, said};

/// A shell that may mount what only it sees.
fn shell(folder: &Path, script: &str, arguments: &[&str]) -> Command {
    // With nothing set by whoever runs the tests.
    let plain = program(folder, &[]);
    let mut command = Command::new("unshare");
    command
        .args(["--user", "--map-root-user", "--mount", "sh", "-ec", script])
        .arg(plain.get_program())
        .args(arguments);
    for (name, value) in plain.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command.current_dir(folder).env_remove("RUST_LOG");
    command
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "mounts a small disk, which not every machine allows"]
async fn mounted_full_the_disk_is_waited_for_and_nothing_is_lost() {
    let expected = undisturbed(55).await;
    // From no room at all, not even for a first table, to enough for a part.
    for left in [0, 40, 100, 300, 700] {
        let folder = tempfile::tempdir().unwrap();
        let node = node(55).await;
        let script = format!(
            "mkdir disk; mount -t tmpfs -o size=16m tmpfs disk; head -c {} /dev/zero > disk/filler || true
             \"$0\" \"$@\" & pid=$!
             while ! [ -e room ]; do sleep 0.05; done
             rm disk/filler; code=0; wait $pid || code=$?
             cp disk/vesting.db* .; exit $code",
            (16_384 - left) * 1024
        );
        let (url, until) = (node.url(), BLOCKS.to_string());
        let arguments = [
            "run",
            "--netuid",
            "1,2",
            "--network",
            &url,
            "--until",
            &until,
            "--database-url",
            "sqlite://disk/vesting.db",
        ];
        let mut running =
            Running::of(&mut shell(folder.path(), &script, &arguments), folder.path().join("words"));
        running.says("trying again");
        std::fs::write(folder.path().join("room"), "").unwrap();
        let (code, words) = running.ended();
        assert_eq!(code, Some(0), "{left} KiB left: {words}");
        let warning = words.lines().find(|line| line.contains("trying again")).unwrap();
        for word in ["WARN", "no room", "disk/vesting.db", "make room"] {
            assert!(warning.contains(word), "{left} KiB left: {warning}");
        }
        assert!(said(&Place::within(folder.path())) == expected, "{left} KiB left");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "mounts a read-only disk, which not every machine allows"]
async fn mounted_read_only_a_database_is_refused_and_left_as_it_is() {
    let node = serve(history(56), NodeOptions::default()).await.unwrap();
    let url = node.url();
    let cases = [
        ("the file", "mount --bind it/vesting.db it/vesting.db; mount -o remount,bind,ro it/vesting.db"),
        (
            "the folder",
            "mount --bind it it; mount --bind it/vesting.db it/vesting.db; mount -o remount,bind,ro it",
        ),
        ("both", "mount --bind it it; mount -o remount,bind,ro it"),
    ];
    for (what, mounts) in cases {
        let folder = tempfile::tempdir().unwrap();
        let it = folder.path().join("it");
        std::fs::create_dir(&it).unwrap();
        let made =
            vesting(&it, &["catch-up", "--netuid", "1", "--from", "1", "--to", "200", "--network", &url]);
        assert!(made.status.success());
        let before = std::fs::read(it.join("vesting.db")).unwrap();
        for command in [&["run", "--until", "300"][..], &["catch-up"]] {
            let more = ["--netuid", "1", "--network", &url, "--database-url", "sqlite://it/vesting.db"];
            let script = format!("{mounts}; exec \"$0\" \"$@\"");
            let Output { status, stderr, .. } =
                shell(folder.path(), &script, &[command, &more].concat()).output().unwrap();
            let words = String::from_utf8_lossy(&stderr);
            assert_eq!(status.code(), Some(1), "{what}: {words}");
            for word in
                ["it/vesting.db", "let the user that runs this program write to the file and to its folder"]
            {
                assert!(words.contains(word), "{what}: {words}");
            }
            assert!(std::fs::read(it.join("vesting.db")).unwrap() == before, "{what}");
        }
        let asked = [
            "doctor",
            "--json",
            "--netuid",
            "1",
            "--network",
            &url,
            "--database-url",
            "sqlite://it/vesting.db",
        ];
        let Output { stdout, .. } =
            shell(folder.path(), &format!("{mounts}; exec \"$0\" \"$@\""), &asked).output().unwrap();
        let words = String::from_utf8_lossy(&stdout);
        let found = words.lines().find(|line| line.contains("it/vesting.db") && line.contains("\"problem\""));
        assert!(
            found.is_some_and(|line| line.contains("database_") && line.contains("chown")),
            "{what}: {words}"
        );
        // The cause is gone.
        assert!(vesting(&it, &["catch-up", "--netuid", "1", "--network", &url]).status.success());
    }
}
