//! A store that fails now and then, before it has done anything.

use std::sync::Arc;

use async_trait::async_trait;
use vesting_core::ports::{StakeStore, StoreError};

/// Asked with the name of what is to be done, whether it fails.
type Fails = Box<dyn Fn(&'static str) -> Option<StoreError> + Send + Sync>;

/// Passes everything on to another store, unless it fails.
pub struct FlakyStore {
    inner: Arc<dyn StakeStore>,
    fails: Fails,
}

impl FlakyStore {
    /// Over another store, failing where `fails` says so of the method of that name.
    pub fn new(
        inner: Arc<dyn StakeStore>,
        fails: impl Fn(&'static str) -> Option<StoreError> + Send + Sync + 'static,
    ) -> Self {
        Self { inner, fails: Box::new(fails) }
    }
}

/// Methods that are passed on.
macro_rules! passed_on {
    ($($name:ident($($argument:ident: $of:ty),*) -> $gives:ty;)*) => {
        #[async_trait]
        impl StakeStore for FlakyStore {
            $(async fn $name(&self, $($argument: $of),*) -> Result<$gives, StoreError> {
                match (self.fails)(stringify!($name)) {
                    Some(error) => Err(error),
                    None => self.inner.$name($($argument),*).await,
                }
            })*
        }
    };
}

vesting_core::store_methods!(passed_on);
