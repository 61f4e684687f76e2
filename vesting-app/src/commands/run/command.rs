//! `vesting run`: starts the API, the followers and the tasks beside them, and stops them.

use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use vesting_core::{BlockNumber, NetUid};

use super::bootstrap::Bootstrap;
use super::epoch_counts::EpochCounts;
use super::read_only::read_only;
use super::start::{open_existing, plan_records};
use crate::commands::session::Session;
use crate::following::Followers;
use crate::late::LateStore;
use crate::pruner::Pruner;
use crate::signal::stop_signal;
use crate::state::{State, observe, watch_database, watched};
use crate::task::Task;
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
    /// Stop when the standard input ends. A program that starts this one and holds the other end of that pipe
    /// is then never outlived by it.
    #[arg(long)]
    pub until_input_ends: bool,
}

/// How long the API waits for the database to open, so that an existing record is served from the first
/// moment.
const OPENING: Duration = Duration::from_millis(500);

pub async fn run(session: &mut Session, args: &RunArgs) -> anyhow::Result<()> {
    if args.read_only {
        return read_only(session, args.until_input_ends).await;
    }
    let config = session.config.clone();
    wiring::subnets_to_follow(&config)?;
    let bootstrap = Bootstrap::of(&config)?;
    // From here on a signal ends the program, whatever it waits for.
    let mut stop = std::pin::pin!(stop_signal(args.until_input_ends)?);
    let listener = api::bind(&config).await?;
    let chain = wiring::chain(&config);
    let state = State::new(&config, Some(Arc::clone(&chain)));
    let late_store = Arc::new(LateStore::default());
    let mut starting = std::pin::pin!(notify::starting(&state));
    let mut opening = std::pin::pin!(open_existing(&config, &chain, &state, &late_store));
    let opened = tokio::select! {
        opened = &mut opening => Some(opened?),
        () = tokio::time::sleep(OPENING) => None,
        never = &mut starting => match never {},
        () = &mut stop => return stop_before_start().await,
    };
    // The API serves at once, whatever the chain and the database do.
    let store = watched(Arc::<LateStore>::clone(&late_store), &state);
    let served = api::serve(listener, &config, Arc::clone(&store), &state)?;
    let mut background = vec![Task::spawn(observe(Arc::clone(&state), Arc::clone(&store), config.clone()))];
    let watched_state = Arc::clone(&state);
    background.push(Task::spawn(async move { match watch_database(&watched_state.unanswered).await {} }));
    let beginning = async {
        let recorded = match opened {
            Some(recorded) => recorded,
            None => opening.await?,
        };
        let recorded = match &bootstrap {
            Some(bootstrap) => bootstrap.take(&config, &chain, &late_store, recorded).await,
            None => recorded,
        };
        plan_records(&config, &chain, &state, &late_store, &recorded).await
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
    tracing::info!(
        subnets = %subnets(&config.netuids),
        head = head.0,
        "following; no wallet is needed or used"
    );
    let epochs = Arc::new(EpochCounts::default());
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

/// Stops before anything was recorded.
async fn stop_before_start() -> anyhow::Result<()> {
    notify::stopping().await;
    tracing::info!("stopped before anything was recorded");
    Ok(())
}

fn subnets(netuids: &[NetUid]) -> String {
    netuids.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}
