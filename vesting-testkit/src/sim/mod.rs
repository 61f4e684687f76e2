//! A simulated Subtensor chain. Its seed reproduces every block.
//!
//! In the [`Generation`] `Present` it behaves as the runtime of spec 425 was measured to. Emission comes
//! before extrinsics, the tempo is dynamic, and epochs in a block are capped. Share pools round, and a move
//! is announced after its removal and its addition.
//!
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
