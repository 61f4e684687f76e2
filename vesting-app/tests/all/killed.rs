//! Killed at any moment, and started again: the record is the same as if nothing had happened.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use vesting_core::BlockNumber;
use vesting_testkit::node::{NodeOptions, serve};
use vesting_testkit::postgres_test;
use vesting_testkit::sim::Rng;

use crate::place::{BLOCKS, Place, Watch, history, said, start};

/// How long a server may take to see that a client is gone.
const PATIENCE: Duration = Duration::from_secs(30);

/// Kills after which it may run to its end, so that the test does.
fn kills() -> u64 {
    std::env::var("VESTING_TEST_KILLS").map_or(25, |count| count.parse().unwrap())
}

async fn undisturbed_and_killed(
    arguments: &[&str],
    options: impl Fn() -> NodeOptions,
    seed: u64,
    make: impl Fn() -> Place,
) {
    let history = history(seed);
    let calm = make();
    let node = serve(Arc::clone(&history), options()).await.unwrap();
    assert!(start(&calm, arguments, &node).wait().unwrap().success());
    let expected = said(&calm);
    assert!(expected.len() > 100, "{} lines are too few to test with", expected.len());

    let (mut rng, mut count, mut stood) = (Rng::new(seed), 0, BTreeSet::new());
    // A history is as long as it is: many kills are several records.
    while count < kills() {
        let killed = make();
        let node = serve(Arc::clone(&history), options()).await.unwrap();
        let (watch, mut killed_at) = (Watch::new(&killed), Instant::now());
        loop {
            let mut child = start(&killed, arguments, &node);
            // Some moments after it has got on.
            let before = watch.reached().await;
            while child.try_wait().unwrap().is_none() && (count >= kills() || watch.reached().await == before)
            {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            tokio::time::sleep(Duration::from_micros(rng.below(30_000))).await;
            if let Some(status) = child.try_wait().unwrap() {
                let words = std::fs::read_to_string(killed.words()).unwrap();
                // A busy server takes a while to see that who was killed is gone.
                if !status.success()
                    && words.contains("only one may at a time")
                    && killed_at.elapsed() < PATIENCE
                {
                    continue;
                }
                assert!(status.success(), "{words}");
                break;
            }
            child.kill().unwrap();
            child.wait().unwrap();
            killed_at = Instant::now();
            count += 1;
            stood.insert(watch.reached().await);
        }
        assert_eq!(said(&killed), expected);
    }
    println!("{count} kills at {} different points: the same record each time", stood.len());
    assert!(stood.len() > 4, "killed at {stood:?}: too few points to test with");
}

fn catching_up() -> (Vec<&'static str>, impl Fn() -> NodeOptions) {
    (vec!["catch-up", "--from", "1"], || NodeOptions {
        latency: Duration::from_millis(1),
        ..NodeOptions::default()
    })
}

fn following() -> (Vec<&'static str>, impl Fn() -> NodeOptions) {
    (vec!["run", "--until", "320"], || NodeOptions {
        advance: Some(Duration::from_millis(8)),
        ..NodeOptions::default()
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn catching_up_survives_being_killed() {
    let (arguments, options) = catching_up();
    undisturbed_and_killed(&arguments, options, 31, Place::file).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn following_survives_being_killed() {
    let (arguments, options) = following();
    undisturbed_and_killed(&arguments, options, 32, Place::file).await;
}

postgres_test! {
    async fn catching_up_on_a_server_survives_being_killed() {
        let (arguments, options) = catching_up();
        undisturbed_and_killed(&arguments, options, 33, Place::server).await;
    }
}

postgres_test! {
    async fn following_on_a_server_survives_being_killed() {
        let (arguments, options) = following();
        undisturbed_and_killed(&arguments, options, 34, Place::server).await;
    }
}

/// However a program ends that holds the other end of its standard input, it ends in order soon after.
#[tokio::test(flavor = "multi_thread")]
async fn with_until_input_ends_it_never_outlives_who_started_it() {
    let node = serve(history(61), NodeOptions::default()).await.unwrap();
    let place = Place::file();
    let begin = |more: &[&str], input| {
        let mut command = place.program(&["run", "--bind", "127.0.0.1:0", "--netuid", "1,2"]);
        command.args(["--network", &node.url()]).args(more);
        command.stdin(input).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    };
    let watch = Watch::new(&place);
    let recorded = async || {
        while watch.reached().await < Some(BlockNumber(BLOCKS)) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let mut child = begin(&["--until-input-ends"], Stdio::piped());
    recorded().await;
    let mut input = child.stdin.take().unwrap();
    input.write_all(b"ignored").unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(child.try_wait().unwrap(), None, "it runs as long as the input is open");
    drop(input);
    assert!(child.wait().unwrap().success());

    // It may end before it has begun, and while it only reads.
    for more in [&["--until-input-ends"][..], &["--until-input-ends", "--read-only"]] {
        assert!(begin(more, Stdio::null()).wait().unwrap().success(), "{more:?}");
    }
    // Without the option nobody need hold its input, as under a service manager.
    let mut child = begin(&[], Stdio::null());
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(child.try_wait().unwrap(), None);
    child.kill().unwrap();
    child.wait().unwrap();
}
