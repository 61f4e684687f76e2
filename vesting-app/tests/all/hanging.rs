//! A database server that takes connections and says nothing, and one that stops in the middle.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use vesting_testkit::node::{NodeOptions, serve};
use vesting_testkit::postgres::Server;
use vesting_testkit::postgres_test;

use crate::daemon::Daemon;
use crate::place::history;

/// Waits for a word in the reasons why it is not ready.
fn is_told(daemon: &Daemon, word: &str) {
    let begun = Instant::now();
    loop {
        let said = daemon.get("/health/ready").text;
        if said.contains(word) {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{word}: {said}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_says_nothing_at_the_start_keeps_nobody_from_the_api_nor_from_the_end() {
    let mute = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("postgres://vesting:x@{}/vesting", mute.local_addr().unwrap());
    let node = serve(history(61), NodeOptions::default()).await.unwrap();
    tokio::task::spawn_blocking(move || {
        let folder = tempfile::tempdir().unwrap();
        let begun = Instant::now();
        let daemon = Daemon::start(
            folder.path(),
            &["--netuid", "1", "--network", &node.url(), "--database-url", &url, "--bind", "127.0.0.1:0"],
        );
        assert_eq!(daemon.get("/health/live").status, 200);
        let up = begun.elapsed();
        assert_eq!(daemon.get("/health/ready").status, 503);
        let (_, ended) = daemon.terminate();
        println!("up after {up:?}, ended after {ended:?}");
        // Ten seconds is what the driver waits for such a server.
        assert!(up < Duration::from_secs(8) && ended < Duration::from_secs(8), "{up:?} and {ended:?}");
        drop((mute, node));
    })
    .await
    .unwrap();
}

/// Stops every process that serves a connection, or lets them go on.
#[cfg(unix)]
fn signal(server: &Server, signal: &str) {
    let process = server.process.to_string();
    // The postmaster last, so that it makes no other in between.
    assert!(std::process::Command::new("pkill").args([signal, "-P", &process]).status().unwrap().success());
    assert!(std::process::Command::new("kill").args([signal, &process]).status().unwrap().success());
}

postgres_test! {
    async fn a_server_that_stops_answering_is_told_of_and_waited_for() {
        let server = Server::start("").unwrap();
        let options = NodeOptions {
            advance: Some(Duration::from_millis(200)),
            start_at: 100,
            ..NodeOptions::default()
        };
        let node = serve(history(61), options).await.unwrap();
        tokio::task::spawn_blocking(move || {
            let folder = tempfile::tempdir().unwrap();
            let arguments = [
                "--netuid",
                "1,2",
                "--network",
                &node.url(),
                "--database-url",
                &server.url(),
                "--bind",
                "127.0.0.1:0",
            ];
            let daemon = Daemon::start(folder.path(), &arguments);
            is_told(&daemon, "\"role\":\"leader\"");
            signal(&server, "-STOP");
            is_told(&daemon, "database has not answered");
            signal(&server, "-CONT");
            let begun = Instant::now();
            while daemon.get("/health/ready").text.contains("database has not answered") {
                assert!(begun.elapsed() < Duration::from_secs(60));
                std::thread::sleep(Duration::from_millis(100));
            }
            signal(&server, "-STOP");
            let (_, ended) = daemon.terminate();
            signal(&server, "-CONT");
            println!("ended after {ended:?}");
            // A server that hangs is waited for without end.
            assert!(ended < Duration::from_secs(8), "{ended:?}");
            drop(node);
        })
        .await
        .unwrap();
    }
}
