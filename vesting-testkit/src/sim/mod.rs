//! A simulated Subtensor chain: seeded, so that a seed reproduces every history.
//!
//! In its present [`Generation`] it behaves as the runtime of spec 425 was measured to: emission before
//! extrinsics, dynamic tempo, a cap on epochs a block, share pools that round, moves that announce
//! themselves after their legs.
//! The same chain is a port in memory ([`SimPort`]) and, block by block, the history of a node.

mod account;
mod call;
mod chain;
mod collateral;
mod encode;
mod epoch;
mod event;
mod generation;
mod identity;
mod metadata;
mod month;
mod network;
mod neurons;
mod operation;
mod orders;
mod pool;
mod port;
mod rng;
mod scenario;
#[cfg(feature = "test-tools")]
pub mod strategies;
mod versions;

pub use chain::{SimChain, SubnetConfig};
pub(crate) use encode::SPEC_NAME;
pub use encode::runtime;
pub use generation::Generation;
pub use month::Month;
pub use operation::{Call, Operation};
pub use orders::Order;
pub use port::SimPort;
pub use rng::Rng;
pub use scenario::{Actor, Demo, RandomLife, end_of};
