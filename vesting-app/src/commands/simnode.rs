//! `vesting simnode`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use serde::Serialize;
use vesting_testkit::fault::Fault;
use vesting_testkit::history::History;
use vesting_testkit::node::{NodeOptions, serve};
use vesting_testkit::recording;
use vesting_testkit::sim::{Demo, Month, end_of};

use super::session::Session;
use crate::exit::UsageError;
use crate::signal::stop_signal;

/// `simnode`.
#[derive(Debug, Args)]
pub struct SimnodeArgs {
    /// Serve the recording in this folder.
    #[arg(long, value_name = "DIR", conflicts_with = "scenario")]
    pub recording: Option<PathBuf>,
    /// Serve a simulated subnet: demo, or month (as many neurons and operations as a real one).
    #[arg(long, value_name = "NAME", required_unless_present = "recording")]
    pub scenario: Option<String>,
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:9944")]
    pub listen: SocketAddr,
    /// Wait this long before each answer.
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub latency_ms: u64,
    /// Advance the head by a block at this interval, instead of standing at the last block.
    #[arg(long, value_name = "N")]
    pub advance_ms: Option<u64>,
    /// With --advance-ms: the block at which the head starts.
    #[arg(long, default_value_t = 1, value_name = "BLOCK", requires = "advance_ms")]
    pub start_at: u32,
    /// Days of history of a scenario.
    #[arg(long, default_value_t = 40, value_parser = clap::value_parser!(u32).range(1..=400))]
    pub days: u32,
    /// Seed of a scenario.
    #[arg(long, default_value_t = 7)]
    pub seed: u64,
    /// Neurons of the scenario month.
    #[arg(
        long, default_value_t = 256, value_name = "N",
        value_parser = clap::value_parser!(u16).range(1..=2500)
    )]
    pub neurons: u16,
    /// A fault of the node: pruned=BLOCKS (keeps the state of this many blocks only), stall=CALLS (answers no
    /// more after this many), frozen=BLOCK (its head stops there), refuse=CALLS (refuses one call in this
    /// many), unreadable=NETUID:FROM_BLOCK (values of this subnet cannot be decoded from there on), or
    /// disagree (its runtime contradicts its storage). May be given several times.
    #[arg(long = "fault", value_name = "FAULT")]
    pub faults: Vec<Fault>,
}

#[derive(Serialize)]
struct Listening {
    url: String,
    head: u32,
    first: u32,
    last: u32,
}

pub async fn run(session: &mut Session, args: &SimnodeArgs) -> anyhow::Result<()> {
    let history = match (&args.recording, args.scenario.as_deref()) {
        (Some(folder), _) => recording::load(folder)
            .with_context(|| format!("cannot serve the recording {}", folder.display()))?,
        (None, Some("demo")) => simulated(args, demo),
        (None, Some("month")) => simulated(args, month),
        (None, Some(other)) => {
            return Err(UsageError(format!("there is no scenario `{other}`; there are: demo, month")).into());
        }
        (None, None) => {
            return Err(UsageError("what to serve? `--recording DIR` or `--scenario demo`".into()).into());
        }
    };
    let (first, last) = (history.first(), history.last());
    let options = NodeOptions {
        listen: args.listen,
        latency: Duration::from_millis(args.latency_ms),
        advance: args.advance_ms.map(Duration::from_millis),
        start_at: args.start_at,
        faults: args.faults.clone(),
    };
    let node = serve(Arc::new(RwLock::new(history)), options).await?;
    let listening = Listening { url: node.url(), head: node.head(), first, last };
    if session.json {
        session.out.json(&listening)?;
    } else {
        session.out.line(format!(
            "Serving blocks {first} to {last} at {}, the head at block {}. Ctrl-C ends.",
            listening.url, listening.head
        ))?;
    }
    session.out.flush()?;
    stop_signal(false)?.await;
    Ok(())
}

/// The demo's subnet, without a follower.
fn demo(args: &SimnodeArgs, history: &Arc<RwLock<History>>) {
    let mut demo = Demo::new(args.seed, args.days);
    let mut chain = demo.chain(args.seed, Some(Arc::clone(history)));
    while chain.head() < end_of(args.days) {
        demo.step(&mut chain);
    }
}

/// A subnet as busy as a real one.
fn month(args: &SimnodeArgs, history: &Arc<RwLock<History>>) {
    let end = end_of(args.days);
    let operations = Month::operations(args.days.into());
    let mut month = Month::of_size(args.neurons.into(), args.seed, Demo::NETUID, end.0, operations);
    let mut chain = month.chain(args.seed, Some(Arc::clone(history)));
    while chain.head() < end {
        month.step(&mut chain);
    }
}

/// The history that a scenario writes.
fn simulated(args: &SimnodeArgs, scenario: fn(&SimnodeArgs, &Arc<RwLock<History>>)) -> History {
    let history = Arc::default();
    scenario(args, &history);
    // The chain was dropped, so nothing else holds the history.
    Arc::into_inner(history)
        .map(|lock| lock.into_inner().unwrap_or_else(PoisonError::into_inner))
        .unwrap_or_default()
}
