//! Why a check did not find a record consistent.

use super::inconsistency::Inconsistency;
use crate::ports::StoreError;
use crate::units::NetUid;

/// Why a check did not find a record consistent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CheckError {
    /// The record is inconsistent. Reaction: trust nothing that follows from it.
    #[error(transparent)]
    Inconsistent(#[from] Inconsistency),
    /// The record cannot be read. Reaction: as its kind says.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no record. Reaction: catch up first.
    #[error("the record of subnet {0} is gone")]
    Gone(NetUid),
}
