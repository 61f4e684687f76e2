//! Stake events of a block as flows of the holders on one subnet.
//!
//! Moves, transfers and swaps announce themselves *after* the removal and the addition they are made of
//! (docs/chain.md#moves-transfers-swaps); the announcement gives those two their kind and is no flow of its
//! own.

mod draft;
mod events;
mod flows;
mod swap;
#[cfg(test)]
mod tests;

pub use events::classify;
pub use flows::{Flows, Leg, Order};
pub use swap::{Swap, SwappedKeys};
