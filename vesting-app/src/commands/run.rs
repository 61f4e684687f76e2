//! `vesting run`.

use std::sync::{Arc, Mutex};

use serde::Serialize;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use vesting_chain::SubxtChain;
use vesting_core::ports::{ChainError, ChainPort};
use vesting_core::{BlockNumber, NetUid, Progress};

use super::Session;
use crate::cli::RunArgs;
use crate::following::{Following, PAUSE, is_passing, wait_out, waits};
use crate::late::LateStore;
use crate::pruner::Pruner;
use crate::state::{State, observe, watched};
use crate::wiring::Plan;
use crate::{api, notify, wiring};

#[derive(Serialize)]
struct Line {
    block: u64,
    epochs: u64,
    operations: u64,
    entries: u64,
    requests: u64,
}

pub async fn run(session: &mut Session, args: &RunArgs) -> anyhow::Result<()> {
    if args.read_only {
        return read_only(session).await;
    }
    let config = session.config.clone();
    wiring::followed(&config)?;
    // From the start on: whoever is told to end ends, whatever it waits for.
    let mut stop = std::pin::pin!(stop_signal()?);
    let listener = api::bind(&config).await?;
    let chain = wiring::chain(&config);
    let state = State::new(&config, Some(Arc::clone(&chain)));
    let late = Arc::new(LateStore::default());
    let mut starting = std::pin::pin!(notify::starting(&state));
    // What there is is served at once, whatever becomes of the chain.
    let there = tokio::select! {
        there = open_there(session, &chain, &late) => Some(there?),
        never = &mut starting => match never {},
        () = &mut stop => None,
    };
    let Some(recorded) = there else { return never_begun().await };
    let store = watched(Arc::<LateStore>::clone(&late), &state);
    let served = api::serve(listener, &config, Arc::clone(&store), &state)?;
    let mut beside = vec![Task(tokio::spawn(observe(Arc::clone(&state), Arc::clone(&store), config.clone())))];
    let begun = tokio::select! {
        begun = begin(session, &chain, &state, &late, &recorded) => Some(begun?),
        never = &mut starting => match never {},
        () = &mut stop => None,
    };
    let Some((head, plan)) = begun else {
        drop(beside);
        served.stop().await;
        return never_begun().await;
    };
    beside.push(Task(tokio::spawn(notify::notify(Arc::clone(&state)))));
    let keep = config.keep_days.map(|days| config.kept(days, "keep_snapshots_days")).transpose()?;
    let mut pruner = keep.map(|keep| Pruner::new(Arc::clone(&store), config.netuids.clone(), keep));
    let recorded = Notify::new();
    let until = args.until.map(BlockNumber);
    tracing::info!(subnets = %subnets(&config.netuids), head = head.0, "following; no wallet is needed or used");
    let (json, out) = (session.json, &mut session.out);
    let mut total: Option<Progress> = None;
    // Counted from nothing whenever a record is taken up, and told as one.
    let mut report = |state: Progress, before: Option<Progress>| {
        let state = before.map_or(state, |before| before.plus(state));
        if total.map_or(0, |total| total.epochs) != state.epochs {
            recorded.notify_one();
            if json {
                // A reader that has gone away does not stop the record.
                let Progress { block, epochs, operations, entries, .. } = state;
                let line = Line { block: block.0, epochs, operations, entries, requests: chain.requests().0 };
                let _ = out.json(&line).and_then(|()| out.flush());
            }
        }
        total = Some(state);
        state
    };
    let plan = Mutex::new(Some(plan));
    let following = Following { config: &config, chain: &chain, store: &store, plan, until, state: &state };
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
        () = &mut stop => Ok(false),
    };
    drop(beside);
    notify::stopping().await;
    served.stop().await;
    // What was recorded last may not have been told of yet; whoever stops it does not wait for that.
    if let (true, Some(pruner)) = (ended? && total.is_some_and(|total| total.epochs > 0), pruner.as_mut()) {
        pruner.recorded().await;
    }
    tracing::info!("stopped; every block taken in is in the store");
    Ok(())
}

