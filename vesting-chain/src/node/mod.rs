//! What a node tells of any chain, whatever its runtime: finalized heads, hashes by height, storage by key.

pub(crate) mod hashes;
pub(crate) mod heads;
pub(crate) mod storage;
