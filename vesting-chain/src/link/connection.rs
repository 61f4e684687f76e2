//! A connection in use. When it is given up, everyone who waits for an answer on it is released at once.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use subxt::rpcs::client::RpcClient;
use tokio::sync::watch;
use vesting_core::BlockHash;

use crate::link::dial::Dialled;

/// How far a connection is in use. It never goes back to an earlier stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    Serving,
    /// No new calls are made on it. Those under way may still be answered.
    Draining,
    /// No more answers are expected.
    GivenUp,
}

/// A connection to an endpoint.
pub(crate) struct Connection {
    /// The endpoint's place in the list of endpoints.
    pub(crate) endpoint: usize,
    pub(crate) client: RpcClient,
    pub(crate) genesis: BlockHash,
    /// The methods that were called to make it.
    pub(crate) called: Vec<&'static str>,
    /// When it was made.
    pub(crate) made: Instant,
    /// When it last answered.
    answered: Mutex<Instant>,
    in_use: watch::Sender<Use>,
}

impl Connection {
    pub(crate) fn new(endpoint: usize, Dialled { client, genesis, called }: Dialled) -> Self {
        let made = Instant::now();
        Self {
            endpoint,
            client,
            genesis,
            called,
            made,
            answered: Mutex::new(made),
            in_use: watch::Sender::new(Use::Serving),
        }
    }

    /// From now on no new calls are made on it.
    pub(crate) fn drain(&self) {
        // Whether it served until now does not matter here.
        let _ = self.raise(Use::Draining);
    }

    /// Gives the connection up and releases all who wait for an answer. Returns whether it served until now.
    pub(crate) fn give_up(&self) -> bool {
        self.raise(Use::GivenUp)
    }

    fn raise(&self, to: Use) -> bool {
        let mut served = false;
        self.in_use.send_if_modified(|in_use| {
            served = *in_use == Use::Serving;
            let raises = *in_use != Use::GivenUp && *in_use != to;
            if raises {
                *in_use = to;
            }
            raises
        });
        served
    }

    /// Notes that an answer came, whatever it says.
    pub(crate) fn note_answer(&self) {
        *self.answered.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// Whether no answer came after this moment.
    pub(crate) fn is_mute_since(&self, then: Instant) -> bool {
        *self.answered.lock().unwrap_or_else(PoisonError::into_inner) <= then
    }

    /// Whether new calls may be made on it.
    pub(crate) fn serves(&self) -> bool {
        *self.in_use.borrow() == Use::Serving
    }

    /// Waits until it is given up.
    pub(crate) async fn given_up(&self) {
        self.wait(|in_use| *in_use == Use::GivenUp).await;
    }

    /// Waits until no new calls are made on it.
    pub(crate) async fn drained(&self) {
        self.wait(|in_use| *in_use != Use::Serving).await;
    }

    async fn wait(&self, until: impl FnMut(&Use) -> bool) {
        // `self` owns the sender, so waiting cannot fail.
        let _ = self.in_use.subscribe().wait_for(until).await;
    }
}
