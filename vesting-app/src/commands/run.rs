//! `vesting run`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use clap::Args;
use serde::Serialize;
use tokio::sync::Notify;
use vesting_chain::SubxtChain;
use vesting_core::ports::{ChainError, ChainPort};
use vesting_core::{BlockNumber, NetUid, Progress};

use super::session::Session;
use crate::config::Config;
use crate::failure::is_passing;
use crate::following::{Followers, RETRY_PAUSE, report_and_wait, retry_pause};
use crate::late::LateStore;
use crate::output::Out;
use crate::pruner::Pruner;
use crate::signal::stop_signal;
use crate::state::{State, observe, watch_database, watched};
use crate::task::Task;
use crate::wiring::Plan;
use crate::{api, notify, wiring};

/// `run`.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// End well once this block is in the store.
    #[arg(long, value_name = "BLOCK")]
    pub until: Option<u64>,
    /// Serve the API over the record as it is, beside another `vesting run` or without one; follow nothing.
    #[arg(long, conflicts_with = "until")]
    pub read_only: bool,
}

/// As long the API waits for the database to be opened, so that a record that is there is served from the
/// first moment on.
const OPENING: Duration = Duration::from_millis(500);

/// What was recorded of a subnet since the start.
#[derive(Serialize)]
struct Line {
    netuid: u16,
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
    wiring::subnets_to_follow(&config)?;
    // From the start on: whoever is told to end ends, whatever it waits for.
    let mut stop = std::pin::pin!(stop_signal()?);
    let listener = api::bind(&config).await?;
    let chain = wiring::chain(&config);
    let state = State::new(&config, Some(Arc::clone(&chain)));
    let late = Arc::new(LateStore::default());
    let mut starting = std::pin::pin!(notify::starting(&state));
    let mut opening = std::pin::pin!(open_existing(&config, &chain, &state, &late));
    let opened = tokio::select! {
        opened = &mut opening => Some(opened?),
        () = tokio::time::sleep(OPENING) => None,
        never = &mut starting => match never {},
        () = &mut stop => return stop_before_start().await,
    };
    // What there is is served at once, whatever becomes of the chain and the database.
    let store = watched(Arc::<LateStore>::clone(&late), &state);
    let served = api::serve(listener, &config, Arc::clone(&store), &state)?;
    let mut background = vec![Task::spawn(observe(Arc::clone(&state), Arc::clone(&store), config.clone()))];
    let watched_state = Arc::clone(&state);
    background.push(Task::spawn(async move { match watch_database(&watched_state.unanswered).await {} }));
    let beginning = async {
        let recorded = match opened {
            Some(recorded) => recorded,
            None => opening.await?,
        };
        begin(&config, &chain, &state, &late, &recorded).await
    };
    let begun = tokio::select! {
        begun = beginning => Some(begun?),
        never = &mut starting => match never {},
        () = &mut stop => None,
    };
    let Some((head, plan)) = begun else {
        drop(background);
        served.stop().await;
        return stop_before_start().await;
    };
    background.push(Task::spawn(notify::notify(Arc::clone(&state))));
    let keep = config.keep_days.map(|days| config.time_to_keep(days, "keep_snapshots_days")).transpose()?;
    let mut pruner = keep.map(|keep| Pruner::new(Arc::clone(&store), config.netuids.clone(), keep));
    tracing::info!(subnets = %subnets(&config.netuids), head = head.0, "following; no wallet is needed or used");
    let epochs = Arc::new(Epochs::default());
    let (heard, requests, json) = (Arc::clone(&epochs), Arc::clone(&chain), session.json);
    let report = move |netuid, progress| heard.note(netuid, progress, json.then(|| requests.requests().0));
    let followers = Followers {
        config: Arc::new(config.clone()),
        chain: Arc::clone(&chain),
        store,
        beginnings: plan.beginnings,
        until: args.until.map(BlockNumber),
        state: Arc::clone(&state),
        report: Arc::new(report),
    };
    // Beside following, which need not wait for it.
    let pruning = async {
        match pruner.as_mut() {
            Some(pruner) => loop {
                epochs.new.notified().await;
                pruner.epoch_recorded().await;
            },
            None => std::future::pending::<()>().await,
        }
    };
    let ended = tokio::select! {
        done = followers.run() => done.map(|()| true),
        () = pruning => Ok(false),
        () = &mut stop => Ok(false),
    };
    drop(background);
    notify::stopping().await;
    served.stop().await;
    // What was recorded last may not have been told of yet; whoever stops it does not wait for that.
    if let (true, Some(pruner)) = (ended? && epochs.any(), pruner.as_mut()) {
        pruner.epoch_recorded().await;
    }
    tracing::info!("stopped; every block taken in is in the store");
    Ok(())
}

/// The epochs recorded since the start, and who wants to know.
#[derive(Default)]
struct Epochs {
    counts: Mutex<BTreeMap<NetUid, u64>>,
    /// Rings for each new one.
    new: Notify,
}

