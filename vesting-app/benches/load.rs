//! The API under load: `cargo bench -p vesting-app --bench load`.
//!
//! The real `vesting run` follows 128 simulated subnets of 256 neurons each; after a while of quiet, 200
//! requests a second ask it for a minute, half of them to apply a validator's weights and half for the miners
//! of a subnet, of all subnets in turn. A request's time counts from when it was due, so none is spared by
//! those before it. What the follower is behind a new head is measured in the quiet and under load.
//! `VESTING_LOAD_SUBNETS`, `VESTING_LOAD_SECONDS` and `VESTING_LOAD_RATE` make it smaller or larger.

// A benchmark.
#![allow(missing_docs, clippy::panic, clippy::unwrap_used, clippy::expect_used, clippy::cast_precision_loss)]

mod daemon;

use std::io::Read;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, RwLock};
use std::time::{Duration, Instant};

use comfy_table::Table;
use vesting_core::ports::StakeStore;
use vesting_core::{BlockNumber, NetUid};
use vesting_testkit::history::History;
use vesting_testkit::node::{NodeHandle, NodeOptions, serve};
use vesting_testkit::sim::{Month, SimChain};

use daemon::{Daemon, setting};

/// Blocks of history before: every subnet has had two epochs.
const BEFORE: u64 = 740;
/// Between two blocks. The chain takes 12 s; four times as many show more epochs in a minute.
const BLOCK: Duration = Duration::from_secs(3);
/// Stake operations a day and subnet.
const OPERATIONS: u64 = 67;
const BLOCKS_A_DAY: u64 = 7_200;
/// Who asks at once.
const THREADS: usize = 16;

/// Lets the chain go on, and gives how long the record was behind each new head.
async fn go_on(
    chain: (&mut SimChain, &mut [Month]),
    node: &NodeHandle,
    store: &dyn StakeStore,
    subnets: u16,
    until: impl Fn(u64) -> bool,
) -> Vec<Duration> {
    let (sim, lives) = chain;
    let mut behind = Vec::new();
    let mut blocks = 0;
    while until(blocks) {
        let begun = Instant::now();
        lives.iter_mut().for_each(|life| life.queue(sim));
        sim.step();
        let head = sim.head();
        let made = Instant::now();
        node.set_head(u32::try_from(head.0).unwrap());
        for netuid in (1..=subnets).map(NetUid) {
            while store.watermark(netuid).await.unwrap().is_none_or(|mark| mark.block.number < head) {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        }
        behind.push(made.elapsed());
        tokio::time::sleep(BLOCK.saturating_sub(begun.elapsed())).await;
        blocks += 1;
    }
    behind
}

/// What came of the requests.
#[derive(Default)]
struct Outcome {
    apply: Vec<Duration>,
    miners: Vec<Duration>,
    failed: Vec<String>,
    bytes: u64,
}

/// Asks as often as wanted for as long as wanted.
fn ask(url: &str, bodies: &[String], rate: u64, seconds: u64) -> Outcome {
    let (next, outcome) = (AtomicU64::new(0), Mutex::new(Outcome::default()));
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                let agent: ureq::Agent =
                    ureq::Agent::config_builder().http_status_as_error(false).build().into();
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= rate * seconds {
                        return;
                    }
                    let due = begun + Duration::from_micros(number * 1_000_000 / rate);
                    std::thread::sleep(due.saturating_duration_since(Instant::now()));
                    let subnet = usize::try_from(number / 2).unwrap() % bodies.len();
                    let applies = number.is_multiple_of(2);
                    let answer = match applies {
                        true => agent
                            .post(format!("{url}/v1/weights/apply"))
                            .header("Content-Type", "application/json")
                            .send(bodies[subnet].as_str()),
                        false => agent.get(format!("{url}/v1/miners?netuid={}", subnet + 1)).call(),
                    };
                    let mut text = String::new();
                    let failed = match answer {
                        Err(error) => Some(error.to_string()),
                        Ok(mut answer) => {
                            let read = answer.body_mut().as_reader().read_to_string(&mut text);
                            (answer.status() != 200 || read.is_err())
                                .then(|| format!("{}: {text}", answer.status()))
                        }
                    };
                    let took = due.elapsed();
                    let mut outcome = outcome.lock().unwrap();
                    outcome.bytes += text.len() as u64;
                    if applies {
                        outcome.apply.push(took)
                    } else {
                        outcome.miners.push(took)
                    }
                    outcome.failed.extend(failed);
                }
            });
        }
    });
    outcome.into_inner().unwrap()
}

