//! The end of a record, in memory. Everything before it is condensed, as by a prune, so it does not grow with
//! the record.

use std::sync::Arc;

use crate::ports::{Commit, Pruned, StoreError, WholeRecord, WriteRecord};
use crate::store::MemoryStore;
use crate::store::memory_store::Gathered;
use crate::units::{BlockNumber, NetUid};

/// The end of a record whose parts are added one by one.
///
/// Sums, balances and windows are those of the whole record. The condensed time has only one tranche for each
/// holder, so exits do not show which old tranche they consumed.
pub struct Condensed {
    netuid: NetUid,
    store: Arc<MemoryStore>,
    gathered: Gathered,
}

impl Condensed {
    /// An empty record of a subnet.
    #[must_use]
    pub fn new(netuid: NetUid) -> Self {
        Self { netuid, store: Arc::default(), gathered: Gathered::default() }
    }

    /// Adds the next part, which is as it was afterwards.
    ///
    /// # Errors
    /// [`StoreError::NotNext`] where it does not follow the last part, [`StoreError::Unusable`] where its
    /// rows are impossible.
    pub async fn take(&mut self, part: &mut Commit) -> Result<(), StoreError> {
        // A part is large, so it is not copied as a whole.
        let exits = part.exits.clone();
        self.gathered.redirect(&mut part.exits);
        let taken = self.store.commit(part).await;
        part.exits = exits;
        taken
    }

    /// Condenses what is before the end of the epoch at block `base`. Returns what was removed, without the
    /// tranches that were merged.
    ///
    /// # Errors
    /// As [`WholeRecord::prune`].
    pub async fn condense(&mut self, base: BlockNumber) -> Result<Pruned, StoreError> {
        let pruned = self.store.prune(self.netuid, base).await?;
        self.gathered = self.store.gather(self.netuid, base);
        Ok(pruned)
    }

    /// The record held here, as one commit; `None` where no part was added.
    ///
    /// # Errors
    /// As [`WholeRecord::record`].
    pub async fn record(&self) -> Result<Option<Commit>, StoreError> {
        self.store.record(self.netuid).await
    }
}
