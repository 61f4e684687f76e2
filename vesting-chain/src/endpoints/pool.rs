//! The endpoints of a chain, and the one connection to the endpoint that serves now.
//!
//! All calls share this connection. An endpoint serves until it fails; then the next one is tried. Only the
//! pool decides about that, and all calls that wait on the connection are released at once.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use vesting_core::BlockHash;
use vesting_core::ports::ChainError;
use vesting_secret::SecretUrl;

use crate::endpoints::counts::Counts;
use crate::endpoints::endpoint::{Endpoint, lock};
use crate::errors::failure::{Failure, Refusal};
use crate::link::address::Address;
use crate::link::connection::Connection;
use crate::link::dial::{CONNECT, DialError, dial};

/// After so many refusals, failures or wrong answers in a row another endpoint is tried, if there is one.
pub(crate) const LEAVES_AFTER: u32 = 3;

/// A connection that is being made, for all who wait for it.
pub(crate) type Dialling = Shared<BoxFuture<'static, Result<Arc<Connection>, DialError>>>;

/// The one connection.
enum Slot {
    Empty,
    /// It is being made to the endpoint at this place.
    Dialling(usize, Dialling),
    Connected(Arc<Connection>),
}

/// What a call has to do for a connection.
pub(crate) enum Choice {
    /// Use this one.
    Connected(Arc<Connection>),
    /// Wait for this one to be made.
    Dialling(usize, Dialling),
    /// Wait: all endpoints are left alone, this one the shortest, until then.
    Rest(usize, Instant),
    /// Fail: no endpoint can be used.
    Fail(ChainError),
}

/// The endpoints of one chain.
pub(crate) struct Pool {
    endpoints: Vec<Endpoint>,
    /// The place of the endpoint that serves now.
    current: AtomicUsize,
    slot: Mutex<Slot>,
    /// The chain's genesis, once known. Endpoints that serve another chain are passed over.
    genesis: Mutex<Option<BlockHash>>,
    /// How long a connection may take.
    deadline: Duration,
    pub(crate) counts: Counts,
}

impl Pool {
    pub(crate) fn new(urls: &[SecretUrl], deadline: Duration, most_at_once: u32) -> Self {
        Self {
            endpoints: urls.iter().map(|url| Endpoint::new(url, most_at_once)).collect(),
            current: AtomicUsize::new(0),
            slot: Mutex::new(Slot::Empty),
            genesis: Mutex::default(),
            deadline,
            counts: Counts::default(),
        }
    }

    /// Every endpoint with its place.
    pub(crate) fn all(&self) -> impl Iterator<Item = (usize, &Endpoint)> {
        self.endpoints.iter().enumerate()
    }

    /// How many endpoints there are.
    pub(crate) fn len(&self) -> usize {
        self.endpoints.len()
    }

    pub(crate) fn endpoint(&self, place: usize) -> Option<&Endpoint> {
        self.endpoints.get(place)
    }

    /// The URL of an endpoint without secrets.
    pub(crate) fn shown(&self, place: usize) -> &str {
        self.endpoint(place).map_or("", |endpoint| endpoint.shown.as_str())
    }

    /// The endpoint that serves now, or is tried next.
    pub(crate) fn current(&self) -> Option<&Endpoint> {
        self.endpoint(self.current.load(Ordering::Relaxed))
    }

    /// The connection that serves now.
    pub(crate) fn connection(&self) -> Option<Arc<Connection>> {
        match &*lock(&self.slot) {
            Slot::Connected(connection) => Some(Arc::clone(connection)),
            _ => None,
        }
    }

    /// Sets the genesis that the chain must have.
    pub(crate) fn expect(&self, genesis: BlockHash) {
        *lock(&self.genesis) = Some(genesis);
        let mut slot = lock(&self.slot);
        if matches!(&*slot, Slot::Connected(connection) if connection.genesis != genesis) {
            *slot = Slot::Empty;
        }
    }

    /// The chain's genesis, if an endpoint serves it now.
    pub(crate) fn served_genesis(&self) -> Option<BlockHash> {
        let known = *lock(&self.genesis);
        known.filter(|_| self.connection().is_some())
    }

