//! The configured database and its record.

use std::sync::Arc;

use anyhow::Context;
use vesting_core::StakeTracker;
use vesting_core::ports::{ChainPort, StakeStore};

use crate::config::Config;
use crate::failure::is_passing;

/// Opens the record, which must exist: reading never creates one.
pub fn open_record(config: &Config) -> anyhow::Result<Arc<dyn StakeStore>> {
    let url = &config.database_url;
    vesting_store::open_existing(url.expose()).with_context(|| format!("cannot open the database {url}"))
}

/// Opens the record if there is a database. A database that cannot be reached just now is an error, not an
/// absent one.
pub fn open_record_if_any(config: &Config) -> anyhow::Result<Option<Arc<dyn StakeStore>>> {
    match open_record(config) {
        Ok(store) => Ok(Some(store)),
        Err(error) if is_passing(&error) => Err(error),
        // Any other error is reported when the database is opened for writing.
        Err(_) => Ok(None),
    }
}

/// Opens the record, and creates it if there is none.
pub fn open_or_create_record(config: &Config) -> anyhow::Result<Arc<dyn StakeStore>> {
    let url = &config.database_url;
    vesting_store::open(url.expose()).with_context(|| format!("cannot open the database {url}"))
}

/// Binds the database to the chain, or checks that it belongs to it.
pub async fn bind_database(
    config: &Config,
    chain: &dyn ChainPort,
    store: &dyn StakeStore,
) -> anyhow::Result<()> {
    let bound = store.bind_chain(chain.genesis().await?).await;
    bound.with_context(|| format!("cannot use the database {}", config.database_url))
}

/// The tracker that reads a store.
pub fn tracker(store: &Arc<dyn StakeStore>) -> StakeTracker {
    StakeTracker::new(store.clone())
}
