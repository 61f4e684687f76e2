//! The blocks and runtimes that a history is made of.

use std::collections::BTreeMap;

/// One block as a node serves it.
#[derive(Debug, Clone)]
pub struct BlockData {
    /// Its height.
    pub number: u32,
    /// Its hash: blake2-256 of the header.
    pub hash: [u8; 32],
    /// Its parent's hash.
    pub parent_hash: [u8; 32],
    /// The SCALE-encoded header.
    pub header: Vec<u8>,
    /// The SCALE-encoded extrinsics.
    pub extrinsics: Vec<Vec<u8>>,
    /// The storage keys it changed, with their new values.
    pub changes: Vec<(Vec<u8>, Option<Vec<u8>>)>,
}

/// One runtime as a node serves it.
#[derive(Debug, Clone)]
pub struct RuntimeData {
    /// Its version.
    pub spec_version: u32,
    /// What `state_getRuntimeVersion` answers.
    pub version_json: serde_json::Value,
    /// What `Core_version` answers.
    pub version_scale: Vec<u8>,
    /// Its metadata by metadata version, without the length prefix of a runtime call.
    pub metadata: BTreeMap<u32, Vec<u8>>,
}

/// A block that does not follow on the last one of a history.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "block {number} does not continue the history: \
     it should be block {expected} with the last block's hash as its parent"
)]
pub struct NotNext {
    /// The height of the block that was refused.
    pub number: u32,
    /// The height that was expected.
    pub expected: u32,
}
