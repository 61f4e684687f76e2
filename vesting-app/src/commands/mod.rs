//! The commands: one file each, with its arguments.
//!
//! Takes from `exit`, `advice`, `failure`, `clock`, `signal`, `task`, `output`, `log`, `config`, `client`,
//! `witnesses`, `late`, `shared`, `pruner`, `wiring`, `state`, `notify`, `following`, `view` and `api`.

pub mod apply;
pub mod args;
pub mod catch_up;
mod compare;
pub mod completions;
pub mod config;
pub mod db;
pub mod demo;
pub mod digest;
pub mod doctor;
pub mod epochs;
pub mod explain;
pub mod history;
pub mod ledger;
pub mod man;
pub mod miners;
mod progress;
pub mod run;
pub mod session;
pub mod simnode;
pub mod stats;
pub mod update;
pub mod whatif;
