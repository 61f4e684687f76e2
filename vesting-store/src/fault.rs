//! diesel's errors as those of the port.

use diesel::result::{DatabaseErrorKind, Error};
use vesting_core::ports::StoreError;

/// What can go wrong inside a transaction.
#[derive(Debug)]
pub enum Fault {
    /// The database refused.
    Database(Error),
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
            Fault::Database(Error::DatabaseError(DatabaseErrorKind::UniqueViolation, info)) => {
                // Never a replay, which the watermark refuses before: two rows claim one key.
                Self::Unusable(format!("nothing was written: a row is in the record already: {}", info.message()))
            }
            Fault::Database(Error::DatabaseError(_, info)) => by_message(info.message()),
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
    } else if says("malformed") || says(NOT_A_DATABASE) {
        StoreError::Corrupt(message.to_owned())
    } else if says("is full") {
        StoreError::Unusable(format!("{message}: make room and start again, nothing is lost"))
    } else {
        StoreError::Unusable(format!("the database failed: {message}"))
    }
}

/// SQLite's words for a file that is something else.
pub const NOT_A_DATABASE: &str = "file is not a database";
