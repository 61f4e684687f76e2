//! From a block's facts to entries: what each event means, who was paid what, and what is left once all is
//! booked.
//!
//! Takes from `units`, `block` and `ledger`.

pub mod classify;
pub mod emission;
pub mod settle;
