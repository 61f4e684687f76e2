//! Errors of diesel as errors of the port.

use diesel::result::{DatabaseErrorKind, Error};
use vesting_core::ports::StoreError;
use vesting_secret::hide;

/// An error inside a transaction.
#[derive(Debug)]
pub enum Fault {
    /// An error of diesel.
    Database(Error),
    /// A message of the database.
    Message(String),
    /// An error of the store itself.
    Store(StoreError),
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Database(error)
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Store(error) => error,
            Fault::Message(message) => from_message(&hide(&message)),
            Fault::Database(error) => without_secrets(from_diesel(error)),
        }
    }
}

impl Fault {
    /// The message of the database, if neither diesel nor [`from_message`] knows what it means.
    pub fn unknown_message(&self) -> Option<&str> {
        match self {
            Self::Database(Error::DatabaseError(DatabaseErrorKind::Unknown, info)) => Some(info.message())
                .filter(|message| matches!(from_message(message), StoreError::Unusable(_))),
            _ => None,
        }
    }
}

/// The same error without any secret that the driver may have repeated.
fn without_secrets(error: StoreError) -> StoreError {
    let hidden = |words: String| hide(&words).into_owned();
    match error {
        StoreError::Busy(words) => StoreError::Busy(hidden(words)),
        StoreError::Unreachable(words) => StoreError::Unreachable(hidden(words)),
        StoreError::Full(words) => StoreError::Full(hidden(words)),
        StoreError::Unusable(words) => StoreError::Unusable(hidden(words)),
        StoreError::Corrupt(words) => StoreError::Corrupt(hidden(words)),
        other => other,
    }
}

fn from_diesel(error: Error) -> StoreError {
    use DatabaseErrorKind as Kind;
    match error {
        Error::DatabaseError(Kind::UniqueViolation, info) => {
            // Two rows have one key. A repeated commit never gets here: the watermark refuses it first.
            StoreError::Unusable(format!(
                "nothing was written: a row with the same key is in the record already: {}",
                info.message()
            ))
        }
        Error::DatabaseError(Kind::ClosedConnection | Kind::UnableToSendCommand, info) => {
            unreachable(info.message())
        }
        Error::DatabaseError(Kind::SerializationFailure, info) => StoreError::Busy(info.message().to_owned()),
        Error::DatabaseError(Kind::ReadOnlyTransaction, info) => StoreError::Unusable(format!(
            "nothing was written: {}: name a server that takes writes",
            info.message()
        )),
        Error::DatabaseError(_, info) => from_message(info.message()),
        Error::DeserializationError(error) => StoreError::Corrupt(error.to_string()),
        // The first error is the cause.
        Error::RollbackErrorOnCommit { commit_error, .. } => from_diesel(*commit_error),
        Error::BrokenTransactionManager | Error::AlreadyInTransaction => {
            unreachable("the connection was left in the middle of a transaction")
        }
        error => StoreError::Unusable(format!("the database failed: {error}")),
    }
}

fn unreachable(message: &str) -> StoreError {
    StoreError::Unreachable(message.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// The error that a message means. diesel does not pass on SQLite's result codes, nor most of PostgreSQL's,
/// so the message must do. SQLite is built in, so its messages are fixed. PostgreSQL is asked for messages in
/// English; where it gives others, they are not matched here (see `OpenConnection`).
pub fn from_message(message: &str) -> StoreError {
    let says = |part: &str| message.contains(part);
    if says(" is locked") || says("due to lock timeout") || says("deadlock detected") {
        StoreError::Busy(message.to_owned())
    } else if says("malformed")
        || says(NOT_A_DATABASE)
        || says(CUT_OFF)
        || says("invalid page in block")
        || says("could not read block")
    {
        StoreError::Corrupt(message.to_owned())
    } else if says("is full") || says("No space left on device") {
        StoreError::Full(message.to_owned())
    } else if says("terminating connection") || says("shutting down") || says("starting up") {
        unreachable(message)
    } else if says("readonly database") || says("unable to open database file") {
        let what = "let the user that runs this program write to the file and to its folder";
        StoreError::Unusable(format!("it cannot be opened for writing ({message}): {what}"))
    } else if says(IO) {
        StoreError::Unusable(format!("the disk failed ({message}): see the system's log"))
    } else {
        StoreError::Unusable(format!("the database failed: {message}"))
    }
}

/// SQLite's message for a failed system call, also on a full disk.
pub const IO: &str = "disk I/O error";

/// Our message for a file whose end is missing.
pub const CUT_OFF: &str = "the file is cut off";

/// SQLite's message for a file that is not a database.
pub const NOT_A_DATABASE: &str = "file is not a database";
