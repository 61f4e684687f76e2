//! What the state of one block says of the block and of a subnet.
//!
//! Takes from `facts`, `endpoints`, `node` and `runtimes`.

pub(crate) mod block_facts;
pub(crate) mod counters;
pub(crate) mod event_fields;
pub(crate) mod events;
pub(crate) mod neurons;
pub(crate) mod reader;
pub(crate) mod runtime_api;
