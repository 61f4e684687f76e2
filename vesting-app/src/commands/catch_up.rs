//! `vesting catch-up`.

use std::time::Instant;

use serde::Serialize;
use vesting_core::policy::Policy;
use vesting_core::ports::{ChainPort, StoreError};
use vesting_core::{BlockNumber, MonitorError, Pace, Ppb, Progress};

use super::Session;
use super::progress::Bar;
use crate::UsageError;
use crate::cli::CatchUpArgs;
use crate::following::PAUSE;
use crate::wiring;

#[derive(Serialize)]
struct Done {
    netuids: Vec<u16>,
    from: u64,
    to: u64,
    epochs: u64,
    operations: u64,
    entries: u64,
    requests: u64,
    seconds: f64,
    /// Where the runtime contradicts its storage, in words.
    degraded: Vec<String>,
}

/// Tries in a row without getting on, after which it is somebody else's to mend.
const TRIES: u32 = 12;

pub async fn run(session: &mut Session, args: &CatchUpArgs) -> anyhow::Result<()> {
    let started = Instant::now();
    let mut config = session.config.clone();
    if let Some(days) = &args.days {
        let days: Ppb = days.parse().map_err(|e| UsageError(format!("--days: {e}")))?;
        let wrong = || UsageError("--days: it must be above 0 and at most 3650".into());
        let window = Policy::days(days).ok_or_else(wrong)?;
        for policy in config.policies_mut() {
            policy.retention_window = window;
            policy.check().map_err(|_| wrong())?;
        }
    }
    wiring::followed(&config)?;
    let chain = wiring::chain(&config);
    // The chain first: a wrong endpoint leaves no empty database behind.
    let head = chain.finalized_head().await?;
    let to = match args.to.map(BlockNumber) {
        Some(to) if to > head.number => {
            return Err(UsageError(format!("`--to {to}`: the finalized head is block {}", head.number)).into());
        }
        Some(to) => to,
        None => head.number,
    };
    let (from, recorded) = (args.from.map(BlockNumber), session.recorded().await?);
    wiring::check_subnets(&config, chain.as_ref(), head.number, from, &recorded).await?;
    let beginning = if from.is_none() { wiring::beginning(&config, chain.as_ref(), &recorded).await? } else { None };
    let store = session.record_or_new()?;
    wiring::bind(&config, chain.as_ref(), store.as_ref()).await?;
    for netuid in &config.netuids {
        store.claim(*netuid).await?;
    }
    let (mut monitor, first) = wiring::monitor(&config, &chain, store, from, beginning).await?;
    let mut bar = Bar::new("catching up");
    let mut last = Progress { block: first.parent(), to, epochs: 0, operations: 0, entries: 0 };
    let mut tries = 0;
    let mut before: Option<Progress> = None;
    loop {
        let stood_at = last.block;
        let done = monitor
            .advance(first, to, Pace::CatchingUp, &mut |state| {
                last = before.map_or(state, |before| before.plus(state));
                bar.show(last, chain.requests().0);
            })
            .await;
        match done {
            Ok(()) => break,
            // What was written stays, so it goes on where it was.
            Err(error) if error.is_passing() && !matches!(error, MonitorError::Store(StoreError::Taken { .. })) => {
                tries = if last.block > stood_at { 1 } else { tries + 1 };
                if tries > TRIES {
                    return Err(error.into());
                }
                bar.say(&format!("{error}; trying again in {} s", PAUSE.as_secs()));
                tokio::time::sleep(PAUSE).await;
                before = Some(last);
            }
            Err(error) => return Err(error.into()),
        }
    }
    monitor.observe().await?;
    bar.done();
    let done = Done {
        netuids: config.netuids.iter().map(|n| n.0).collect(),
        from: first.0,
        to: to.0,
        epochs: last.epochs,
        operations: last.operations,
        entries: last.entries,
        requests: chain.requests().0,
        seconds: started.elapsed().as_secs_f64(),
        degraded: chain.disagreements().iter().map(ToString::to_string).collect(),
    };
    if session.json {
        return session.out.json(&done);
    }
    session.out.line(format!(
        "The record stands at block {to}: {} epochs, {} blocks with operations and {} entries taken in, {} requests, {:.1} s.",
        done.epochs, done.operations, done.entries, done.requests, done.seconds
    ))
}
