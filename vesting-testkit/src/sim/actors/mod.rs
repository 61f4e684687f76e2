//! Those who live on the simulated chain.

mod demo;
mod month;
mod random_life;
#[cfg(feature = "test-tools")]
pub mod strategies;
mod units;

pub use demo::{Actor, Demo, end_of};
pub use month::Month;
pub use random_life::RandomLife;
