//! What a node tells of any chain, whatever its runtime: finalized heads, hashes by height, storage by key.
//!
//! Takes from `link` and `endpoints`.

pub(crate) mod finalized_head;
pub(crate) mod hashes;
pub(crate) mod head_watch;
pub(crate) mod hex;
pub(crate) mod next_head;
pub(crate) mod storage;
pub(crate) mod values;
