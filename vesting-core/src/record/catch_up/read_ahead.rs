//! Stops that are prepared while others are recorded.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use futures_util::{Stream, StreamExt};

/// The most stops that are searched at once, and that wait to be recorded.
pub(super) const STOPS_AHEAD: usize = 128;

/// Stops that are prepared while others are recorded.
pub(super) struct ReadAhead<S: Stream> {
    pub(super) prepared: S,
    pub(super) ready: VecDeque<S::Item>,
}

impl<S: Stream + Unpin> ReadAhead<S> {
    pub(super) async fn next(&mut self) -> Option<S::Item> {
        match self.ready.pop_front() {
            Some(next) => Some(next),
            None => self.prepared.next().await,
        }
    }

    /// Continues to prepare stops while `work` runs.
    pub(super) async fn beside<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        poll_fn(|context| {
            if let Poll::Ready(done) = work.as_mut().poll(context) {
                return Poll::Ready(done);
            }
            while self.ready.len() < STOPS_AHEAD
                && let Poll::Ready(Some(next)) = self.prepared.poll_next_unpin(context)
            {
                self.ready.push_back(next);
            }
            Poll::Pending
        })
        .await
    }
}
