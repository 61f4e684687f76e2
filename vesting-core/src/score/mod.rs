//! From holdings to multipliers: the policy, its formula, and the figures that they use.
//!
//! Takes from `units`, `ledger` and `window`.

pub mod formula;
pub mod holding;
pub mod kept;
pub mod multiplier;
pub mod policy;
pub(crate) mod sales;

pub use sales::MissingTime;
