//! Opens, checks, migrates and compacts the database at a URL, of either kind.

use std::path::PathBuf;
use std::sync::Arc;

use vesting_core::ports::{StakeStore, StoreError};

use super::DatabaseStore;
use crate::database::Place;

/// Checks that a URL names a database. Opens nothing.
///
/// # Errors
/// If the URL is not understood, or can be read in two ways. No part of it is repeated.
pub fn check(url: &str) -> Result<(), StoreError> {
    Place::of(url).map(|_| ())
}

/// The SQLite file that a URL names. `None` for a server, and for a database in memory.
///
/// # Errors
/// Those of [`check`].
pub fn file(url: &str) -> Result<Option<PathBuf>, StoreError> {
    Ok(match Place::of(url)? {
        Place::File(path) => Some(path),
        Place::Memory | Place::Server(_) => None,
    })
}

/// Opens the record at a URL for writing. Creates it if there is none.
///
/// # Errors
/// If the URL is not understood or the database cannot be used. The error tells the operator what to do.
pub fn open(url: &str) -> Result<Arc<dyn StakeStore>, StoreError> {
    Ok(Arc::new(DatabaseStore::open(url)?))
}

/// Opens the record at a URL for reading. Changes and creates nothing.
///
/// # Errors
/// Those of [`open`], and if there is no record yet.
pub fn open_existing(url: &str) -> Result<Arc<dyn StakeStore>, StoreError> {
    Ok(Arc::new(DatabaseStore::open_read_only(url)?))
}

/// Migrates the database at a URL to this version, as [`open`] does too. Returns whether it was outdated.
///
/// # Errors
/// Those of [`open_existing`], but an older version is no error.
pub fn migrate(url: &str) -> Result<bool, StoreError> {
    Place::of(url)?.migrate()
}

/// Gives the space of removed rows in the database at a URL back to the system. This rewrites the whole
/// database, and blocks all other writers meanwhile.
///
/// # Errors
/// Those of [`open_existing`], and [`StoreError::Busy`] while another program holds the database.
pub fn compact(url: &str) -> Result<(), StoreError> {
    Place::of(url)?.compact()
}
