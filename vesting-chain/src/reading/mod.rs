//! Reading one block: all that is asked of it, with the runtime that made it.
//!
//! Takes from `endpoints`, `node`, `runtimes`, `state`, `stake` and `agreement`.

pub(crate) mod block;
pub(crate) mod chain;
pub(crate) mod options;
pub(crate) mod state;
pub(crate) mod subnet;
pub(crate) mod verify;
