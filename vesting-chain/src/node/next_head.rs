//! The wait for the next finalized head, shared by all who wait for one.

use std::sync::{Mutex, PoisonError};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared, WeakShared};
use vesting_core::BlockRef;
use vesting_core::ports::ChainError;

type Waiting = BoxFuture<'static, Result<BlockRef, ChainError>>;

/// The newest head, and the wait for the next one. Nobody who waits keeps another from a head that is there.
#[derive(Default)]
pub(crate) struct NextHead {
    newest: Mutex<Option<BlockRef>>,
    /// Dropped when the last one stops waiting.
    waiting: Mutex<Option<WeakShared<Waiting>>>,
}

impl NextHead {
    /// Notes a head. An older one changes nothing.
    pub(crate) fn note(&self, head: BlockRef) {
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        if newest.is_none_or(|newest| head.number > newest.number) {
            *newest = Some(head);
        }
    }

    /// The newest head noted.
    pub(crate) fn newest(&self) -> Option<BlockRef> {
        *self.newest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The wait under way, or a new one.
    pub(crate) fn join(&self, wait: impl FnOnce() -> Waiting) -> Shared<Waiting> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(shared) =
            waiting.as_ref().and_then(WeakShared::upgrade).filter(|shared| shared.peek().is_none())
        {
            return shared;
        }
        let shared = wait().shared();
        *waiting = shared.downgrade();
        shared
    }
}
