//! The endpoints of a chain: which one is called, how fast, and what follows when a call fails.
//!
//! Takes from `errors` and `link`.

pub(crate) mod call;
pub(crate) mod counts;
pub(crate) mod endpoint;
pub(crate) mod failed_call;
pub(crate) mod pace;
pub(crate) mod pauses;
pub(crate) mod pool;
pub(crate) mod rpc;
