//! A block and a runtime, as a recording has them.

use std::collections::BTreeMap;

use vesting_core::{BlockHash, BlockNumber, Millis};

/// A block as a recording has it.
#[derive(Debug, Clone)]
pub struct CapturedBlock {
    /// Its height.
    pub number: BlockNumber,
    /// Its hash.
    pub hash: BlockHash,
    /// Its parent's hash.
    pub parent_hash: BlockHash,
    /// Its time; 0 if it has none.
    pub time: Millis,
    /// Its header in SCALE. The header's hash is the block's hash.
    pub header: Vec<u8>,
    /// Its extrinsics, in hexadecimal.
    pub extrinsics: Vec<String>,
    /// The storage that changed since the block before; in the first block all of it.
    pub changes: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
}

/// A runtime as a recording has it.
#[derive(Debug, Clone)]
pub struct CapturedRuntime {
    /// The first block whose state has its code.
    pub from: BlockNumber,
    /// Its version.
    pub spec_version: u32,
    /// What `state_getRuntimeVersion` answers.
    pub version: serde_json::Value,
    /// Its metadata by metadata version, unwrapped.
    pub metadata: BTreeMap<u32, Vec<u8>>,
}
