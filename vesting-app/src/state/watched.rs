//! A store whose answers are timed and whose commits are told of.

use std::sync::Arc;
use std::time::Instant;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use vesting_core::NetUid;
use vesting_core::ports::{Commit, StakeStore, StoreAnswer, StoreError, StoreLayer, Watermark};

use super::State;

/// What was asked of the store.
pub type Method = [(&'static str, &'static str); 1];

/// How long the database took, and how often it refused, by what was asked.
#[derive(Clone)]
pub struct StoreTimes {
    pub seconds: Family<Method, Histogram, fn() -> Histogram>,
    pub failures: Family<Method, Counter>,
}

/// From a tenth of a millisecond to half a minute.
const BUCKETS: [f64; 12] = [0.000_1, 0.000_3, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0];

fn histogram() -> Histogram {
    Histogram::new(BUCKETS)
}

impl Default for StoreTimes {
    fn default() -> Self {
        Self { seconds: Family::new_with_constructor(histogram), failures: Family::default() }
    }
}

impl StoreTimes {
    fn note<T>(&self, method: &'static str, since: Instant, result: &Result<T, StoreError>) {
        let method = [("method", method)];
        self.seconds.get_or_create(&method).observe(since.elapsed().as_secs_f64());
        // There from the first call on, so that an increase can be seen. Another one's right to write is
        // none.
        let failures = self.failures.get_or_create(&method);
        if result.as_ref().is_err_and(|error| !matches!(error, StoreError::Taken { .. })) {
            failures.inc();
        }
    }
}

/// Over another store.
struct WatchedStore {
    inner: Arc<dyn StakeStore>,
    state: Arc<State>,
}

/// The store, with its answers timed and its commits told of.
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
