//! Answers about storage that are wrong, now and then: the record is what it would be without them.

use std::sync::{Arc, RwLock};
use std::time::Duration;

use futures_util::future::join_all;
use vesting_testkit::fault::Fault;
use vesting_testkit::history::History;
use vesting_testkit::node::{NodeHandle, NodeOptions, serve};
use vesting_testkit::spoil::Spoil;

use crate::place::{BLOCKS, Place, history, said, start};

/// Records a history behind a node of which one answer about storage in so many is wrong, both ways.
async fn recorded(history: &Arc<RwLock<History>>, faults: &[Fault]) -> [Vec<String>; 2] {
    let options = NodeOptions { faults: faults.to_vec(), ..NodeOptions::default() };
    let node = serve(Arc::clone(history), options.clone()).await.unwrap();
    let caught_up = record(&node, &["catch-up", "--from", "1"]).await;
    let node = serve(Arc::clone(history), NodeOptions { advance: Some(Duration::from_millis(2)), ..options }).await.unwrap();
    let until = BLOCKS.to_string();
    [caught_up, record(&node, &["run", "--until", &until]).await]
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
    let [expected, followed] = recorded(&history, &[]).await;
    assert_eq!(expected, followed);
    // Most of their time is waiting before something is asked again.
    let all = Spoil::ALL.map(|(name, how)| {
        let history = &history;
        async move { (name, recorded(history, &[Fault::Spoil { how, every: 15 }]).await) }
    });
    for (name, [caught_up, followed]) in join_all(all).await {
        assert!(caught_up == expected, "{name}: caught up otherwise");
        assert!(followed == expected, "{name}: followed otherwise");
    }
}
