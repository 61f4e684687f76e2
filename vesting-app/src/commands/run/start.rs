//! The start: the database is opened, and new records are planned.

use vesting_chain::SubxtChain;
use vesting_core::ports::{ChainError, ChainPort};
use vesting_core::{BlockNumber, NetUid};

use crate::config::Config;
use crate::failure::is_passing;
use crate::following::{RETRY_PAUSE, report_and_wait, retry_pause};
use crate::late::LateStore;
use crate::state::State;
use crate::wiring;
use crate::wiring::Plan;

/// Opens the database if there is one, and returns the subnets that it has records of. Its chain decides
/// which endpoints are used.
pub async fn open_existing(
    config: &Config,
    chain: &SubxtChain,
    state: &State,
    late_store: &LateStore,
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
        late_store.stand_for(
            retry_database(state, async || off_thread(config, wiring::open_or_create_record).await).await?,
        );
    }
    Ok(recorded)
}

/// Plans the new records, and only then creates a database. An error of a node is retried here, since a
/// restart would ask the same nodes.
pub async fn plan_records(
    config: &Config,
    chain: &SubxtChain,
    state: &State,
    late_store: &LateStore,
    recorded: &[NetUid],
) -> anyhow::Result<(BlockNumber, Plan)> {
    for tries in 1.. {
        let error = match plan_start(config, chain, recorded).await {
            Ok(begun) => {
                if late_store.get().is_none() {
                    late_store.stand_for(
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
            (tries, late_store.get(), error.downcast_ref())
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
pub async fn off_thread<T: Send + 'static>(
    config: &Config,
    task: fn(&Config) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let config = config.clone();
    tokio::task::spawn_blocking(move || task(&config)).await?
}
