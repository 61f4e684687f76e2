//! Answers about storage that are wrong, now and then: the record is what it would be without them.

use std::sync::{Arc, RwLock};
use std::time::Duration;

use futures_util::future::join_all;
use vesting_testkit::fault::Fault;
use vesting_testkit::history::History;
use vesting_testkit::node::{NodeHandle, NodeOptions, serve};
use vesting_testkit::spoil::Spoil;

use crate::place::{BLOCKS, Place, history, said, start};

/// Catches up on a history behind a node of which one answer in so many is wrong.
async fn caught_up(history: &Arc<RwLock<History>>, faults: &[Fault]) -> Vec<String> {
    let node = serve(Arc::clone(history), NodeOptions { faults: faults.to_vec(), ..NodeOptions::default() })
        .await
        .unwrap();
    record(&node, &["catch-up", "--from", "1"]).await
}

/// Follows such a node.
async fn followed(history: &Arc<RwLock<History>>, faults: &[Fault]) -> Vec<String> {
    let options = NodeOptions {
        faults: faults.to_vec(),
        advance: Some(Duration::from_millis(6)),
        ..NodeOptions::default()
    };
    let node = serve(Arc::clone(history), options).await.unwrap();
    record(&node, &["run", "--until", &BLOCKS.to_string()]).await
}

/// The lines in which two records differ first.
fn first_difference(found: &[String], expected: &[String]) -> Option<(String, String)> {
    let lines = |said: &[String]| {
        said.iter()
            .flat_map(|said| said.lines().map(str::to_owned))
            .chain([String::new()])
            .collect::<Vec<_>>()
    };
    lines(found).into_iter().zip(lines(expected)).find(|(found, expected)| found != expected)
}

async fn record(node: &NodeHandle, arguments: &[&str]) -> Vec<String> {
    let place = Place::file();
    let mut command = start(&place, arguments, node);
    let (done, place) = tokio::task::spawn_blocking(move || (command.wait().unwrap(), place)).await.unwrap();
    assert!(done.success() || done.code() == Some(3), "{done}");
    said(&place)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_answer_is_asked_for_again_and_never_recorded() {
    let history = history(61);
    let expected = caught_up(&history, &[]).await;
    assert_eq!(followed(&history, &[]).await, expected);
    let fault = |how| [Fault::Spoil { how, every: 15 }];
    // Most of the time is waiting before something is asked again.
    let all = Spoil::ALL.map(|(name, how)| {
        let history = &history;
        async move { (name, caught_up(history, &fault(how)).await) }
    });
    for (name, found) in join_all(all).await {
        assert_eq!(first_difference(&found, &expected), None, "{name}: caught up otherwise");
    }
    // Where a record begins follows from the head at the start, so that these start one by one.
    for (name, how) in Spoil::ALL {
        let found = followed(&history, &fault(how)).await;
        assert_eq!(first_difference(&found, &expected), None, "{name}: followed otherwise");
    }
}
