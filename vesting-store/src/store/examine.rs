//! What a database is, seen without changing it.

use vesting_core::NetUid;
use vesting_core::ports::StoreError;

use crate::access;
use crate::database::Place;
use crate::schema::version::Schema;

/// What a database is.
#[derive(Debug)]
pub struct Examined {
    /// Its tables.
    pub schema: Schema,
    /// Whether it could be written to, or made, or why not.
    pub writable: Result<(), StoreError>,
}

/// Looks at the database at a URL; changes and creates nothing.
///
/// # Errors
/// For a URL that is not understood and a database that is another program's, newer, damaged or not to be
/// reached.
pub fn examine(url: &str) -> Result<Examined, StoreError> {
    let (schema, writable) = Place::of(url)?.examine()?;
    Ok(Examined { schema, writable })
}

/// Who writes the record of a subnet in the database at a URL just now, if anybody does, as far as it is
/// known.
///
/// # Errors
/// Where it cannot be seen.
pub fn writer(url: &str, netuid: NetUid) -> Result<Option<String>, StoreError> {
    access::holder(&Place::of(url)?, netuid)
}
