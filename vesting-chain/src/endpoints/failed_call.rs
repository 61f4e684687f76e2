//! What follows when an attempt at a call fails: another attempt, on this endpoint or the next, or an error.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use vesting_core::BlockNumber;
use vesting_core::ports::ChainError;

use crate::endpoints::endpoint::Endpoint;
use crate::endpoints::pauses;
use crate::endpoints::pool::{LEAVES_AFTER, no_endpoint};
use crate::endpoints::rpc::Rpc;
use crate::errors::failure::Failure;
use crate::link::connection::Connection;

/// A call fails after so many errors that say nothing about the chain, but not before its deadline is over.
const MOST_FAILURES: usize = 6;
/// An endpoint that is left alone for longer is not waited for while another one may be asked.
const LONGEST_WORTH_WAITING: Duration = Duration::from_secs(5);

/// The attempts made so far for one call.
pub(super) struct Attempts {
    begun: Instant,
    /// Attempts that were answered with an error that says nothing about the chain.
    failures: usize,
    /// Attempts that got no answer at all.
    disconnections: usize,
    /// The endpoints that do not have the state or the block.
    pub(super) missing_at: BTreeSet<usize>,
    /// The endpoint that does not know a recent block, since when, and how often it was asked.
    unknown: Option<(usize, Instant, u32)>,
    /// The error to return if no attempt succeeds.
    pub(super) last_error: ChainError,
}

impl Attempts {
    pub(super) fn new() -> Self {
        Self {
            begun: Instant::now(),
            failures: 0,
            disconnections: 0,
            missing_at: BTreeSet::new(),
            unknown: None,
            last_error: no_endpoint(),
        }
    }
}

impl Rpc {
    /// Reacts to a failed attempt. `Ok` means that the call is to be tried again.
    pub(super) async fn react(
        &self,
        attempts: &mut Attempts,
        connection: &Arc<Connection>,
        block: Option<BlockNumber>,
        keys: usize,
        failure: Failure,
    ) -> Result<(), ChainError> {
        let shown = self.pool.shown(connection.endpoint);
        match failure {
            Failure::Unsupported(message) => {
                Err(ChainError::Unsupported(format!("the endpoint {shown} could not run a call: {message}")))
            }
            Failure::Missing { discarded, message } => match block {
                Some(block) => self.missing(attempts, connection, block, discarded, &message).await,
                None => self.failed(attempts, connection, keys, &message).await,
            },
            Failure::Refused(refusal) => {
                let until = self.pool.refused(connection.endpoint, keys, &refusal);
                let mut often = false;
                if let Some(endpoint) = self.pool.endpoint(connection.endpoint) {
                    attempts.last_error = endpoint.limited(&refusal.message, Duration::ZERO);
                    often = endpoint.pace().refusals() >= LEAVES_AFTER;
                }
                if refusal.closed {
                    self.pool.closed(connection);
                }
                if often || until.saturating_duration_since(Instant::now()) > LONGEST_WORTH_WAITING {
                    self.pool.leave_for_another(connection, "another one may be asked meanwhile");
                }
                Ok(())
            }
            Failure::Failed(message) => self.failed(attempts, connection, keys, &message).await,
            Failure::Disconnected(message) => {
                attempts.last_error =
                    ChainError::Unreachable(format!("the endpoint {shown} failed: {message}"));
                self.disconnected(attempts, connection, &message)
            }
            Failure::Unintelligible(message) => {
                attempts.last_error = ChainError::Malformed(format!(
                    "the endpoint {shown} gave an answer that cannot be understood: {message}"
                ));
                self.disconnected(attempts, connection, &message)
            }
        }
    }

    /// Reacts to a connection that could not be made.
    pub(super) fn not_connected(
        &self,
        attempts: &mut Attempts,
        place: usize,
        failure: &Failure,
    ) -> Result<(), ChainError> {
        if let Some(endpoint) = self.pool.endpoint(place) {
            attempts.last_error = match failure {
                Failure::Refused(refusal) => endpoint.limited(&refusal.message, Duration::ZERO),
                other => endpoint.unreachable(other.message()),
            };
        }
        match failure {
            Failure::Refused(_) => {}
            // An endpoint that answers is there, whatever it says.
            Failure::Failed(_) | Failure::Missing { .. } => attempts.failures += 1,
            _ => attempts.disconnections += 1,
        }
        self.is_worth_another(attempts)
    }

