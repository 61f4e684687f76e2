//! A store that fails now and then, before it does anything.

use std::sync::Arc;

use vesting_core::ports::{StakeStore, StoreAnswer, StoreError, StoreLayer};

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

impl StoreLayer for FlakyStore {
    fn inner(&self) -> &dyn StakeStore {
        self.inner.as_ref()
    }

    fn pass<'a, T: Send + 'a>(
        &'a self,
        method: &'static str,
        answer: StoreAnswer<'a, T>,
    ) -> StoreAnswer<'a, T> {
        match (self.fails)(method) {
            Some(error) => Box::pin(std::future::ready(Err(error))),
            None => answer,
        }
    }
}
