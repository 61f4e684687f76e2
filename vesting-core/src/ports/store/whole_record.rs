//! A record as a whole.

use async_trait::async_trait;

use super::{Commit, Pruned, StoreError, Watermark};
use crate::units::{BlockNumber, NetUid};

/// Moves, shortens and takes back whole records. Each call is one transaction.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait WholeRecord: Send + Sync {
    /// The whole record of a subnet as the one commit that would make it anew, read at one moment, its rows
    /// in the order of [`Commit::sort`]; `None` where there is none.
    async fn record(&self, netuid: NetUid) -> Result<Option<Commit>, StoreError> {
        self.part(netuid, None, None).await
    }

    /// A part of the record, as the commit that would make it of the record up to `after`: the rows of the
    /// blocks after `after` up to `to`, both blocks of epochs of the record; without them from its first row
    /// on, and up to its watermark. Read at one moment, its rows in the order of [`Commit::sort`]; `None`
    /// where there is no record.
    ///
    /// Where the record stood at an epoch, its last state was of that epoch, and nothing had happened in the
    /// open interval.
    async fn part(
        &self,
        netuid: NetUid,
        after: Option<BlockNumber>,
        to: Option<BlockNumber>,
    ) -> Result<Option<Commit>, StoreError>;

    /// Condenses the record to one that begins at the end of `base`, the block of one of its epochs, in one
    /// transaction. [`prune`](crate::store::prune) says when it may be, and works out the entries that come.
    ///
    /// - The entries up to `base` go, and [`openings`](crate::store::prune::openings) come in their place.
    /// - Of each position's snapshots up to `base` the newest stays, unless it is 0; of each coldkey's locked
    ///   parts the newest.
    /// - The changes of epochs and of intervals that end up to `base` go, and the times of blocks before it;
    ///   that of `base` is there.
    /// - Exits by entries up to `base` go. Tranches entered up to `base` keep what was left of them at its
    ///   end as `initial`, and go where that is nothing.
    /// - A holder's record opens at `base` at the earliest.
    /// - `first_block` is the block after `base`, and `first_time` the time of `base`.
    ///
    /// Epochs, skipped slots, neurons and successions stay. Nothing that follows from the chain
    /// after `base` changes.
    async fn prune(&self, netuid: NetUid, base: BlockNumber) -> Result<Pruned, StoreError>;

    /// Takes the record back, in one transaction, to the end of the block of `to`, which is one of its
    /// epochs; to nothing, as if the subnet had never been recorded, where `to` is `None`. The record is then
    /// what it was when it stood there: whatever was recorded since goes,
    /// what remains of tranches is what remained, and the open interval begins anew. Of `to` the record takes
    /// the version of the runtime, which no other row has; where it begins stays its own to know.
    /// [`rewind`](crate::store::rewind) says the rest.
    ///
    /// Refuses with [`StoreError::Unusable`], and changes nothing, where `to` is not the end of an epoch of
    /// the record as that has it, or lies before its first block.
    async fn rewind(&self, netuid: NetUid, to: Option<Watermark>) -> Result<(), StoreError>;
}
