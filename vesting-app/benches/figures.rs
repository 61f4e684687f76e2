//! What the figures cost once they are recorded: `cargo bench -p vesting-app --bench figures`.
//!
//! A full subnet over a month, caught up on in memory into both stores. `VESTING_BENCH_DAYS` shortens the
//! history.

// A benchmark.
#![allow(missing_docs, clippy::panic, clippy::unwrap_used, clippy::expect_used, clippy::cast_precision_loss)]

use std::collections::BTreeMap;
use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

use comfy_table::Table;
use vesting_core::kept::{Kept, kept};
use vesting_core::multiplier::multiplier;
use vesting_core::policy::{Policy, UnattributedRule};
use vesting_core::ports::StakeStore;
use vesting_core::{BlockNumber, BlockchainMonitor, MemoryStore, NetUid, Pace, StakeTracker};
use vesting_testkit::sim::{Month, SimPort};

const NETUID: NetUid = NetUid(7);
const BLOCKS_A_DAY: u64 = 7_200;
/// Subnets of the whole chain.
const SUBNETS: u32 = 128;

/// The median of several runs.
async fn median<F: Future>(runs: usize, mut run: impl FnMut() -> F) -> Duration {
    let mut took = Vec::with_capacity(runs);
    for _ in 0..runs {
        let started = Instant::now();
        std::hint::black_box(run().await);
        took.push(started.elapsed());
    }
    took.sort_unstable();
    took[runs / 2]
}

fn shown(took: Duration) -> String {
    format!("{:.3} ms", took.as_secs_f64() * 1e3)
}

#[tokio::main]
async fn main() {
    // `cargo test --benches` and `cargo bench -- --test` only want to know that it starts.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let days: u64 = std::env::var("VESTING_BENCH_DAYS").ok().and_then(|days| days.parse().ok()).unwrap_or(30);
    let blocks = days * BLOCKS_A_DAY;
    let mut month = Month::new(1, NETUID, blocks, Month::operations(days));
    let mut chain = month.chain(1, None);
    (0..blocks).for_each(|_| month.step(&mut chain));
    let chain = Arc::new(RwLock::new(chain));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bench.db");
    let memory: Arc<dyn StakeStore> = Arc::new(MemoryStore::new());
    let sqlite = vesting_store::open(&format!("sqlite://{}", path.display())).unwrap();
    for store in [&memory, &sqlite] {
        let port = Arc::new(SimPort::new(Arc::clone(&chain)));
        let mut monitor = BlockchainMonitor::open(port, Arc::clone(store), &[NETUID], 8).await.unwrap();
        monitor.advance(BlockNumber(1), BlockNumber(blocks), Pace::CatchingUp, &mut |_| {}).await.unwrap();
    }
    let policy = Policy::default();
    let entries = memory.entries(NETUID, BlockNumber(0), BlockNumber(blocks)).await.unwrap().len();
    let (report, state) = StakeTracker::new(memory.clone()).state(NETUID, &policy, None).await.unwrap();
    let (window, holders) = (report.window.clone(), state.ledger.holders.clone());
    let tranches = state.ledger.histories(UnattributedRule::default());
    let miners = report.miners.len();

    let condensed = kept(&window, &holders, &tranches, UnattributedRule::default());
    let condense =
        median(5, || async { kept(&window, &holders, &tranches, UnattributedRule::default()).len() }).await;
    let figures = median(101, || async {
        let holding = |kept: &Kept| kept.holding(&window, &policy, &BTreeMap::new()).unwrap();
        condensed.values().map(|kept| multiplier(&holding(kept), &policy).factor.0).sum::<u64>()
    })
    .await;
    let replay = median(5, || async { state.ledger.tranches(UnattributedRule::default()).len() }).await;
    let from = async |store: &Arc<dyn StakeStore>| {
        let tracker = StakeTracker::new(store.clone());
        median(5, || tracker.report(NETUID, &policy, None)).await
    };
    let (from_memory, from_sqlite) = (from(&memory).await, from(&sqlite).await);
    let resumed = median(5, || sqlite.ledger_state(NETUID)).await;
    let size = std::fs::metadata(&path).unwrap().len();
    let bytes = condensed
        .values()
        .map(|kept| size_of_val(kept) + size_of_val(kept.rewards.as_slice()))
        .sum::<usize>();

    println!(
        "{days} days, {miners} neurons, {} holders, {entries} entries, {} tranches in the window",
        holders.len(),
        tranches.len()
    );
    let mut table = Table::new();
    table.set_header(["what", "takes", "a neuron"]);
    let per = |took: Duration| format!("{:.1} µs", took.as_secs_f64() * 1e6 / miners as f64);
    for (what, took) in [
        ("multipliers of all from their tranches in memory", figures),
        ("these condensed from what left each tranche", condense),
        ("tranches from the window's ledger in memory", replay),
        ("a report from a record in memory", from_memory),
        ("a report from a record in SQLite", from_sqlite),
        ("the state to go on from, from SQLite", resumed),
    ] {
        table.add_row([what.to_owned(), shown(took), per(took)]);
    }
    println!("{table}");
    println!(
        "the state of {SUBNETS} such subnets, one after the other: {:.1} s; rewards of the window take {} \
        KB a neuron, the database {:.1} MB",
        (resumed * SUBNETS).as_secs_f64(),
        bytes / 1024 / miners,
        size as f64 / 1e6
    );
}
