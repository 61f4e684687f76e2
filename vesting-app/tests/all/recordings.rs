//! Proof on recordings of the real pallets: run by `.ci/run` where they are.
//!
//! `VESTING_TEST_RECORDINGS=…/chain/recordings cargo test -p vesting-app -- --ignored recordings`

use std::path::PathBuf;
use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use vesting_core::policy::Policy;
use vesting_core::{BlockNumber, Coldkey, NetUid, Ppb, ScoredHolder, StakeTracker};
use vesting_testkit::node::{NodeOptions, serve};
use vesting_testkit::recording;
use vesting_testkit::truth::Truth;

use crate::way::{Record, catch_up, database, digest, every_block, follow};

fn folder(name: &str) -> PathBuf {
    let all = std::env::var("VESTING_TEST_RECORDINGS")
        .expect("VESTING_TEST_RECORDINGS names the folder of recordings");
    PathBuf::from(all).join(name)
}

/// Records a recording in every way, and compares with the truth and with each other.
async fn prove(name: &str, netuid: u16) -> (TempDir, Record) {
    let (folder, netuid) = (folder(name), NetUid(netuid));
    let history = Arc::new(RwLock::new(recording::load(&folder).unwrap()));
    let last = history.read().unwrap().last();
    let truth = Truth::load(&folder, netuid).unwrap();
    let databases = tempfile::tempdir().unwrap();

    let node = serve(history.clone(), NodeOptions::default()).await.unwrap();
    let started = Instant::now();
    let caught_up = catch_up(&node, database(databases.path(), "catch-up.db"), netuid, last).await;
    let catching_up = started.elapsed();
    let started = Instant::now();
    let every = every_block(&node, database(databases.path(), "every.db"), netuid, last).await;
    let one_by_one = started.elapsed();

    let advance = Some(Duration::from_millis(1));
    let node = serve(history, NodeOptions { advance, ..NodeOptions::default() }).await.unwrap();
    let started = Instant::now();
    let followed = follow(&node, database(databases.path(), "run.db"), netuid, last).await;
    let following = started.elapsed();

    let ways = [
        ("catch-up", &caught_up, catching_up),
        ("every block", &every, one_by_one),
        ("run", &followed, following),
    ];
    for (way, record, seconds) in ways {
        let found = truth.compare(&record.entries, &record.epochs);
        println!(
            "{name} subnet {netuid} by {way}: {} holders, {} positions, {} balances, {} epochs, {} \
            mismatches, {} rao unattributed; {} requests, {:.2} s",
            found.holders,
            found.positions,
            found.balances,
            found.epochs,
            found.mismatches.len(),
            found.unattributed,
            record.requests,
            seconds.as_secs_f64()
        );
        assert!(found.mismatches.is_empty(), "{way}: {:#?}", found.mismatches);
        assert!(found.epochs > 0 && found.balances > 0);
        assert_eq!(found.unattributed, 0, "{way}");
    }
    for other in [&every, &followed] {
        assert_eq!(caught_up.stored, other.stored, "every way the same ledger");
        assert_eq!(caught_up.epochs, other.epochs, "every way the same epochs");
        // Of all of it, and of a window that begins inside.
        for days in ["30", "0.02"] {
            let policy = Policy {
                retention_window: Policy::days(days.parse().unwrap()).unwrap(),
                ..Policy::default()
            };
            assert_eq!(
                digest(&caught_up, netuid, &policy).await,
                digest(other, netuid, &policy).await,
                "every way the same digest"
            );
        }
    }
    (databases, caught_up)
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs VESTING_TEST_RECORDINGS; .ci/run sets it where the recordings are"]
async fn s1_equals_its_truth_and_gives_the_multipliers_of_the_design() {
    let (_folder, record) = prove("S1", 2).await;
    prove("S1", 3).await;

    let policy =
        Policy { retention_window: Policy::days("0.02".parse().unwrap()).unwrap(), ..Policy::default() };
    let report = StakeTracker::new(record.store).report(NetUid(2), &policy, None).await.unwrap();
    assert_eq!(
        (report.window.as_of.block.number, report.window.start),
        (BlockNumber(1_200), BlockNumber(1_059))
    );
    let expected = [
        // Opening, earned, kept, multiplier of m00 and m03.
        (
            "5HmTEFWXV36KLRwqTukipEpoUwtaNoZWcgfw6kgbGBtwGUqw",
            27_458_872_514,
            4_224_424_542,
            4_224_424_542,
            1_482_566_507,
        ),
        (
            "5G5KbWHLxWv1er8yTMencQzorfUn44NjFvGHP8R5hmQ8GeMx",
            4_582_308_255,
            5_907_859_500,
            791_473_633,
            1_128_008_771,
        ),
    ];
    for (coldkey, opening, earned, kept, factor) in expected {
        let ScoredHolder { holding, multiplier, .. } = report.holders[&coldkey.parse::<Coldkey>().unwrap()];
        assert_eq!(
            (holding.opening, holding.rewards, holding.rewards_kept),
            (opening, earned, kept),
            "{coldkey}"
        );
        assert_eq!(multiplier.factor, Ppb(factor), "{coldkey}");
    }
    // m02 sold everything it had before the window.
    let ScoredHolder { holding, multiplier, .. } =
        report.holders[&"5GPo5iH9SoFPctiWDrCV1CNxSP9Ep4ydaEWyhUUmKV5Ffyny".parse::<Coldkey>().unwrap()];
    assert_eq!((holding.opening, multiplier.factor), (0, Ppb::ONE));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs VESTING_TEST_RECORDINGS; .ci/run sets it where the recordings are"]
async fn s2_equals_its_truth() {
    prove("S2", 2).await;
    prove("S2", 3).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs VESTING_TEST_RECORDINGS; .ci/run sets it where the recordings are"]
async fn s5_equals_its_truth() {
    prove("S5", 2).await;
    prove("S5", 3).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs VESTING_TEST_RECORDINGS; .ci/run sets it where the recordings are"]
async fn s3_equals_its_truth() {
    prove("S3", 2).await;
    prove("S3", 3).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs VESTING_TEST_RECORDINGS; .ci/run sets it where the recordings are"]
async fn o1_equals_its_truth() {
    prove("O1", 2).await;
    prove("O1", 3).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs VESTING_TEST_RECORDINGS; .ci/run sets it where the recordings are"]
async fn u1_equals_its_truth() {
    prove("U1", 2).await;
    prove("U1", 3).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs VESTING_TEST_RECORDINGS; .ci/run sets it where the recordings are"]
async fn n1_equals_its_truth() {
    prove("N1", 2).await;
    prove("N1", 3).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs VESTING_TEST_RECORDINGS; .ci/run sets it where the recordings are"]
async fn n2_equals_its_truth() {
    prove("N2", 2).await;
    prove("N2", 3).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs VESTING_TEST_RECORDINGS; .ci/run sets it where the recordings are"]
async fn u3_equals_its_truth() {
    prove("U3", 2).await;
    prove("U3", 3).await;
}
