//! A database for as long as a command runs.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use tempfile::TempDir;
use vesting_core::ports::StakeStore;

use crate::config::Config;

/// A database that is removed with this value.
pub struct Scratch {
    store: Arc<dyn StakeStore>,
    /// Dropped after the store, which has a file in it.
    _folder: TempDir,
}

impl Scratch {
    /// Makes an empty one.
    pub fn new(config: &Config) -> anyhow::Result<Self> {
        let folder = scratch_folder(config)?;
        let path = folder.path().join("record.db");
        let path = path.to_str().context("the name of the folder for temporary files is not UTF-8")?;
        Ok(Self { store: vesting_store::open(&format!("sqlite://{path}"))?, _folder: folder })
    }

    /// The database.
    pub const fn store(&self) -> &Arc<dyn StakeStore> {
        &self.store
    }
}

/// A folder for as long as a command runs. It is beside the database, where there is room: the system's folder
/// for such files may be memory.
pub fn scratch_folder(config: &Config) -> anyhow::Result<TempDir> {
    let database = vesting_store::file(config.database_url.expose())?;
    let beside =
        database.as_deref().and_then(Path::parent).map(|folder| match folder.as_os_str().is_empty() {
            true => Path::new("."),
            false => folder,
        });
    let beside = beside.filter(|folder| folder.is_dir());
    let mut builder = tempfile::Builder::new();
    builder.prefix(".vesting-scratch-");
    let folder = beside.map_or_else(|| builder.tempdir(), |folder| builder.tempdir_in(folder));
    folder.context("no file can be made to keep what is checked")
}
