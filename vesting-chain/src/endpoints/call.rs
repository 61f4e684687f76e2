//! Making one call: attempts on one endpoint after the other until there is an answer.
//!
//! While a call holds a lock, or a place among the calls at once, it waits for nothing but an answer.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::stream::FuturesUnordered;
use futures_util::{StreamExt, TryFutureExt};
use serde::de::DeserializeOwned;
use subxt::config::substrate::SubstrateHeader;
use subxt::rpcs::Error as RpcError;
use subxt::rpcs::client::{RpcParams, RpcSubscription};
use subxt::utils::H256;
use vesting_core::ports::ChainError;
use vesting_core::{BlockHash, BlockNumber};

use crate::endpoints::endpoint::Endpoint;
use crate::endpoints::failed_call::Attempts;
use crate::endpoints::pool::Choice;
use crate::endpoints::rpc::Rpc;
use crate::errors::call::failure_of_call;
use crate::errors::failure::Failure;
use crate::link::connection::Connection;

const FINALIZED_HEADS: &str = "chain_subscribeFinalizedHeads";
/// Within its deadline an attempt sends the same call at most so many times.
const MOST_REPEATS: usize = 3;

/// Why a call has no answer.
enum Unanswered {
    /// The endpoint takes fewer keys at once.
    TooManyKeys,
    Error(ChainError),
}

impl From<ChainError> for Unanswered {
    fn from(error: ChainError) -> Self {
        Self::Error(error)
    }
}

impl From<Unanswered> for ChainError {
    fn from(unanswered: Unanswered) -> Self {
        match unanswered {
            // Calls without keys are not too large.
            Unanswered::TooManyKeys => Self::Unreachable("the endpoint takes no request".into()),
            Unanswered::Error(error) => error,
        }
    }
}

impl Rpc {
    /// The chain's genesis hash.
    pub(crate) async fn genesis(&self) -> Result<BlockHash, ChainError> {
        // An expected genesis counts once an endpoint serves it.
        if let Some(genesis) = self.pool.served_genesis() {
            return Ok(genesis);
        }
        // Connecting asks for it.
        let (connection, _) = self.ready(&mut Attempts::new()).await?;
        Ok(connection.genesis)
    }

    /// Makes a call about the state of `block`, or about none.
    pub(crate) async fn call<R: DeserializeOwned>(
        &self,
        block: Option<BlockNumber>,
        method: &'static str,
        params: RpcParams,
    ) -> Result<R, ChainError> {
        Ok(self.request(block, 0, method, params).await?)
    }

    /// Makes a call for so many storage keys; `None` if the endpoint takes fewer at once.
    pub(crate) async fn call_for_keys<R: DeserializeOwned>(
        &self,
        block: BlockNumber,
        keys: usize,
        method: &'static str,
        params: RpcParams,
    ) -> Result<Option<R>, ChainError> {
        match self.request(Some(block), keys, method, params).await {
            Ok(answer) => Ok(Some(answer)),
            Err(Unanswered::TooManyKeys) => Ok(None),
            Err(Unanswered::Error(error)) => Err(error),
        }
    }

    /// Subscribes to finalized heads. Also returns the connection that the notices come on.
    pub(crate) async fn finalized_heads(
        &self,
    ) -> Result<(Arc<Connection>, RpcSubscription<SubstrateHeader<H256>>), ChainError> {
        let make = |connection: Arc<Connection>| async move {
            let heads = connection
                .client
                .subscribe(FINALIZED_HEADS, RpcParams::new(), "chain_unsubscribeFinalizedHeads")
                .await?;
            Ok((connection, heads))
        };
        Ok(self.until_answered(None, 0, make, FINALIZED_HEADS).await?)
    }

    async fn request<R: DeserializeOwned>(
        &self,
        block: Option<BlockNumber>,
        keys: usize,
        method: &'static str,
        params: RpcParams,
    ) -> Result<R, Unanswered> {
        let make = |connection: Arc<Connection>| {
            let params = params.clone();
            async move { connection.client.request(method, params).await }
        };
        self.until_answered(block, keys, make, method).await
    }

