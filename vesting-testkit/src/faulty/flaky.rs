//! A store that fails now and then, before it does anything.

use std::sync::Arc;

use async_trait::async_trait;
use vesting_core::ports::{StakeStore, StoreError};

/// Says whether the method of this name fails.
type Fails = Box<dyn Fn(&'static str) -> Option<StoreError> + Send + Sync>;

/// A store that passes every call on to another one, unless it fails.
pub struct FlakyStore {
    inner: Arc<dyn StakeStore>,
    fails: Fails,
}

impl FlakyStore {
    /// A store over another one. `fails` gets the name of each method that is called, and returns the error.
    pub fn new(
        inner: Arc<dyn StakeStore>,
        fails: impl Fn(&'static str) -> Option<StoreError> + Send + Sync + 'static,
    ) -> Self {
        Self { inner, fails: Box::new(fails) }
    }
}

/// Implements the methods that are passed on.
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
