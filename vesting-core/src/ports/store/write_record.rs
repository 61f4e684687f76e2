//! Writing a record.

use async_trait::async_trait;

use super::{Commit, OpenInterval, Snapshot, StoreError};
use crate::units::{BlockHash, BlockRef, NetUid};

/// Writes the records of a store. Each call is one transaction, and one that does not follow the watermark is
/// refused. So nothing is lost or counted twice.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait WriteRecord: Send + Sync {
    /// Binds an empty store to a chain. Refuses with [`StoreError::OtherChain`] where it is bound to another.
    async fn bind_chain(&self, genesis: BlockHash) -> Result<(), StoreError>;

    /// Claims the right to write a subnet's record. One process has it at a time. The right ends with the
    /// process, or with its connection. Every other call that writes claims it too. Refuses with
    /// [`StoreError::OtherWriter`] while another process has it.
    async fn claim(&self, netuid: NetUid) -> Result<(), StoreError>;

    /// Adds blocks to the record. Refuses with [`StoreError::NotNext`], and changes nothing, unless
    /// `commit.parent` is the watermark. An existing record keeps its `first_block` and `first_time`, since
    /// the writer may not know that it was pruned.
    async fn commit(&self, commit: &Commit) -> Result<(), StoreError>;

    /// Writes snapshots that were read in the state of the watermark `at`, and the open interval as it is
    /// known then. Afterwards `observed` is that block. Refuses with [`StoreError::NotNext`] when the
    /// watermark is another.
    async fn observe(
        &self,
        netuid: NetUid,
        at: BlockRef,
        snapshots: &[Snapshot],
        interval: &OpenInterval,
    ) -> Result<(), StoreError>;
}
