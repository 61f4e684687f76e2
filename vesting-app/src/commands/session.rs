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
    /// Opens the record, which must exist: reading never creates one.
    pub fn open_record(&self) -> anyhow::Result<Arc<dyn StakeStore>> {
        wiring::open_record(&self.config)
    }

    /// Opens the record if there is a database.
    pub fn open_record_if_any(&self) -> anyhow::Result<Option<Arc<dyn StakeStore>>> {
        wiring::open_record_if_any(&self.config)
    }

    /// Opens the record, and creates it if there is none.
    pub fn open_or_create_record(&self) -> anyhow::Result<Arc<dyn StakeStore>> {
        wiring::open_or_create_record(&self.config)
    }
}
