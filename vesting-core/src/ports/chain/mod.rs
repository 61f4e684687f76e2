//! The chain, as the core sees it.

mod ask;
mod chain_port;
mod error;
mod read_chain;
mod roster;
mod state;
mod traces;

pub use ask::{Ask, NeuronsAsk, OwnWord, SubnetAsk};
pub use chain_port::ChainPort;
pub use error::ChainError;
pub use read_chain::ReadChain;
pub use roster::Roster;
pub use state::{BlockState, SubnetState};
pub use traces::{ColdkeyTrace, Fingerprint, PositionTrace, TraceKeys, Traces};

#[cfg(any(test, feature = "mocks"))]
pub use chain_port::MockChainPort;
