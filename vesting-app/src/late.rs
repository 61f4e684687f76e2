//! A store that is not there yet: before the chain has answered for the first time no database is made, and
//! the API serves an empty record.

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use vesting_core::MemoryStore;
use vesting_core::ports::{StakeStore, StoreError};

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

    fn inner(&self) -> &dyn StakeStore {
        self.store.get().map_or(&self.empty, |store| store.as_ref())
    }

    /// The store, where it is there.
    pub fn get(&self) -> Option<&Arc<dyn StakeStore>> {
        self.store.get()
    }
}

/// Methods that are passed on.
macro_rules! passed_on {
    ($($name:ident($($argument:ident: $of:ty),*) -> $gives:ty;)*) => {
        #[async_trait]
        impl StakeStore for LateStore {
            $(async fn $name(&self, $($argument: $of),*) -> Result<$gives, StoreError> {
                self.inner().$name($($argument),*).await
            })*
        }
    };
}

vesting_core::store_methods!(passed_on);
