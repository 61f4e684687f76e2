//! Opening the record at a database URL, whichever database it is.

use std::sync::Arc;

use vesting_core::ports::{StakeStore, StoreError};

use super::DatabaseStore;
use crate::database::Place;

/// Whether a URL names a database. Nothing is opened.
///
/// # Errors
/// For a URL that is not understood, or that could be understood in two ways; no part of it is repeated.
pub fn check(url: &str) -> Result<(), StoreError> {
    Place::of(url).map(|_| ())
}

/// Opens the record at a URL for writing, and makes it where there is none.
///
/// # Errors
/// For a URL that is not understood and a database that cannot be used, in words for the operator.
pub fn open(url: &str) -> Result<Arc<dyn StakeStore>, StoreError> {
    Ok(Arc::new(DatabaseStore::open(url)?))
}

/// Opens the record at a URL for reading; changes and creates nothing.
///
/// # Errors
/// As [`open`], and where there is no record yet.
pub fn open_existing(url: &str) -> Result<Arc<dyn StakeStore>, StoreError> {
    Ok(Arc::new(DatabaseStore::open_read_only(url)?))
}

/// Brings the database at a URL up to date with this version; says whether it was not. [`open`] does so too.
///
/// # Errors
/// As [`open_existing`], but for a database of an older version.
pub fn migrate(url: &str) -> Result<bool, StoreError> {
    Place::of(url)?.migrate()
}

/// Gives the space that removed rows took in the database at a URL back to the system. It writes the whole
/// database anew, while nobody else can write to it.
///
/// # Errors
/// As [`open_existing`], and [`StoreError::Busy`] while another program holds it.
pub fn compact(url: &str) -> Result<(), StoreError> {
    Place::of(url)?.compact()
}
