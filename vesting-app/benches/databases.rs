//! What a record costs in each database: `cargo bench -p vesting-app --bench databases`.
//!
//! A year of one full subnet, and a month of all 128, written as catching up writes them, an epoch a
//! transaction, and then asked as the API asks. The month is a simulated one, caught up on; years and subnets
//! are its copies. `VESTING_BENCH_DAYS`, `VESTING_BENCH_MONTHS` and `VESTING_BENCH_SUBNETS` make it smaller.
//! PostgreSQL is the server that `VESTING_BENCH_POSTGRES_URL` names (in an empty schema), or one from the
//! programs on this machine. Figures are told as they come, and in two tables at the end.

// A benchmark.
#![allow(missing_docs, clippy::panic, clippy::unwrap_used, clippy::expect_used, clippy::cast_precision_loss)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

use comfy_table::Table;
use vesting_core::policy::Policy;
use vesting_core::ports::{Commit, StakeStore, TranchePage};
use vesting_core::{
    BlockHash, BlockNumber, BlockRef, BlockchainMonitor, Coldkey, HolderQuery, MemoryStore, NetUid, Pace,
    StakeTracker, VestingStats,
};
use vesting_testkit::postgres::{Database, Server};
use vesting_testkit::sim::{Month, SimPort};

const BLOCKS_A_DAY: u64 = 7_200;
const BLOCK_MS: u64 = 12_000;
/// The subnet with the year.
const YEAR: NetUid = NetUid(1_000);
/// One of those with a month.
const MONTH: NetUid = NetUid(64);
/// As a server of some size would be set up; commits reach the disk.
const SERVER: &str = "fsync = on\nshared_buffers = 1GB\nmax_wal_size = 4GB\ncheckpoint_timeout = 15min";

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

/// The record of a simulated month.
async fn month(days: u64) -> Commit {
    let (netuid, blocks) = (NetUid(1), days * BLOCKS_A_DAY);
    let mut month = Month::new(1, netuid, blocks, Month::operations(days));
    let mut chain = month.chain(1, None);
    (0..blocks).for_each(|_| month.step(&mut chain));
    let port = Arc::new(SimPort::new(Arc::new(RwLock::new(chain))));
    let store: Arc<dyn StakeStore> = Arc::new(MemoryStore::new());
    let mut monitor = BlockchainMonitor::open(port, Arc::clone(&store), &[netuid], 8).await.unwrap();
    monitor.advance(BlockNumber(1), BlockNumber(blocks), Pace::CatchingUp, &mut |_| {}).await.unwrap();
    store.record(netuid).await.unwrap().unwrap()
}

/// Takes the rows up to a block.
fn take<T>(rows: &mut Vec<T>, to: BlockNumber, block: impl Fn(&T) -> BlockNumber) -> Vec<T> {
    let (taken, rest) = std::mem::take(rows).into_iter().partition(|row| block(row) <= to);
    *rows = rest;
    taken
}

/// A record as the commits that made it, an epoch each.
fn cut(mut record: Commit) -> Vec<Commit> {
    let epochs = std::mem::take(&mut record.epochs);
    let mut parent = None;
    let mut commits = Vec::new();
    for epoch in epochs {
        let block = epoch.epoch.block.number;
        let mut watermark = record.watermark;
        (watermark.block, watermark.time, watermark.observed) = (epoch.epoch.block, epoch.epoch.time, block);
        let mut commit = Commit::without_rows(record.netuid, parent, watermark, record.interval.clone());
        commit.interval.from = Some(block);
        commit.entries = take(&mut record.entries, block, |row| row.block);
        let later = record.times.split_off(&block.child());
        commit.times = std::mem::replace(&mut record.times, later);
        commit.holders = take(&mut record.holders, block, |row| row.since);
        commit.balance_changes = take(&mut record.balance_changes, block, |row| row.to);
        commit.skipped = take(&mut record.skipped, block, |row| row.block);
        commit.snapshots = take(&mut record.snapshots, block, |row| row.block);
        commit.locks = take(&mut record.locks, block, |row| row.block);
        commit.neurons = take(&mut record.neurons, block, |row| row.block);
        commit.successions = take(&mut record.successions, block, |row| row.block);
        commit.tranches = take(&mut record.tranches, block, |row| row.id.block);
        commit.exits = take(&mut record.exits, block, |row| row.by.block);
        commit.epochs = vec![epoch];
        parent = Some(watermark.block);
        commits.push(commit);
    }
    commits
}

fn rows(commit: &Commit) -> usize {
    commit.entries.len()
        + commit.times.len()
        + commit.holders.len()
        + commit.epochs.iter().map(|epoch| 1 + epoch.changes.len()).sum::<usize>()
        + commit.balance_changes.len()
        + commit.skipped.len()
        + commit.snapshots.len()
        + commit.locks.len()
        + commit.neurons.len()
        + commit.successions.len()
        + commit.tranches.len()
        + commit.exits.len()
}

