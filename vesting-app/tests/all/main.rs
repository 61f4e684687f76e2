//! The whole way, from a node to the record and the command line.

#![allow(missing_docs, clippy::panic, clippy::unwrap_used, clippy::expect_used)] // tests

mod api;
mod command_line;
mod compare;
mod daemon;
mod explaining;
mod killed;
mod moved;
mod place;
mod pruned;
mod recordings;
mod simulated;
mod standby;
mod way;
