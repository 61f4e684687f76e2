//! A simulated Subtensor chain: seeded, so that a seed reproduces every history.
//!
//! In its present [`Generation`] it behaves as the runtime of spec 425 was measured to: emission before
//! extrinsics, dynamic tempo, a cap on epochs a block, share pools that round, moves that announce
//! themselves after their legs.
//! The same chain is a port in memory ([`SimPort`]) and, block by block, the history of a node.

mod actors;
mod chain;
mod operation;
mod pallet;
mod port;
mod rng;
mod runtime;
mod storage;

#[cfg(feature = "test-tools")]
pub use actors::strategies;
pub use actors::{Actor, Demo, Month, RandomLife, end_of};
pub use chain::state::SimChain;
pub use chain::subnet::SubnetConfig;
pub use operation::{Call, Operation, Order};
pub use port::SimPort;
pub use rng::Rng;
pub use runtime::generation::Generation;
pub(crate) use runtime::version::SPEC_NAME;
pub use runtime::version::runtime;
