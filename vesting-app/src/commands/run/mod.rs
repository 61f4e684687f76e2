//! `vesting run`.

mod bootstrap;
mod command;
mod epoch_counts;
mod read_only;
mod start;

pub use command::{RunArgs, run};
