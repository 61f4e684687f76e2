//! What a daemon that follows for long holds: `cargo bench -p vesting-app --bench memory`.
//!
//! The real `vesting run` follows a simulated subnet of 256 neurons, whose epochs are 20 blocks apart, block
//! by block. Its memory is told on the way, and what it has once it is started anew: a figure that grows by
//! what a restart gives back is a leak. `VESTING_MEMORY_EPOCHS` and `VESTING_MEMORY_NEURONS` make it shorter
//! or longer.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a benchmark

mod daemon;

use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

use comfy_table::Table;
use vesting_core::ports::StakeStore;
use vesting_core::{BlockNumber, NetUid};
use vesting_testkit::history::History;
use vesting_testkit::node::{NodeHandle, NodeOptions, serve};
use vesting_testkit::sim::{Generation, Month, SimChain, SubnetConfig};

use daemon::{Daemon, setting};

const NETUID: NetUid = NetUid(1);
/// Blocks between epochs.
const TEMPO: u16 = 20;
/// As many epochs the simulated chain remembers.
const REMEMBERED: u64 = 50;
/// As many rows the table has.
const ROWS: u64 = 20;
/// Stake operations of its miners in a hundred epochs.
const OPERATIONS: u64 = 333;

/// The chain, a daemon that follows it, and what that recorded.
struct Trial {
    life: Month,
    sim: SimChain,
    node: NodeHandle,
    store: Arc<dyn StakeStore>,
    daemon: Daemon,
}

impl Trial {
    /// Lets an epoch go by, block by block.
    async fn epoch(&mut self) {
        for _ in 0..TEMPO {
            self.life.step(&mut self.sim);
            self.node.set_head(u32::try_from(self.sim.head().0).unwrap());
            self.daemon.reaches(self.store.as_ref(), NETUID, self.sim.head()).await;
        }
    }

    /// Asks what a validator and a page ask once an epoch.
    async fn ask(&self) {
        let neurons = self.sim.neurons_at(NETUID, self.sim.head());
        let hotkey = neurons
            .get(usize::try_from(self.sim.head().0 / u64::from(TEMPO)).unwrap() % neurons.len())
            .unwrap()
            .hotkey
            .to_string();
        let weights: Vec<f64> = neurons.iter().map(|neuron| 1.0 / f64::from(neuron.uid.0 + 3)).collect();
        let uids: Vec<u16> = neurons.iter().map(|neuron| neuron.uid.0).collect();
        let body = serde_json::json!({ "netuid": NETUID.0, "uids": uids, "weights": weights }).to_string();
        let url = self.daemon.url.clone();
        let asking = tokio::task::spawn_blocking(move || {
            let applied = ureq::post(format!("{url}/v1/weights/apply"))
                .header("Content-Type", "application/json")
                .send(body);
            assert_eq!(applied.unwrap().status(), 200);
            for path in [
                format!("miners?netuid={NETUID}"),
                format!("miners/{hotkey}/history?netuid={NETUID}"),
                format!("digest?netuid={NETUID}"),
            ] {
                let mut answer = ureq::get(format!("{url}/v1/{path}"))
                    .call()
                    .unwrap_or_else(|error| panic!("{path}: {error}"));
                answer.body_mut().read_to_vec().unwrap();
            }
        });
        asking.await.unwrap();
    }

    fn forget(&mut self) {
        let kept = REMEMBERED * u64::from(TEMPO);
        if self.sim.head().0 % kept < u64::from(TEMPO) {
            self.sim.forget_before(BlockNumber(self.sim.head().0.saturating_sub(kept)));
        }
    }

    fn row(&self, table: &mut Table, epochs: u64, begun: Instant) {
        let (now, most) = (self.daemon.memory("VmRSS:"), self.daemon.memory("VmHWM:"));
        eprintln!(
            "{epochs} epochs: {now:.1} MB, at most {most:.1} MB, after {:.0} s",
            begun.elapsed().as_secs_f64()
        );
        table.add_row([
            epochs.to_string(),
            format!("{now:.1}"),
            format!("{most:.1}"),
            format!("{:.0}", begun.elapsed().as_secs_f64()),
        ]);
    }
}

#[tokio::main]
async fn main() {
    // `cargo test --benches` and `cargo bench -- --test` only want to know that it starts.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let epochs = setting("VESTING_MEMORY_EPOCHS", 2_000);
    let neurons = usize::try_from(setting("VESTING_MEMORY_NEURONS", 256)).unwrap();
    let blocks = epochs * u64::from(TEMPO);
    let mut life = Month::of_size(neurons, 1, NETUID, blocks, epochs * OPERATIONS / 100);
    let subnet = SubnetConfig { tempo: TEMPO, ..life.subnet() };
    let history = Arc::new(RwLock::new(History::default()));
    let mut sim = SimChain::of_generation(Generation::Today, 1, &[subnet], Some(Arc::clone(&history)));
    for _ in 0..2 * TEMPO {
        life.step(&mut sim);
    }
    let start_at = u32::try_from(sim.head().0).unwrap();
    let node = serve(
        history,
        NodeOptions { advance: Some(Duration::from_secs(1 << 30)), start_at, ..NodeOptions::default() },
    )
    .await
    .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut daemon = Daemon::start(folder.path(), &node.url(), &[NETUID]);
    let store = daemon.store().await;
    daemon.reaches(store.as_ref(), NETUID, sim.head()).await;

    let mut trial = Trial { life, sim, node, store, daemon };
    let (begun, every) = (Instant::now(), (epochs / ROWS).max(1));
    let mut table = Table::new();
    table.set_header(["epochs", "MB", "at most", "s"]);
    for epoch in 1..=epochs {
        trial.epoch().await;
        trial.ask().await;
        trial.forget();
        if epoch.is_multiple_of(every) {
            trial.row(&mut table, epoch, begun);
        }
    }
    let grown = trial.daemon.memory("VmRSS:");
    trial.daemon.stop();
    trial.daemon = Daemon::start(folder.path(), &trial.node.url(), &[NETUID]);
    for _ in 0..10 {
        trial.epoch().await;
    }
    trial.row(&mut table, epochs + 10, begun);
    println!("{table}");
    let record = std::fs::metadata(folder.path().join("bench.db")).unwrap().len() / 1_000_000;
    let anew = trial.daemon.memory("VmRSS:");
    println!(
        "{neurons} neurons, a record of {record} MB: {grown:.1} MB, and {anew:.1} MB ten epochs after a \
        restart"
    );
}
