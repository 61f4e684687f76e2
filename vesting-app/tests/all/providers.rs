//! What a start does when the chain is away, when subnets are not there yet or not any more, and when an
//! endpoint serves another chain.

use std::net::SocketAddr;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use vesting_core::{BlockNumber, NetUid};
use vesting_testkit::gate::{Gate, open};
use vesting_testkit::history::History;
use vesting_testkit::node::{NodeOptions, serve};
use vesting_testkit::sim::RandomLife;

use crate::api::{BLOCKS, history, record};
use crate::command_line::{check, digest, vesting};
use crate::daemon::Daemon;
use crate::way::database;

/// A port that nothing listens on.
fn free() -> SocketAddr {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_start_with_the_chain_away_serves_and_goes_on_trying() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_owned();
    let address = free();
    let url = format!("ws://{address}");
    let until = BLOCKS.to_string();
    let daemon = tokio::task::spawn_blocking(move || {
        let daemon = Daemon::start(&path, &["--netuid", "1,2", "--network", &url, "--until", &until]);
        let said = daemon.ready("that the chain is away", |said| !said["last_error"].is_null());
        assert!(
            said["reasons"][0].as_str().unwrap().contains("has not begun")
                && said["last_error"]["holds"] == true,
            "{said}"
        );
        assert!(said["last_error"]["error"].as_str().unwrap().contains(&url), "{said}");
        assert!(daemon.get("/metrics").text.contains("vesting_follower_failing 1"));
        assert_eq!(daemon.get("/health/live").status, 200);
        assert!(!path.join("vesting.db").exists(), "no database is made before the chain has answered");
        daemon
    })
    .await
    .unwrap();
    let _node = serve(history(61), NodeOptions { listen: address, ..NodeOptions::default() }).await.unwrap();
    let done = tokio::task::spawn_blocking(move || daemon.wait()).await.unwrap();
    assert!(done.success());
    assert!(digest(&folder.path().join("vesting.db"), NetUid(1)).0.starts_with("0x"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_record_there_is_is_served_while_the_chain_is_away_and_a_foreign_endpoint_is_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let history = history(61);
    record(folder.path(), &history, 150).await;
    let foreign = serve(crate::api::history(62), NodeOptions::default()).await.unwrap();
    let node = serve(history, NodeOptions::default()).await.unwrap();
    let gate = open(&node.url(), Gate::Status(503, Some(600))).await.unwrap();
    // The first endpoint is of another chain, the other one is busy.
    let endpoints = format!("{},{}", foreign.url(), gate.url());
    let mended = format!("{},{}", foreign.url(), node.url());
    let path = folder.path().to_owned();
    let daemon = tokio::task::spawn_blocking(move || {
        let daemon = Daemon::start(
            &path,
            &["--netuid", "1,2", "--endpoints", &endpoints, "--until", &BLOCKS.to_string()],
        );
        let answer = daemon.get("/v1/miners?netuid=1");
        assert_eq!(answer.status, 200, "{answer:?}");
        let said = daemon.ready("that the endpoint is busy", |said| !said["last_error"].is_null());
        assert!(said["last_error"]["error"].as_str().unwrap().contains("503"), "{said}");
        daemon.terminate();
        // Once one of the right chain serves, it goes on, the foreign one before it or not.
        Daemon::start(&path, &["--netuid", "1,2", "--endpoints", &mended, "--until", &BLOCKS.to_string()])
    })
    .await
    .unwrap();
    assert!(tokio::task::spawn_blocking(move || daemon.wait()).await.unwrap().success());
    let store = database(folder.path(), "vesting.db");
    assert_eq!(
        store.watermark(NetUid(1)).await.unwrap().unwrap().block.number,
        BlockNumber(u64::from(BLOCKS))
    );
    assert_eq!(
        foreign.requests().keys().collect::<Vec<_>>(),
        ["chain_getBlockHash", "chain_getHeader"],
        "nothing else was asked of the other chain"
    );
}

/// A history in which subnet 2 lives, is gone, and is there again: with the blocks of its end and of its
/// return.
fn gone_and_back() -> (Arc<RwLock<History>>, u64, u64) {
    for seed in 1..200 {
        let history = Arc::new(RwLock::new(History::default()));
        let mut life = RandomLife::new(seed);
        let mut chain = life.chain(seed, Some(Arc::clone(&history)));
        let (mut end, mut back) = (None, None);
        for block in 1..=u64::from(BLOCKS) {
            life.step(&mut chain);
            match (chain.exists(RandomLife::NETUIDS[1]), end, back) {
                (false, None, _) if block > 40 => end = Some(block),
                (false, None, _) => break,
                (true, Some(_), None) => back = Some(block),
                (false, Some(_), Some(_)) => break,
                _ => {}
            }
            if block == u64::from(BLOCKS)
                && let (Some(end), Some(back)) = (end, back)
                && back > end + 4
                && back + 20 < block
            {
                return (history, end, back);
            }
        }
    }
    panic!("no seed has such a life");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subnet_that_is_not_there_is_waited_for_while_others_are_recorded() {
    let (history, end, back) = gone_and_back();
    let head = u32::try_from(end + 2).unwrap();
    let options =
        NodeOptions { advance: Some(Duration::from_secs(3_600)), start_at: head, ..NodeOptions::default() };
    let node = Arc::new(serve(history, options).await.unwrap());
    let folder = tempfile::tempdir().unwrap();
    let (path, url, moves) = (folder.path().to_owned(), node.url(), Arc::clone(&node));
    tokio::task::spawn_blocking(move || {
        let until = BLOCKS.to_string();
        let daemon = Daemon::start(&path, &["--netuid", "1,2", "--network", &url, "--until", &until]);
        let said =
            daemon.ready("that one is recorded", |said| said["subnets"][0]["block"] == u64::from(head));
        let reasons = said["subnets"][1]["reasons"][0].as_str().unwrap();
        assert!(reasons.contains("does not exist yet") && said["subnets"][1]["block"].is_null(), "{said}");
        moves.set_head(BLOCKS);
        assert!(daemon.wait().success());
        // It is recorded as if it had been asked for once it was there.
        let caught_up = tempfile::tempdir().unwrap();
        let from = back.to_string();
        assert!(
            vesting(caught_up.path(), &["catch-up", "--netuid", "2", "--from", &from, "--network", &url])
                .status
                .success()
        );
        assert_eq!(
            digest(&path.join("vesting.db"), NetUid(2)),
            digest(&caught_up.path().join("vesting.db"), NetUid(2))
        );
    })
    .await
    .unwrap();
    let store = database(folder.path(), "vesting.db");
    let record = store.watermark(NetUid(2)).await.unwrap().unwrap();
    assert_eq!(
        (record.first_block, record.block.number),
        (BlockNumber(back), BlockNumber(u64::from(BLOCKS)))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subnet_that_lived_and_is_gone_is_caught_up_on_and_refuses_no_other() {
    let (history, end, _) = gone_and_back();
    let head = end + 2;
    let options = NodeOptions {
        advance: Some(Duration::from_secs(3_600)),
        start_at: u32::try_from(head).unwrap(),
        ..NodeOptions::default()
    };
    let node = serve(history, options).await.unwrap();
    let url = node.url();
    let stands = |folder: &std::path::Path, netuid| {
        let store = database(folder, "vesting.db");
        async move { store.watermark(NetUid(netuid)).await.unwrap().map(|mark| mark.block.number.0) }
    };
    let catch_up = |arguments: &'static str| {
        let (folder, url) = (tempfile::tempdir().unwrap(), url.clone());
        tokio::task::spawn_blocking(move || {
            let arguments: Vec<&str> =
                ["catch-up", "--network", &url].into_iter().chain(arguments.split(' ')).collect();
            let output = vesting(folder.path(), &arguments);
            (folder, output)
        })
    };
    // Up to a block of its life, from one, and beside another one whose window reaches back into it.
    let to: &'static str = Box::leak(format!("--netuid 2 --to {}", end - 1).into_boxed_str());
    for (arguments, reached) in [(to, end - 1), ("--netuid 2 --from 3", head), ("--netuid 1,2", head)] {
        let (folder, output) = catch_up(arguments).await.unwrap();
        assert!(output.status.success(), "{arguments}: {output:?}");
        assert_eq!(stands(folder.path(), 2).await, Some(reached), "{arguments}");
    }
    let (folder, output) = catch_up("--netuid 1,9").await.unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && said.contains("subnet 9 is left out"), "{said}");
    assert_eq!((stands(folder.path(), 1).await, stands(folder.path(), 9).await), (Some(head), None));
    let none = tempfile::tempdir().unwrap();
    tokio::task::spawn_blocking(move || {
        check(none.path(), &["catch-up", "--netuid", "9", "--network", &url], 1, "does not exist");
        assert_eq!(std::fs::read_dir(none.path()).unwrap().count(), 0, "no database was made");
    })
    .await
    .unwrap();
}
