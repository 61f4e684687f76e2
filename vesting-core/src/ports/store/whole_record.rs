//! A record as a whole.

use async_trait::async_trait;

use super::{Commit, Pruned, StoreError, Watermark};
use crate::units::{BlockNumber, NetUid};

/// Copies, prunes and rewinds whole records. Each call is one transaction.
#[cfg_attr(any(test, feature = "mocks"), mockall::automock)]
#[async_trait]
pub trait WholeRecord: Send + Sync {
    /// The whole record of a subnet, as the one commit that would make it anew. It is read at one moment, its
    /// rows are in the order of [`Commit::sort`]. `None` where there is no record.
    async fn record(&self, netuid: NetUid) -> Result<Option<Commit>, StoreError> {
        self.part(netuid, None, None).await
    }

    /// A part of the record: the commit that extends the record up to `after` to one up to `to`. Both are
    /// blocks of epochs of the record. Without `after` the part begins with the first row; without `to` it
    /// ends at the watermark. It is read at one moment, its rows are in the order of [`Commit::sort`]. `None`
    /// where there is no record.
    ///
    /// Where a part ends at an epoch, the last state read is that of the epoch, and the open interval is
    /// empty.
    async fn part(
        &self,
        netuid: NetUid,
        after: Option<BlockNumber>,
        to: Option<BlockNumber>,
    ) -> Result<Option<Commit>, StoreError>;

    /// Condenses the record to one that begins at the end of `base`, the block of one of its epochs, in one
    /// transaction. [`prune`](crate::store::prune) says when that is allowed, and works out the new entries.
    ///
    /// - The entries up to `base` are removed, and [`openings`](crate::store::prune::openings) replace them.
    /// - Of each position's snapshots up to `base`, the newest stays unless it is 0. Of each coldkey's locked
    ///   parts, the newest stays.
    /// - The changes of epochs and of intervals that end up to `base` are removed, and so are the times of
    ///   blocks before `base`. The time of `base` is there.
    /// - Exits by entries up to `base` are removed. Tranches entered up to `base` get what remained at its
    ///   end as `initial`. They are removed if nothing remained.
    /// - A holder's record begins at `base` at the earliest.
    /// - `first_block` is the block after `base`, and `first_time` the time of `base`.
    ///
    /// Epochs, skipped slots, neurons and successions stay. Whatever follows from the chain after `base` is
    /// unchanged.
    async fn prune(&self, netuid: NetUid, base: BlockNumber) -> Result<Pruned, StoreError>;

    /// Takes the record back, in one transaction, to the end of the block of `to`, which is one of its
    /// epochs. Where `to` is `None`, nothing is left, as if the subnet had never been recorded.
    ///
    /// The record is then what it was when it ended there. Whatever was recorded since is removed, tranches
    /// have what remained then, and the open interval begins anew. The version of the runtime is taken from
    /// `to`, since no other row has it. The first block and its time stay those of the record.
    /// [`rewind`](crate::store::rewind) says the rest.
    ///
    /// Refuses with [`StoreError::Unusable`], and changes nothing, where `to` is not the end of an epoch as
    /// the record has it, or is before its first block.
    async fn rewind(&self, netuid: NetUid, to: Option<Watermark>) -> Result<(), StoreError>;
}
