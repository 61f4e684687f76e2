//! `vesting db`.

mod check;
mod chosen;
mod command;
mod export;
mod import;
mod inspect;
mod migrate;
mod prune;
mod repair;
mod scratch;
mod spot_check;

pub use command::{DbCommand, run};
