//! What catching up costs, next to reading every block: `cargo bench -p vesting-app`.
//!
//! Everything is measured in one run against the simulated node on loopback; figures of different
//! machines differ, their ratios hardly. `VESTING_BENCH_DAYS` shortens the history.

// A benchmark.
#![allow(missing_docs, clippy::panic, clippy::unwrap_used, clippy::expect_used, clippy::cast_precision_loss)]

use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

use comfy_table::Table;
use vesting_chain::{ChainOptions, SubxtChain};
use vesting_core::{BlockNumber, BlockchainMonitor, NetUid, Pace, Progress};
use vesting_testkit::fault::Fault;
use vesting_testkit::history::History;
use vesting_testkit::node::{NodeHandle, NodeOptions, serve};
use vesting_testkit::sim::{Generation, Month};

const NETUID: NetUid = NetUid(7);
const BLOCKS_A_DAY: u64 = 7_200;
/// What the provider that meters storage work allows.
const KEYS_A_SECOND: u32 = 3_000;

struct Run {
    what: &'static str,
    in_flight: usize,
    latency: Duration,
    blocks: u64,
    progress: Progress,
    requests: u64,
    keys: u64,
    bytes: u64,
    methods: Vec<(&'static str, u64)>,
    took: Duration,
}

/// How a node is asked.
struct Way<'a> {
    what: &'static str,
    history: &'a Arc<RwLock<History>>,
    pace: Pace,
    blocks: u64,
    in_flight: usize,
    latency_ms: u64,
    faults: Vec<Fault>,
}

async fn run(way: Way<'_>) -> Run {
    let Way { what, history, pace, blocks, in_flight, latency_ms, faults } = way;
    let latency = Duration::from_millis(latency_ms);
    let node: NodeHandle =
        serve(Arc::clone(history), NodeOptions { latency, faults, ..NodeOptions::default() }).await.unwrap();
    let options = ChainOptions { max_requests_in_flight: in_flight, ..ChainOptions::new(node.url()) };
    let chain = Arc::new(SubxtChain::new(options));
    let folder = tempfile::tempdir().unwrap();
    let store =
        vesting_store::open(&format!("sqlite://{}", folder.path().join("bench.db").display())).unwrap();
    let started = Instant::now();
    let mut monitor = BlockchainMonitor::open(chain.clone(), store, &[NETUID], in_flight).await.unwrap();
    let mut progress =
        Progress { block: BlockNumber(0), to: BlockNumber(blocks), epochs: 0, operations: 0, entries: 0 };
    monitor.advance(BlockNumber(1), BlockNumber(blocks), pace, &mut |state| progress = state).await.unwrap();
    monitor.observe().await.unwrap();
    let methods = chain.calls().into_iter().map(|calls| (calls.method, calls.made)).collect();
    let (requests, keys, bytes, took) = (chain.requests().0, node.keys(), node.bytes(), started.elapsed());
    Run { what, in_flight, latency, blocks, progress, requests, keys, bytes, methods, took }
}

#[tokio::main]
async fn main() {
    // `cargo test --benches` and `cargo bench -- --test` only want to know that it starts.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let days: u64 = std::env::var("VESTING_BENCH_DAYS").ok().and_then(|days| days.parse().ok()).unwrap_or(30);
    let blocks = days * BLOCKS_A_DAY;
    let operations = Month::operations(days);
    let started = Instant::now();
    let [before, today] = [Generation::Present, Generation::Today].map(|generation| {
        let history = Arc::new(RwLock::new(History::default()));
        let mut month = Month::new(1, NETUID, blocks, operations);
        let mut sim = month.chain_of(generation, 1, Some(Arc::clone(&history)));
        (0..blocks).for_each(|_| month.step(&mut sim));
        history
    });
    println!(
        "simulated {blocks} blocks, {} neurons, about {operations} stake operations of miners, as many of \
         others, half as many other \
         extrinsics of miners, on spec 425 and on spec 475, in {:.1} s",
        Month::NEURONS,
        started.elapsed().as_secs_f64()
    );

    let short = (BLOCKS_A_DAY / 2).min(blocks);
    let every = Pace::EveryBlock { blocks_per_commit: 1_000 };
    // The public archive is slow: a twelfth of the history tells its pace.
    let slow = (blocks / 12).max(short);
    let way = |what, history, in_flight, latency_ms| Way {
        what,
        history,
        pace: Pace::CatchingUp,
        blocks,
        in_flight,
        latency_ms,
        faults: Vec::new(),
    };
    let runs = [
        run(way("catch-up", &today, 64, 50)).await,
        run(way("spec 425, which points to operations", &before, 64, 50)).await,
        run(way("catch-up", &today, 8, 50)).await,
        run(Way { blocks: slow, ..way("catch-up", &today, 8, 600) }).await,
        run(Way {
            blocks: short,
            faults: vec![Fault::KeysPerSecond(KEYS_A_SECOND)],
            ..way("metered", &today, 64, 50)
        })
        .await,
        run(Way { blocks: short, pace: every, ..way("every block", &today, 64, 50) }).await,
    ];
    let mut table = Table::new();
    table.set_header([
        "",
        "in flight",
        "latency",
        "blocks",
        "epochs",
        "operations",
        "entries",
        "requests",
        "keys",
        "MB",
        "seconds",
        "requests/day",
        "s/day",
    ]);
    for run in &runs {
        let days = run.blocks as f64 / BLOCKS_A_DAY as f64;
        table.add_row([
            run.what.to_owned(),
            run.in_flight.to_string(),
            format!("{} ms", run.latency.as_millis()),
            run.blocks.to_string(),
            run.progress.epochs.to_string(),
            run.progress.operations.to_string(),
            run.progress.entries.to_string(),
            run.requests.to_string(),
            run.keys.to_string(),
            format!("{:.1}", run.bytes as f64 / 1e6),
            format!("{:.2}", run.took.as_secs_f64()),
            format!("{:.0}", run.requests as f64 / days),
            format!("{:.2}", run.took.as_secs_f64() / days),
        ]);
    }
    println!("{table}");
    let methods: Vec<String> =
        runs[0].methods.iter().map(|(method, made)| format!("{made} {method}")).collect();
    println!("the first: {}", methods.join(", "));
    let (sparse, dense) = (&runs[0], &runs[5]);
    let scale = sparse.blocks as f64 / dense.blocks as f64;
    println!(
        "every block, scaled by blocks from {} to {}: {:.0} requests and {:.0} s, {:.1} times the requests \
        and {:.1} times the time of catching up",
        dense.blocks,
        sparse.blocks,
        dense.requests as f64 * scale,
        dense.took.as_secs_f64() * scale,
        dense.requests as f64 * scale / sparse.requests as f64,
        dense.took.as_secs_f64() * scale / sparse.took.as_secs_f64(),
    );
    // Where nothing points to an operation, each request tells of one block whether it was before it or
    // after: to find n blocks among N takes log2 of N over n of them. Then its events are read, and three
    // requests an epoch.
    let (epochs, found) = (sparse.progress.epochs as f64, sparse.progress.operations as f64);
    let searched = found * ((sparse.blocks as f64 / found.max(1.0)).log2() + std::f64::consts::LOG2_E);
    let floor = 3.0 * epochs + found + searched;
    println!(
        "the floor of 3 requests an epoch, 1 a block in which something happened, and {searched:.0} to find \
        those is {floor:.0}; catching up took {:.2} times that",
        sparse.requests as f64 / floor
    );
}
