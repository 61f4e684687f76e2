//! Where a record is, as a database URL says.

use std::path::{Path, PathBuf};

use vesting_core::ports::StoreError;
use vesting_secret::{Flaw, SecretUrl};

use super::any_connection::AnyConnection;
use super::{postgres, sqlite};
use crate::error::Fault;
use crate::schema::version::Schema;

/// Where a record is.
#[derive(Clone, PartialEq, Eq)]
pub enum Place {
    /// A SQLite file.
    File(PathBuf),
    /// A SQLite database in the memory of this process.
    Memory,
    /// A PostgreSQL server, at a URL that can be read in one way only.
    Server(SecretUrl),
}

impl Place {
    /// Reads a URL. Errors never repeat the URL, since it may hold a password.
    pub fn of(url: &str) -> Result<Self, StoreError> {
        let unusable = |why: &str| StoreError::Unusable(why.to_owned());
        let flawed = |why: Flaw| StoreError::Unusable(format!("the database URL cannot be used: {why}"));
        let read = SecretUrl::new(url);
        let url = read.expose();
        if matches!(url, "sqlite::memory:" | "sqlite://:memory:") {
            return Ok(Self::Memory);
        }
        match url.split_once("://") {
            Some(("sqlite", "")) => Err(unusable(
                "the database URL names no file: \
                 write it as `sqlite://vesting.db` or `sqlite:///var/lib/vesting.db`",
            )),
            Some(("sqlite", path)) if path.contains('?') => {
                Err(unusable("options after `?` in a `sqlite://` URL are not understood: leave them out"))
            }
            Some(("sqlite", path)) => {
                read.check().map(|()| Self::File(Path::new(path).to_owned())).map_err(flawed)
            }
            Some(("postgres" | "postgresql", _)) => read.check().map(|()| Self::Server(read)).map_err(flawed),
            _ if read.check() == Err(Flaw::Quotes) => Err(flawed(Flaw::Quotes)),
            _ => Err(unusable(
                "the database URL is not understood: expected `sqlite://relative.db`, \
                 `sqlite:///absolute/path.db`, `sqlite::memory:` or `postgres://user@host/database`",
            )),
        }
    }

    /// Opens a connection for writing. Creates and migrates the record as needed.
    pub fn writer(&self) -> Result<AnyConnection, StoreError> {
        Ok(match self {
            Self::File(path) => AnyConnection::Sqlite(sqlite::writer(path)?),
            Self::Memory => AnyConnection::Sqlite(sqlite::memory()?),
            Self::Server(url) => AnyConnection::Postgres(postgres::writer(url)?),
        })
    }

    /// Opens a connection to an existing record, for reading only.
    pub fn reader(&self) -> Result<AnyConnection, StoreError> {
        match self {
            Self::File(path) => Ok(AnyConnection::Sqlite(sqlite::reader(path)?)),
            Self::Memory => Err(StoreError::Unusable(
                "a database in memory holds no record to read: name a file, as in `sqlite://vesting.db`"
                    .into(),
            )),
            Self::Server(url) => Ok(AnyConnection::Postgres(postgres::reader(url)?)),
        }
    }

    /// The error of a fault here, with the name of this database.
    pub fn named(&self, fault: Fault) -> StoreError {
        match self {
            Self::File(path) => sqlite::named(path, fault),
            Self::Memory => fault.into(),
            Self::Server(url) => postgres::named(url, fault),
        }
    }

    /// Gives the space of removed rows back to the system.
    pub fn compact(&self) -> Result<(), StoreError> {
        match self {
            Self::File(path) => sqlite::compact(path),
            Self::Memory => Ok(()),
            Self::Server(url) => postgres::compact(url),
        }
    }

    /// Finds which schema the database has, and whether it can be written to. Changes nothing.
    pub fn examine(&self) -> Result<(Schema, Result<(), StoreError>), StoreError> {
        match self {
            Self::File(path) => sqlite::examine(path),
            Self::Memory => Ok((Schema::None, Ok(()))),
            Self::Server(url) => postgres::examine(url),
        }
    }

    /// Migrates an existing record. Returns whether it was outdated.
    pub fn migrate(&self) -> Result<bool, StoreError> {
        match self {
            Self::File(path) => sqlite::migrate_existing(path),
            Self::Memory => Ok(false),
            Self::Server(url) => postgres::migrate_existing(url),
        }
    }
}
