//! Who acts on the simulated chain: the demo's cast, a busy subnet, random actors, and sellers with a
//! strategy.

mod demo;
mod month;
mod random_life;
#[cfg(feature = "test-tools")]
pub mod strategies;
mod units;

pub use demo::{Actor, Demo, end_of};
pub use month::Month;
pub use random_life::RandomLife;
