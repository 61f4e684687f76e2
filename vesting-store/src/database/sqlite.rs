//! SQLite files: what is checked before one is touched, and how a connection is set up.

use std::fmt::Write as _;
use std::path::Path;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel_migrations::MigrationHarness;
use vesting_core::ports::StoreError;

use super::open_file::is_full;
use crate::error::{CUT_OFF, Fault, IO, NOT_A_DATABASE, from_message, naming};
use crate::schema::version::{self, NameRow, SQLITE, Schema};

/// First of all, so that what follows waits for another program's transaction.
const BUSY_TIMEOUT: &str = "PRAGMA busy_timeout = 5000";

/// An epoch touches a page for each position: of the connection that writes, the 2 MB that SQLite keeps by
/// itself hold too few of them. Those that read are several, and read on from page to page.
const WRITER_CACHE: &str = "PRAGMA cache_size = -16384";

/// WAL lets readers read while the daemon writes. With `NORMAL` a loss of power may undo the last
/// commits but never corrupts, and the watermark is undone with them: the blocks are simply read
/// again. So nothing is lost or counted twice, and a commit needs no sync of its own. Pages written by many
/// commits go into the database once, after 32 MB of them.
const SETUP: &str =
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 8192;";

const SMALLEST_PAGE: u64 = 512;
const NOT_SQLITE: &str = "it is not a SQLite database: name another file";

/// Opens a file for writing; makes and migrates it as needed.
pub fn writer(path: &Path) -> Result<SqliteConnection, StoreError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
        return Err(unusable(
            path,
            format_args!("the folder `{}` is not there: create it", folder.display()),
        ));
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
    // Not `mode=ro`, with which SQLite leaves its helper files behind.
    let mut conn = connect(path, "rw")?;
    inspect(&mut conn, path)?.check_readable(path.display())?;
    conn.batch_execute("PRAGMA query_only = ON").map_err(|error| named(path, error.into()))?;
    Ok(conn)
}

/// Brings a file that holds a record up to date; says whether it was not.
pub fn migrate_existing(path: &Path) -> Result<bool, StoreError> {
    if !path.try_exists().map_err(|error| unusable(path, error))? {
        return Err(naming::no_record(path.display()));
    }
    let mut conn = connect(path, "rw")?;
    let outdated = inspect(&mut conn, path)?.is_outdated(path.display())?;
    migrate(&mut conn).map_err(|error| named(path, error))?;
    Ok(outdated)
}

/// Looks at what is there, and whether it could be written to, without writing.
pub fn examine(path: &Path) -> Result<(Schema, Result<(), StoreError>), StoreError> {
    if !path.try_exists().map_err(|error| unusable(path, error))? {
        return Ok((Schema::None, folder_takes_files(path)));
    }
    let mut conn = connect(path, "rw")?;
    let schema = inspect(&mut conn, path)?;
    // Of a file that may only be read SQLite makes the beginning of a transaction one of reading: the refusal
    // comes with the first statement that would write.
    let nothing = match schema {
        Schema::None => "PRAGMA user_version = 0",
        Schema::Outdated | Schema::Current => "DELETE FROM __diesel_schema_migrations WHERE 0",
    };
    let writable = conn
        .batch_execute(&format!("BEGIN IMMEDIATE; {nothing}; ROLLBACK"))
        .map_err(|error| named(path, error.into()));
    Ok((schema, writable.and_then(|()| folder_takes_files(path))))
}

/// The log and the file by which one process at a time may write are beside the database.
fn folder_takes_files(path: &Path) -> Result<(), StoreError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !folder.is_dir() {
        return Err(unusable(
            path,
            format_args!("the folder `{}` is not there: create it", folder.display()),
        ));
    }
    // One without a name, where the system can, and gone at once where it cannot.
    tempfile::tempfile_in(folder).map(drop).map_err(|error| {
        let folder = folder.display();
        unusable(
            path,
            format_args!("no file can be made in the folder `{folder}`: {error}; let this user write there, or name another place"),
        )
    })
}

/// Gives the space of removed rows in a file that holds a record back.
pub fn compact(path: &Path) -> Result<(), StoreError> {
    migrate_existing(path)?;
    let mut conn = connect(path, "rw")?;
    // What is written anew goes through the log beside the file, which then gets as short.
    conn.batch_execute("VACUUM; PRAGMA wal_checkpoint(TRUNCATE)").map_err(|error| named(path, error.into()))
}

/// A database of this process only.
pub fn memory() -> Result<SqliteConnection, StoreError> {
    let mut conn =
        SqliteConnection::establish(":memory:").map_err(|error| from_message(&error.to_string()))?;
    migrate(&mut conn).map_err(StoreError::from)?;
    Ok(conn)
}

fn unusable(path: &Path, why: impl std::fmt::Display) -> StoreError {
    naming::unusable(path.display(), why)
}

/// Names the file in an error.
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
    // SQLite takes a file that is shorter than its smallest page for an empty one, and overwrites it.
    if path.metadata().is_ok_and(|file| (1..SMALLEST_PAGE).contains(&file.len())) {
        return Err(unusable(path, NOT_SQLITE));
    }
    let text = path.to_str().ok_or_else(|| unusable(path, "its name is not UTF-8"))?;
    // A URI can name the mode; the empty authority keeps a leading `//` of the path a path.
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
    let mut conn =
        SqliteConnection::establish(&format!("{uri}?mode={mode}")).map_err(|error| unusable(path, error))?;
    conn.batch_execute(BUSY_TIMEOUT).map_err(|error| named(path, error.into()))?;
    Ok(conn)
}

/// Looks without changing anything. SQLite reads the file itself: if we opened it beside, closing
/// it again would drop the locks this process holds on it.
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
    // Of a last page that is cut off SQLite takes the rest for zeros. In this order: what has left the log by
    // now is in the file, and what is in the log need not be.
    let whole = names(
        "SELECT CAST(page_count * page_size AS TEXT) AS name FROM pragma_page_count, pragma_page_size",
    )?;
    let whole = whole.first().and_then(|bytes| bytes.parse().ok()).unwrap_or(0);
    // The log is beside the file itself, not beside a link to it.
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
    // One transaction: two programs that open a new file at once do not meet halfway.
    conn.immediate_transaction(|conn| match conn.run_pending_migrations(SQLITE) {
        Ok(_) => Ok(()),
        Err(error) => Err(Fault::Message(error.to_string())),
    })
}
