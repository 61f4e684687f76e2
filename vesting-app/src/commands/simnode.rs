//! `vesting simnode`.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use anyhow::Context;
use serde::Serialize;
use vesting_testkit::history::History;
use vesting_testkit::node::{NodeOptions, serve};
use vesting_testkit::recording;
use vesting_testkit::sim::{Demo, Month, end_of};

use super::Session;
use super::run::stop_signal;
use crate::UsageError;
use crate::cli::SimnodeArgs;

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
    stop_signal()?.await;
    Ok(())
}

/// The demo's subnet, nothing following.
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

/// What a scenario writes.
fn simulated(args: &SimnodeArgs, scenario: fn(&SimnodeArgs, &Arc<RwLock<History>>)) -> History {
    let history = Arc::default();
    scenario(args, &history);
    // The chain is gone with its writer, so that nobody else holds the history.
    Arc::into_inner(history)
        .map(|lock| lock.into_inner().unwrap_or_else(PoisonError::into_inner))
        .unwrap_or_default()
}
