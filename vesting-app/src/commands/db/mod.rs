//! `vesting db`.

mod check;
mod chosen;
mod command;
mod export;
mod fetch;
mod import;
mod inspect;
mod intake;
mod migrate;
mod prune;
mod repair;
mod scratch;
mod second;
mod source;
mod spot_check;

pub use command::{DbCommand, run};
pub use fetch::{Giver, fetch};
pub use import::SPOT_CHECKS;
pub use intake::{inspect, judge, write};
pub use second::SecondSource;
pub use spot_check::spot_check;
