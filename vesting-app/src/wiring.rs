//! Chain, store and services, put together as configured.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use futures_util::future::join_all;
use vesting_chain::{ChainOptions, SubxtChain};
use vesting_core::ports::{ChainError, ChainPort, StakeStore};
use vesting_core::{
    BlockNumber, BlockchainMonitor, MonitorError, NetUid, StakeTracker, agreed_glance, window_start,
};

use crate::config::Config;
use crate::exit::UsageError;
use crate::following::is_passing;

/// The longest wait for one answer of a node.
const DEADLINE: Duration = Duration::from_secs(30);

/// A finalized head that does not move for so long is another endpoint's to tell: seven blocks.
const BLOCK_PATIENCE: Duration = Duration::from_secs(90);

/// A block near the head that a node does not know is asked for again for so long: half a block.
const LAG_PATIENCE: Duration = Duration::from_secs(6);

/// Connects to the chain.
pub fn chain(config: &Config) -> Arc<SubxtChain> {
    Arc::new(SubxtChain::new(ChainOptions {
        endpoints: config.endpoints.clone(),
        deadline: DEADLINE,
        max_requests_in_flight: config.max_requests_in_flight,
        query_interval: config.query_interval,
        block_patience: BLOCK_PATIENCE,
        lag_patience: LAG_PATIENCE,
    }))
}

/// The subnets to follow: at least one must be named.
pub fn followed(config: &Config) -> anyhow::Result<Vec<NetUid>> {
    if config.netuids.is_empty() {
        return Err(UsageError(
            "which subnet? name it with `--netuid N`, VESTING_NETUIDS, or `netuids` in vesting.toml".into(),
        )
        .into());
    }
    Ok(config.netuids.clone())
}

/// The subnet to show: named, or the only one there is a record of.
pub async fn shown(config: &Config, store: &dyn StakeStore) -> anyhow::Result<NetUid> {
    match config.netuids.as_slice() {
        [netuid] => return Ok(*netuid),
        [] => {}
        _ => {
            return Err(UsageError("this command shows one subnet: name one with `--netuid N`".into()).into());
        }
    }
    match store.netuids().await?.as_slice() {
        [netuid] => Ok(*netuid),
        [] => {
            anyhow::bail!("the database holds no record yet: run `vesting catch-up` or `vesting run` first")
        }
        many => {
            let many: Vec<String> = many.iter().map(ToString::to_string).collect();
            Err(UsageError(format!(
                "the database holds the subnets {}: name one with `--netuid N`",
                many.join(", ")
            ))
            .into())
        }
    }
}

/// The record, which must be there already: reading never creates one.
pub fn record(config: &Config) -> anyhow::Result<Arc<dyn StakeStore>> {
    let url = &config.database_url;
    vesting_store::open_existing(url.expose()).with_context(|| format!("cannot open the database {url}"))
}

/// The record where there is a database. One that cannot be asked just now is no sign of none.
pub fn record_there(config: &Config) -> anyhow::Result<Option<Arc<dyn StakeStore>>> {
    match record(config) {
        Ok(store) => Ok(Some(store)),
        Err(error) if is_passing(&error) => Err(error),
        // What is wrong with it is said when it is opened for writing.
        Err(_) => Ok(None),
    }
}

/// The record, created when it is not there.
pub fn record_or_new(config: &Config) -> anyhow::Result<Arc<dyn StakeStore>> {
    let url = &config.database_url;
    vesting_store::open(url.expose()).with_context(|| format!("cannot open the database {url}"))
}

/// Binds the database to the chain, or checks that it belongs to it.
pub async fn bind(config: &Config, chain: &dyn ChainPort, store: &dyn StakeStore) -> anyhow::Result<()> {
    let bound = store.bind_chain(chain.genesis().await?).await;
    bound.with_context(|| format!("cannot go on with the database {}", config.database_url))
}

/// The tracker over a store.
pub fn tracker(store: &Arc<dyn StakeStore>) -> StakeTracker {
    StakeTracker::new(store.clone())
}

/// An error of the chain as it is told: where no endpoint serves the record's chain, it is the database that
/// does not fit.
pub async fn told(config: &Config, store: Option<&dyn StakeStore>, error: ChainError) -> anyhow::Error {
    if let (ChainError::OtherChain { genesis, .. }, Some(store)) = (&error, store)
        && let Err(refused) = store.bind_chain(*genesis).await
    {
        return anyhow::Error::from(refused)
            .context(format!("cannot go on with the database {}", config.database_url));
    }
    error.into()
}

/// Where the records of the followed subnets begin that are still to be made.
#[derive(Debug, Default)]
pub struct Plan {
    /// At these blocks: each where its window does.
    pub beginnings: BTreeMap<NetUid, BlockNumber>,
    /// Those that are not there at the last block.
    pub absent: Vec<NetUid>,
    /// Those whose beginning the chain does not tell.
    pub failed: Vec<(NetUid, ChainError)>,
}

impl Plan {
    /// Plans the records of the followed subnets that have none, up to the block `to`; all of them at once.
    pub async fn make(config: &Config, chain: &dyn ChainPort, recorded: &[NetUid], to: BlockNumber) -> Self {
        let new = config.netuids.iter().copied().filter(|netuid| !recorded.contains(netuid));
        let starts = new.map(async |netuid| {
            (netuid, window_start(chain, netuid, config.policy(netuid).retention_window, to).await)
        });
        let mut plan = Self::default();
        for (netuid, start) in join_all(starts).await {
            match start {
                Ok(start) => _ = plan.beginnings.insert(netuid, start),
                Err(ChainError::NoSuchSubnet { .. }) => plan.absent.push(netuid),
                Err(error) => plan.failed.push((netuid, error)),
            }
        }
        plan
    }

    /// The first error among the beginnings.
    pub fn failure(&self) -> anyhow::Result<()> {
        match self.failed.first() {
            Some((netuid, error)) => Err(anyhow::Error::from(error.clone())
                .context(format!("cannot find where the window of subnet {netuid} begins"))),
            None => Ok(()),
        }
    }
}

/// Takes up the record of a subnet. It must be one that can be continued at `from`, where that is given.
pub async fn monitor(
    config: &Config,
    netuid: NetUid,
    chain: Arc<dyn ChainPort>,
    store: Arc<dyn StakeStore>,
    from: Option<BlockNumber>,
) -> anyhow::Result<BlockchainMonitor> {
    let monitor = match BlockchainMonitor::open(chain, store, &[netuid], config.max_requests_in_flight).await
    {
        Err(error @ MonitorError::Store(_)) => {
            return Err(error)
                .with_context(|| format!("cannot go on with the database {}", config.database_url));
        }
        opened => opened?,
    };
    let record = monitor.ledgers().get(&netuid).and_then(|ledger| ledger.watermark());
    if let (Some(record), Some(from)) = (record, from)
        && (from < record.first_block || from > record.block.number.child())
    {
        return Err(UsageError(format!(
            "`--from {from}`: the record of subnet {netuid} holds the blocks {} to {} and can only be continued; leave `--from` out, or use another `--database-url`",
            record.first_block, record.block.number
        ))
        .into());
    }
    Ok(monitor)
}

/// Those of the subnets that exist at a block.
pub async fn present(
    chain: &dyn ChainPort,
    netuids: &[NetUid],
    at: BlockNumber,
) -> Result<Vec<NetUid>, ChainError> {
    if netuids.is_empty() {
        return Ok(Vec::new());
    }
    Ok(agreed_glance(chain, at, netuids).await?.subnets.into_keys().collect())
}
