//! `vesting run`.

use std::sync::Arc;

use serde::Serialize;
use tokio::sync::Notify;
use vesting_core::ports::ChainPort;
use vesting_core::{BlockNumber, NetUid, Progress};

use super::Session;
use crate::api;
use crate::cli::RunArgs;
use crate::following::{Following, PAUSE, is_passing};
use crate::pruner::Pruner;
use crate::wiring;

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
    let recorded = patiently(async || session.recorded().await).await?;
    wiring::check_subnets(&config, chain.as_ref(), head.number, None, &recorded).await?;
    let beginning = wiring::beginning(&config, chain.as_ref(), &recorded).await?;
    let store = patiently(async || session.record_or_new()).await?;
    let served = api::serve(listener, &config, Arc::clone(&store))?;
    let keep = config.keep_days.map(|days| config.kept(days, "keep_snapshots_days")).transpose()?;
    let mut pruner = keep.map(|keep| Pruner::new(Arc::clone(&store), config.netuids.clone(), keep));
    let recorded = Notify::new();
    let until = args.until.map(BlockNumber);
    tracing::info!(subnets = %subnets(&config.netuids), head = head.number.0, "following; no wallet is needed or used");
    let (json, out) = (session.json, &mut session.out);
    let mut total: Option<Progress> = None;
    // Counted from nothing whenever a record is taken up, and told as one.
    let mut report = |state: Progress, before: Option<Progress>| {
        let state = before.map_or(state, |before| before.plus(state));
        if total.map_or(0, |total| total.epochs) != state.epochs {
            recorded.notify_one();
            let requests = chain.requests().0;
            if json {
                // A reader that has gone away does not stop the record.
                let Progress { block, epochs, operations, entries, .. } = state;
                let line = Line { block: block.0, epochs, operations, entries, requests };
                let _ = out.json(&line).and_then(|()| out.flush());
            } else {
                tracing::info!(block = state.block.0, epochs = state.epochs, entries = state.entries, requests, "epoch");
            }
        }
        total = Some(state);
        state
    };
    let following = Following { config: &config, chain: &chain, store: &store, beginning, until };
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
        done = following.go(&mut report) => done.map(|()| true),
        () = pruning => Ok(false),
        stopped = stop_signal() => stopped.map(|()| false).map_err(anyhow::Error::new),
    };
    served.stop().await;
    // What was recorded last may not have been told of yet; whoever stops it does not wait for that.
    if let (true, Some(pruner)) = (ended? && total.is_some_and(|total| total.epochs > 0), pruner.as_mut()) {
        pruner.recorded().await;
    }
    tracing::info!("stopped; every block taken in is in the store");
    Ok(())
}

/// Does what the database does not allow yet, once it does: its server may not be up.
async fn patiently<T>(mut task: impl AsyncFnMut() -> anyhow::Result<T>) -> anyhow::Result<T> {
    loop {
        match task().await {
            Err(error) if is_passing(&error) => {
                tracing::warn!("{error:#}; trying again in {} s", PAUSE.as_secs());
                tokio::select! {
                    () = tokio::time::sleep(PAUSE) => {}
                    stopped = stop_signal() => {
                        stopped?;
                        anyhow::bail!("stopped before the database could be opened");
                    }
                }
            }
            done => return done,
        }
    }
}

/// Serves the API over the record that is there.
async fn read_only(session: &Session) -> anyhow::Result<()> {
    let listener = api::bind(&session.config).await?;
    let served = api::serve(listener, &session.config, session.record()?)?;
    let stopped = stop_signal().await;
    served.stop().await;
    Ok(stopped?)
}

fn subnets(netuids: &[NetUid]) -> String {
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
