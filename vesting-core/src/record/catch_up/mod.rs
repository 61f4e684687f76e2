//! Catching up: takes in only the blocks in which something happened. Its costs grow with epochs and
//! stake operations, not with blocks; its ledger equals that of a follower.

mod read_ahead;
mod reader;
pub(super) mod route;
mod run;
pub(super) mod search;

pub(crate) use run::CatchUp;
