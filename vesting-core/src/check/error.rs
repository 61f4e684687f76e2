//! Why a record was not found consistent.

use super::inconsistency::Inconsistency;
use crate::ports::StoreError;
use crate::units::NetUid;

/// Why a record was not found consistent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CheckError {
    /// It is not. Reaction: trust nothing that follows from it.
    #[error(transparent)]
    Inconsistent(#[from] Inconsistency),
    /// It cannot be read. Reaction: as its kind says.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is none. Reaction: catch up first.
    #[error("the record of subnet {0} is gone")]
    Gone(NetUid),
}
