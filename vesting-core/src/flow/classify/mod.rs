//! Stake events of a block as flows of the holders on one subnet.
//!
//! A move, transfer or swap is a removal and an addition, and *then* an event that announces it
//! (docs/chain.md#moves-transfers-swaps). The announcement gives those two their kind. It is no flow of its
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
