//! The ports: what the core asks of a chain and of a store.
//!
//! Takes from `units`, `block` and `ledger`.

mod chain;
mod store;

pub use chain::{
    Ask, BlockState, ChainError, ChainPort, ColdkeyTrace, Fingerprint, NeuronsAsk, OwnWord, PositionTrace,
    ReadChain, Roster, SubnetAsk, SubnetState, TraceKeys, Traces,
};
pub use store::{
    BalanceChange, Commit, End, Holder, LedgerState, LockRow, NeuronRow, OpenInterval, Pruned, ReadRecord,
    Snapshot, StakeStore, StoreAnswer, StoreError, StoreLayer, TranchePage, TrancheStand, Watermark,
    WholeRecord, WriteRecord,
};

#[cfg(any(test, feature = "mocks"))]
pub use chain::MockChainPort;
#[cfg(any(test, feature = "mocks"))]
pub use store::{MockReadRecord, MockWholeRecord, MockWriteRecord};
