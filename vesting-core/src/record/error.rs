//! Why a record cannot go on.

use crate::ports::{ChainError, StoreError};
use crate::record::conservation_error::ConservationError;
use crate::record::doubt::Doubt;
use crate::units::{BlockNumber, BlockRef, NetUid};

/// Why the record cannot go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MonitorError {
    /// The chain. Reaction: as its kind says.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The store. Reaction: as its kind says.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The ledger does not agree with the chain. Reaction: stop and say so.
    #[error(transparent)]
    Conservation(#[from] ConservationError),
    /// The chain's blocks do not follow on the record. Reaction: ask again, and others; where they agree,
    /// take the record back to an epoch that is on the chain.
    #[error("block {block} of the chain does not follow on the record, which stands at {stands_at}")]
    Fork {
        /// The chain's block.
        block: BlockNumber,
        /// Where the record stands.
        stands_at: BlockRef,
    },
    /// What the chain said since the last epoch does not fit. Reaction: read it again; what does not fit
    /// again in the same way is so, and is recorded.
    #[error(
        "subnet {}: what the chain said since block {} does not fit ({}); it is read again",
        .0.netuid, .0.from, .0.misfit
    )]
    Doubtful(Doubt),
    /// A block was offered out of order. Reaction: catch up from the watermark.
    #[error("block {block} was offered, but subnet {netuid} stands at {stands_at}")]
    OutOfOrder {
        /// The subnet.
        netuid: NetUid,
        /// The block.
        block: BlockNumber,
        /// Where the record stands.
        stands_at: BlockNumber,
    },
}

impl MonitorError {
    /// Whether the same may go well a little later.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Chain(error) => error.is_passing(),
            Self::Store(error) => error.is_passing(),
            Self::Doubtful(_) => true,
            Self::Conservation(_) | Self::Fork { .. } | Self::OutOfOrder { .. } => false,
        }
    }
}
