//! Recording: a subnet's ledger, and how it is read from the chain and written to a store, block by block or
//! from epoch to epoch.
//!
//! Takes from `units`, `block`, `ledger`, `flow`, `ports` and `store`.

pub(crate) mod agreed;
pub(crate) mod catch_up;
pub(crate) mod classified_block;
pub(crate) mod conservation_error;
pub(crate) mod doubt;
pub(crate) mod error;
pub mod interval;
pub(crate) mod known_tranches;
pub(crate) mod load;
pub(crate) mod monitor;
pub(crate) mod plan;
pub(crate) mod progress;
pub(crate) mod recorded;
pub(crate) mod recorder;
pub(crate) mod start;
pub(crate) mod states_around;
pub(crate) mod subnet_ledger;
pub(crate) mod take_back;

pub use agreed::{agreed_block, agreed_glance};
pub use conservation_error::ConservationError;
pub use doubt::{Doubt, Misfit};
pub use error::MonitorError;
pub use monitor::{BlockchainMonitor, Pace};
pub use progress::Progress;
pub use start::window_start;
pub use subnet_ledger::SubnetLedger;
pub use take_back::{TakenBack, last_on_chain, take_back};

#[cfg(test)]
pub(crate) mod tests;
