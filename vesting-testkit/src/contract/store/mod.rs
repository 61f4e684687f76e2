//! What every [`StakeStore`](vesting_core::ports::StakeStore) must do.

// The suite fails by panicking.
#![allow(clippy::panic, clippy::expect_used, clippy::missing_panics_doc)]

mod commits;
mod dice;
mod dump;
mod prune;
mod reading;
mod rewind;
mod rows;
mod same;
mod suite;
mod tranches;
mod writing;

pub use commits::{commits, plain};
pub use rows::block;
pub use same::same;
pub use suite::run;
