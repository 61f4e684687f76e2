//! Why there is no report.

use crate::ports::StoreError;
use crate::report::holder_query::HolderQuery;
use crate::score::sales::MissingTime;
use crate::units::{BlockNumber, NetUid};

/// Why there is no report. Each kind names its reaction.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TrackerError {
    /// The store failed. Reaction: as the store's error says.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The subnet has no record. Reaction: catch up first.
    #[error("there is no record of subnet {0}")]
    NotRecorded(NetUid),
    /// No epoch is recorded at or before the block asked for. Reaction: ask for a later one, or catch up.
    #[error(
        "no epoch of subnet {netuid} is recorded at or before block {as_of}, since the record begins at \
        block {from}"
    )]
    NoEpoch {
        /// The subnet.
        netuid: NetUid,
        /// The block asked for.
        as_of: BlockNumber,
        /// The first block recorded.
        from: BlockNumber,
    },
    /// The record knows nobody by this name. Reaction: ask for another name.
    #[error(
        "`{query}` is nobody in the record of subnet {netuid} up to block {as_of}: neither a hotkey or uid \
        of its neurons, nor a coldkey that owned one"
    )]
    Nobody {
        /// The subnet.
        netuid: NetUid,
        /// The name asked for.
        query: HolderQuery,
        /// The last block looked at.
        as_of: BlockNumber,
    },
    /// The record lacks a time that the duration rule needs. Reaction: as that error says.
    #[error(transparent)]
    MissingTime(#[from] MissingTime),
}
