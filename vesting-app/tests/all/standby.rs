//! Several daemons on one record: one writes, the others stand by and take over.

use std::process::{Child, Command};
use std::sync::Arc;
use std::time::{Duration, Instant};

use vesting_core::BlockNumber;
use vesting_testkit::node::{NodeOptions, serve};
use vesting_testkit::postgres_test;

use crate::place::{Place, Watch, history, said, start};

const FOLLOWING: [&str; 3] = ["run", "--until", "320"];

/// Waits until the record has passed a block, and says how long that took.
async fn passes(watch: &Watch<'_>, block: Option<BlockNumber>) -> Duration {
    let begun = Instant::now();
    while watch.reached().await <= block {
        assert!(begun.elapsed() < Duration::from_secs(60), "the record stands still at {block:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    begun.elapsed()
}

/// The process ends at once; nothing is told to anybody.
async fn dies(watch: &Watch<'_>, mut child: Child) -> Duration {
    child.kill().unwrap();
    child.wait().unwrap();
    passes(watch, watch.reached().await).await
}

async fn one_after_the_other(make: impl Fn() -> Place, seed: u64, disturb: impl Fn(&Place)) {
    let history = history(seed);
    let options = |pace| NodeOptions { advance: Some(Duration::from_millis(pace)), ..NodeOptions::default() };
    let calm = make();
    let node = serve(Arc::clone(&history), options(6)).await.unwrap();
    assert!(start(&calm, &FOLLOWING, &node).wait().unwrap().success());
    let expected = said(&calm);

    let place = make();
    let node = serve(history, options(50)).await.unwrap();
    let watch = Watch::new(&place);
    let first = start(&place, &FOLLOWING, &node);
    passes(&watch, None).await;
    let second = start(&place, &FOLLOWING, &node);
    let mut third = start(&place, &FOLLOWING, &node);
    passes(&watch, Some(BlockNumber(60))).await;
    let took = dies(&watch, first).await;
    println!("the record went on {took:?} after its writer died");
    let mut fourth = start(&place, &FOLLOWING, &node);
    passes(&watch, Some(BlockNumber(140))).await;
    disturb(&place);
    passes(&watch, Some(BlockNumber(200))).await;
    let took = dies(&watch, second).await;
    println!("the record went on {took:?} after one of three died");
    assert!(third.wait().unwrap().success());
    assert!(fourth.wait().unwrap().success());
    assert_eq!(said(&place), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_taken_over_by_who_stands_by() {
    one_after_the_other(Place::file, 51, |_| {}).await;
}

postgres_test! {
    async fn a_server_is_taken_over_by_who_stands_by() {
        // Every session ends: whoever is first then writes, and who wrote stands by.
        let disturb = |place: &Place| {
            place.sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() \
                AND query LIKE '%stake_%'",
            );
        };
        one_after_the_other(Place::server, 52, disturb).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_writes_says_who_does_already() {
    let place = Place::file();
    let node = serve(
        history(53),
        NodeOptions { advance: Some(Duration::from_millis(50)), ..NodeOptions::default() },
    )
    .await
    .unwrap();
    let mut daemon = start(&place, &["run"], &node);
    passes(&Watch::new(&place), None).await;
    let mut command: Command = place.program(&["catch-up", "--network", &node.url(), "--netuid", "1,2"]);
    let output = command.output().unwrap();
    let words = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{words}");
    assert!(words.contains("subnet 1") && words.contains(&format!("process {}", daemon.id())), "{words}");
    daemon.kill().unwrap();
    daemon.wait().unwrap();
}
