//! Opens SQLite files: the setup of a connection, and the checks before a file is changed.

use std::fmt::Write as _;
use std::path::Path;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel_migrations::MigrationHarness;
use vesting_core::ports::StoreError;

use super::open_file::is_full;
use crate::error::{CUT_OFF, Fault, IO, NOT_A_DATABASE, from_message, naming};
use crate::schema::version::{self, NameRow, SQLITE, Schema};

/// Set first, so that all later statements wait for another program's transaction.
const BUSY_TIMEOUT: &str = "PRAGMA busy_timeout = 5000";

/// 16 MB of pages for the writer. An epoch changes a page for each position, and the default of 2 MB holds
/// too few of them. Readers keep the default, since they are several and read pages in order.
const WRITER_CACHE: &str = "PRAGMA cache_size = -16384";

/// WAL lets readers read while the daemon writes. With `NORMAL`, a commit does not wait for the disk. A power
/// loss may undo the last commits, but it corrupts nothing. The watermark is undone with them, so the blocks
/// are read again, and none is lost or counted twice. Pages move from the log to the database after every
/// 32 MB, so that a page changed by many commits moves once.
const SETUP: &str =
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 8192;";

const SMALLEST_PAGE: u64 = 512;
const NOT_SQLITE: &str = "it is not a SQLite database: name another file";

/// Opens a file for writing. Creates and migrates the record as needed.
pub fn writer(path: &Path) -> Result<SqliteConnection, StoreError> {
    // What SQLite says of a file that it cannot make is of no help.
    if !path.try_exists().map_err(|error| unusable(path, error))? {
        folder_takes_files(path)?;
    }
    let mut conn = connect(path, "rwc")?;
    inspect(&mut conn, path)?;
    conn.batch_execute(WRITER_CACHE).map_err(|error| named(path, error.into()))?;
    migrate(&mut conn).map_err(|error| named(path, error))?;
    Ok(conn)
}

/// Opens a file that holds a record, for reading.
pub fn reader(path: &Path) -> Result<SqliteConnection, StoreError> {
    if !path.try_exists().map_err(|error| unusable(path, error))? {
        return Err(naming::no_record(path.display()));
    }
    // With `mode=ro`, SQLite would leave its log and index files behind.
    let mut conn = connect(path, "rw")?;
    inspect(&mut conn, path)?.check_readable(path.display())?;
    conn.batch_execute("PRAGMA query_only = ON").map_err(|error| named(path, error.into()))?;
    Ok(conn)
}

/// Migrates an existing record. Returns whether it was outdated.
pub fn migrate_existing(path: &Path) -> Result<bool, StoreError> {
    if !path.try_exists().map_err(|error| unusable(path, error))? {
        return Err(naming::no_record(path.display()));
    }
    let mut conn = connect(path, "rw")?;
    let outdated = inspect(&mut conn, path)?.is_outdated(path.display())?;
    migrate(&mut conn).map_err(|error| named(path, error))?;
    Ok(outdated)
}

/// Finds which schema the file has, and whether it can be written to. Changes nothing.
pub fn examine(path: &Path) -> Result<(Schema, Result<(), StoreError>), StoreError> {
    if !path.try_exists().map_err(|error| unusable(path, error))? {
        return Ok((Schema::None, folder_takes_files(path)));
    }
    let mut conn = connect(path, "rw")?;
    let schema = inspect(&mut conn, path)?;
    // On a read-only file, SQLite begins a write transaction without an error. It refuses the first statement
    // that would write.
    let nothing = match schema {
        Schema::None => "PRAGMA user_version = 0",
        Schema::Outdated | Schema::Current => "DELETE FROM __diesel_schema_migrations WHERE 0",
    };
    let writable = conn
        .batch_execute(&format!("BEGIN IMMEDIATE; {nothing}; ROLLBACK"))
        .map_err(|error| named(path, error.into()));
    Ok((schema, writable.and_then(|()| folder_takes_files(path))))
}

/// Checks that files can be created beside the database, as SQLite's log and the lock file of a claim are.
fn folder_takes_files(path: &Path) -> Result<(), StoreError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !folder.is_dir() {
        return Err(unusable(
            path,
            format_args!("the folder `{}` is not there: create it", folder.display()),
        ));
    }
    // The file has no name where the system allows that, and is removed at once where it does not.
    tempfile::tempfile_in(folder).map(drop).map_err(|error| {
        let folder = folder.display();
        unusable(
            path,
            format_args!(
                "no file can be made in the folder `{folder}`: {error}; \
                 let this user write there, or name another place"
            ),
        )
    })
}

