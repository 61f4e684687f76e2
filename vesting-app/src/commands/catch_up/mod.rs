//! `vesting catch-up`.

mod choice;
mod command;
mod subnet;

pub use command::{CatchUpArgs, run};
