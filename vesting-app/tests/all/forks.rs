//! Records whose last blocks are not on the chain any more.

use std::sync::{Arc, RwLock};

use vesting_testkit::history::History;
use vesting_testkit::node::{NodeOptions, serve};
use vesting_testkit::sim::RandomLife;

use crate::place::{BLOCKS, Place, said, start};

/// So many blocks are of both forks.
const COMMON: u64 = 200;

/// A history; on its other fork nothing happens.
fn fork(other: bool) -> Arc<RwLock<History>> {
    let history = Arc::new(RwLock::new(History::default()));
    let mut life = RandomLife::new(61);
    let mut chain = life.chain(61, Some(Arc::clone(&history)));
    (0..COMMON).for_each(|_| life.step(&mut chain));
    if other {
        chain.diverge();
        (COMMON..BLOCKS).for_each(|_| chain.step());
    } else {
        (COMMON..BLOCKS).for_each(|_| life.step(&mut chain));
    }
    history
}

fn runs(place: &Place, arguments: &[&str]) -> (Option<i32>, String) {
    let output = place.program(arguments).output().unwrap();
    (
        output.status.code(),
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_left_the_chain_is_taken_back_where_two_endpoints_agree() {
    let (place, expected) = (Place::file(), Place::file());
    let left = serve(fork(false), NodeOptions::default()).await.unwrap();
    let chain = [
        serve(fork(true), NodeOptions::default()).await.unwrap(),
        serve(fork(true), NodeOptions::default()).await.unwrap(),
    ];
    tokio::task::spawn_blocking(move || {
        let until = BLOCKS.to_string();
        assert!(start(&place, &["catch-up", "--from", "1", "--to", "260"], &left).wait().unwrap().success());
        assert!(start(&expected, &["catch-up", "--from", "1"], &chain[0]).wait().unwrap().success());
        let endpoints = chain.each_ref().map(|node| node.url()).join(",");
        let (code, words) = runs(
            &place,
            &[
                "run",
                "--netuid",
                "1,2",
                "--endpoints",
                &endpoints,
                "--until",
                &until,
                "--bind",
                "127.0.0.1:0",
            ],
        );
        assert_eq!(code, Some(0), "{words}");
        assert!(words.contains("two endpoints agree"), "{words}");
        assert_eq!(said(&place), said(&expected));
        drop((left, chain));
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_is_repaired_as_if_it_had_never_gone_further() {
    let (place, expected) = (Place::file(), Place::file());
    let left = serve(fork(false), NodeOptions::default()).await.unwrap();
    let chain = serve(fork(true), NodeOptions::default()).await.unwrap();
    let other = serve(fork(true), NodeOptions::default()).await.unwrap();
    tokio::task::spawn_blocking(move || {
        let whole = fork_of(&expected, &chain);
        assert!(start(&place, &["catch-up", "--from", "1", "--to", "260"], &left).wait().unwrap().success());
        // To catch up on the other fork says what to do; one endpoint alone would be asked for a minute.
        let endpoints = format!("{},{}", chain.url(), other.url());
        let (code, words) = runs(&place, &["catch-up", "--netuid", "1,2", "--endpoints", &endpoints]);
        assert!(code == Some(1) && words.contains("db repair --from 260"), "{words}");
        let repair = |from: &str| runs(&place, &["db", "repair", "--network", &chain.url(), "--from", from]);
        // Too late: the epoch before is none of the chain's.
        let (code, words) = repair("259");
        assert_eq!(code, Some(1), "{words}");
        let advised = words
            .split("use `--from ")
            .nth(1)
            .and_then(|rest| rest.split('`').next())
            .unwrap_or_else(|| panic!("{words}"))
            .to_owned();
        let (code, words) = repair("9999");
        assert!(code == Some(2) && words.contains("ends at block 260"), "{words}");
        let (code, words) = repair(&advised);
        assert!(code == Some(0) || words.contains("is not on the chain"), "{words}");
        let (code, words) = repair("150");
        assert!(code == Some(0) && words.contains("was taken back from block"), "{words}");
        assert!(start(&place, &["catch-up"], &chain).wait().unwrap().success());
        assert_eq!(said(&place), whole);
        drop((left, chain, other));
    })
    .await
    .unwrap();
}

/// Everything that a record of a whole chain says.
fn fork_of(place: &Place, node: &vesting_testkit::node::NodeHandle) -> Vec<String> {
    assert!(start(place, &["catch-up", "--from", "1"], node).wait().unwrap().success());
    said(place)
}
