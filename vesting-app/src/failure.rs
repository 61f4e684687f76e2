//! What an error of the chain or the store means for the next attempt.
//!
//! Takes from nothing here.

use vesting_core::ports::{ChainError, StoreError};
use vesting_core::{BlockRef, MonitorError};

/// Whether the same attempt may succeed a little later.
pub fn is_passing(error: &anyhow::Error) -> bool {
    let store = error.downcast_ref::<StoreError>().map(StoreError::is_passing);
    let chain = error.downcast_ref::<ChainError>().map(ChainError::is_passing);
    error.downcast_ref::<MonitorError>().map(MonitorError::is_passing).or(store).or(chain) == Some(true)
}

/// The version of the runtime that cannot be read, if that is the error.
pub fn unreadable_runtime(error: &anyhow::Error) -> Option<u32> {
    let version = |error: &ChainError| match error {
        ChainError::Unreadable { spec_version, .. } => Some(*spec_version),
        _ => None,
    };
    match error.downcast_ref() {
        Some(MonitorError::Chain(error)) => version(error),
        _ => error.downcast_ref().and_then(version),
    }
}

/// The last block of the record, if the error is that the chain does not continue from it.
pub fn fork_of(error: &anyhow::Error) -> Option<BlockRef> {
    match error.downcast_ref() {
        Some(MonitorError::Fork { stands_at, .. }) => Some(*stands_at),
        _ => None,
    }
}
