//! A simulated Subtensor chain: seeded, so that a seed reproduces every history.
//!
//! It behaves as the runtime of spec 425 was measured to: emission before extrinsics, dynamic tempo,
//! a cap on epochs a block, share pools that round, moves that announce themselves after their legs.
//! The same chain is a port in memory ([`SimPort`]) and, block by block, the history of a node.

mod chain;
mod encode;
mod event;
mod identity;
mod metadata;
mod month;
mod network;
mod operation;
mod pool;
mod port;
mod rng;
mod scenario;
mod versions;

pub use chain::{SimChain, SubnetConfig};
pub use encode::runtime;
pub use month::Month;
pub use operation::{Call, Operation};
pub use port::SimPort;
pub use rng::Rng;
pub use scenario::{Actor, Demo, RandomLife, end_of};
