//! The laws of tranches, holding, multipliers and weights, on random histories with changes that nothing
//! explains, for every formula, duration rule, rule for those changes, and redistribution.

#![allow(missing_docs, clippy::panic, clippy::unwrap_used, clippy::expect_used)] // tests

mod history;
mod multipliers;
mod outcome;
mod tranches;
mod unattributed;
mod weights;
