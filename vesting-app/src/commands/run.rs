//! `vesting run`.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::sync::Notify;
use vesting_core::ports::ChainPort;
use vesting_core::{BlockNumber, Progress};

use super::Session;
use crate::api;
use crate::cli::RunArgs;
use crate::pruner::Pruner;
use crate::wiring;

/// Between two tries when the chain cannot be reached.
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
    let store = session.record_or_new()?;
    let served = api::serve(listener, &config, Arc::clone(&store))?;
    let keep = config.keep_days.map(|days| config.kept(days, "keep_snapshots_days")).transpose()?;
    let mut pruner = keep.map(|keep| Pruner::new(Arc::clone(&store), config.netuids.clone(), keep));
    let recorded = Notify::new();
    let (mut monitor, first) = wiring::monitor(&config, &chain, store, None, beginning).await?;
    let until = args.until.map(BlockNumber);
    tracing::info!(subnets = %subnets(&config.netuids), first = first.0, head = head.number.0, "following; no wallet is needed or used");
    let (json, out) = (session.json, &mut session.out);
    let mut epochs = 0;
    let mut report = |state: Progress| {
        if state.epochs == epochs {
            return;
        }
        epochs = state.epochs;
        recorded.notify_one();
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
                    tracing::warn!(%error, "trying again in {} s", PAUSE.as_secs());
                    tokio::time::sleep(PAUSE).await;
                }
                Err(error) => return Err(error),
            }
        }
    };
    // Beside following, which need not wait for it.
    let pruning = async {
        match pruner.as_mut() {
            Some(pruner) => loop {
                recorded.notified().await;
                pruner.recorded().await;
            },
            None => std::future::pending::<()>().await,
        }
    };
    let ended = tokio::select! {
        done = following => done.map(|()| true).map_err(anyhow::Error::new),
        () = pruning => Ok(false),
        stopped = stop_signal() => stopped.map(|()| false).map_err(anyhow::Error::new),
    };
    served.stop().await;
    // What was recorded last may not have been told of yet; whoever stops it does not wait for that.
    if let (true, Some(pruner)) = (ended? && epochs > 0, pruner.as_mut()) {
        pruner.recorded().await;
    }
    tracing::info!("stopped; every block taken in is in the store");
    Ok(())
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
