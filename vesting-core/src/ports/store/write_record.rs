//! Writing a record.

use async_trait::async_trait;

use super::{Commit, OpenInterval, Snapshot, StoreError};
use crate::units::{BlockHash, BlockRef, NetUid};

/// Writes the records of a store. Nothing is lost or counted twice: each call is one transaction, and one
/// that does not follow on the watermark is refused.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait WriteRecord: Send + Sync {
    /// Binds an empty store to a chain. Refuses with [`StoreError::OtherChain`] where it is bound to another.
    async fn bind_chain(&self, genesis: BlockHash) -> Result<(), StoreError>;

    /// Takes the right to write a subnet's record, which one process has at a time. The right ends with the
    /// process, or with its connection. Every other call that writes takes it too. Refuses with
    /// [`StoreError::Taken`] while another process has it.
    async fn claim(&self, netuid: NetUid) -> Result<(), StoreError>;

    /// Adds blocks to the record. Refuses with [`StoreError::NotNext`] unless `commit.parent` is the
    /// watermark, and leaves the record as it was. Where there is a record, its `first_block` and
    /// `first_time` stay: the writer may not know that it was pruned.
    async fn commit(&self, commit: &Commit) -> Result<(), StoreError>;

    /// Writes snapshots read in the state of the watermark `at`, and the open interval as it is known then.
    /// After it `observed` is that block. Refuses with [`StoreError::NotNext`] when the watermark is another.
    async fn observe(
        &self,
        netuid: NetUid,
        at: BlockRef,
        snapshots: &[Snapshot],
        interval: &OpenInterval,
    ) -> Result<(), StoreError>;
}
