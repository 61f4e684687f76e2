//! Why a chain did not answer.

use std::time::Duration;

use crate::units::{BlockHash, BlockNumber, NetUid};

/// Why a chain did not answer. Each kind demands one reaction.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChainError {
    /// The endpoint did not answer or broke off. Reaction: try again, then another endpoint.
    #[error("{0}")]
    Unreachable(String),
    /// The endpoints want to be left alone for a while. Reaction: wait as long, then try again.
    #[error("{why}; asked again in {} s", wait.as_secs())]
    Limited {
        /// Who said so, and in what words.
        why: String,
        /// How long.
        wait: Duration,
    },
    /// Every endpoint serves another chain than the one expected. Reaction: stop and say so; while following,
    /// wait.
    #[error("the endpoint {endpoint} serves another chain (genesis {genesis}, not {expected})")]
    OtherChain {
        /// The endpoint, as it may be shown.
        endpoint: String,
        /// The genesis hash of the chain that it serves.
        genesis: BlockHash,
        /// The one that was expected.
        expected: BlockHash,
    },
    /// The node does not have the state of this block any more. Reaction: ask an archive endpoint.
    #[error("the node has discarded the state of block {block}")]
    Pruned {
        /// The block whose state was asked for.
        block: BlockNumber,
    },
    /// The chain does not have this finalized block (yet). Reaction: wait for the head.
    #[error("block {0} is not there: the finalized head is below it")]
    NoSuchBlock(BlockNumber),
    /// The subnet does not exist in that state. Reaction: stop and say so.
    #[error("subnet {netuid} does not exist at block {block}")]
    NoSuchSubnet {
        /// The subnet.
        netuid: NetUid,
        /// The block in whose state it was looked for.
        block: BlockNumber,
    },
    /// The runtime that made a block cannot be read: its metadata cannot be decoded, or lacks what cannot be
    /// done without. Reaction: say so and write nothing; another endpoint or a newer version of the program
    /// may read it.
    #[error("the chain's runtime (spec {spec_version}) cannot be read: {why}")]
    Unreadable {
        /// The version of the runtime.
        spec_version: u32,
        /// What is wrong with it.
        why: String,
    },
    /// A node or a runtime lacks something that cannot be done without. Reaction: stop and say so.
    #[error("{0}")]
    Unsupported(String),
    /// The runtime itself says of a position what its storage was not taken to say. From here on its own word
    /// is taken, but what was recorded of this subnet by its storage may be wrong. Reaction: take the record
    /// back to its last epoch at or before `agreed`, or to the last one that an older runtime made; tell
    /// [`ChainPort::taken_back`](super::ChainPort::taken_back); read again. Until then no positions of the
    /// subnet are read. Where the record cannot be read again, leave it and say so.
    #[error(
        "subnet {netuid}: the runtime (spec {spec_version}) contradicts its storage at block {block}, so \
        the record is to be read again {}",
        since(*agreed)
    )]
    Contradicted {
        /// The subnet.
        netuid: NetUid,
        /// The runtime.
        spec_version: u32,
        /// The block in whose state it showed.
        block: BlockNumber,
        /// The block up to which its storage is known to have said the same of every position; `None` where
        /// this process has not seen that.
        agreed: Option<BlockNumber>,
    },
    /// An answer does not mean what it should. Reaction: another endpoint; if it stays, stop and say so.
    #[error("{0}")]
    Malformed(String),
}

/// From where on a record is to be read again, in words.
fn since(agreed: Option<BlockNumber>) -> String {
    agreed.map_or_else(
        || "as far as that runtime made its blocks".to_owned(),
        |block| format!("from block {block} on"),
    )
}

impl ChainError {
    /// Whether the same may go well a little later, with the same endpoints.
    #[must_use]
    pub const fn is_passing(&self) -> bool {
        matches!(
            self,
            Self::Unreachable(_) | Self::Limited { .. } | Self::NoSuchBlock(_) | Self::Malformed(_)
        )
    }
}
