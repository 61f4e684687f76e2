//! From a block's facts to ledger entries: what each event means, who was paid how much, and what remains
//! unexplained.
//!
//! Takes from `units`, `block` and `ledger`.

pub mod classify;
pub mod emission;
pub mod settle;
