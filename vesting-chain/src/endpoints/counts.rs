//! How many JSON-RPC calls were made to each endpoint, and how many of them failed.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many JSON-RPC calls were made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Requests(pub u64);

/// The calls of one method to one endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calls {
    /// The endpoint's URL without secrets: without user name and password, and without what follows the host.
    pub endpoint: String,
    /// The method, or `connect` for connections that could not be made.
    pub method: &'static str,
    /// How many were made.
    pub made: u64,
    /// How many of them got an error or no answer in time.
    pub failed: u64,
}

/// How many calls were made, and how many failed.
#[derive(Default)]
struct Count {
    made: u64,
    failed: u64,
}

/// Counts by endpoint and method.
type ByMethod = BTreeMap<(usize, &'static str), Count>;

/// Counts calls, and switches of the endpoint.
#[derive(Default)]
pub(crate) struct Counts {
    by: Mutex<ByMethod>,
    /// How often one endpoint was left for another.
    switches: AtomicU64,
}

impl Counts {
    pub(crate) fn made(&self, endpoint: usize, method: &'static str) {
        let mut by = self.by();
        let count = by.entry((endpoint, method)).or_default();
        count.made = count.made.saturating_add(1);
    }

    pub(crate) fn failed(&self, endpoint: usize, method: &'static str) {
        let mut by = self.by();
        let count = by.entry((endpoint, method)).or_default();
        count.failed = count.failed.saturating_add(1);
    }

    pub(crate) fn switched(&self) {
        self.switches.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn switches(&self) -> u64 {
        self.switches.load(Ordering::Relaxed)
    }

    pub(crate) fn requests(&self) -> Requests {
        Requests(self.by().values().fold(0, |sum, count| sum.saturating_add(count.made)))
    }

    /// Every count, with the endpoint's URL out of `shown`.
    pub(crate) fn all(&self, shown: &[String]) -> Vec<Calls> {
        let of = |((endpoint, method), count): (&(usize, &'static str), &Count)| {
            let endpoint = shown.get(*endpoint).cloned().unwrap_or_default();
            Calls { endpoint, method, made: count.made, failed: count.failed }
        };
        self.by().iter().map(of).collect()
    }

    /// A panic leaves no count half changed.
    fn by(&self) -> MutexGuard<'_, ByMethod> {
        self.by.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