fn quantile(all: &mut [Duration], part: f64) -> String {
    all.sort_unstable();
    let place = (all.len().saturating_sub(1)) as f64 * part;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // within the list
    let found = all.get(place.round() as usize).copied().unwrap_or_default();
    format!("{:.1}", found.as_secs_f64() * 1e3)
}

fn row(table: &mut Table, what: &str, all: &mut [Duration]) {
    let figures = [0.5, 0.9, 0.99, 1.0].map(|part| quantile(all, part));
    table.add_row([what.to_owned(), all.len().to_string()].into_iter().chain(figures));
}

#[tokio::main]
async fn main() {
    // `cargo test --benches` and `cargo bench -- --test` only want to know that it starts.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let subnets = u16::try_from(setting("VESTING_LOAD_SUBNETS", 128)).unwrap();
    let (rate, seconds) = (setting("VESTING_LOAD_RATE", 200), setting("VESTING_LOAD_SECONDS", 60));
    let netuids: Vec<NetUid> = (1..=subnets).map(NetUid).collect();
    let mut lives: Vec<Month> = netuids
        .iter()
        .map(|netuid| Month::new(u64::from(netuid.0), *netuid, BLOCKS_A_DAY, OPERATIONS))
        .collect();
    let configs: Vec<_> = lives.iter_mut().map(Month::subnet).collect();
    let history = Arc::new(RwLock::new(History::default()));
    let mut sim = SimChain::new(1, &configs, Some(Arc::clone(&history)));
    for _ in 0..BEFORE {
        lives.iter_mut().for_each(|life| life.queue(&mut sim));
        sim.step();
    }
    let start_at = u32::try_from(BEFORE).unwrap();
    let node = serve(
        history,
        NodeOptions { advance: Some(Duration::from_secs(1 << 30)), start_at, ..NodeOptions::default() },
    )
    .await
    .unwrap();

    let folder = tempfile::tempdir().unwrap();
    let mut daemon = Daemon::start(folder.path(), &node.url(), &netuids);
    let (url, store, begun) = (daemon.url.clone(), daemon.store().await, Instant::now());
    for netuid in &netuids {
        daemon.reaches(store.as_ref(), *netuid, BlockNumber(BEFORE)).await;
    }
    eprintln!("{subnets} subnets caught up on in {:.1} s", begun.elapsed().as_secs_f64());
    let bodies: Vec<String> = netuids
        .iter()
        .map(|netuid| {
            let neurons = sim.neurons_at(*netuid, sim.head());
            let (uids, hotkeys): (Vec<u16>, Vec<String>) =
                neurons.iter().map(|n| (n.uid.0, n.hotkey.to_string())).unzip();
            let weights: Vec<f64> = uids.iter().map(|uid| 1.0 / f64::from(uid + 3)).collect();
            serde_json::json!({ "netuid": netuid.0, "uids": uids, "hotkeys": hotkeys, "weights": weights })
                .to_string()
        })
        .collect();
    let quiet_memory = daemon.memory("VmHWM:");
    let mut quiet = go_on((&mut sim, &mut lives), &node, store.as_ref(), subnets, |blocks| blocks < 10).await;
    let done = Arc::new(AtomicBool::new(false));
    let asking = {
        let done = Arc::clone(&done);
        tokio::task::spawn_blocking(move || {
            let outcome = ask(&url, &bodies, rate, seconds);
            done.store(true, Ordering::Relaxed);
            outcome
        })
    };
    let mut loaded =
        go_on((&mut sim, &mut lives), &node, store.as_ref(), subnets, |_| !done.load(Ordering::Relaxed))
            .await;
    let mut outcome = asking.await.unwrap();

    let mut table = Table::new();
    table.set_header(["ms", "number", "median", "p90", "p99", "slowest"]);
    row(&mut table, "POST /v1/weights/apply", &mut outcome.apply);
    row(&mut table, "GET /v1/miners", &mut outcome.miners);
    row(&mut table, "behind a new head, in the quiet", &mut quiet);
    row(&mut table, "behind a new head, under load", &mut loaded);
    println!("{table}");
    println!(
        "{subnets} subnets, {rate} requests/s for {seconds} s: {} failed, {:.1} MB answered; memory at most \
        {:.0} MB before, {:.0} MB in all",
        outcome.failed.len(),
        outcome.bytes as f64 / 1e6,
        quiet_memory,
        daemon.memory("VmHWM:")
    );
    outcome.failed.iter().take(5).for_each(|why| println!("failed: {why}"));
}
