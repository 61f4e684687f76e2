//! What every store does in the same way, and whole records: in memory, in parts, condensed, pruned and
//! rewound.
//!
//! Takes from `units`, `block`, `ledger` and `ports`.

pub(crate) mod all_tranches;
pub(crate) mod balances;
pub(crate) mod condensed;
pub(crate) mod dry_prune;
pub(crate) mod memory_store;
pub(crate) mod newest_epochs;
pub(crate) mod parts;
pub mod prune;
pub mod rewind;

pub use condensed::Condensed;
pub use dry_prune::dry_prune;
pub use memory_store::MemoryStore;
pub use newest_epochs::newest_epochs;
pub use parts::Parts;
