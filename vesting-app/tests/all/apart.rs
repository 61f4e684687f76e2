//! Subnets that are followed side by side, of which something becomes one.

use std::collections::BTreeMap;
use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

use serde_json::Value;
use vesting_core::{Coldkey, Hotkey, NetUid};
use vesting_testkit::fault::Fault;
use vesting_testkit::history::History;
use vesting_testkit::node::{NodeHandle, NodeOptions, serve};
use vesting_testkit::sim::{Call, RandomLife, Rng, SimChain, SubnetConfig};

use crate::api::alter;
use crate::command_line::{digest, vesting};
use crate::daemon::Daemon;
use crate::way::{catch_up, database};

/// How far the records of the first and the second subnet are.
fn blocks(said: &Value) -> [u64; 2] {
    [0, 1].map(|index: usize| said["subnets"][index]["block"].as_u64().unwrap_or(0))
}

/// A head that moves only when it is told to.
fn still(start_at: u32) -> NodeOptions {
    NodeOptions { advance: Some(Duration::from_secs(1 << 30)), start_at, ..NodeOptions::default() }
}

/// Two subnets that last, on which somebody stakes or unstakes in every other block.
fn steady(seed: u64, blocks: u64) -> Arc<RwLock<History>> {
    let history = Arc::new(RwLock::new(History::default()));
    let mut rng = Rng::new(seed);
    let neurons: Vec<_> = (0..6)
        .map(|uid| (Coldkey(rng.key()), Hotkey(rng.key()), 1 + uid, uid == 0, 100_000_000_000))
        .collect();
    let subnets = [(NetUid(1), 20), (NetUid(2), 31)].map(|(netuid, tempo)| SubnetConfig {
        netuid,
        tempo,
        owner: (neurons[0].0, neurons[0].1),
        neurons: neurons.clone(),
        capacity: 8,
    });
    let mut chain = SimChain::new(seed, &subnets, Some(Arc::clone(&history)));
    for _ in 0..blocks {
        if rng.once_in(2) {
            let (coldkey, hotkey, ..) = *rng.pick(&neurons).unwrap();
            let (netuid, alpha) = (rng.pick(&subnets).unwrap().netuid, 1_000_000 + rng.below(1_000_000_000));
            chain.queue(if rng.once_in(2) {
                Call::AddStake { coldkey, hotkey, netuid, alpha }
            } else {
                Call::RemoveStake { coldkey, hotkey, netuid, alpha }
            });
        }
        chain.step();
    }
    history
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subnet_whose_values_cannot_be_read_holds_up_no_other() {
    const LAST: u32 = 200;
    const FROM: u32 = 100;
    let history = steady(61, LAST.into());
    let unreadable = Fault::Unreadable { netuid: NetUid(2), from: FROM };
    let node = async || {
        serve(Arc::clone(&history), NodeOptions { faults: vec![unreadable], ..still(90) }).await.unwrap()
    };
    // An endpoint whose answers are wrong is left for the other, which hurts nobody either.
    let nodes = Arc::new([node().await, node().await]);
    let sound = serve(Arc::clone(&history), NodeOptions::default()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (path, url, moves, sound_url) = (
        folder.path().to_owned(),
        nodes.each_ref().map(NodeHandle::url).join(","),
        Arc::clone(&nodes),
        sound.url(),
    );
    tokio::task::spawn_blocking(move || {
        let until = LAST.to_string();
        let arguments = ["--netuid", "1,2", "--until", &until];
        let daemon = Daemon::start(&path, &[&arguments[..], &["--endpoints", &url]].concat());
        daemon.ready("that both are recorded", |said| blocks(said) == [90, 90]);
        for block in 91..=LAST {
            moves.iter().for_each(|node| node.set_head(block));
            daemon
                .ready("that the first goes on, block by block", |said| blocks(said)[0] == u64::from(block));
        }
        let said = daemon
            .ready("that the second is said to fail", |said| !said["subnets"][1]["last_error"].is_null());
        assert_eq!(blocks(&said), [LAST.into(), u64::from(FROM) - 1], "{said}");
        assert!(
            said["subnets"][1]["last_error"]["holds"] == true && said["subnets"][0]["last_error"].is_null(),
            "{said}"
        );
        let metrics = daemon.get("/metrics").text;
        for line in [
            "vesting_subnet_failing{netuid=\"1\"} 0",
            "vesting_subnet_failing{netuid=\"2\"} 1",
            "vesting_follower_failing 1",
            "vesting_catch_up_block{netuid=\"1\"} 200",
        ] {
            assert!(metrics.contains(line), "{line} is not in {metrics}");
        }
        daemon.terminate();
        // Where it can be read, it goes on, and both are what they would be.
        let daemon = Daemon::start(&path, &[&arguments[..], &["--network", &sound_url]].concat());
        assert!(daemon.wait().success());
        let whole = tempfile::tempdir().unwrap();
        assert!(
            vesting(whole.path(), &["catch-up", "--netuid", "1,2", "--network", &sound_url]).status.success()
        );
        for netuid in [NetUid(1), NetUid(2)] {
            assert_eq!(
                digest(&path.join("vesting.db"), netuid),
                digest(&whole.path().join("vesting.db"), netuid)
            );
        }
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subnet_whose_ledger_does_not_agree_with_the_chain_holds_up_no_other() {
    const BEGIN: u32 = 90;
    const LAST: u32 = 200;
    let history = steady(61, LAST.into());
    let folder = tempfile::tempdir().unwrap();
    let node = Arc::new(serve(history, still(BEGIN)).await.unwrap());
    for netuid in [NetUid(1), NetUid(2)] {
        catch_up(&node, database(folder.path(), "vesting.db"), netuid, BEGIN).await;
    }
    // Nothing that was stored since says so, and nothing of the chain mends it.
    let keys = "netuid, block, event_index, kind, hotkey, coldkey";
    let largest =
        format!("SELECT {keys} FROM stake_tranches WHERE netuid = 2 ORDER BY remaining DESC LIMIT 1");
    alter(
        folder.path(),
        &format!("UPDATE stake_tranches SET remaining = remaining - 1 WHERE ({keys}) = ({largest})"),
    );
    let (path, url, moves) = (folder.path().to_owned(), node.url(), Arc::clone(&node));
    tokio::task::spawn_blocking(move || {
        let daemon = Daemon::start(&path, &["--netuid", "1,2", "--network", &url]);
        for block in BEGIN..=LAST {
            moves.set_head(block);
            daemon
                .ready("that the first goes on, block by block", |said| blocks(said)[0] == u64::from(block));
        }
        let said = daemon
            .ready("that the second is said to fail", |said| !said["subnets"][1]["last_error"].is_null());
        assert!(said["subnets"][0]["last_error"].is_null() && blocks(&said)[1] < LAST.into(), "{said}");
        let reasons = said["subnets"][1]["reasons"].to_string();
        assert!(reasons.contains("does not agree with the chain"), "{said}");
        let metrics = daemon.get("/metrics").text;
        let failures = |netuid: u16| format!("vesting_conservation_failures_total{{netuid=\"{netuid}\"}}");
        assert!(
            metrics.contains(&format!("{} 0", failures(1)))
                && metrics.contains(&format!("{} 1", failures(2))),
            "{metrics}"
        );
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subnet_that_is_caught_up_on_leaves_no_other_more_than_a_block_behind() {
    const BEGIN: u32 = 900;
    const SECOND: Duration = Duration::from_secs(1);
    let history = steady(99, 1_000);
    let folder = tempfile::tempdir().unwrap();
    let quick = serve(Arc::clone(&history), still(BEGIN)).await.unwrap();
    catch_up(&quick, database(folder.path(), "vesting.db"), NetUid(1), BEGIN).await;
    // A node whose answers take long, so that there is much to wait for.
    let options = NodeOptions {
        latency: Duration::from_millis(40),
        advance: Some(SECOND),
        start_at: BEGIN,
        ..NodeOptions::default()
    };
    let node = serve(history, options).await.unwrap();
    let (path, url) = (folder.path().to_owned(), node.url());
    let seen = tokio::task::spawn_blocking(move || {
        let daemon =
            Daemon::start(&path, &["--netuid", "1,2", "--network", &url, "--max-requests-in-flight", "4"]);
        let mut seen: BTreeMap<u64, u64> = BTreeMap::new();
        let begun = Instant::now();
        loop {
            let said = daemon.get("/health/ready").body;
            let head = said["head"].as_u64().unwrap_or(0);
            let [first, second] = blocks(&said);
            if second > 0 && second + 16 >= head {
                return seen;
            }
            if head > u64::from(BEGIN) {
                // A block's least lag is what was left once it was worked on.
                let lag = seen.entry(head).or_insert(u64::MAX);
                *lag = (*lag).min(head.saturating_sub(first));
            }
            assert!(begun.elapsed() < Duration::from_secs(120), "{said}");
            std::thread::sleep(Duration::from_millis(20));
        }
    })
    .await
    .unwrap();
    assert!(seen.len() > 3, "it was caught up on too soon to tell: {seen:?}");
    assert!(seen.values().all(|lag| *lag <= 1), "{seen:?}");
    println!("blocks behind by head while another subnet was caught up on: {seen:?}");
}

/// Follows subnets over so many blocks, one after the other; gives how often storage was asked for.
async fn asked(history: &Arc<RwLock<History>>, netuids: &[NetUid], count: u32) -> u64 {
    const FROM: u32 = 60;
    let before = serve(Arc::clone(history), still(FROM)).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    for netuid in netuids {
        catch_up(&before, database(folder.path(), "vesting.db"), *netuid, FROM).await;
    }
    let node = Arc::new(serve(Arc::clone(history), still(FROM)).await.unwrap());
    let (path, moves) = (folder.path().to_owned(), Arc::clone(&node));
    let named = netuids.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    let following = tokio::task::spawn_blocking(move || {
        let daemon = Daemon::start(&path, &["--netuid", &named, "--network", &moves.url()]);
        for block in FROM..=FROM + count {
            moves.set_head(block);
            daemon.ready("that all are as far", |said| {
                said["subnets"].as_array().unwrap().iter().all(|of| of["block"] == block)
            });
        }
    });
    following.await.unwrap();
    node.requests().get("state_queryStorageAt").copied().unwrap_or(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_block_is_asked_for_once_however_many_subnets_are_followed() {
    const COUNT: u32 = 100;
    let history = steady(61, 200);
    let [one, two] = [NetUid(1), NetUid(2)];
    let (first, second) = (asked(&history, &[one], COUNT).await, asked(&history, &[two], COUNT).await);
    let both = asked(&history, &[one, two], COUNT).await;
    println!("requests for storage: {first} and {second} alone, {both} together");
    // Each alone asks for every block, and for what its own events make it ask. Nothing is shared when they
    // begin.
    assert!(both + u64::from(COUNT) <= first + second + 10, "{first} and {second} alone, {both} together");
}

/// A random life in which the second subnet is dissolved, with the block of that.
fn dissolved(blocks: u64) -> (Arc<RwLock<History>>, u64) {
    let [first, second] = RandomLife::NETUIDS;
    for seed in 0..200 {
        let history = Arc::new(RwLock::new(History::default()));
        let mut life = RandomLife::new(seed);
        let mut chain = life.chain(seed, Some(Arc::clone(&history)));
        let mut end = None;
        for block in 1..=blocks {
            life.step(&mut chain);
            end = end.or_else(|| (!chain.exists(second)).then_some(block));
        }
        if let Some(end) =
            end.filter(|end| *end > 40 && end + 30 < blocks && chain.exists(first) && !chain.exists(second))
        {
            return (history, end);
        }
    }
    panic!("no seed has such a life");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subnet_that_is_dissolved_is_recorded_to_its_end_and_holds_up_no_other() {
    const LAST: u32 = 200;
    let (history, end) = dissolved(LAST.into());
    let end = u32::try_from(end).unwrap();
    let node = Arc::new(serve(history, still(end - 8)).await.unwrap());
    let folder = tempfile::tempdir().unwrap();
    let (path, url, moves) = (folder.path().to_owned(), node.url(), Arc::clone(&node));
    tokio::task::spawn_blocking(move || {
        let daemon = || Daemon::start(&path, &["--netuid", "1,2", "--network", &url]);
        let mut running = daemon();
        for block in end - 8..=end + 20 {
            if [end - 1, end, end + 3].contains(&block) {
                running.terminate();
                running = daemon();
            }
            moves.set_head(block);
            let said = running.ready("that both go on", |said| blocks(said) == [u64::from(block); 2]);
            assert_eq!(
                [&said["subnets"][0]["last_error"], &said["subnets"][1]["last_error"]],
                [&Value::Null; 2],
                "{said}"
            );
        }
        assert!(running.get("/metrics").text.contains("vesting_conservation_failures_total{netuid=\"2\"} 0"));
    })
    .await
    .unwrap();
}
