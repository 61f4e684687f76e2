//! Catching up: records only the blocks in which something happened. Its cost grows with epochs and stake
//! operations, not with blocks. Its ledger equals that of a follower.

mod read_ahead;
mod reader;
pub(super) mod route;
mod run;
pub(super) mod search;

pub(crate) use run::CatchUp;
