//! Examines a database without changing it.

use vesting_core::NetUid;
use vesting_core::ports::StoreError;

use crate::access;
use crate::database::Place;
use crate::schema::version::Schema;

/// What was found out about a database.
#[derive(Debug)]
pub struct Examined {
    /// Which schema it has.
    pub schema: Schema,
    /// Whether it can be written to, or created, or else why not.
    pub writable: Result<(), StoreError>,
}

/// Examines the database at a URL. Changes and creates nothing.
///
/// # Errors
/// If the URL is not understood, or the database belongs to another program, is of a newer version, damaged
/// or unreachable.
pub fn examine(url: &str) -> Result<Examined, StoreError> {
    let (schema, writable) = Place::of(url)?.examine()?;
    Ok(Examined { schema, writable })
}

/// The process that is writing the record of a subnet in the database at a URL now, if any. A process whose
/// name is not known is "another process".
///
/// # Errors
/// If that cannot be found out.
pub fn writer(url: &str, netuid: NetUid) -> Result<Option<String>, StoreError> {
    access::holder(&Place::of(url)?, netuid)
}
