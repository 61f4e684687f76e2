//! The chain, as it is configured.

use std::sync::Arc;
use std::time::Duration;

use vesting_chain::{ChainOptions, SubxtChain};
use vesting_core::ports::{ChainError, StakeStore};

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

/// An error of the chain as it is told: where no endpoint serves the record's chain, it is the database that
/// does not fit.
pub async fn explain_chain_error(
    config: &Config,
    store: Option<&dyn StakeStore>,
    error: ChainError,
) -> anyhow::Error {
    if let (ChainError::OtherChain { genesis, .. }, Some(store)) = (&error, store)
        && let Err(refused) = store.bind_chain(*genesis).await
    {
        return anyhow::Error::from(refused)
            .context(format!("cannot go on with the database {}", config.database_url));
    }
    error.into()
}
