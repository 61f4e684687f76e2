//! The configured chain.

use std::sync::Arc;
use std::time::Duration;

use vesting_chain::{ChainOptions, SubxtChain};
use vesting_core::ports::{ChainError, StakeStore};

use crate::config::Config;

/// The deadline of one answer of a node.
const DEADLINE: Duration = Duration::from_secs(30);

/// If the finalized head does not move for this long (seven blocks), another endpoint is asked.
const BLOCK_PATIENCE: Duration = Duration::from_secs(90);

/// A node that does not know a block near the head is asked again for this long (half a block).
const LAG_PATIENCE: Duration = Duration::from_secs(6);

/// The chain at the configured endpoints. A connection is made when it is first asked.
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

/// Explains an error of the chain. If no endpoint serves the record's chain, the error is that the database
/// belongs to another chain.
pub async fn explain_chain_error(
    config: &Config,
    store: Option<&dyn StakeStore>,
    error: ChainError,
) -> anyhow::Error {
    if let (ChainError::OtherChain { genesis, .. }, Some(store)) = (&error, store)
        && let Err(refused) = store.bind_chain(*genesis).await
    {
        return anyhow::Error::from(refused)
            .context(format!("cannot use the database {}", config.database_url));
    }
    error.into()
}