/// Gives the space of removed rows back to the system.
pub fn compact(path: &Path) -> Result<(), StoreError> {
    migrate_existing(path)?;
    let mut conn = connect(path, "rw")?;
    // `VACUUM` writes the whole database through the log, so the log is then shortened too.
    conn.batch_execute("VACUUM; PRAGMA wal_checkpoint(TRUNCATE)").map_err(|error| named(path, error.into()))
}

/// Opens a new database in memory.
pub fn memory() -> Result<SqliteConnection, StoreError> {
    let mut conn =
        SqliteConnection::establish(":memory:").map_err(|error| from_message(&error.to_string()))?;
    migrate(&mut conn).map_err(StoreError::from)?;
    Ok(conn)
}

fn unusable(path: &Path, why: impl std::fmt::Display) -> StoreError {
    naming::unusable(path.display(), why)
}

/// The error of a fault, with the name of the file.
pub fn named(path: &Path, fault: Fault) -> StoreError {
    naming::named(path.display(), fault, |error| match error {
        StoreError::Unusable(why) if why.contains(IO) && is_full(path) => StoreError::Full(why),
        other => other,
    })
}

fn connect(path: &Path, mode: &str) -> Result<SqliteConnection, StoreError> {
    if path.is_dir() {
        return Err(unusable(path, "it is a folder: name a file"));
    }
    // SQLite treats a file shorter than its smallest page as empty, and overwrites it.
    if path.metadata().is_ok_and(|file| (1..SMALLEST_PAGE).contains(&file.len())) {
        return Err(unusable(path, NOT_SQLITE));
    }
    let text = path.to_str().ok_or_else(|| unusable(path, "its name is not UTF-8"))?;
    // Only a URI can set the mode. With an empty authority, a path may begin with `//`.
    let mut uri = String::from(if path.is_absolute() { "file://" } else { "file:" });
    for byte in text.bytes() {
        match byte {
            b'/' | b'.' | b'-' | b'_' | b'~' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => {
                uri.push(char::from(byte))
            }
            // Writing to a String cannot fail.
            other => write!(uri, "%{other:02X}").unwrap_or_default(),
        }
    }
    let mut conn = SqliteConnection::establish(&format!("{uri}?mode={mode}"))
        .map_err(|error| unusable(path, from_message(&error.to_string())))?;
    conn.batch_execute(BUSY_TIMEOUT).map_err(|error| named(path, error.into()))?;
    Ok(conn)
}

/// Finds which schema the file has. Changes nothing. All reading goes through SQLite: if this process opened
/// the file a second time, closing it would drop SQLite's locks on it.
fn inspect(conn: &mut SqliteConnection, path: &Path) -> Result<Schema, StoreError> {
    let mut names = |query: &str| -> Result<Vec<String>, StoreError> {
        let rows: Result<Vec<NameRow>, _> = diesel::sql_query(query).load(conn);
        match rows {
            Ok(rows) => Ok(rows.into_iter().map(|row| row.name).collect()),
            Err(error) if error.to_string().contains(NOT_A_DATABASE) => Err(unusable(path, NOT_SQLITE)),
            Err(error) => Err(named(path, error.into())),
        }
    };
    let tables = names("SELECT name FROM sqlite_master WHERE type = 'table'")?;
    // SQLite reads a last page that is cut off as if zeros followed, so the length is checked here. The
    // number of pages is read before the length of the log: pages still in the log may be missing from the
    // file.
    let whole = names(
        "SELECT CAST(page_count * page_size AS TEXT) AS name FROM pragma_page_count, pragma_page_size",
    )?;
    let whole = whole.first().and_then(|bytes| bytes.parse().ok()).unwrap_or(0);
    // The log is beside the file itself, not beside a symbolic link to it.
    let itself = path.canonicalize().map_err(|error| unusable(path, error))?;
    let log =
        itself.with_file_name(format!("{}-wal", itself.file_name().unwrap_or_default().to_string_lossy()));
    let logged = log.metadata().is_ok_and(|log| log.len() > 0);
    let length = path.metadata().map_err(|error| unusable(path, error))?.len();
    if !tables.is_empty() && length < whole && !logged {
        return Err(named(path, Fault::Message(format!("{CUT_OFF}: {length} bytes of {whole}"))));
    }
    let applied = || names("SELECT version AS name FROM __diesel_schema_migrations");
    version::identify("file", &tables, applied, version::sqlite_versions(), |why| unusable(path, why))
}

fn migrate(conn: &mut SqliteConnection) -> Result<(), Fault> {
    conn.batch_execute(SETUP)?;
    // One transaction, so that two programs cannot migrate the same file at the same time.
    conn.immediate_transaction(|conn| match conn.run_pending_migrations(SQLITE) {
        Ok(_) => Ok(()),
        Err(error) => Err(Fault::Message(error.to_string())),
    })
}
