//! What commands with `--json` print and the HTTP API answers: one shape for both.
//!
//! Takes from `output`.

pub mod coldkey;
pub mod digest;
pub mod epoch;
pub mod explanation;
pub mod history;
pub mod holder;
pub mod limited_by;
pub mod miner;
pub mod row;
pub mod stats;
pub mod subnet;
pub mod text;
pub mod unexplained;
pub mod weights;
pub mod whatif;