    /// The connection there is, the one being made, or a new one.
    pub(crate) fn choose(&self) -> Choice {
        let mut slot = lock(&self.slot);
        match &*slot {
            Slot::Connected(connection) if connection.serves() => {
                return Choice::Connected(Arc::clone(connection));
            }
            Slot::Dialling(place, dialling) => return Choice::Dialling(*place, dialling.clone()),
            Slot::Connected(_) | Slot::Empty => {}
        }
        let now = Instant::now();
        let (mut rests, mut other_chain, mut unusable): (Option<(usize, Instant)>, _, _) = (None, None, None);
        let first = self.current.load(Ordering::Relaxed);
        for place in (0..self.len()).map(|offset| (first + offset) % self.len()) {
            let Some(endpoint) = self.endpoint(place) else { continue };
            let address = match &endpoint.address {
                Ok(address) => address,
                Err(why) => {
                    unusable = Some(why.clone());
                    continue;
                }
            };
            if let Some(genesis) = endpoint.other_chain(now) {
                other_chain = Some((place, genesis));
                continue;
            }
            if let Some(until) = endpoint.pace().rests_until(now) {
                rests = rests.filter(|(_, known)| *known <= until).or(Some((place, until)));
                continue;
            }
            if self.current.swap(place, Ordering::Relaxed) != place {
                self.counts.switched();
                tracing::warn!(endpoint = endpoint.shown, "trying the next endpoint");
            }
            let dialling = self.dial(place, address.clone());
            *slot = Slot::Dialling(place, dialling.clone());
            return Choice::Dialling(place, dialling);
        }
        match (rests, other_chain, unusable) {
            (Some((place, until)), _, _) => Choice::Rest(place, until),
            (None, Some((place, genesis)), _) => Choice::Fail(ChainError::OtherChain {
                endpoint: self.shown(place).to_owned(),
                genesis,
                expected: lock(&self.genesis).unwrap_or_default(),
            }),
            (None, None, Some(why)) => Choice::Fail(ChainError::Unreachable(why)),
            (None, None, None) => Choice::Fail(no_endpoint()),
        }
    }

    /// Connects in a task of its own, so that nobody who stops waiting ends it for the others.
    fn dial(&self, place: usize, address: Address) -> Dialling {
        let deadline = self.deadline;
        let task = tokio::spawn(async move {
            dial(&address, deadline).await.map(|dialled| Arc::new(Connection::new(place, dialled)))
        });
        let ended = |error| DialError {
            called: vec![CONNECT],
            failure: Failure::Disconnected(format!("connecting was broken off: {error}")),
        };
        async move { task.await.unwrap_or_else(|error| Err(ended(error))) }.boxed().shared()
    }

    /// Takes in the result of connecting. All who waited for it call this; the first call counts.
    pub(crate) fn dialled(
        &self,
        place: usize,
        dialling: &Dialling,
        result: &Result<Arc<Connection>, DialError>,
    ) {
        let mut slot = lock(&self.slot);
        if !matches!(&*slot, Slot::Dialling(_, known) if known.ptr_eq(dialling)) {
            return;
        }
        *slot = Slot::Empty;
        let Some(endpoint) = self.endpoint(place) else { return };
        let called = result.as_ref().map_or_else(|error| &error.called, |connection| &connection.called);
        for method in called {
            self.counts.made(place, method);
        }
        let connection = match result {
            Ok(connection) => connection,
            Err(error) => {
                if let Some(method) = called.last() {
                    self.counts.failed(place, method);
                }
                drop(slot);
                self.not_connected(place, endpoint, &error.failure);
                return;
            }
        };
        let mut genesis = lock(&self.genesis);
        let expected = *genesis.get_or_insert(connection.genesis);
        if expected == connection.genesis {
            *slot = Slot::Connected(Arc::clone(connection));
            return;
        }
        endpoint.note_other_chain(connection.genesis);
        tracing::warn!(
            endpoint = endpoint.shown,
            "passed over: it serves another chain (genesis {}, not {expected})",
            connection.genesis
        );
    }

    fn not_connected(&self, place: usize, endpoint: &Endpoint, failure: &Failure) {
        if let Failure::Refused(refusal) = failure {
            self.refused(place, 0, refusal);
        } else {
            let until = endpoint.pace().failed(Instant::now(), fastrand::f64());
            tracing::warn!(
                endpoint = endpoint.shown,
                "cannot connect: {}; {}",
                failure.message(),
                asked_again(until)
            );
        }
    }

