//! Which schema a database has. It is checked before anything is changed.

use std::fmt::Display;

use diesel::migration::{Migration, MigrationSource};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel::sqlite::Sqlite;
use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use vesting_core::ports::StoreError;

use crate::error::naming;

/// The table in which diesel records the migrations that it has run.
const APPLIED: &str = "__diesel_schema_migrations";

/// The migrations of SQLite.
pub const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");

/// The migrations of PostgreSQL. The same version means the same tables in both.
pub const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// Which of vesting's tables a database has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schema {
    /// None, or the database does not exist yet.
    None,
    /// Those of an older version: `vesting db migrate` brings them up to date.
    Outdated,
    /// Those of this version.
    Current,
}

impl Schema {
    /// Whether the tables are of an older version.
    ///
    /// # Errors
    /// If there are none.
    pub(crate) fn is_outdated(self, name: impl Display) -> Result<bool, StoreError> {
        match self {
            Self::None => Err(naming::no_record(name)),
            Self::Outdated => Ok(true),
            Self::Current => Ok(false),
        }
    }

    /// Checks that a record can be read.
    ///
    /// # Errors
    /// If there is no record, or it is of an older version.
    pub(crate) fn check_readable(self, name: impl Display) -> Result<(), StoreError> {
        match self.is_outdated(&name)? {
            true => Err(naming::unusable(
                name,
                "it is from an older version: `vesting db migrate` brings it up to date",
            )),
            false => Ok(()),
        }
    }
}

/// A row with one column, `name`.
#[derive(QueryableByName)]
pub struct NameRow {
    /// The name.
    #[diesel(sql_type = Text)]
    pub name: String,
}

/// Which schema a database with these tables has. `kind` names its kind in an error, such as "file".
/// `applied` reads the migrations that it has, and `known` are those of this version.
///
/// # Errors
/// If the tables are those of another program, or of an unknown version.
pub fn identify(
    kind: &str,
    tables: &[String],
    applied: impl FnOnce() -> Result<Vec<String>, StoreError>,
    known: Result<Vec<String>, String>,
    unusable: impl Fn(String) -> StoreError,
) -> Result<Schema, StoreError> {
    if tables.is_empty() {
        return Ok(Schema::None);
    }
    if !tables.iter().any(|table| table == APPLIED) {
        return Err(unusable(format!("it belongs to another program: name another {kind}")));
    }
    let (applied, known) = (applied()?, known.map_err(&unusable)?);
    if let Some(version) = applied.iter().find(|version| !known.contains(version)) {
        return Err(unusable(format!(
            "it is from a newer version of vesting (schema {version}) or from another program: \
             install that version or name another {kind}"
        )));
    }
    let is_outdated = known.iter().any(|version| !applied.contains(version));
    Ok(if is_outdated { Schema::Outdated } else { Schema::Current })
}

/// The versions of SQLite's migrations.
pub fn sqlite_versions() -> Result<Vec<String>, String> {
    versions(MigrationSource::<Sqlite>::migrations(&SQLITE))
}

/// The versions of PostgreSQL's migrations.
pub fn postgres_versions() -> Result<Vec<String>, String> {
    versions(MigrationSource::<Pg>::migrations(&POSTGRES))
}

fn versions<DB: diesel::backend::Backend>(
    migrations: diesel::migration::Result<Vec<Box<dyn Migration<DB>>>>,
) -> Result<Vec<String>, String> {
    let all = migrations.map_err(|error| error.to_string())?;
    Ok(all.iter().map(|migration| migration.name().version().to_string()).collect())
}
