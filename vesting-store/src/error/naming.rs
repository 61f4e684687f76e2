//! A database's name in what is said of it, whichever database it is.

use std::fmt::Display;

use vesting_core::ports::StoreError;
use vesting_secret::hide;

use super::fault::Fault;

/// There is nothing to read.
pub fn none(name: impl Display) -> StoreError {
    StoreError::Unusable(format!("there is no record in `{name}` yet: run `vesting catch-up` first"))
}

/// It cannot be used as it is.
pub fn refuse(name: impl Display, why: impl Display) -> StoreError {
    StoreError::Unusable(format!("the database `{name}` cannot be used: {}", hide(&why.to_string())))
}

/// What went wrong with it. `closer` looks closer at what only one sort of database can have.
pub fn at(name: impl Display, fault: Fault, closer: impl FnOnce(StoreError) -> StoreError) -> StoreError {
    let error = match fault {
        // What we refused to write is not the database's fault.
        Fault::Store(error @ StoreError::Unusable(_)) => return error,
        fault => closer(fault.into()),
    };
    match error {
        StoreError::Unusable(why) => refuse(name, why),
        StoreError::Busy(why) => StoreError::Busy(format!("`{name}`: {why}")),
        StoreError::Full(why) => StoreError::Full(format!("`{name}`: {why}")),
        StoreError::Corrupt(why) => StoreError::Corrupt(format!(
            "`{name}`: {why}: restore a copy of it, or record anew with another `--database-url`"
        )),
        other => other,
    }
}
