//! `vesting demo`.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use vesting_chain::SubxtChain;
use vesting_core::{BlockNumber, BlockchainMonitor, Hotkey, Pace, Progress, Report};
use vesting_testkit::history::History;
use vesting_testkit::node::{NodeHandle, NodeOptions, serve};
use vesting_testkit::sim::{Demo, SimChain, end_of};

use super::progress::Bar;
use super::run::stop_signal;
use super::{Session, miners};
use crate::api;
use crate::cli::DemoArgs;
use crate::config::Config;
use crate::wiring;

/// Blocks followed live before the table: enough for an epoch to come by itself.
const LIVE_BLOCKS: u64 = 400;
/// The pace of live blocks: a thousand times the real one, so that something is seen to happen.
const LIVE_PACE: Duration = Duration::from_millis(12);
/// Loopback is as fast as it gets: more under way than is polite towards a public node.
const IN_FLIGHT: usize = 64;

pub async fn run(session: &mut Session, args: &DemoArgs) -> anyhow::Result<()> {
    let started = Instant::now();
    let mut demo = Demo::new(args.seed, args.days);
    let names: BTreeMap<Hotkey, &'static str> =
        demo.actors().iter().flat_map(|actor| actor.hotkeys.iter().map(|hotkey| (*hotkey, actor.name))).collect();
    let end = end_of(args.days);
    let history = Arc::new(RwLock::new(History::default()));
    let mut sim = demo.chain(args.seed, Some(Arc::clone(&history)));
    let bar = ProgressBar::new(end.0);
    if let Ok(style) = ProgressStyle::with_template("simulating  [{bar:32}] {pos}/{len} blocks · {elapsed} gone, {eta} left") {
        bar.set_style(style.progress_chars("━╸─"));
    }
    while sim.head() < end {
        demo.step(&mut sim);
        if sim.head().0.is_multiple_of(1_000) {
            bar.set_position(sim.head().0);
        }
    }
    bar.finish_and_clear();
    let node = Arc::new(serve(history, NodeOptions { listen: args.listen, ..NodeOptions::default() }).await?);

    let folder = tempfile::tempdir().context("cannot make a folder for the demo's database")?;
    let mut config = Config {
        endpoints: vec![node.url()],
        netuids: vec![Demo::NETUID],
        database_url: format!("sqlite://{}", folder.path().join("demo.db").display()),
        max_requests_in_flight: IN_FLIGHT,
        query_interval: Duration::from_secs(1),
        ..session.config.clone()
    };
    // By the machine's clock simulated time is long gone.
    config.stale_after = Duration::MAX;
    let listener = if args.once { None } else { Some(listener(&config).await?) };
    let store = vesting_store::open(&config.database_url)?;
    let chain = wiring::chain(&config);
    let (mut monitor, first) = wiring::monitor(&config, &chain, Arc::clone(&store), Some(BlockNumber(1)), None).await?;
    let mut bar = Bar::new("catching up");
    let mut caught_up = Progress { block: first, to: end, epochs: 0, operations: 0, entries: 0 };
    monitor
        .advance(first, end, Pace::CatchingUp, &mut |state| {
            bar.show(state, chain.requests().0);
            caught_up = state;
        })
        .await?;
    bar.done();
    let catching_up = started.elapsed();

    let (stop, stopped) = oneshot::channel();
    let making = tokio::spawn(make_blocks(demo, sim, Arc::clone(&node), stopped));
    let live_end = BlockNumber(end.0 + LIVE_BLOCKS);
    follow(&mut monitor, &chain, live_end).await?;

    let report = wiring::tracker(&store).report(Demo::NETUID, config.policy(Demo::NETUID), None).await?;
    if session.json {
        miners::print_json(&mut session.out, &report)?;
    } else {
        session.out.line(format!(
            "{} days of a simulated subnet, {} epochs and {} entries, simulated and caught up on in {:.1} s with {} requests, then {LIVE_BLOCKS} blocks followed live from {}.",
            args.days,
            caught_up.epochs,
            caught_up.entries,
            catching_up.as_secs_f64(),
            chain.requests().0,
            node.url()
        ))?;
        print(session, &report, &names)?;
    }
    session.out.flush()?;
    if let Some(listener) = listener {
        let address = listener.local_addr().context("the API has no address")?;
        let served = api::serve(listener, &config, Arc::clone(&store))?;
        if !session.json {
            session.out.line(format!(
                "Following on; Ctrl-C ends. Look at http://{address}/, or read the record from another terminal with\n  vesting miners --database-url {}",
                config.database_url
            ))?;
            session.out.flush()?;
        }
        let ended = live(session, &mut monitor, &chain, first).await;
        served.stop().await;
        ended?;
    }
    // The sender's other end may have gone with its task.
    let _ = stop.send(());
    making.await.context("the simulated chain ended")?;
    Ok(())
}

/// Where the page is served: where it is configured, or beside whatever is there already.
async fn listener(config: &Config) -> anyhow::Result<TcpListener> {
    let bound = api::bind(config).await;
    let in_use = |error: &anyhow::Error| error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::AddrInUse);
    if !bound.as_ref().is_err_and(in_use) {
        return bound;
    }
    api::bind(&Config { bind: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), ..config.clone() }).await
}

/// Makes blocks at the live pace until told to stop.
async fn make_blocks(mut demo: Demo, mut sim: SimChain, node: Arc<NodeHandle>, mut stopped: oneshot::Receiver<()>) {
    let mut ticks = tokio::time::interval(LIVE_PACE);
    loop {
        tokio::select! {
            _ = ticks.tick() => {
                demo.step(&mut sim);
                node.set_head(u32::try_from(sim.head().0).unwrap_or(u32::MAX));
            }
            _ = &mut stopped => return,
        }
    }
}

async fn follow(monitor: &mut BlockchainMonitor, chain: &SubxtChain, until: BlockNumber) -> anyhow::Result<()> {
    let mut bar = Bar::new("following live");
    monitor.follow(BlockNumber(1), Some(until), &mut |state| bar.show(state, chain.requests().0)).await?;
    bar.done();
    Ok(())
}

/// Goes on following, a line an epoch, until Ctrl-C.
async fn live(session: &mut Session, monitor: &mut BlockchainMonitor, chain: &SubxtChain, first: BlockNumber) -> anyhow::Result<()> {
    let out = &mut session.out;
    let json = session.json;
    let mut epochs = 0;
    let mut report = |state: Progress| {
        if state.epochs > epochs && !json {
            // A terminal that has gone away does not stop the demo.
            let _ = out.line(format!("epoch at block {}, {} requests so far", state.block, chain.requests().0)).and_then(|()| out.flush());
        }
        epochs = state.epochs;
    };
    tokio::select! {
        done = monitor.follow(first, None, &mut report) => done?,
        stopped = stop_signal() => stopped?,
    }
    Ok(())
}

fn print(session: &mut Session, report: &Report, names: &BTreeMap<Hotkey, &'static str>) -> anyhow::Result<()> {
    miners::heading(&mut session.out, report)?;
    miners::print(&mut session.out, report, |miner| names.get(&miner.neuron.hotkey).map(|name| (*name).to_owned()))
}
