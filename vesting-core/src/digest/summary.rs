//! The digests of a state, part by part.

use crate::units::{BlockHash, BlockNumber, BlockRef, Digest, NetUid};

/// The digests of a state, part by part. They are small enough to send, and show which part differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateSummary {
    /// The genesis hash of the chain.
    pub genesis: BlockHash,
    /// The subnet.
    pub netuid: NetUid,
    /// The block in which it was registered.
    pub registered_at: BlockNumber,
    /// The epoch.
    pub as_of: BlockRef,
    /// The block at whose end the window starts.
    pub start: BlockNumber,
    /// The first block of the record, if it does not cover the window. The digest may then differ from that
    /// of others.
    pub incomplete_since: Option<BlockNumber>,
    /// Who holds which uid at `as_of`.
    pub neurons: Section,
    /// The holders and where their histories start.
    pub holders: Section,
    /// Holders that continued under other coldkeys.
    pub successions: Section,
    /// What positions held when their holders' histories began.
    pub openings: Section,
    /// The entries, a range for each epoch of the window.
    pub ranges: Vec<Range>,
    /// The multipliers of the holders.
    pub multipliers: Section,
}

/// Rows and their digest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Section {
    /// How many rows.
    pub rows: u64,
    /// Their digest.
    pub digest: Digest,
}

/// The entries of some blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// The first block.
    pub from: BlockNumber,
    /// The last block: an epoch's.
    pub to: BlockNumber,
    /// Their number, and their digest.
    pub entries: Section,
}