    /// Leaves an endpoint alone that refused a request of so many keys. If that was by policy, all endpoints
    /// of its provider are left alone. Returns until when.
    pub(crate) fn refused(&self, place: usize, keys: usize, refusal: &Refusal) -> Instant {
        let now = Instant::now();
        let Some(endpoint) = self.endpoint(place) else { return now };
        let (until, keys, at_once) = {
            let mut pace = endpoint.pace();
            (pace.refused(now, keys, refusal, fastrand::f64()), pace.keys(), pace.at_once())
        };
        if refusal.policy {
            let provider = endpoint.provider();
            for other in
                self.endpoints.iter().filter(|other| provider.is_some() && other.provider() == provider)
            {
                other.pace().rest(now, until.saturating_duration_since(now));
            }
        }
        tracing::warn!(
            endpoint = endpoint.shown,
            policy = refusal.policy,
            keys,
            at_once,
            "it asks us to be slower: {}; {}",
            refusal.message,
            asked_again(until)
        );
        until
    }

    /// Leaves the endpoint that serves now for the next one. If it is the only one, a new connection is made.
    pub(crate) fn leave(&self, why: &str) {
        let Some(connection) = self.connection() else { return };
        tracing::warn!(endpoint = self.shown(connection.endpoint), "leaving the endpoint: {why}");
        self.move_on(&connection);
    }

    /// Leaves the endpoint of a connection that still serves, if another endpoint may be asked now.
    pub(crate) fn leave_for_another(&self, connection: &Connection, why: &str) {
        let now = Instant::now();
        let another =
            self.all().any(|(place, endpoint)| place != connection.endpoint && endpoint.is_free(now));
        if connection.serves() && another {
            tracing::warn!(endpoint = self.shown(connection.endpoint), "leaving the endpoint: {why}");
            self.move_on(connection);
        }
    }

    /// Notes an answer that does not fit the question, or cannot be true. After several in a row another
    /// endpoint is tried, if there is one.
    pub(crate) fn wrong_answer(&self, why: &str) {
        let Some(connection) = self.connection() else { return };
        tracing::warn!(endpoint = self.shown(connection.endpoint), "{why}; asking again");
        let often = self
            .endpoint(connection.endpoint)
            .is_some_and(|endpoint| endpoint.pace().wrong_answer() >= LEAVES_AFTER);
        if often {
            self.leave_for_another(&connection, "its answers are wrong");
        }
    }

    /// Makes no more calls on a connection; the next endpoint is tried first.
    pub(crate) fn move_on(&self, connection: &Connection) {
        connection.drain();
        self.remove(connection);
    }

    /// Gives a connection up: all who wait for an answer on it are released at once.
    pub(crate) fn give_up(&self, connection: &Connection, why: &str) {
        if connection.give_up() {
            let until = self
                .endpoint(connection.endpoint)
                .map(|endpoint| endpoint.pace().failed(Instant::now(), fastrand::f64()));
            tracing::warn!(
                endpoint = self.shown(connection.endpoint),
                "the connection is given up: {why}; {}",
                until.map(asked_again).unwrap_or_default()
            );
        }
        self.remove(connection);
    }

    /// Gives up a connection that its endpoint closed together with a refusal.
    pub(crate) fn closed(&self, connection: &Connection) {
        connection.give_up();
        self.remove(connection);
    }

    /// Empties the slot if this connection is in it.
    fn remove(&self, connection: &Connection) {
        let mut slot = lock(&self.slot);
        if matches!(&*slot, Slot::Connected(known) if std::ptr::eq(Arc::as_ptr(known), connection)) {
            *slot = Slot::Empty;
            let next = (connection.endpoint + 1) % self.len().max(1);
            if self.current.swap(next, Ordering::Relaxed) != next {
                self.counts.switched();
            }
        }
    }
}

/// The error when no endpoint is configured.
pub(crate) fn no_endpoint() -> ChainError {
    ChainError::Unreachable("no endpoint is configured: use `--network` or `--endpoints`".into())
}

/// When an endpoint is asked again.
fn asked_again(until: Instant) -> String {
    format!("asked again in {:.1} s", until.saturating_duration_since(Instant::now()).as_secs_f64())
}
