//! The runtimes of a chain, by version: metadata, capabilities, storage keys, and which made which block.

pub(crate) mod eras;
pub(crate) mod items;
pub(crate) mod met_runtimes;
pub(crate) mod runtime;
