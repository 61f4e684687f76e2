//! Database URLs.

use std::path::Path;
use std::sync::Arc;

use vesting_core::ports::{StakeStore, StoreError};

use crate::{SqliteStore, link};

enum Place<'a> {
    File(&'a Path),
    Memory,
}

/// Opens the record at a URL for writing, and makes it where there is none.
///
/// # Errors
/// For a URL that is not understood and a database that cannot be used, in words for the operator.
pub fn open(url: &str) -> Result<Arc<dyn StakeStore>, StoreError> {
    Ok(Arc::new(match place(url)? {
        Place::File(path) => SqliteStore::open(path)?,
        Place::Memory => SqliteStore::in_memory()?,
    }))
}

/// Opens the record at a URL for reading; changes and creates nothing.
///
/// # Errors
/// As [`open`], and where there is no record yet.
pub fn open_existing(url: &str) -> Result<Arc<dyn StakeStore>, StoreError> {
    match place(url)? {
        Place::File(path) => Ok(Arc::new(SqliteStore::open_read_only(path)?)),
        Place::Memory => {
            Err(StoreError::Unusable("a database in memory holds no record to read: name a file, as in `sqlite://vesting.db`".into()))
        }
    }
}

/// Brings the database at a URL up to date with this version; says whether it was not. [`open`] does so too.
///
/// # Errors
/// As [`open_existing`], but for a database of an older version.
pub fn migrate(url: &str) -> Result<bool, StoreError> {
    match place(url)? {
        Place::File(path) => link::migrate_existing(path),
        Place::Memory => Ok(false),
    }
}

/// Gives the space that removed rows took in the database at a URL back to the system. It writes the whole
/// database anew, while nobody else can write to it.
///
/// # Errors
/// As [`open_existing`], and [`StoreError::Busy`] while another program holds it.
pub fn compact(url: &str) -> Result<(), StoreError> {
    match place(url)? {
        Place::File(path) => link::compact(path),
        Place::Memory => Ok(()),
    }
}

fn place(url: &str) -> Result<Place<'_>, StoreError> {
    let unusable = |why: &str| StoreError::Unusable(why.to_owned());
    if matches!(url, "sqlite::memory:" | "sqlite://:memory:") {
        return Ok(Place::Memory);
    }
    // The URL itself is never repeated: it may hold a password.
    match url.split_once("://") {
        Some(("sqlite", "")) => {
            Err(unusable("the database URL names no file: write it as `sqlite://vesting.db` or `sqlite:///var/lib/vesting.db`"))
        }
        Some(("sqlite", path)) if path.contains('?') => {
            Err(unusable("options after `?` in a `sqlite://` URL are not understood: leave them out"))
        }
        Some(("sqlite", path)) => Ok(Place::File(Path::new(path))),
        Some(("postgres" | "postgresql", _)) => {
            Err(unusable("PostgreSQL is not supported by this version yet: use a file, as in `sqlite://vesting.db`"))
        }
        _ => Err(unusable(
            "the database URL is not understood: expected `sqlite://relative.db`, `sqlite:///absolute/path.db` or `sqlite::memory:`",
        )),
    }
}
