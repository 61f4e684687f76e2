//! One wrong answer changes no record, whatever is wrong with it and whenever it comes.

use std::sync::{Arc, RwLock};

use vesting_core::ports::{Commit, WholeRecord};
use vesting_core::{BlockNumber, BlockchainMonitor, MemoryStore, Pace};
use vesting_testkit::liar::{Liar, Lie};
use vesting_testkit::sim::{RandomLife, Rng, SimChain, SimPort};

use crate::{lived, renamed};

/// The record of a chain that is read past a liar, and how many reads that took.
async fn recorded(chain: &SimPort, last: BlockNumber, pace: Pace, lie: Lie, at: u64) -> (Vec<Commit>, u64) {
    let liar = Arc::new(Liar::new(Arc::new(chain.clone()), lie, at));
    let store = Arc::new(MemoryStore::new());
    let mut monitor = None;
    for _ in 0..4 {
        // Transient errors are retried, as a follower does.
        let done = async {
            if monitor.is_none() {
                monitor = Some(
                    BlockchainMonitor::open(liar.clone(), store.clone(), &RandomLife::NETUIDS, 4).await?,
                );
            }
            let Some(monitor) = monitor.as_mut() else { return Ok(()) };
            monitor.advance(BlockNumber(1), last, pace, &mut |_| {}).await?;
            monitor.observe().await
        };
        match done.await {
            Ok(()) => break,
            Err(error) => assert!(error.is_passing(), "{lie:?} in read {at}: {error}"),
        }
    }
    let mut records = Vec::new();
    for netuid in RandomLife::NETUIDS {
        let mut record = store.record(netuid).await.unwrap();
        if let (Some(record), Pace::CatchingUp) = (&mut record, pace) {
            // These say what happened in the blocks that were read. After a lie one more block may be read,
            // so they are not compared.
            record.interval.operations.clear();
            record.interval.anywhere = 0;
        }
        records.extend(record);
    }
    (records, liar.reads())
}

/// The first lines in which two records differ.
fn first_difference(found: &[Commit], expected: &[Commit]) -> String {
    let [found, expected] = [found, expected].map(|records| format!("{records:#?}"));
    let differs =
        found.lines().zip(expected.lines()).enumerate().find(|(_, (found, expected))| found != expected);
    let Some((at, (other, right))) = differs else { return "one has more than the other".into() };
    let before: Vec<&str> = expected.lines().take(at).skip(at.saturating_sub(12)).collect();
    format!("{}\nfound:    {other}\nexpected: {right}", before.join("\n"))
}

/// Tells each lie this many times.
async fn nothing_changes(seed: u64, chain: SimChain, times: u32) {
    let last = chain.head();
    let port = SimPort::new(Arc::new(RwLock::new(chain)));
    let mut rng = Rng::new(seed);
    for pace in [Pace::Following, Pace::CatchingUp] {
        let (expected, reads) = recorded(&port, last, pace, Lie::Time, u64::MAX).await;
        for lie in Lie::ALL {
            for _ in 0..times {
                let at = rng.below(reads);
                let (found, _) = recorded(&port, last, pace, lie, at).await;
                assert!(
                    found == expected,
                    "seed {seed}, {pace:?}: {lie:?} in read {at} of {reads}:\n{}",
                    first_difference(&found, &expected)
                );
            }
        }
    }
}

#[tokio::test]
async fn one_wrong_answer_changes_nothing() {
    for seed in 0..3 {
        nothing_changes(seed, lived(seed, 120), 8).await;
        nothing_changes(seed, renamed(seed, 120), 8).await;
    }
}

#[tokio::test]
#[ignore = "takes as long as it is given seeds for"]
async fn hunt_for_a_wrong_answer_that_changes_something() {
    for seed in crate::hunt::seeds() {
        nothing_changes(
            seed,
            if seed.is_multiple_of(2) { lived(seed, 150) } else { renamed(seed, 150) },
            100,
        )
        .await;
    }
}
