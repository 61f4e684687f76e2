//! JSON-RPC calls to a chain, on whichever of its endpoints serves: their limits, and what they share.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, SemaphorePermit};
use vesting_core::ports::ChainError;
use vesting_core::{BlockHash, BlockNumber};
use vesting_secret::SecretUrl;

use crate::endpoints::counts::{Calls, Requests};
use crate::endpoints::endpoint::Endpoint;
use crate::endpoints::pace::MOST_KEYS;
use crate::endpoints::pool::Pool;

/// A node may have discarded a state so many blocks below the finalized head. A node that does not know a
/// newer block lags. Nodes keep 256 states unless told otherwise.
const OLD: u64 = 200;
/// A call pauses at most so long. If more is needed it fails, so that the caller waits.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// A call fails when an endpoint has refused everything for so long. One that answers now and then is waited
/// for.
const LONGEST_REFUSING: Duration = Duration::from_secs(60);

/// Makes JSON-RPC calls to a chain: with a deadline, within the limit of calls at once, and on the next
/// endpoint when one fails. The methods that make calls are in `call`.
pub(crate) struct Rpc {
    pub(super) pool: Pool,
    pub(super) deadline: Duration,
    /// How long a block near the head may be unknown before it counts as not there.
    lag: Duration,
    in_flight: Semaphore,
    most_in_flight: u32,
    /// The highest block known to be finalized.
    finalized: AtomicU64,
}

impl Rpc {
    pub(crate) fn new(urls: &[SecretUrl], deadline: Duration, lag: Duration, in_flight: usize) -> Self {
        let most_in_flight = u32::try_from(in_flight).unwrap_or(u32::MAX).clamp(1, 4_096);
        Self {
            pool: Pool::new(urls, deadline, most_in_flight),
            deadline,
            lag,
            in_flight: Semaphore::new(usize::try_from(most_in_flight).unwrap_or(1)),
            most_in_flight,
            finalized: AtomicU64::new(0),
        }
    }

    pub(crate) fn requests(&self) -> Requests {
        self.pool.counts.requests()
    }

    /// The calls made so far, by endpoint and method.
    pub(crate) fn calls(&self) -> Vec<Calls> {
        let shown: Vec<String> = self.pool.all().map(|(_, endpoint)| endpoint.shown.clone()).collect();
        self.pool.counts.all(&shown)
    }

    /// How often one endpoint was left for another.
    pub(crate) fn switches(&self) -> u64 {
        self.pool.counts.switches()
    }

    /// Notes that a block is finalized: a node may have discarded states far below it.
    pub(crate) fn note_finalized(&self, number: BlockNumber) {
        self.finalized.fetch_max(number.0, Ordering::Relaxed);
    }

    /// Whether a node may have discarded the state of a block.
    pub(crate) fn is_old(&self, number: BlockNumber) -> bool {
        number.0.saturating_add(OLD) <= self.finalized.load(Ordering::Relaxed)
    }

    /// How long a block near the head may be unknown before it counts as not there.
    pub(crate) const fn lag(&self) -> Duration {
        self.lag
    }

    /// Sets the genesis that the chain must have; endpoints that serve another chain are passed over.
    pub(crate) fn expect(&self, genesis: BlockHash) {
        self.pool.expect(genesis);
    }

    /// Leaves the endpoint that serves now for the next one.
    pub(crate) fn leave(&self, why: &str) {
        self.pool.leave(why);
    }

    /// Notes an answer that does not fit the question, or cannot be true.
    pub(crate) fn wrong_answer(&self, why: &str) {
        self.pool.wrong_answer(why);
    }

    /// The most storage keys to ask for at once.
    pub(crate) fn keys(&self) -> usize {
        self.pool.current().map_or(MOST_KEYS, |endpoint| endpoint.pace().keys())
    }

    /// Waits for a place among the calls at once. For an endpoint that refused calls the places are larger,
    /// so that there are fewer of them.
    pub(super) async fn permit(&self, endpoint: &Endpoint) -> Result<SemaphorePermit<'_>, ChainError> {
        let size = self.most_in_flight / endpoint.pace().at_once().clamp(1, self.most_in_flight);
        let permit = self.in_flight.acquire_many(size.max(1)).await;
        permit.map_err(|_| ChainError::Unreachable("shutting down".into()))
    }

    /// Waits until an endpoint may be asked again. Fails if that is too long for a call.
    pub(super) async fn wait_until(&self, place: usize, until: Instant) -> Result<(), ChainError> {
        let now = Instant::now();
        let wait = until.saturating_duration_since(now);
        if let Some(endpoint) = self.pool.endpoint(place) {
            let pace = endpoint.pace();
            if wait > LONGEST_PAUSE || pace.refuses_for(now) > LONGEST_REFUSING {
                return Err(endpoint.limited(pace.last_refusal(), wait));
            }
        }
        // Calls that wait for the same endpoint do not all come back at one moment.
        tokio::time::sleep(wait.saturating_add(Duration::from_millis(fastrand::u64(0..20)))).await;
        Ok(())
    }
}
