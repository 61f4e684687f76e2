//! What every command has.

use std::sync::Arc;

use vesting_core::ports::StakeStore;

use crate::config::Config;
use crate::output::Out;
use crate::wiring;

/// What every command has.
pub struct Session {
    pub config: Config,
    pub json: bool,
    pub out: Out,
}

impl Session {
    /// The record, which must be there already: reading never creates one.
    pub fn open_record(&self) -> anyhow::Result<Arc<dyn StakeStore>> {
        wiring::open_record(&self.config)
    }

    /// The record where there is a database.
    pub fn open_record_if_any(&self) -> anyhow::Result<Option<Arc<dyn StakeStore>>> {
        wiring::open_record_if_any(&self.config)
    }

    /// The record, created when it is not there.
    pub fn open_or_create_record(&self) -> anyhow::Result<Arc<dyn StakeStore>> {
        wiring::open_or_create_record(&self.config)
    }
}
