//! One endpoint: where it is, how fast it is asked, and whether it serves another chain.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use vesting_core::BlockHash;
use vesting_core::ports::ChainError;
use vesting_secret::SecretUrl;

use crate::endpoints::pace::Pace;
use crate::link::address::Address;

/// An endpoint that serves another chain is tried again after this time.
const OTHER_CHAIN_PAUSE: Duration = Duration::from_secs(10 * 60);

/// One endpoint.
pub(crate) struct Endpoint {
    /// Its address, or why its URL cannot be used.
    pub(crate) address: Result<Address, String>,
    /// Its URL without secrets.
    pub(crate) shown: String,
    pace: Mutex<Pace>,
    /// The genesis of the other chain that it serves, and until when that is believed.
    other_chain: Mutex<Option<(BlockHash, Instant)>>,
}

impl Endpoint {
    pub(crate) fn new(url: &SecretUrl, most_at_once: u32) -> Self {
        Self {
            address: Address::parse(url),
            shown: url.to_string(),
            pace: Mutex::new(Pace::new(most_at_once)),
            other_chain: Mutex::default(),
        }
    }

    pub(crate) fn pace(&self) -> MutexGuard<'_, Pace> {
        lock(&self.pace)
    }

    /// Its provider, if its URL can be used.
    pub(crate) fn provider(&self) -> Option<&str> {
        self.address.as_ref().ok().map(|address| address.provider.as_str())
    }

    /// The genesis of the other chain that it serves.
    pub(crate) fn other_chain(&self, now: Instant) -> Option<BlockHash> {
        lock(&self.other_chain).filter(|(_, until)| *until > now).map(|(genesis, _)| genesis)
    }

    /// Notes that it serves another chain, with this genesis.
    pub(crate) fn note_other_chain(&self, genesis: BlockHash) {
        *lock(&self.other_chain) = Some((genesis, Instant::now() + OTHER_CHAIN_PAUSE));
    }

    /// Whether it may be asked now.
    pub(crate) fn is_free(&self, now: Instant) -> bool {
        self.address.is_ok() && self.other_chain(now).is_none() && self.pace().rests_until(now).is_none()
    }

    /// The error for an endpoint that cannot be reached.
    pub(crate) fn unreachable(&self, why: &str) -> ChainError {
        ChainError::Unreachable(format!(
            "cannot reach the endpoint {}: {why}; check `--network` or `--endpoints`, and that the node is \
            running",
            self.shown
        ))
    }

    /// The error for an endpoint that refuses calls; `wait` is how long it is left alone.
    pub(crate) fn limited(&self, message: &str, wait: Duration) -> ChainError {
        ChainError::Limited {
            why: format!("the endpoint {} asks us to be slower: {message}", self.shown),
            wait,
        }
    }
}

/// Locks what no panic leaves half changed.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
