//! diesel's errors as those of the port.

use diesel::result::{DatabaseErrorKind, Error};
use vesting_core::ports::StoreError;

/// What can go wrong inside a transaction.
#[derive(Debug)]
pub enum Fault {
    /// The database refused.
    Database(Error),
    /// The database refused, in its own words.
    Words(String),
    /// We refused.
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
            Fault::Words(message) => by_message(&message),
            Fault::Database(Error::DatabaseError(DatabaseErrorKind::UniqueViolation, info)) => {
                // Never a replay, which the watermark refuses before: two rows claim one key.
                Self::Unusable(format!("nothing was written: a row is in the record already: {}", info.message()))
            }
            Fault::Database(Error::DatabaseError(_, info)) => by_message(info.message()),
            // It is over, whether or not it could be rolled back.
            Fault::Database(Error::RollbackErrorOnCommit { commit_error, .. }) => Fault::Database(*commit_error).into(),
            Fault::Database(Error::DeserializationError(error)) => Self::Corrupt(error.to_string()),
            Fault::Database(error) => Self::Unusable(format!("the database failed: {error}")),
        }
    }
}

/// Sorts SQLite's failures by their text, since diesel keeps its result codes to itself but for
/// broken constraints. The texts are constants of the SQLite that is built in.
pub fn by_message(message: &str) -> StoreError {
    let says = |part: &str| message.contains(part);
    if says(" is locked") {
        StoreError::Busy(message.to_owned())
    } else if says("malformed") || says(NOT_A_DATABASE) || says(CUT_OFF) {
        StoreError::Corrupt(message.to_owned())
    } else if says("is full") {
        StoreError::Full(message.to_owned())
    } else if says("readonly database") || says("unable to open database file") {
        let what = "let the user that runs this program write to the file and to its folder";
        StoreError::Unusable(format!("it cannot be opened for writing ({message}): {what}"))
    } else if says(IO) {
        StoreError::Unusable(format!("the disk failed ({message}): see what the system says of it"))
    } else {
        StoreError::Unusable(format!("the database failed: {message}"))
    }
}

/// SQLite's words for what the system would not do, for want of room too.
pub const IO: &str = "disk I/O error";

/// Ours for one of which the end is missing.
pub const CUT_OFF: &str = "the file is cut off";

/// SQLite's words for a file that is something else.
pub const NOT_A_DATABASE: &str = "file is not a database";
