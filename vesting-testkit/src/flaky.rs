//! A store that fails now and then, before it has done anything.

use std::sync::Arc;

use futures_util::future::{BoxFuture, ready};
use vesting_core::ports::{StakeStore, StoreError, StoreLayer};

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

impl StoreLayer for FlakyStore {
    fn inner(&self) -> &dyn StakeStore {
        self.inner.as_ref()
    }

    fn pass<'a, T: Send + 'a>(
        &'a self,
        method: &'static str,
        answer: BoxFuture<'a, Result<T, StoreError>>,
    ) -> BoxFuture<'a, Result<T, StoreError>> {
        match (self.fails)(method) {
            Some(error) => Box::pin(ready(Err(error))),
            None => answer,
        }
    }
}
