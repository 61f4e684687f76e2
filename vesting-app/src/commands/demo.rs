//! `vesting demo`.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::Args;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use vesting_chain::SubxtChain;
use vesting_core::{BlockNumber, BlockchainMonitor, Hotkey, Pace, Progress, Report};
use vesting_testkit::history::History;
use vesting_testkit::node::{NodeHandle, NodeOptions, serve};
use vesting_testkit::sim::{Demo, SimChain, end_of};

use super::miners;
use super::progress::{Bar, bar};
use super::session::Session;
use crate::config::Config;
use crate::exit::UsageError;
use crate::signal::stop_signal;
use crate::state::{State, observe, watched};
use crate::{api, wiring};

/// `demo`.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// Days of history to catch up on.
    #[arg(long, default_value_t = 40, value_parser = clap::value_parser!(u32).range(1..=400))]
    pub days: u32,
    /// Seed of the simulation: the same seed gives the same figures.
    #[arg(long, default_value_t = 7)]
    pub seed: u64,
    /// Where the simulated node listens.
    #[arg(long, default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,
    /// End after the table, instead of following live until Ctrl-C.
    #[arg(long)]
    pub once: bool,
}

/// Blocks followed live before the table is printed: enough for one epoch.
const LIVE_BLOCKS: u64 = 400;
/// The pace of live blocks: a thousand times the real one.
const LIVE_PACE: Duration = Duration::from_millis(12);
/// The simulated chain keeps between one and two times as many blocks while it goes on: more than two epochs.
const BLOCKS_KEPT: u64 = 1_000;
/// More requests under way than a public node should get: the node is on loopback.
const IN_FLIGHT: usize = 64;

pub async fn run(session: &mut Session, args: &DemoArgs) -> anyhow::Result<()> {
    let started = Instant::now();
    let mut demo = Demo::new(args.seed, args.days);
    let names: BTreeMap<Hotkey, &'static str> = demo
        .actors()
        .iter()
        .flat_map(|actor| actor.hotkeys.iter().map(|hotkey| (*hotkey, actor.name)))
        .collect();
    let end = end_of(args.days);
    let history = Arc::new(RwLock::new(History::default()));
    let mut sim = demo.chain(args.seed, Some(Arc::clone(&history)));
    let bar = bar(end.0, "simulating  [{bar:32}] {pos}/{len} blocks · {elapsed} gone, {eta} left");
    while sim.head() < end {
        demo.step(&mut sim);
        if sim.head().0.is_multiple_of(1_000) {
            bar.set_position(sim.head().0);
        }
    }
    bar.finish_and_clear();
    let node = Arc::new(serve(history, NodeOptions { listen: args.listen, ..NodeOptions::default() }).await?);

    let folder = tempfile::tempdir().context("cannot make a folder for the demo's database")?;
    let config = Config {
        endpoints: vec![node.url().into()],
        netuids: vec![Demo::NETUID],
        database_url: format!("sqlite://{}", folder.path().join("demo.db").display()).into(),
        max_requests_in_flight: IN_FLIGHT,
        query_interval: Duration::from_secs(1),
        // Simulated time is not this machine's time.
        stale_after: Duration::from_secs(315_360_000),
        ..session.config.clone()
    };
    let listener = if args.once { None } else { Some(listen(&config).await?) };
    let chain = wiring::chain(&config);
    let state = State::new(&config, Some(Arc::clone(&chain)));
    state.set_role(Demo::NETUID, None);
    let store = watched(vesting_store::open(config.database_url.expose())?, &state);
    let first = BlockNumber(1);
    let mut monitor = wiring::open_monitor(
        &config,
        Demo::NETUID,
        Arc::<SubxtChain>::clone(&chain),
        Arc::clone(&store),
        Some(first),
    )
    .await?;
    let mut bar = Bar::new("catching up");
    let mut caught_up = Progress { block: first, to: end, epochs: 0, operations: 0, entries: 0 };
    monitor
        .advance(first, end, Pace::CatchingUp, &mut |progress| {
            bar.show(progress, chain.requests().0);
            caught_up = progress;
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
            "{} days of a simulated subnet, {} epochs and {} entries, simulated and caught up on in {:.1} s \
             with {} requests, then {LIVE_BLOCKS} blocks followed live from {}.",
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
        let served = api::serve(listener, &config, Arc::clone(&store), &state)?;
        let observing = tokio::spawn(observe(Arc::clone(&state), Arc::clone(&store), config.clone()));
        if !session.json {
            session.out.line(format!(
                "Following on; Ctrl-C ends. Look at http://{}/, or read the record from another terminal \
                 with\n  vesting miners --database-url {}",
                served.address, config.database_url
            ))?;
            session.out.flush()?;
        }
        state.following_began(Demo::NETUID);
        let done = live(session, &mut monitor, &chain, first, &state).await;
        observing.abort();
        served.stop().await;
        done?;
    }
    // The task may have ended already.
    let _ = stop.send(());
    making.await.context("the simulated chain ended")?;
    Ok(())
}

/// Listens at the configured address or, if it is in use, at another port.
async fn listen(config: &Config) -> anyhow::Result<TcpListener> {
    match api::bind(config).await {
        Err(error) if !error.is::<UsageError>() => Ok(TcpListener::bind((config.bind.ip(), 0)).await?),
        bound => bound,
    }
}

/// Makes blocks at the live pace until it is stopped.
async fn make_blocks(
    mut demo: Demo,
    mut sim: SimChain,
    node: Arc<NodeHandle>,
    mut stopped: oneshot::Receiver<()>,
) {
    let mut ticks = tokio::time::interval(LIVE_PACE);
    loop {
        tokio::select! {
            _ = ticks.tick() => {
                demo.step(&mut sim);
                // The demo may run for days.
                if sim.head().0.is_multiple_of(BLOCKS_KEPT) {
                    sim.forget_before(BlockNumber(sim.head().0 - BLOCKS_KEPT));
                }
                node.set_head(u32::try_from(sim.head().0).unwrap_or(u32::MAX));
            }
            _ = &mut stopped => return,
        }
    }
}

async fn follow(
    monitor: &mut BlockchainMonitor,
    chain: &SubxtChain,
    until: BlockNumber,
) -> anyhow::Result<()> {
    let mut bar = Bar::new("following live");
    monitor.follow(BlockNumber(1), Some(until), &mut |state| bar.show(state, chain.requests().0)).await?;
    bar.done();
    Ok(())
}

/// Goes on following until Ctrl-C, and prints a line for each epoch.
async fn live(
    session: &mut Session,
    monitor: &mut BlockchainMonitor,
    chain: &SubxtChain,
    first: BlockNumber,
    state: &State,
) -> anyhow::Result<()> {
    let out = &mut session.out;
    let json = session.json;
    let mut epochs = 0;
    let mut report = |progress: Progress| {
        state.progressed(Demo::NETUID, progress);
        if progress.epochs > epochs && !json {
            // A closed terminal does not stop the demo.
            let _ = out
                .line(format!("epoch at block {}, {} requests so far", progress.block, chain.requests().0))
                .and_then(|()| out.flush());
        }
        epochs = progress.epochs;
    };
    tokio::select! {
        done = monitor.follow(first, None, &mut report) => done?,
        () = stop_signal(false)? => {}
    }
    Ok(())
}

fn print(
    session: &mut Session,
    report: &Report,
    names: &BTreeMap<Hotkey, &'static str>,
) -> anyhow::Result<()> {
    miners::heading(&mut session.out, report)?;
    miners::print(&mut session.out, report, |miner| {
        names.get(&miner.neuron.hotkey).map(|name| (*name).to_owned())
    })
}
