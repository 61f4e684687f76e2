//! A store without a database, for tests and for records that need not outlive the process.

mod checks;
mod gather;
mod memory;
mod prune;
mod read;
mod record;
mod rewind;
mod whole;
mod write;

pub(crate) use gather::Gathered;
pub use memory::MemoryStore;
