//! A store that times its answers and reports its commits to the state.

use std::sync::Arc;
use std::time::Instant;

use vesting_core::NetUid;
use vesting_core::ports::{Commit, StakeStore, StoreAnswer, StoreError, StoreLayer, Watermark};

use super::daemon::State;

/// A store over another one.
struct WatchedStore {
    inner: Arc<dyn StakeStore>,
    state: Arc<State>,
}

/// The store, which times its answers and reports its commits.
pub fn watched(inner: Arc<dyn StakeStore>, state: &Arc<State>) -> Arc<dyn StakeStore> {
    Arc::new(WatchedStore { inner, state: Arc::clone(state) })
}

impl StoreLayer for WatchedStore {
    fn inner(&self) -> &dyn StakeStore {
        self.inner.as_ref()
    }

    fn pass<'a, T: Send + 'a>(
        &'a self,
        method: &'static str,
        answer: StoreAnswer<'a, T>,
    ) -> StoreAnswer<'a, T> {
        Box::pin(async move {
            let since = Instant::now();
            let asked = self.state.unanswered.ask(method);
            let result = answer.await;
            drop(asked);
            self.state.times.note(method, since, &result);
            result
        })
    }

    fn committed(&self, commit: &Commit) {
        self.state.committed(commit);
    }

    fn rewound(&self, netuid: NetUid, to: Option<Watermark>) {
        self.state.taken_back(netuid, to);
    }
}
