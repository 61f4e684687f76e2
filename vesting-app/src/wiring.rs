//! Chain, store and services, put together as configured.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use vesting_chain::{ChainOptions, SubxtChain};
use vesting_core::ports::{ChainError, ChainPort, StakeStore};
use vesting_core::{BlockNumber, BlockchainMonitor, MonitorError, NetUid, StakeTracker, window_start};

use crate::UsageError;
use crate::config::Config;

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
        return Err(UsageError("which subnet? name it with `--netuid N`, VESTING_NETUIDS, or `netuids` in vesting.toml".into()).into());
    }
    Ok(config.netuids.clone())
}

/// The subnet to show: named, or the only one there is a record of.
pub async fn shown(config: &Config, store: &dyn StakeStore) -> anyhow::Result<NetUid> {
    match config.netuids.as_slice() {
        [netuid] => return Ok(*netuid),
        [] => {}
        _ => return Err(UsageError("this command shows one subnet: name one with `--netuid N`".into()).into()),
    }
    match store.netuids().await?.as_slice() {
        [netuid] => Ok(*netuid),
        [] => anyhow::bail!("the database holds no record yet: run `vesting catch-up` or `vesting run` first"),
        many => {
            let many: Vec<String> = many.iter().map(ToString::to_string).collect();
            Err(UsageError(format!("the database holds the subnets {}: name one with `--netuid N`", many.join(", "))).into())
        }
    }
}

/// Binds the database to the chain, or checks that it belongs to it.
pub async fn bind(config: &Config, chain: &dyn ChainPort, store: &dyn StakeStore) -> anyhow::Result<()> {
    let bound = store.bind_chain(chain.genesis().await?).await;
    bound.with_context(|| format!("cannot go on with the database {}", vesting_store::shown(&config.database_url)))
}

/// The tracker over a store.
pub fn tracker(store: &Arc<dyn StakeStore>) -> StakeTracker {
    StakeTracker::new(Arc::clone(store))
}

/// Where the records begin that are still to be made: the earliest window's start, whose state the chain
/// must have. Asked before a database is made.
pub async fn beginning(config: &Config, chain: &dyn ChainPort, recorded: &[NetUid]) -> anyhow::Result<Option<BlockNumber>> {
    let mut first: Option<BlockNumber> = None;
    for netuid in config.netuids.iter().filter(|netuid| !recorded.contains(netuid)) {
        let start = window_start(chain, *netuid, config.policy(*netuid).retention_window)
            .await
            .with_context(|| format!("cannot find where the window of subnet {netuid} begins"))?;
        first = Some(first.map_or(start, |first| first.min(start)));
    }
    Ok(first)
}

/// Takes up the record of the followed subnets, and says at which block a new one begins: `from` where it
/// is given, else at `beginning`.
pub async fn monitor(
    config: &Config,
    chain: &Arc<SubxtChain>,
    store: Arc<dyn StakeStore>,
    from: Option<BlockNumber>,
    beginning: Option<BlockNumber>,
) -> anyhow::Result<(BlockchainMonitor, BlockNumber)> {
    let netuids = followed(config)?;
    let opened = BlockchainMonitor::open(Arc::<SubxtChain>::clone(chain), store, &netuids, config.max_requests_in_flight).await;
    let monitor = match opened {
        Err(error @ MonitorError::Store(_)) => {
            return Err(error).with_context(|| format!("cannot go on with the database {}", vesting_store::shown(&config.database_url)));
        }
        opened => opened?,
    };
    for (netuid, ledger) in monitor.ledgers() {
        if let (Some(record), Some(from)) = (ledger.watermark(), from)
            && (from < record.first_block || from > record.block.number.child())
        {
            return Err(UsageError(format!(
                "`--from {from}`: the record of subnet {netuid} holds the blocks {} to {} and can only be continued; leave `--from` out, or use another `--database-url`",
                record.first_block, record.block.number
            ))
            .into());
        }
    }
    Ok((monitor, from.or(beginning).unwrap_or(BlockNumber(1))))
}

/// Every followed subnet must exist at the head, or where the record is to begin, or be recorded
/// already: it may have been dissolved since. Asked before a database is made.
pub async fn check_subnets(
    config: &Config,
    chain: &dyn ChainPort,
    head: BlockNumber,
    from: Option<BlockNumber>,
    recorded: &[NetUid],
) -> anyhow::Result<()> {
    let mut missing: Vec<NetUid> = config.netuids.iter().filter(|netuid| !recorded.contains(netuid)).copied().collect();
    for block in std::iter::once(head).chain(from.filter(|from| *from < head)) {
        if !missing.is_empty() {
            let facts = chain.glance(block, &missing).await?;
            missing.retain(|netuid| !facts.subnets.contains_key(netuid));
        }
    }
    match missing.first() {
        Some(netuid) => Err(ChainError::NoSuchSubnet { netuid: *netuid, block: head }.into()),
        None => Ok(()),
    }
}