    /// Pauses this call alone before another attempt.
    pub(super) async fn pause(&self, attempts: &mut Attempts) -> Result<(), ChainError> {
        attempts.failures += 1;
        self.is_worth_another(attempts)?;
        let failures = u32::try_from(attempts.failures).unwrap_or(u32::MAX);
        tokio::time::sleep(pauses::after_failures(failures, fastrand::f64())).await;
        Ok(())
    }

    /// `Ok` if another attempt is worth making.
    fn is_worth_another(&self, attempts: &Attempts) -> Result<(), ChainError> {
        // A failure of some seconds usually passes, however many attempts fall into them.
        let often = attempts.failures >= MOST_FAILURES.max(self.pool.len())
            && attempts.begun.elapsed() >= self.deadline;
        if often || attempts.disconnections >= self.pool.len().saturating_mul(2) {
            return Err(attempts.last_error.clone());
        }
        Ok(())
    }

    fn disconnected(
        &self,
        attempts: &mut Attempts,
        connection: &Connection,
        message: &str,
    ) -> Result<(), ChainError> {
        // An endpoint that breaks off after some answers is better than one that gives none.
        if connection.is_mute_since(connection.made) {
            attempts.disconnections += 1;
        } else {
            attempts.failures += 1;
        }
        self.pool.give_up(connection, message);
        self.is_worth_another(attempts)
    }

    /// The node answered with an error that says nothing about the chain.
    async fn failed(
        &self,
        attempts: &mut Attempts,
        connection: &Connection,
        keys: usize,
        message: &str,
    ) -> Result<(), ChainError> {
        let shown = self.pool.shown(connection.endpoint);
        attempts.last_error = ChainError::Unreachable(format!("the endpoint {shown} failed: {message}"));
        tracing::warn!(endpoint = shown, "a call failed: {message}; trying again");
        let often = self.pool.endpoint(connection.endpoint).is_some_and(|endpoint| {
            let mut pace = endpoint.pace();
            pace.ask_less(keys);
            pace.failed_call();
            pace.failures() >= LEAVES_AFTER
        });
        if often {
            self.pool.leave_for_another(connection, "its calls fail");
        }
        self.pause(attempts).await
    }

    /// The node does not have a state or a block. An old one is discarded; a recent one is not there yet.
    async fn missing(
        &self,
        attempts: &mut Attempts,
        connection: &Connection,
        block: BlockNumber,
        discarded: bool,
        message: &str,
    ) -> Result<(), ChainError> {
        let place = connection.endpoint;
        let shown = self.pool.shown(place);
        if !self.is_old(block) {
            let (since, times) = match attempts.unknown {
                Some((at, since, times)) if at == place => (since, times),
                _ => (Instant::now(), 0),
            };
            attempts.unknown = Some((place, since, times.saturating_add(1)));
            if since.elapsed() < self.lag() {
                tracing::debug!(endpoint = shown, %block, "it does not know the block yet: {message}");
                tokio::time::sleep(pauses::for_lag(times).min(self.lag())).await;
                return Ok(());
            }
        }
        let gone = discarded || self.is_old(block);
        attempts.last_error =
            if gone { ChainError::Pruned { block } } else { ChainError::NoSuchBlock(block) };
        attempts.missing_at.insert(place);
        let now = Instant::now();
        let was_asked = |(place, endpoint): (usize, &Endpoint)| {
            attempts.missing_at.contains(&place)
                || endpoint.address.is_err()
                || endpoint.other_chain(now).is_some()
        };
        if self.pool.all().all(was_asked) {
            return Err(attempts.last_error.clone());
        }
        if connection.serves() {
            tracing::info!(endpoint = shown, %block, "it does not have the block's state; trying the next endpoint");
            self.pool.move_on(connection);
        }
        Ok(())
    }
}
