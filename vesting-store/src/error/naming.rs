//! The database's name in errors, for either kind of database.

use std::fmt::Display;

use vesting_core::ports::StoreError;
use vesting_secret::hide;

use super::fault::Fault;

/// The error of a database without a record.
pub fn no_record(name: impl Display) -> StoreError {
    StoreError::Unusable(format!("there is no record in `{name}` yet: run `vesting catch-up` first"))
}

/// The error of a database that cannot be used as it is.
pub fn unusable(name: impl Display, why: impl Display) -> StoreError {
    StoreError::Unusable(format!("the database `{name}` cannot be used: {}", hide(&why.to_string())))
}

/// The error of a fault, with the database's name. `refine` handles what only one kind of database has.
pub fn named(name: impl Display, fault: Fault, refine: impl FnOnce(StoreError) -> StoreError) -> StoreError {
    let error = match fault {
        // The store refused to write this; the database is not at fault.
        Fault::Store(error @ StoreError::Unusable(_)) => return error,
        fault => refine(fault.into()),
    };
    match error {
        StoreError::Unusable(why) => unusable(name, why),
        StoreError::Busy(why) => StoreError::Busy(format!("`{name}`: {why}")),
        StoreError::Full(why) => StoreError::Full(format!("`{name}`: {why}")),
        StoreError::Corrupt(why) => StoreError::Corrupt(format!(
            "`{name}`: {why}: restore a copy of it, or record anew with another `--database-url`"
        )),
        other => other,
    }
}
