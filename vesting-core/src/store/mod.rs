//! What every store does alike, and whole records: in memory, in parts, condensed, pruned and taken back.
//!
//! Takes from `units`, `block`, `ledger` and `ports`.

pub(crate) mod balances;
pub(crate) mod condensed;
pub(crate) mod memory_store;
pub(crate) mod parts;
pub mod prune;
pub mod rewind;
pub(crate) mod stands;

pub use condensed::Condensed;
pub use memory_store::MemoryStore;
pub use parts::Parts;
