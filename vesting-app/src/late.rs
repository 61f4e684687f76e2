//! A store that is opened later: before the chain has answered for the first time no database is made, and
//! the API serves an empty record.
//!
//! Takes from nothing here.

use std::sync::{Arc, OnceLock};

use vesting_core::MemoryStore;
use vesting_core::ports::{StakeStore, StoreLayer};

/// A store that stands for another one, once that is there, and is empty until then.
#[derive(Default)]
pub struct LateStore {
    store: OnceLock<Arc<dyn StakeStore>>,
    empty: MemoryStore,
}

impl LateStore {
    /// From now on it stands for this one. There is one in its life.
    pub fn stand_for(&self, store: Arc<dyn StakeStore>) {
        // A second one would be a second right to write.
        let _ = self.store.set(store);
    }

    /// The store, where it is there.
    pub fn get(&self) -> Option<&Arc<dyn StakeStore>> {
        self.store.get()
    }
}

impl StoreLayer for LateStore {
    fn inner(&self) -> &dyn StakeStore {
        self.store.get().map_or(&self.empty, |store| store.as_ref())
    }
}
