//! A finished block, its header and its hash.

use std::collections::BTreeMap;

use blake2::Blake2b;
use blake2::digest::{Digest, consts::U32};
use codec::{Compact, Encode};
use vesting_core::{BlockHash, Millis, NetUid, SubnetCounters};

use crate::sim::runtime::event::EventRecord;
use crate::sim::runtime::generation::Generation;

/// A finished block.
#[derive(Debug, Clone)]
pub(crate) struct Sealed {
    pub(crate) hash: BlockHash,
    pub(crate) parent_hash: BlockHash,
    pub(crate) time: Millis,
    pub(crate) events: Vec<EventRecord>,
    pub(crate) counters: Vec<(NetUid, SubnetCounters)>,
    /// How often each netuid was registered so far, where the runtime counts registrations.
    pub(crate) registrations: Option<BTreeMap<NetUid, u64>>,
    /// The runtime that made the block.
    pub(crate) generation: Generation,
    /// The runtime whose code is in the block's state.
    pub(crate) code: Generation,
}

/// A header in SCALE. The seed takes the place of the state root, so that chains of different seeds differ.
pub(crate) fn header(seed: u64, number: u64, parent: BlockHash) -> Vec<u8> {
    let mut root = [0u8; 32];
    root[..8].copy_from_slice(&seed.to_le_bytes());
    let digest: Vec<u8> = Vec::new();
    (parent.0, Compact(number), root, [0u8; 32], digest).encode()
}

pub(crate) fn hash(header: &[u8]) -> BlockHash {
    BlockHash(Blake2b::<U32>::digest(header).into())
}
