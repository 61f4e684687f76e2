//! The end of a record, held in memory: what lies before it is condensed, as a prune does it, and is not more
//! however long the record is.

use std::sync::Arc;

use crate::ports::{Commit, Pruned, StakeStore, StoreError, WholeRecord, WriteRecord};
use crate::store::MemoryStore;
use crate::store::memory_store::Gathered;
use crate::units::{BlockNumber, NetUid};

/// The end of a record whose parts come one by one.
///
/// Sums, balances and windows are those of the whole record. Which of the tranches from before an exit is
/// from is not known: each holder has one.
pub struct Condensed {
    netuid: NetUid,
    store: Arc<MemoryStore>,
    gathered: Gathered,
}

impl Condensed {
    /// Of a subnet of which no part has come.
    #[must_use]
    pub fn new(netuid: NetUid) -> Self {
        Self { netuid, store: Arc::default(), gathered: Gathered::default() }
    }

    /// Takes the next part.
    ///
    /// # Errors
    /// [`StoreError::NotNext`] where it does not follow on the last part, [`StoreError::Unusable`] where it
    /// cannot be.
    pub async fn take(&mut self, part: &Commit) -> Result<(), StoreError> {
        let mut part = part.clone();
        self.gathered.redirect(&mut part.exits);
        self.store.commit(&part).await
    }

    /// Condenses what lies before the end of the epoch at block `base`; says what was removed, but for the
    /// tranches that were put together.
    ///
    /// # Errors
    /// As [`WholeRecord::prune`].
    pub async fn condense(&mut self, base: BlockNumber) -> Result<Pruned, StoreError> {
        let pruned = self.store.prune(self.netuid, base).await?;
        self.gathered = self.store.gather(self.netuid, base);
        Ok(pruned)
    }

    /// What is held, as one commit; `None` where no part has come.
    ///
    /// # Errors
    /// As [`WholeRecord::record`].
    pub async fn record(&self) -> Result<Option<Commit>, StoreError> {
        self.store.record(self.netuid).await
    }

    /// What is held, as a store.
    #[must_use]
    pub fn store(&self) -> Arc<dyn StakeStore> {
        self.store.clone()
    }
}
