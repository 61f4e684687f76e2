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
    /// Stop, with exit code 0, once this block is recorded.
    #[arg(long, value_name = "BLOCK")]
    pub until: Option<u64>,
    /// Only serve the API over the existing record, with or without another `vesting run`; follow nothing.
    #[arg(long, conflicts_with = "until")]
    pub read_only: bool,
}

/// How long the API waits for the database to open, so that an existing record is served from the first
/// moment.
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
    // From here on a signal ends the program, whatever it waits for.
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
    // The API serves at once, whatever the chain and the database do.
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
    // Pruning runs beside following, which need not wait for it.
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
    // The last epoch may not have been pruned yet. After a signal there is no time for it.
    if let (true, Some(pruner)) = (ended? && epochs.any(), pruner.as_mut()) {
        pruner.epoch_recorded().await;
    }
    tracing::info!("stopped; every block taken in is in the store");
    Ok(())
}

/// The number of epochs recorded since the start, by subnet.
#[derive(Default)]
struct Epochs {
    counts: Mutex<BTreeMap<NetUid, u64>>,
    /// Notified after each new epoch.
    new: Notify,
}

impl Epochs {
    /// Notes a subnet's progress. If there is a new epoch and `requests` is given, a line is printed.
    fn note(&self, netuid: NetUid, progress: Progress, requests: Option<u64>) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let Progress { block, epochs, operations, entries, .. } = progress;
        if counts.insert(netuid, epochs).unwrap_or(0) == epochs {
            return;
        }
        self.new.notify_one();
        if let Some(requests) = requests {
            let line = Line { netuid: netuid.0, block: block.0, epochs, operations, entries, requests };
            // The lock keeps lines whole. A closed reader does not stop the recording.
            let mut out = Out::new();
            let _ = out.json(&line).and_then(|()| out.flush());
        }
    }

    fn any(&self) -> bool {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).values().any(|epochs| *epochs > 0)
    }
}

/// Stops before anything was recorded.
async fn stop_before_start() -> anyhow::Result<()> {
    notify::stopping().await;
    tracing::info!("stopped before anything was recorded");
    Ok(())
}

/// Opens the database if there is one, and returns the subnets that it has records of. Its chain decides
/// which endpoints are used.
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

/// Plans the new records, and only then creates a database. An error of a node is retried here, since a
/// restart would ask the same nodes.
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
        // If every endpoint serves another chain than the database's, waiting is useless: one of the two is
        // configured wrongly.
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

/// The finalized head, and the plan of new records. If some records exist, following starts at once, and each
/// follower plans its own.
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

/// Retries a task while the database is not available: its server may not be up yet.
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

/// Runs a blocking task on a thread of its own: a database server may accept a connection and then hang.
async fn off_thread<T: Send + 'static>(
    config: &Config,
    task: fn(&Config) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let config = config.clone();
    tokio::task::spawn_blocking(move || task(&config)).await?
}

/// Serves the API over the existing record.
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