/// The same on another subnet, so many months later.
fn moved(commit: &Commit, netuid: NetUid, months: u64, days: u64, parent: Option<BlockRef>) -> Commit {
    let (blocks, millis) = (months * days * BLOCKS_A_DAY, months * days * BLOCKS_A_DAY * BLOCK_MS);
    let mut commit = commit.clone();
    (commit.netuid, commit.parent) = (netuid, parent);
    commit.watermark.block.number.0 += blocks;
    commit.watermark.time.0 += millis;
    commit.watermark.observed.0 += blocks;
    commit.interval.from = commit.interval.from.map(|from| BlockNumber(from.0 + blocks));
    for entry in &mut commit.entries {
        entry.netuid = netuid;
        entry.block.0 += blocks;
    }
    commit.times = commit
        .times
        .into_iter()
        .map(|(block, time)| (BlockNumber(block.0 + blocks), vesting_core::Millis(time.0 + millis)))
        .collect();
    for record in &mut commit.epochs {
        record.epoch.block.number.0 += blocks;
        record.epoch.pre_block.number.0 += blocks;
        record.epoch.time.0 += millis;
    }
    for change in &mut commit.balance_changes {
        change.from.0 += blocks;
        change.to.0 += blocks;
    }
    commit.skipped.iter_mut().for_each(|slot| slot.block.0 += blocks);
    commit.snapshots.iter_mut().for_each(|row| row.block.0 += blocks);
    commit.locks.iter_mut().for_each(|row| row.block.0 += blocks);
    commit.neurons.iter_mut().for_each(|row| row.block.0 += blocks);
    commit.successions.iter_mut().for_each(|row| row.block.0 += blocks);
    for tranche in &mut commit.tranches {
        tranche.netuid = netuid;
        tranche.id.block.0 += blocks;
        tranche.time.0 += millis;
    }
    for exit in &mut commit.exits {
        exit.netuid = netuid;
        exit.tranche.block.0 += blocks;
        exit.by.block.0 += blocks;
    }
    if months > 0 {
        // Known already.
        commit.holders.clear();
    }
    commit
}

/// Writes so many months; gives the rows and how long that took.
async fn write(
    store: &dyn StakeStore,
    commits: &[Commit],
    netuid: NetUid,
    months: u64,
    days: u64,
) -> (usize, Duration) {
    let (mut parent, mut count, mut took) = (None, 0, Duration::ZERO);
    for month in 0..months {
        for commit in commits {
            let commit = moved(commit, netuid, month, days, parent);
            parent = Some(commit.watermark.block);
            count += rows(&commit);
            let started = Instant::now();
            store.commit(&commit).await.unwrap();
            took += started.elapsed();
        }
    }
    (count, took)
}

/// The median of several runs, and the slowest.
async fn timed<F: Future>(runs: usize, mut run: impl FnMut() -> F) -> String {
    let mut took = Vec::with_capacity(runs);
    for _ in 0..runs {
        let started = Instant::now();
        std::hint::black_box(run().await);
        took.push(started.elapsed());
    }
    took.sort_unstable();
    format!("{:.1} ({:.1})", took[runs / 2].as_secs_f64() * 1e3, took[runs - 1].as_secs_f64() * 1e3)
}

/// What the API asks, with how long each takes.
async fn ask(store: &Arc<dyn StakeStore>, netuid: NetUid) -> Vec<(&'static str, String)> {
    let policy = Policy::default();
    let tracker = StakeTracker::new(store.clone());
    let report = tracker.report(netuid, &policy, None).await.unwrap();
    let whom = HolderQuery::Account(report.miners[100].neuron.hotkey);
    let end = report.window.as_of.block.number;
    let some = BlockNumber(end.0.saturating_sub(BLOCKS_A_DAY));
    let coldkeys: BTreeSet<Coldkey> =
        store.holders(netuid).await.unwrap().iter().map(|holder| holder.coldkey).collect();
    let one = coldkeys.iter().take(1).copied().collect();
    vec![
        ("the watermark", timed(51, || store.watermark(netuid)).await),
        ("20 epochs with their changes", timed(9, || store.epochs(netuid, some, end)).await),
        ("the list of all epochs", timed(9, || store.epoch_list(netuid, BlockNumber(0), end)).await),
        ("entries of a day", timed(9, || store.entries(netuid, some, end)).await),
        ("positions a day ago", timed(9, || store.positions_at(netuid, some)).await),
        ("report (miners, weights, digest)", timed(5, || tracker.report(netuid, &policy, None)).await),
        ("stats of a report", timed(5, || VestingStats::read(store.as_ref(), &report)).await),
        (
            "history of a miner, 20 epochs",
            timed(5, || tracker.history(netuid, &policy, whom, None, 20)).await,
        ),
        ("the state to go on from", timed(5, || store.ledger_state(netuid)).await),
        (
            "open tranches of all holders",
            timed(3, || store.open_tranches(netuid, &coldkeys, &TranchePage::ALL)).await,
        ),
        (
            "open tranches of one holder",
            timed(9, || store.open_tranches(netuid, &one, &TranchePage::ALL)).await,
        ),
    ]
}

