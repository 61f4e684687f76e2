//! From what was held to a multiplier: the policy, its formula, and what they are reckoned from.
//!
//! Takes from `units`, `ledger` and `window`.

pub mod formula;
pub mod holding;
pub mod kept;
pub mod multiplier;
pub mod policy;
pub(crate) mod sales;

pub use sales::MissingTime;
