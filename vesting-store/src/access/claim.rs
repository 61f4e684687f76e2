//! The right to write the record of a subnet. One process has it at a time. It ends with the process, even
//! if that crashes.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Nullable, Text};
use vesting_core::NetUid;
use vesting_core::ports::StoreError;

use crate::database::{AnyConnection, Place};
use crate::error::Fault;

/// The right to write a record, held until this value is dropped or its session ends.
#[derive(Debug)]
pub enum Claim {
    /// A locked file beside the database. The system unlocks it when the process ends.
    File(#[allow(dead_code)] File),
    /// A lock of the session that writes. The server unlocks it when the session ends.
    Session,
    /// No lock: a database in memory belongs to this process alone.
    Sole,
}

impl Claim {
    /// Takes the right to write a subnet's record.
    ///
    /// # Errors
    /// [`StoreError::OtherWriter`] with the process that has it.
    pub fn take(place: &Place, conn: &mut AnyConnection, netuid: NetUid) -> Result<Self, StoreError> {
        match (place, conn) {
            (Place::File(path), _) => lock_file(path, netuid).map(Self::File),
            (_, AnyConnection::Postgres(conn)) => lock_session(conn, netuid).map(|()| Self::Session),
            _ => Ok(Self::Sole),
        }
    }
}

/// The process that has the right to write a subnet's record, if any. The right is not taken.
pub fn holder(place: &Place, netuid: NetUid) -> Result<Option<String>, StoreError> {
    match place {
        Place::File(path) => file_holder(path, netuid),
        Place::Memory => Ok(None),
        Place::Server(_) => match place.reader()? {
            AnyConnection::Postgres(mut conn) => session_holder(&mut conn, netuid),
            AnyConnection::Sqlite(_) => Ok(None),
        },
    }
}

fn file_holder(database: &Path, netuid: NetUid) -> Result<Option<String>, StoreError> {
    let path = lock_path(database, netuid);
    let failed =
        |error: std::io::Error| StoreError::Unusable(format!("`{}` cannot be read: {error}", path.display()));
    let mut file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    // A shared lock, released at once: it does not block another process that only looks.
    match file.try_lock_shared() {
        Ok(()) => Ok(None),
        Err(TryLockError::WouldBlock) => Ok(Some(owner_in(&mut file))),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

/// The process named in a locked file.
fn owner_in(file: &mut File) -> String {
    let mut by = String::new();
    let read = file.rewind().and_then(|()| file.take(100).read_to_string(&mut by));
    if read.is_ok() && !by.is_empty() { by } else { "another process".to_owned() }
}

/// The path of the lock file. SQLite's own locks last for one transaction only, so they cannot serve as the
/// right. Nor can a lock on the database file: opening and closing it here would drop SQLite's locks on it.
fn lock_path(database: &Path, netuid: NetUid) -> PathBuf {
    // Two paths to one database must give one lock file.
    let mut name = database.canonicalize().unwrap_or_else(|_| database.to_owned()).into_os_string();
    name.push(format!("-writer-{netuid}"));
    PathBuf::from(name)
}

fn lock_file(database: &Path, netuid: NetUid) -> Result<File, StoreError> {
    let path = lock_path(database, netuid);
    let failed = |error: std::io::Error| {
        StoreError::Unusable(format!(
            "`{}`, by which one process at a time may write, cannot be used: {error}",
            path.display()
        ))
    };
    let mut file =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => {
            // Another process that wants the right reads here who has it.
            file.set_len(0).and_then(|()| write!(file, "process {}", std::process::id())).map_err(failed)?;
            Ok(file)
        }
        Err(TryLockError::WouldBlock) => Err(StoreError::OtherWriter { netuid, by: owner_in(&mut file) }),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

#[derive(QueryableByName)]
struct LockRow {
    #[diesel(sql_type = Bool)]
    locked: bool,
}

#[derive(QueryableByName)]
struct SessionRow {
    #[diesel(sql_type = Nullable<Text>)]
    address: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    since: Option<String>,
}

/// The SQL expression for the lock's number, which is unique to this subnet and schema.
fn lock_key(netuid: NetUid) -> String {
    format!("hashtextextended('vesting writer {netuid} ' || current_schema(), 0)")
}

fn lock_session(conn: &mut PgConnection, netuid: NetUid) -> Result<(), StoreError> {
    let key = lock_key(netuid);
    let answer: Result<LockRow, _> =
        diesel::sql_query(format!("SELECT pg_try_advisory_lock({key}) AS locked")).get_result(conn);
    if answer.map_err(Fault::from)?.locked {
        return Ok(());
    }
    // Its session may have ended in between. Then it cannot be named.
    let by = session_holder(conn, netuid)?.unwrap_or_else(|| "another process".to_owned());
    Err(StoreError::OtherWriter { netuid, by })
}

fn session_holder(conn: &mut PgConnection, netuid: NetUid) -> Result<Option<String>, StoreError> {
    let key = lock_key(netuid);
    let holder = diesel::sql_query(format!(
        "SELECT host(a.client_addr) AS address, to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD \
         HH24:MI:SS') AS since \
         FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid \
         WHERE l.locktype = 'advisory' AND l.granted AND l.database = (SELECT oid FROM pg_database \
         WHERE datname = current_database()) \
         AND ((l.classid::bigint << 32) | l.objid::bigint) = {key}"
    ));
    let holder = holder.get_result::<SessionRow>(conn).optional().map_err(Fault::from)?;
    // The server shows no details of another role's sessions.
    Ok(holder.map(|SessionRow { address, since }| match since {
        Some(since) => format!(
            "a process connected from {} since {since} UTC",
            address.as_deref().unwrap_or("the server's machine")
        ),
        None => "another process".to_owned(),
    }))
}