/// A task that ends with whoever has it.
struct Task(JoinHandle<()>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Ends what never began.
async fn never_begun() -> anyhow::Result<()> {
    notify::stopping().await;
    tracing::info!("stopped before anything was recorded");
    Ok(())
}

/// Opens the database where there is one; gives the subnets that it has a record of. Which chain they are of decides
/// which endpoints are asked.
async fn open_there(session: &Session, chain: &SubxtChain, late: &LateStore) -> anyhow::Result<Vec<NetUid>> {
    let mut recorded = Vec::new();
    if let Some(store) = patiently(async || session.record_there()).await? {
        let genesis;
        (recorded, genesis) = patiently(async || Ok((store.netuids().await?, store.genesis().await?))).await?;
        genesis.inspect(|genesis| chain.expect_genesis(*genesis));
        drop(store);
        late.stand_for(patiently(async || session.record_or_new()).await?);
    }
    Ok(recorded)
}

/// Finds out how to begin, and makes a database only then. Whatever a node answers, it is asked again: the next start would
/// ask no other.
async fn begin(
    session: &Session,
    chain: &SubxtChain,
    state: &State,
    late: &LateStore,
    recorded: &[NetUid],
) -> anyhow::Result<(BlockNumber, Plan)> {
    for tries in 1.. {
        let error = match look(session, chain, recorded).await {
            Ok(begun) => {
                if late.get().is_none() {
                    late.stand_for(patiently(async || session.record_or_new()).await?);
                }
                return Ok(begun);
            }
            Err(error) => error,
        };
        // A database of another chain than every endpoint's is no answer to wait for: somebody named the wrong one of either.
        if let (1, Some(store), Some(other @ ChainError::OtherChain { .. })) = (tries, late.get(), error.downcast_ref()) {
            return Err(wiring::told(&session.config, Some(store.as_ref()), other.clone()).await);
        }
        let Some(pause) = waits(&error, tries) else { return Err(error) };
        wait_out(state, &error, pause).await;
    }
    anyhow::bail!("the chain does not answer")
}

/// The head, and how to begin there.
async fn look(session: &Session, chain: &SubxtChain, recorded: &[NetUid]) -> anyhow::Result<(BlockNumber, Plan)> {
    let head = chain.finalized_head().await?.number;
    let plan = Plan::make(&session.config, chain, recorded, head).await;
    if plan.ready.is_empty() {
        plan.failure()?;
    }
    Ok((head, plan))
}

/// Does what the database does not allow yet, once it does: its server may not be up.
async fn patiently<T>(mut task: impl AsyncFnMut() -> anyhow::Result<T>) -> anyhow::Result<T> {
    loop {
        match task().await {
            Err(error) if is_passing(&error) => {
                tracing::warn!("{error:#}; trying again in {} s", PAUSE.as_secs());
                tokio::time::sleep(PAUSE).await;
            }
            done => return done,
        }
    }
}

/// Serves the API over the record that is there.
async fn read_only(session: &Session) -> anyhow::Result<()> {
    let config = &session.config;
    let stop = stop_signal()?;
    let listener = api::bind(config).await?;
    let state = State::new(config, None);
    let store = watched(session.record()?, &state);
    let served = api::serve(listener, config, Arc::clone(&store), &state)?;
    state.has_begun();
    let beside =
        [Task(tokio::spawn(observe(Arc::clone(&state), store, config.clone()))), Task(tokio::spawn(notify::notify(Arc::clone(&state))))];
    stop.await;
    drop(beside);
    notify::stopping().await;
    served.stop().await;
    Ok(())
}

fn subnets(netuids: &[NetUid]) -> String {
    netuids.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

/// Waits for Ctrl-C or SIGTERM; from this call on, neither ends the process by itself.
pub fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        Ok(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        })
    }
    #[cfg(not(unix))]
    Ok(async {
        // Where no signal can be heard, there is none to end by.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}
