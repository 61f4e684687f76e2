//! How blocks are read, and how many share a transaction.

/// How blocks are read, and how many share a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// Every block, each in a transaction of its own.
    Following,
    /// Every block. An epoch with the blocks before it is one transaction, or this many blocks are.
    EveryBlock {
        /// The most blocks in one transaction.
        blocks_per_commit: u32,
    },
    /// Only the blocks in which something happened. An epoch with the interval before it is one transaction.
    CatchingUp,
}
