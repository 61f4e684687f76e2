//! The runtimes of a chain, by version: metadata, capabilities, storage keys, and which one made which block.
//!
//! Takes from `facts`, `surface`, `endpoints` and `node`.

pub(crate) mod capabilities;
pub(crate) mod code;
pub(crate) mod eras;
pub(crate) mod item;
pub(crate) mod items;
pub(crate) mod met_runtimes;
pub(crate) mod runtime;
