//! The state that all methods of a node share.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::fault::Fault;
use crate::history::History;

/// The state that all methods share.
pub(super) struct Node {
    pub(super) history: Arc<RwLock<History>>,
    pub(super) head: watch::Receiver<u32>,
    pub(super) latency: Duration,
    pub(super) requests: Mutex<BTreeMap<String, u64>>,
    pub(super) calls: AtomicU64,
    pub(super) bytes: AtomicU64,
    pub(super) keys: AtomicU64,
    pub(super) faults: Vec<Fault>,
    /// The beginning of the newest second in which storage keys were asked for, and how many were.
    pub(super) metered: Mutex<Option<(Instant, u64)>>,
}

impl Node {
    pub(super) fn count(&self, method: &str) {
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = requests.get_mut(method) {
            *count += 1;
        } else {
            requests.insert(method.to_owned(), 1);
        }
    }

    /// The head that this node shows.
    pub(super) fn head(&self) -> u32 {
        let frozen = self
            .faults
            .iter()
            .filter_map(|fault| if let Fault::Frozen(block) = fault { Some(*block) } else { None })
            .min();
        let head = *self.head.borrow();
        frozen.map_or(head, |frozen| head.min(frozen))
    }
}
