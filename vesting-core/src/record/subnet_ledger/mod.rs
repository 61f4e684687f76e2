//! The ledger of one subnet while it is written: running balances, tranches, the open interval.
//!
//! Everything here is derived from what is committed, so a restart resumes it from the store.

mod blocks;
mod conservation;
mod entries;
mod interval;
mod ledger;
mod observed;
mod operations;
mod pending;
mod tranches;

pub use ledger::SubnetLedger;
