//! What a followed block costs, for one subnet and for many: `cargo bench -p vesting-app --bench following`.
//!
//! Every subnet has 256 neurons. CPU time is the whole process's, the simulated node included.

// A benchmark.
#![allow(missing_docs, clippy::panic, clippy::unwrap_used, clippy::expect_used, clippy::cast_precision_loss)]

use std::sync::{Arc, RwLock};
use std::time::Duration;

use comfy_table::Table;
use vesting_chain::{ChainOptions, SubxtChain};
use vesting_core::ports::ChainPort;
use vesting_core::{BlockNumber, BlockchainMonitor, NetUid, Pace};
use vesting_testkit::history::History;
use vesting_testkit::node::{NodeOptions, serve};
use vesting_testkit::sim::{Month, SimChain};

/// Blocks of history before: every subnet has had an epoch.
const BEFORE: u64 = 370;
/// Blocks followed.
const FOLLOWED: u64 = 400;
/// Stake operations a day and subnet, as busy as the month of the other benchmark.
const OPERATIONS: u64 = 67;
const BLOCKS_A_DAY: u64 = 7_200;

/// CPU time of this process so far; clock ticks are 10 ms.
fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let ticks: u64 = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|n| n.parse::<u64>().ok())
        .sum();
    Duration::from_millis(ticks * 10)
}

#[derive(Default)]
struct Sum {
    blocks: u64,
    requests: u64,
    bytes: u64,
    cpu: Duration,
    most: u64,
}

impl Sum {
    fn row(&self, subnets: u16, what: &str) -> [String; 7] {
        let each = self.blocks.max(1) as f64;
        [
            subnets.to_string(),
            what.to_owned(),
            self.blocks.to_string(),
            format!("{:.2}", self.requests as f64 / each),
            self.most.to_string(),
            format!("{:.1}", self.bytes as f64 / each / 1e3),
            format!("{:.1}", self.cpu.as_secs_f64() * 1e3 / each),
        ]
    }
}

async fn follow(subnets: u16) -> [Sum; 2] {
    let netuids: Vec<NetUid> = (1..=subnets).map(NetUid).collect();
    let mut lives: Vec<Month> = netuids
        .iter()
        .map(|netuid| Month::new(u64::from(netuid.0), *netuid, BLOCKS_A_DAY, OPERATIONS))
        .collect();
    let configs: Vec<_> = lives.iter_mut().map(Month::subnet).collect();
    let history = Arc::new(RwLock::new(History::default()));
    let mut sim = SimChain::new(1, &configs, Some(Arc::clone(&history)));
    let mut step = |sim: &mut SimChain| {
        lives.iter_mut().for_each(|life| life.queue(sim));
        sim.step();
    };
    (0..BEFORE).for_each(|_| step(&mut sim));
    let start_at = u32::try_from(BEFORE).unwrap();
    let options =
        NodeOptions { advance: Some(Duration::from_secs(1 << 30)), start_at, ..NodeOptions::default() };
    let node = serve(history, options).await.unwrap();
    let chain = Arc::new(SubxtChain::new(ChainOptions::new(node.url())));
    let folder = tempfile::tempdir().unwrap();
    let store =
        vesting_store::open(&format!("sqlite://{}", folder.path().join("bench.db").display())).unwrap();
    let mut monitor = BlockchainMonitor::open(chain.clone(), store, &netuids, 8).await.unwrap();
    monitor
        .advance(
            BlockNumber(1),
            BlockNumber(BEFORE),
            Pace::EveryBlock { blocks_per_commit: 1_000 },
            &mut |_| {},
        )
        .await
        .unwrap();

    let mut sums = [Sum::default(), Sum::default()];
    for number in BEFORE + 1..=BEFORE + FOLLOWED {
        step(&mut sim);
        let before = (chain.requests().0, node.bytes(), cpu());
        node.set_head(u32::try_from(number).unwrap());
        let head = chain.wait_for_head_above(BlockNumber(number - 1)).await.unwrap();
        let mut epochs = 0;
        monitor
            .advance(BlockNumber(1), head.number, Pace::Following, &mut |state| epochs = state.epochs)
            .await
            .unwrap();
        let sum = &mut sums[usize::from(epochs > 0)];
        let requests = chain.requests().0 - before.0;
        sum.blocks += 1;
        sum.requests += requests;
        sum.most = sum.most.max(requests);
        sum.bytes += node.bytes() - before.1;
        sum.cpu += cpu().saturating_sub(before.2);
    }
    sums
}

#[tokio::main]
async fn main() {
    // `cargo test --benches` and `cargo bench -- --test` only want to know that it starts.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let mut table = Table::new();
    table.set_header(["subnets", "blocks", "number", "requests each", "at most", "KB each", "CPU ms each"]);
    for subnets in [1, 16, 128] {
        let [between, epochs] = follow(subnets).await;
        table.add_row(between.row(subnets, "between epochs"));
        table.add_row(epochs.row(subnets, "with an epoch"));
    }
    println!("{table}");
}
