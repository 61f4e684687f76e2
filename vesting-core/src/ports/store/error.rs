//! Why a store refused.

use crate::units::{BlockHash, BlockNumber, BlockRef, NetUid};

/// Why a store refused. Each kind demands one reaction.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Somebody else holds the database. Reaction: try again.
    #[error("the database is busy: {0}; another program may be writing to it")]
    Busy(String),
    /// The database's server does not answer. Reaction: try again; what was being written is in the record or
    /// it is not, as the watermark tells.
    #[error("the database cannot be reached: {0}")]
    Unreachable(String),
    /// There is no room for what is to be written. Reaction: somebody must make room; try again later.
    #[error("there is no room for the database: {0}; make room, nothing is lost")]
    Full(String),
    /// Another process has the right to write this subnet's record. Reaction: stand by and try again.
    #[error("the record of subnet {netuid} is being written by {by}: only one may at a time")]
    OtherWriter {
        /// The subnet.
        netuid: NetUid,
        /// Who, as far as it is known.
        by: String,
    },
    /// The batch does not follow on the watermark. Reaction: read the watermark again and go on from there.
    #[error(
        "subnet {netuid}: the store stands at {}, but the block offered follows on {}",
        in_words(*stands_at, "no block yet"),
        in_words(*offered, "no block, as a new record")
    )]
    NotNext {
        /// The subnet.
        netuid: NetUid,
        /// The watermark; `None` where there is no record.
        stands_at: Option<BlockRef>,
        /// The parent offered; `None` for a new record.
        offered: Option<BlockRef>,
    },
    /// The database belongs to another chain. Reaction: stop and say so.
    #[error("the database holds the chain with genesis {stored}, but the endpoint serves {offered}")]
    OtherChain {
        /// What the database holds.
        stored: BlockHash,
        /// What was offered.
        offered: BlockHash,
    },
    /// The database cannot be read or written as it is. Reaction: stop and say so.
    #[error("{0}")]
    Unusable(String),
    /// What is stored does not mean what it should. Reaction: stop and say so.
    #[error("the database is damaged: {0}")]
    Corrupt(String),
}

fn in_words(block: Option<BlockRef>, none: &str) -> String {
    block.map_or_else(|| none.to_owned(), |block| format!("block {block}"))
}

impl StoreError {
    /// Refuses what does not follow on a record: nothing is counted twice or left out.
    ///
    /// # Errors
    /// [`Self::NotNext`] unless the block offered follows on the one that the store stands at.
    pub fn unless_next(
        netuid: NetUid,
        stands_at: Option<BlockRef>,
        offered: Option<BlockRef>,
    ) -> Result<(), Self> {
        if stands_at == offered { Ok(()) } else { Err(Self::NotNext { netuid, stands_at, offered }) }
    }

    /// Refuses a chain that is not the stored one.
    ///
    /// # Errors
    /// [`Self::OtherChain`] unless both are the same.
    pub fn unless_same_chain(stored: BlockHash, offered: BlockHash) -> Result<(), Self> {
        if stored == offered { Ok(()) } else { Err(Self::OtherChain { stored, offered }) }
    }

    /// A part of a record was asked for that begins or ends at no epoch of it.
    #[must_use]
    pub fn no_epoch(netuid: NetUid, block: BlockNumber) -> Self {
        Self::Unusable(format!("the record of subnet {netuid} has no epoch at block {block}"))
    }

    /// A record was changed while it was read, and not only by what was added.
    #[must_use]
    pub fn changed(netuid: NetUid) -> Self {
        Self::Busy(format!(
            "the record of subnet {netuid} was pruned or taken back while it was read: try again"
        ))
    }

    /// Whether the same may go well a little later.
    #[must_use]
    pub const fn is_passing(&self) -> bool {
        matches!(
            self,
            Self::Busy(_)
                | Self::Full(_)
                | Self::NotNext { .. }
                | Self::OtherWriter { .. }
                | Self::Unreachable(_)
        )
    }
}
