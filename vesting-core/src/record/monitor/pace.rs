//! How blocks are read, and how many share a transaction.

/// How blocks are read, and how many share a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// Every block, one a transaction.
    Following,
    /// Every block; an epoch with the blocks that lead to it (or this many blocks) is one transaction.
    EveryBlock {
        /// The most blocks in one transaction.
        blocks_per_commit: u32,
    },
    /// Only the blocks in which something happened; an epoch with what led to it is one transaction.
    CatchingUp,
}
