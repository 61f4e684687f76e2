//! A chain in memory: its blocks, and the state after each of them.

mod archive;
mod data;
pub(crate) mod heights;
pub(crate) mod storage_key;

pub use archive::History;
pub use data::{BlockData, NotNext, RuntimeData};
