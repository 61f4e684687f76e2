//! Who holds what in the state of one block.
//!
//! Takes from `runtimes` and `state`.

pub(crate) mod locks;
pub(crate) mod pool;
pub(crate) mod position_trace;
pub(crate) mod positions;
pub(crate) mod proxies;
pub(crate) mod shares;
pub(crate) mod traces;