struct Measured {
    written: Vec<(String, String)>,
    asked: Vec<(String, String)>,
}

async fn measure(
    name: &str,
    store: Arc<dyn StakeStore>,
    commits: &[Commit],
    days: u64,
    size: impl Fn() -> u64,
) -> Measured {
    let (months, subnets) = (setting("VESTING_BENCH_MONTHS", 12), setting("VESTING_BENCH_SUBNETS", 128));
    store.bind_chain(BlockHash([7; 32])).await.unwrap();
    let (mut written, mut asked) = (Vec::new(), Vec::new());
    let mut tell = |what: String, (rows, took): (usize, Duration), bytes: u64, months: u64| {
        let seconds = took.as_secs_f64();
        eprintln!("{name}: {what}, {rows} rows in {seconds:.1} s, {:.1} MB", bytes as f64 / 1e6);
        written.push((format!("{what}: rows"), rows.to_string()));
        written.push((format!("{what}: rows/s"), format!("{:.0}", rows as f64 / seconds)));
        written.push((
            format!("{what}: epochs/s"),
            format!("{:.0}", (commits.len() as u64 * months) as f64 / seconds),
        ));
        written.push((
            format!("{what}: MB a subnet and month"),
            format!("{:.1}", bytes as f64 / 1e6 / months as f64 * 30.0 / days as f64),
        ));
    };
    let before = size();
    let year = write(store.as_ref(), commits, YEAR, months, days).await;
    let after = size();
    tell(format!("{months} months of one subnet"), year, after - before, months);
    for (what, took) in ask(&store, YEAR).await {
        eprintln!("{name}: {what}, {took} ms");
        asked.push((format!("{months} months of one: {what}"), took));
    }
    let mut all = (0, Duration::ZERO);
    for netuid in 1..=u16::try_from(subnets).unwrap() {
        let (rows, took) = write(store.as_ref(), commits, NetUid(netuid), 1, days).await;
        all = (all.0 + rows, all.1 + took);
    }
    tell(format!("a month of {subnets} subnets"), all, size() - after, subnets);
    for (what, took) in ask(&store, NetUid(MONTH.0.min(u16::try_from(subnets).unwrap()))).await {
        eprintln!("{name}: {what}, {took} ms");
        asked.push((format!("one of {subnets} with a month: {what}"), took));
    }
    Measured { written, asked }
}

fn files(folder: &Path) -> u64 {
    std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().metadata().unwrap().len()).sum()
}

#[tokio::main]
async fn main() {
    // `cargo test --benches` and `cargo bench -- --test` only want to know that it starts.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let days = setting("VESTING_BENCH_DAYS", 30);
    let commits = cut(month(days).await);
    let mut figures: BTreeMap<&str, Measured> = BTreeMap::new();
    {
        let folder = tempfile::tempdir().unwrap();
        let store =
            vesting_store::open(&format!("sqlite://{}", folder.path().join("bench.db").display())).unwrap();
        figures.insert("SQLite", measure("SQLite", store, &commits, days, || files(folder.path())).await);
    }
    {
        let named = std::env::var("VESTING_BENCH_POSTGRES_URL").ok();
        let server = if named.is_none() {
            Some(Server::start(SERVER).expect("a PostgreSQL server to measure"))
        } else {
            None
        };
        let database = server.as_ref().map(|server| Database::on(&server.url()));
        let url = named.unwrap_or_else(|| database.as_ref().unwrap().url.clone());
        let store = vesting_store::open(&url).unwrap();
        figures.insert(
            "PostgreSQL",
            measure("PostgreSQL", store, &commits, days, || vesting_testkit::postgres::size(&url)).await,
        );
    }
    let (sqlite, postgres) = (&figures["SQLite"], &figures["PostgreSQL"]);
    let mut table = Table::new();
    table.set_header(["written", "SQLite", "PostgreSQL"]);
    for ((what, one), (_, other)) in sqlite.written.iter().zip(&postgres.written) {
        table.add_row([what, one, other]);
    }
    println!("{table}");
    let mut table = Table::new();
    table.set_header(["asked: median (slowest), ms", "SQLite", "PostgreSQL"]);
    for ((what, one), (_, other)) in sqlite.asked.iter().zip(&postgres.asked) {
        table.add_row([what, one, other]);
    }
    println!("{table}");
}