    /// Makes attempts until there is an answer, or no sense in another attempt.
    async fn until_answered<R, F>(
        &self,
        block: Option<BlockNumber>,
        keys: usize,
        make: impl Fn(Arc<Connection>) -> F,
        method: &'static str,
    ) -> Result<R, Unanswered>
    where
        F: Future<Output = Result<R, RpcError>>,
    {
        let mut attempts = Attempts::new();
        loop {
            let (connection, endpoint) = self.ready(&mut attempts).await?;
            if keys > endpoint.pace().keys() {
                return Err(Unanswered::TooManyKeys);
            }
            let permit = self.permit(endpoint).await?;
            // Much may have happened while this call waited for its place.
            if !connection.serves() || endpoint.pace().rests_until(Instant::now()).is_some() {
                continue;
            }
            self.pool.counts.made(connection.endpoint, method);
            let asked = Instant::now();
            let answer = self.answer(&connection, asked, endpoint.pace().patience(), &make, method);
            let answer = tokio::select! {
                answer = tokio::time::timeout(self.deadline, answer) => Some(answer),
                () = connection.given_up() => None,
            };
            drop(permit);
            let failure = match answer {
                Some(Ok(Ok((answer, took)))) => {
                    let mut pace = endpoint.pace();
                    pace.answered(keys);
                    pace.took(took);
                    drop(pace);
                    connection.note_answer();
                    return Ok(answer);
                }
                Some(Ok(Err(error))) => {
                    connection.note_answer();
                    failure_of_call(&error)
                }
                Some(Err(_)) => {
                    let message = format!("no answer within {} s", self.deadline.as_secs_f64());
                    // An endpoint that answered other calls meanwhile is not mute.
                    if connection.is_mute_since(asked) {
                        Failure::Disconnected(message)
                    } else {
                        Failure::Failed(message)
                    }
                }
                None => Failure::Disconnected("its connection was given up".into()),
            };
            self.pool.counts.failed(connection.endpoint, method);
            self.react(&mut attempts, &connection, block, keys, failure).await?;
        }
    }

    /// The first answer to a call, and how long it took. If other calls are answered meanwhile, a call that
    /// takes much longer than usual is sent again: an answer that got lost would cost a whole deadline.
    async fn answer<R, F>(
        &self,
        connection: &Arc<Connection>,
        asked: Instant,
        mut patience: Duration,
        make: &impl Fn(Arc<Connection>) -> F,
        method: &'static str,
    ) -> Result<(R, Duration), RpcError>
    where
        F: Future<Output = Result<R, RpcError>>,
    {
        let call = || {
            let (begun, call) = (Instant::now(), make(Arc::clone(connection)));
            call.map_ok(move |answer| (answer, begun.elapsed()))
        };
        let mut calls = FuturesUnordered::from_iter([call()]);
        loop {
            match tokio::time::timeout(patience, calls.select_next_some()).await {
                Ok(answer) => return answer,
                Err(_) => {
                    // A second subscription to the same would be of no use.
                    if calls.len() < MOST_REPEATS
                        && method != FINALIZED_HEADS
                        && !connection.is_mute_since(asked)
                    {
                        self.pool.counts.made(connection.endpoint, method);
                        calls.push(call());
                    }
                    patience = patience.saturating_mul(2);
                }
            }
        }
    }

    /// Waits for a connection on which this call may be made now.
    async fn ready(&self, attempts: &mut Attempts) -> Result<(Arc<Connection>, &Endpoint), ChainError> {
        loop {
            let Some(connection) = self.connection(attempts).await? else { continue };
            let Some(endpoint) = self.pool.endpoint(connection.endpoint) else {
                return Err(attempts.last_error.clone());
            };
            if attempts.missing_at.contains(&connection.endpoint) {
                // The other endpoints cannot be asked just now.
                self.pool.move_on(&connection);
                self.pause(attempts).await?;
                continue;
            }
            let rests = endpoint.pace().rests_until(Instant::now());
            if let Some(until) = rests {
                self.wait_until(connection.endpoint, until).await?;
                continue;
            }
            return Ok((connection, endpoint));
        }
    }

    /// A connection; `None` if the endpoint is to be chosen again.
    async fn connection(&self, attempts: &mut Attempts) -> Result<Option<Arc<Connection>>, ChainError> {
        match self.pool.choose() {
            Choice::Connected(connection) => Ok(Some(connection)),
            Choice::Rest(place, until) => {
                self.wait_until(place, until).await?;
                Ok(None)
            }
            Choice::Fail(error) => Err(error),
            Choice::Dialling(place, dialling) => {
                let result = dialling.clone().await;
                self.pool.dialled(place, &dialling, &result);
                if let Err(error) = result {
                    self.not_connected(attempts, place, &error.failure)?;
                }
                // A new connection may be to another chain, so the choice is made again.
                Ok(None)
            }
        }
    }
}
