//! The ports: what the core asks of a chain and of a store.
//!
//! Takes from `units`, `block` and `ledger`.

mod chain;
mod store;

pub use chain::{
    Ask, BlockState, ChainError, ChainPort, ColdkeyTrace, Fingerprint, NeuronsAsk, OwnWord, PositionTrace,
    Roster, SubnetAsk, SubnetState, TraceKeys, Traces,
};
pub use store::{
    BalanceChange, Commit, End, Holder, LedgerState, LockRow, MultiplierRow, NeuronRow, OpenInterval, Pruned,
    Snapshot, StakeStore, StoreError, TranchePage, TrancheStand, Watermark,
};

#[cfg(any(test, feature = "mocks"))]
pub use chain::MockChainPort;
#[cfg(any(test, feature = "mocks"))]
pub use store::MockStakeStore;
