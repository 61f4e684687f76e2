//! `vesting run`.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use vesting_core::ports::{ChainPort, StoreError};
use vesting_core::{BlockNumber, MonitorError, Progress};

use super::Session;
use crate::api;
use crate::cli::RunArgs;
use crate::wiring;

/// Between two tries when the chain cannot be reached, or the store cannot be written to.
const PAUSE: Duration = Duration::from_secs(5);

#[derive(Serialize)]
struct Line {
    block: u64,
    epochs: u64,
    operations: u64,
    entries: u64,
    requests: u64,
}

pub async fn run(session: &mut Session, args: &RunArgs) -> anyhow::Result<()> {
    let config = session.config.clone();
    if args.read_only {
        return read_only(session).await;
    }
    wiring::followed(&config)?;
    let listener = api::bind(&config).await?;
    let chain = wiring::chain(&config);
    let head = chain.finalized_head().await?;
    let recorded = session.recorded().await?;
    wiring::check_subnets(&config, chain.as_ref(), head.number, None, &recorded).await?;
    let beginning = wiring::beginning(&config, chain.as_ref(), &recorded).await?;
    let stopped = async { Ok(stop_signal().await?) };
    let Some(store) = patiently(async || session.record_or_new(), stopped).await? else { return Ok(()) };
    let served = api::serve(listener, &config, Arc::clone(&store))?;
    let stopped = async { Ok(stop_signal().await?) };
    let monitor = patiently(async || wiring::monitor(&config, &chain, Arc::clone(&store), None, beginning).await, stopped).await?;
    let Some((mut monitor, first)) = monitor else {
        served.stop().await;
        return Ok(());
    };
    let until = args.until.map(BlockNumber);
    tracing::info!(subnets = %subnets(&config.netuids), first = first.0, head = head.number.0, "following; no wallet is needed or used");
    let (json, out) = (session.json, &mut session.out);
    let mut epochs = 0;
    let mut report = |state: Progress| {
        if state.epochs == epochs {
            return;
        }
        epochs = state.epochs;
        let requests = chain.requests().0;
        if json {
            // A reader that has gone away does not stop the record.
            let line = Line { block: state.block.0, epochs, operations: state.operations, entries: state.entries, requests };
            let _ = out.json(&line).and_then(|()| out.flush());
        } else {
            tracing::info!(block = state.block.0, epochs, entries = state.entries, requests, "epoch");
        }
    };
    let following = async {
        loop {
            match monitor.follow(first, until, &mut report).await {
                Ok(()) => return Ok(()),
                Err(error) if error.is_passing() => {
                    tracing::warn!("{error}: trying again in {} s", PAUSE.as_secs());
                    tokio::time::sleep(PAUSE).await;
                }
                Err(error) => return Err(error),
            }
        }
    };
    let ended = tokio::select! {
        done = following => done.map_err(anyhow::Error::new),
        stopped = stop_signal() => stopped.map_err(anyhow::Error::new),
    };
    served.stop().await;
    ended?;
    tracing::info!("stopped; every block taken in is in the store");
    Ok(())
}

/// Does what the store may not allow yet, until it does; nothing if it is stopped before.
async fn patiently<T>(
    mut task: impl AsyncFnMut() -> anyhow::Result<T>,
    stopped: impl Future<Output = anyhow::Result<()>>,
) -> anyhow::Result<Option<T>> {
    let done = async {
        loop {
            match task().await {
                Err(error) if passes(&error) => {
                    tracing::warn!("{error:#}: trying again in {} s", PAUSE.as_secs());
                    tokio::time::sleep(PAUSE).await;
                }
                done => return done.map(Some),
            }
        }
    };
    tokio::select! {
        done = done => done,
        stopped = stopped => stopped.map(|()| None),
    }
}

/// Whether the store does not allow it only now.
fn passes(error: &anyhow::Error) -> bool {
    let store = match error.downcast_ref::<MonitorError>() {
        Some(MonitorError::Store(error)) => Some(error),
        _ => error.downcast_ref::<StoreError>(),
    };
    store.is_some_and(StoreError::is_passing)
}

/// Serves the API over the record that is there.
async fn read_only(session: &Session) -> anyhow::Result<()> {
    let listener = api::bind(&session.config).await?;
    let served = api::serve(listener, &session.config, session.record()?)?;
    let stopped = stop_signal().await;
    served.stop().await;
    Ok(stopped?)
}

fn subnets(netuids: &[vesting_core::NetUid]) -> String {
    netuids.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

/// Ctrl-C or SIGTERM.
pub async fn stop_signal() -> std::io::Result<()> {
    #[cfg(unix)]
    {
        let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        tokio::select! {
            done = tokio::signal::ctrl_c() => done,
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}
