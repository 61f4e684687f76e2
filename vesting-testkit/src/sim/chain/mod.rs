//! The state of the simulated chain, now and in every block.

pub(in crate::sim) mod account;
pub(in crate::sim) mod block;
pub(in crate::sim) mod changes;
pub(in crate::sim) mod history_writer;
pub(in crate::sim) mod pool;
pub(in crate::sim) mod rates;
mod reads;
mod seal;
mod stake;
pub(in crate::sim) mod state;
mod step;
pub(in crate::sim) mod subnet;
pub(in crate::sim) mod versions;
