//! What a year of a full subnet holds while it is checked, given and taken: `cargo bench -p vesting-app --bench year`.
//!
//! A simulated subnet of 256 neurons is caught up on epoch by epoch, so the record is one that a daemon could
//! have. Then `vesting db check`, `db export` and `db import` are run on it. Their memory must not grow with
//! the record; `VESTING_YEAR_DAYS` makes it shorter, so that two lengths can be compared.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::cast_precision_loss)] // a benchmark

#[path = "daemon/process.rs"]
mod process;

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

use comfy_table::Table;
use vesting_core::{BlockNumber, BlockchainMonitor, NetUid, Pace};
use vesting_testkit::sim::{Month, SimPort};

const NETUID: NetUid = NetUid(1);
const BLOCKS_A_DAY: u64 = 7_200;
/// The variable that makes the year shorter.
const DAYS: &str = "VESTING_YEAR_DAYS";
/// As many days the simulated chain remembers.
const REMEMBERED: u64 = 3;

/// The record of so many simulated days.
async fn record(path: &Path, days: u64) {
    let blocks = days * BLOCKS_A_DAY;
    let mut life = Month::new(1, NETUID, blocks, Month::operations(days));
    let chain = Arc::new(RwLock::new(life.chain(1, None)));
    let store = vesting_store::open(&url(path)).unwrap();
    let port = Arc::new(SimPort::new(Arc::clone(&chain)));
    let mut monitor = BlockchainMonitor::open(port, store, &[NETUID], 8).await.unwrap();
    let (begun, mut from) = (Instant::now(), BlockNumber(1));
    for day in 1..=days {
        {
            let mut chain = chain.write().unwrap();
            (0..BLOCKS_A_DAY).for_each(|_| life.step(&mut chain));
        }
        let to = BlockNumber(day * BLOCKS_A_DAY);
        monitor.advance(from, to, Pace::CatchingUp, &mut |_| {}).await.unwrap();
        from = to.child();
        let kept = to.0.saturating_sub(REMEMBERED * BLOCKS_A_DAY);
        chain.write().unwrap().forget_before(BlockNumber(kept));
        if day.is_multiple_of(10) {
            eprintln!("{day} days recorded in {:.0} s", begun.elapsed().as_secs_f64());
        }
    }
}

fn url(path: &Path) -> String {
    format!("sqlite://{}", path.display())
}

/// Runs a command in a folder; gives how long it took, and the most memory that it had, in MB.
fn run(folder: &Path, arguments: &[&str]) -> (Duration, f64) {
    let begun = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_vesting"))
        .args(arguments)
        .current_dir(folder)
        // A setting of the benchmark, not of the program.
        .env_remove(DAYS)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut most = 0_f64;
    let status = loop {
        most = most.max(process::memory(child.id(), "VmHWM:"));
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    assert!(status.success(), "vesting {} ends with {status}", arguments.join(" "));
    (begun.elapsed(), most)
}

#[tokio::main]
async fn main() {
    // `cargo test --benches` and `cargo bench -- --test` only want to know that it starts.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let days = std::env::var(DAYS).ok().and_then(|days| days.parse().ok()).unwrap_or(360);
    let folder = tempfile::tempdir().unwrap();
    let [given, taken] = ["given.db", "taken.db"].map(|name| folder.path().join(name));
    record(&given, days).await;
    let file = folder.path().join("record");
    let [from, to, file] = [url(&given), url(&taken), file.to_str().unwrap().to_owned()];
    let mut table = Table::new();
    table.set_header(["command", "s", "MB at most"]);
    for (name, arguments) in [
        ("db check", vec!["db", "check", "--database-url", &from]),
        ("db export", vec!["db", "export", &file, "--netuid", "1", "--database-url", &from]),
        ("db import", vec!["db", "import", &file, "--database-url", &to]),
    ] {
        let (took, most) = run(folder.path(), &arguments);
        eprintln!("{name}: {:.1} s, {most:.0} MB", took.as_secs_f64());
        table.add_row([name.to_owned(), format!("{:.1}", took.as_secs_f64()), format!("{most:.0}")]);
    }
    let size = |path: &Path| std::fs::metadata(path).unwrap().len() / 1_000_000;
    println!("{table}");
    println!(
        "{} epochs of 256 neurons: a database of {} MB, a file of {} MB",
        days * 20,
        size(&given),
        size(Path::new(&file))
    );
}
