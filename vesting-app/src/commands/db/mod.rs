//! `vesting db`.

mod check;
mod chosen;
mod command;
mod export;
mod fetch;
mod import;
mod inspect;
mod migrate;
mod prune;
mod repair;
mod scratch;
mod second;
mod source;
mod spot_check;

pub use command::{DbCommand, run};
