//! Which schema a database has: what is looked at before it is touched.

use std::fmt::Display;

use diesel::migration::{Migration, MigrationSource};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel::sqlite::Sqlite;
use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use vesting_core::ports::StoreError;

use crate::error::naming;

/// The table in which diesel writes down what it has applied.
const APPLIED: &str = "__diesel_schema_migrations";

/// The tables that lose rows when a record is pruned.
pub const TABLES: [&str; 8] = [
    "stake_transactions",
    "stake_changes",
    "stake_balance_changes",
    "stake_snapshots",
    "stake_locks",
    "stake_tranches",
    "tranche_exits",
    "block_times",
];

/// How the tables come to be in SQLite.
pub const SQLITE: EmbeddedMigrations = embed_migrations!("../migrations/sqlite");

/// How the tables come to be in PostgreSQL. The same version means the same tables in both.
pub const POSTGRES: EmbeddedMigrations = embed_migrations!("../migrations/postgres");

/// What is in a database.
pub enum Found {
    /// No table.
    Nothing,
    /// Our tables; whether a migration is still to come.
    Record {
        /// Whether they are of an older version.
        outdated: bool,
    },
}

impl Found {
    /// Whether the tables there are of an older version.
    ///
    /// # Errors
    /// Where there are none.
    pub fn outdated(&self, name: impl Display) -> Result<bool, StoreError> {
        match self {
            Self::Nothing => Err(naming::none(name)),
            Self::Record { outdated } => Ok(*outdated),
        }
    }

    /// That a record can be read.
    ///
    /// # Errors
    /// Where there is none, or it is of an older version.
    pub fn readable(&self, name: impl Display) -> Result<(), StoreError> {
        match self.outdated(&name)? {
            true => Err(naming::refuse(
                name,
                "it is from an older version: `vesting db migrate` brings it up to date",
            )),
            false => Ok(()),
        }
    }
}

/// A name that was asked for.
#[derive(QueryableByName)]
pub struct Name {
    /// The name.
    #[diesel(sql_type = Text)]
    pub name: String,
}

/// What is in a `what` (a file, a schema) with these tables. `refuse` names it in an error.
///
/// # Errors
/// Where it is not ours, or of a version that is not known here.
pub fn found(
    what: &str,
    tables: &[String],
    applied: impl FnOnce() -> Result<Vec<String>, StoreError>,
    known: Result<Vec<String>, String>,
    refuse: impl Fn(String) -> StoreError,
) -> Result<Found, StoreError> {
    if tables.is_empty() {
        return Ok(Found::Nothing);
    }
    if !tables.iter().any(|table| table == APPLIED) {
        return Err(refuse(format!("it belongs to another program: name another {what}")));
    }
    let (applied, known) = (applied()?, known.map_err(&refuse)?);
    if let Some(version) = applied.iter().find(|version| !known.contains(version)) {
        return Err(refuse(format!(
            "it is from a newer version of vesting (schema {version}) or from another program: install that version or name another {what}"
        )));
    }
    Ok(Found::Record { outdated: known.iter().any(|version| !applied.contains(version)) })
}

/// The versions of SQLite's migrations.
pub fn of_sqlite() -> Result<Vec<String>, String> {
    versions(MigrationSource::<Sqlite>::migrations(&SQLITE))
}

/// The versions of PostgreSQL's migrations.
pub fn of_postgres() -> Result<Vec<String>, String> {
    versions(MigrationSource::<Pg>::migrations(&POSTGRES))
}

fn versions<DB: diesel::backend::Backend>(
    migrations: diesel::migration::Result<Vec<Box<dyn Migration<DB>>>>,
) -> Result<Vec<String>, String> {
    let all = migrations.map_err(|error| error.to_string())?;
    Ok(all.iter().map(|migration| migration.name().version().to_string()).collect())
}