impl Epochs {
    /// Takes note of how far a subnet is; with so many requests made, a line is printed where that is another
    /// epoch.
    fn note(&self, netuid: NetUid, progress: Progress, requests: Option<u64>) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let Progress { block, epochs, operations, entries, .. } = progress;
        if counts.insert(netuid, epochs).unwrap_or(0) == epochs {
            return;
        }
        self.new.notify_one();
        if let Some(requests) = requests {
            let line = Line { netuid: netuid.0, block: block.0, epochs, operations, entries, requests };
            // Whole lines: the counts are held. A reader that has gone away does not stop the record.
            let mut out = Out::new();
            let _ = out.json(&line).and_then(|()| out.flush());
        }
    }

    fn any(&self) -> bool {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).values().any(|epochs| *epochs > 0)
    }
}

/// Ends what never began.
async fn stop_before_start() -> anyhow::Result<()> {
    notify::stopping().await;
    tracing::info!("stopped before anything was recorded");
    Ok(())
}

/// Opens the database where there is one; gives the subnets that it has a record of. Which chain they are of
/// decides which endpoints are asked.
async fn open_existing(
    config: &Config,
    chain: &SubxtChain,
    state: &State,
    late: &LateStore,
) -> anyhow::Result<Vec<NetUid>> {
    let mut recorded = Vec::new();
    if let Some(store) =
        retry_database(state, async || off_thread(config, wiring::open_record_if_any).await).await?
    {
        let genesis;
        (recorded, genesis) =
            retry_database(state, async || Ok((store.netuids().await?, store.genesis().await?))).await?;
        genesis.inspect(|genesis| chain.expect_genesis(*genesis));
        drop(store);
        late.stand_for(
            retry_database(state, async || off_thread(config, wiring::open_or_create_record).await).await?,
        );
    }
    Ok(recorded)
}

/// Finds out how to begin, and makes a database only then. Whatever a node answers, it is asked again: the
/// next start would ask no other.
async fn begin(
    config: &Config,
    chain: &SubxtChain,
    state: &State,
    late: &LateStore,
    recorded: &[NetUid],
) -> anyhow::Result<(BlockNumber, Plan)> {
    for tries in 1.. {
        let error = match plan_start(config, chain, recorded).await {
            Ok(begun) => {
                if late.get().is_none() {
                    late.stand_for(
                        retry_database(state, async || {
                            off_thread(config, wiring::open_or_create_record).await
                        })
                        .await?,
                    );
                }
                return Ok(begun);
            }
            Err(error) => error,
        };
        // A database of another chain than every endpoint's is no answer to wait for: somebody named the
        // wrong one of either.
        if let (1, Some(store), Some(other @ ChainError::OtherChain { .. })) =
            (tries, late.get(), error.downcast_ref())
        {
            return Err(wiring::explain_chain_error(config, Some(store.as_ref()), other.clone()).await);
        }
        let Some(pause) = retry_pause(&error, tries) else { return Err(error) };
        report_and_wait(state, None, &error, pause).await;
    }
    anyhow::bail!("the chain does not answer")
}

/// The head, and how to begin there where there is no record yet. Beside one that goes on, who begins is no
/// reason to wait.
async fn plan_start(
    config: &Config,
    chain: &SubxtChain,
    recorded: &[NetUid],
) -> anyhow::Result<(BlockNumber, Plan)> {
    let head = chain.finalized_head().await?.number;
    if config.netuids.iter().any(|netuid| recorded.contains(netuid)) {
        return Ok((head, Plan::default()));
    }
    let plan = Plan::make(config, chain, recorded, head).await;
    if plan.beginnings.is_empty() {
        plan.failure()?;
    }
    Ok((head, plan))
}

/// Does what the database does not allow yet, once it does: its server may not be up.
async fn retry_database<T>(
    state: &State,
    mut task: impl AsyncFnMut() -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    loop {
        match task().await {
            Err(error) if is_passing(&error) => report_and_wait(state, None, &error, RETRY_PAUSE).await,
            done => return done,
        }
    }
}

/// Does what blocks off the threads that serve: a server may take connections and say nothing.
async fn off_thread<T: Send + 'static>(
    config: &Config,
    task: fn(&Config) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let config = config.clone();
    tokio::task::spawn_blocking(move || task(&config)).await?
}

/// Serves the API over the record that is there.
async fn read_only(session: &Session) -> anyhow::Result<()> {
    let config = &session.config;
    let stop = stop_signal()?;
    let listener = api::bind(config).await?;
    let state = State::new(config, None);
    let store = watched(off_thread(config, wiring::open_record).await?, &state);
    let served = api::serve(listener, config, Arc::clone(&store), &state)?;
    state.reading_began();
    let background = [
        Task::spawn(observe(Arc::clone(&state), store, config.clone())),
        Task::spawn(notify::notify(Arc::clone(&state))),
    ];
    stop.await;
    drop(background);
    notify::stopping().await;
    served.stop().await;
    Ok(())
}

fn subnets(netuids: &[NetUid]) -> String {
    netuids.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}
