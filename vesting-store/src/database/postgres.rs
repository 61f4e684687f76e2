//! Opens PostgreSQL databases: the setup of a connection, and the checks before a database is changed.

use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Nullable, Text};
use diesel_migrations::MigrationHarness;
use vesting_core::ports::StoreError;
use vesting_secret::{SecretUrl, hide};

use crate::error::{Fault, naming};
use crate::schema::tables::PRUNED_TABLES;
use crate::schema::version::{self, NameRow, POSTGRES, Schema};

/// The oldest supported version of the server, PostgreSQL 12.
const OLDEST_VERSION: i64 = 120_000;

/// Options of libpq, unless the URL has them. With these a lost server is noticed within seconds. With the
/// system's defaults that takes hours.
const DEFAULTS: [(&str, &str); 6] = [
    ("application_name", "vesting"),
    ("connect_timeout", "8"),
    ("keepalives_idle", "5"),
    ("keepalives_interval", "3"),
    ("keepalives_count", "3"),
    ("tcp_user_timeout", "15000"),
];

/// The same on the server's side: the locks of a lost client are released within seconds, and a client that
/// stops in the middle of a transaction does not block others for long.
const SETUP: &str = "SET client_min_messages = warning; SET lock_timeout = '5s'; \
     SET idle_in_transaction_session_timeout = '60s'; SET tcp_keepalives_idle = 5; \
     SET tcp_keepalives_interval = 3; SET tcp_keepalives_count = 3; SET tcp_user_timeout = 15000;";

/// Commits do not wait for the disk. A power loss may undo the last of them, but it corrupts nothing. The
/// watermark is undone with them, so the blocks are read again, and none is lost or counted twice.
const WRITING: &str = "SET synchronous_commit = off;";

const READING: &str = "SET default_transaction_read_only = on;";

/// Opens a database for writing. Creates and migrates the record as needed.
pub fn writer(url: &SecretUrl) -> Result<PgConnection, StoreError> {
    let mut conn = connect(url)?;
    if !matches!(inspect(&mut conn, url)?, Schema::Current) {
        migrate(&mut conn).map_err(|fault| named(url, fault))?;
    }
    conn.batch_execute(WRITING).map_err(|error| named(url, error.into()))?;
    Ok(conn)
}

/// Opens a database that holds a record, for reading.
pub fn reader(url: &SecretUrl) -> Result<PgConnection, StoreError> {
    let mut conn = connect(url)?;
    inspect(&mut conn, url)?.check_readable(url)?;
    conn.batch_execute(READING).map_err(|error| named(url, error.into()))?;
    Ok(conn)
}

/// Migrates an existing record. Returns whether it was outdated.
pub fn migrate_existing(url: &SecretUrl) -> Result<bool, StoreError> {
    let mut conn = connect(url)?;
    let outdated = inspect(&mut conn, url)?.is_outdated(url)?;
    migrate(&mut conn).map_err(|fault| named(url, fault))?;
    Ok(outdated)
}

#[derive(QueryableByName)]
struct Allowed {
    #[diesel(sql_type = Bool)]
    standby: bool,
    #[diesel(sql_type = Bool)]
    read_only: bool,
    #[diesel(sql_type = Nullable<Bool>)]
    allowed: Option<bool>,
}

/// Finds which schema the database has, and whether it can be written to. Changes nothing.
pub fn examine(url: &SecretUrl) -> Result<(Schema, Result<(), StoreError>), StoreError> {
    let mut conn = connect(url)?;
    let schema = inspect(&mut conn, url)?;
    let allowed = match schema {
        Schema::None => "has_schema_privilege(current_schema(), 'CREATE')",
        Schema::Outdated | Schema::Current => {
            "has_table_privilege('blockchain_state', 'INSERT') \
             AND has_table_privilege('blockchain_state', 'UPDATE') \
             AND has_table_privilege('stake_transactions', 'INSERT')"
        }
    };
    let query = format!(
        "SELECT pg_is_in_recovery() AS standby, \
         current_setting('transaction_read_only')::bool AS read_only, {allowed} AS allowed"
    );
    let answer: Allowed =
        diesel::sql_query(query).get_result(&mut conn).map_err(|error| named(url, error.into()))?;
    let writable = match answer {
        Allowed { standby: true, .. } => {
            Err(unusable(url, "its server is a standby, which only reads: name the primary"))
        }
        Allowed { read_only: true, .. } => {
            Err(unusable(url, "its sessions only read (`default_transaction_read_only`)"))
        }
        Allowed { allowed: Some(true), .. } => Ok(()),
        Allowed { .. } => Err(unusable(
            url,
            "this user may not write to it: grant it the right, or use the user that made the tables",
        )),
    };
    Ok((schema, writable))
}

/// Gives the space of removed rows back to the system.
pub fn compact(url: &SecretUrl) -> Result<(), StoreError> {
    migrate_existing(url)?;
    let mut conn = connect(url)?;
    for table in PRUNED_TABLES {
        conn.batch_execute(&format!("VACUUM (FULL, ANALYZE) {table}"))
            .map_err(|error| named(url, error.into()))?;
    }
    Ok(())
}

fn unusable(url: &SecretUrl, why: impl std::fmt::Display) -> StoreError {
    naming::unusable(url, why)
}

