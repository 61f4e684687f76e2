//! What reports and histories depend on besides the epoch.

use vesting_core::digest::Digest;
use vesting_core::{BlockNumber, NetUid};

/// What a report or a point of a history depends on, besides its epoch and its coldkey: where the record
/// begins, how often it was taken back, and the policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Basis {
    pub netuid: NetUid,
    pub first_block: BlockNumber,
    pub rewinds: u64,
    /// The digest of the policy.
    pub policy: Digest,
}
