//! What commands with `--json` print and the HTTP API answers: one shape for both.

pub mod epoch;
pub mod miner;
pub mod stats;
pub mod weights;