/// The error of a fault, with the name of the database.
pub fn named(url: &SecretUrl, fault: Fault) -> StoreError {
    naming::named(url, fault, |error| match error {
        StoreError::Unreachable(why) => unreachable(url, &why),
        other => other,
    })
}

fn unreachable(url: &SecretUrl, why: &str) -> StoreError {
    StoreError::Unreachable(format!("`{url}`: {}", hide(why)))
}

/// The URL, with the default options that it does not set.
fn with_defaults(url: &str) -> String {
    let said = |key: &str| url.split(['?', '&']).skip(1).any(|option| option.split('=').next() == Some(key));
    let mut full = url.to_owned();
    for (key, value) in DEFAULTS.into_iter().filter(|(key, _)| !said(key)) {
        full.push(if full.contains('?') { '&' } else { '?' });
        full.push_str(key);
        full.push('=');
        full.push_str(value);
    }
    full
}

fn connect(url: &SecretUrl) -> Result<PgConnection, StoreError> {
    let mut conn = PgConnection::establish(&with_defaults(url.expose()))
        .map_err(|error| refused(url, &error.to_string()))?;
    conn.batch_execute(SETUP).map_err(|error| named(url, error.into()))?;
    // Only some roles may set it. For the others, errors come in the server's language.
    let _ = conn.batch_execute("SET lc_messages = 'C'");
    Ok(conn)
}

/// Whether the server reports errors in English. If it cannot be asked, it does not.
pub fn tells_in_english(conn: &mut PgConnection) -> bool {
    let language =
        diesel::sql_query("SELECT current_setting('lc_messages') AS name").get_result::<NameRow>(conn);
    language.is_ok_and(|language| is_english(&language.name))
}

/// Whether a locale has English messages.
fn is_english(locale: &str) -> bool {
    let language = locale.split(['_', '.', '@', '-']).next().unwrap_or_default();
    matches!(language, "" | "C" | "POSIX" | "en" | "English")
}

/// The error of a failed connection: the URL or the access rights are wrong, or the server is not there yet.
/// The messages of libpq are known, since it is built in. A refusal in another language is not recognised, so
/// it counts as a server that is not there yet.
fn refused(url: &SecretUrl, said: &str) -> StoreError {
    const OURS: [&str; 8] = [
        "authentication failed",
        "does not exist",
        "no password supplied",
        "permission denied",
        "no pg_hba.conf entry",
        "invalid ",
        "certificate",
        "does not support SSL",
    ];
    let words = said.split_whitespace().collect::<Vec<_>>().join(" ");
    match OURS.iter().any(|part| words.contains(part)) {
        true => unusable(url, words),
        false => unreachable(url, &words),
    }
}

#[derive(QueryableByName)]
struct About {
    #[diesel(sql_type = BigInt)]
    version: i64,
    #[diesel(sql_type = Nullable<Text>)]
    schema: Option<String>,
}

/// Finds which schema the database has. Changes nothing.
fn inspect(conn: &mut PgConnection, url: &SecretUrl) -> Result<Schema, StoreError> {
    let about: About = diesel::sql_query(
        "SELECT current_setting('server_version_num')::bigint AS version, current_schema()::text AS schema",
    )
    .get_result(conn)
    .map_err(|error| named(url, error.into()))?;
    if about.version < OLDEST_VERSION {
        return Err(unusable(url, "its server is older than PostgreSQL 12: use a newer one"));
    }
    let Some(schema) = about.schema else {
        return Err(unusable(
            url,
            "the schema that it should be in is not there: create it (`CREATE SCHEMA …`)",
        ));
    };
    let mut names = |query: &str| -> Result<Vec<String>, StoreError> {
        let rows: Vec<NameRow> =
            diesel::sql_query(query).load(conn).map_err(|error| named(url, error.into()))?;
        Ok(rows.into_iter().map(|row| row.name).collect())
    };
    let tables = names(
        "SELECT tablename::text AS name FROM pg_catalog.pg_tables WHERE schemaname = current_schema()",
    )?;
    let applied = || names("SELECT version AS name FROM __diesel_schema_migrations");
    version::identify(
        "schema (`options=-csearch_path%3D…`) or database",
        &tables,
        applied,
        version::postgres_versions(),
        |why| unusable(url, format!("in its schema `{schema}`, {why}")),
    )
}

fn migrate(conn: &mut PgConnection) -> Result<(), Fault> {
    conn.transaction(|conn| {
        // The lock keeps two programs from migrating the same database at the same time.
        diesel::sql_query(
            "SELECT pg_advisory_xact_lock(hashtextextended('vesting schema ' || current_schema(), 0))",
        )
        .execute(conn)?;
        match conn.run_pending_migrations(POSTGRES) {
            Ok(_) => Ok(()),
            Err(error) => Err(Fault::Message(error.to_string())),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn english_locales_are_recognised() {
        for locale in
            ["C", "C.UTF-8", "POSIX", "en_US.UTF-8", "en_GB", "en-US", "English_United States.1252", ""]
        {
            assert!(is_english(locale), "{locale}");
        }
        for locale in ["de_DE.UTF-8", "fr", "ja_JP.eucJP", "German_Germany.1252", "eng_XX", "Ca"] {
            assert!(!is_english(locale), "{locale}");
        }
    }
}
