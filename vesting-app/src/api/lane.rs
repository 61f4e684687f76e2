//! Lanes: work that may not stand behind other work.

use std::sync::Arc;
use std::thread::available_parallelism;

use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::problem::Problem;

/// The most reports of newest epochs worked out at once. There is one an epoch and subnet, however many ask.
const FRONT: usize = 2;

/// The most answers put together at once from what is kept: some ms each.
const SIDE: usize = 2;

/// The most of anything else worked out at once, however many cores there are: each may hold the whole ledger
/// of a window.
const BACK: usize = 4;

/// The most that wait for a place. In half a minute, the longest a request may take, hardly more have their
/// turn.
const WAITING: usize = 128;

/// So many of a kind of work are done at once, and so many wait.
pub struct Lane {
    places: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
}

impl Lane {
    fn new(at_once: usize) -> Self {
        Self { places: Arc::new(Semaphore::new(at_once)), waiting: Arc::new(Semaphore::new(WAITING)) }
    }

    /// For what weights are multiplied by.
    pub fn front() -> Self {
        Self::new(FRONT)
    }

    /// For what is told from what is kept.
    pub fn side() -> Self {
        Self::new(SIDE)
    }

    /// For all else. One core stays free of it, for the follower and the front.
    pub fn back() -> Self {
        let cores = available_parallelism().map_or(1, usize::from);
        Self::new(cores.saturating_sub(1).clamp(1, BACK))
    }

    async fn place(&self) -> Result<OwnedSemaphorePermit, Problem> {
        if let Ok(place) = Arc::clone(&self.places).try_acquire_owned() {
            return Ok(place);
        }
        let full = |_| Problem::busy(format!("{WAITING} requests wait already: try again later"));
        let _waiting = self.waiting.try_acquire().map_err(full)?;
        Arc::clone(&self.places).acquire_owned().await.map_err(|error| Problem::broken(&error))
    }

    /// Works out an answer off the threads that follow the chain and serve others. Work whose asker goes away
    /// while it waits is not begun; once begun it takes its place until it is done.
    pub async fn work<T: Send + 'static, F>(&self, work: F) -> Result<T, Problem>
    where
        F: AsyncFnOnce() -> Result<T, Problem> + Send + 'static,
    {
        let place = self.place().await?;
        let handle = Handle::current();
        let task = move || {
            let answer = handle.block_on(work());
            drop(place);
            answer
        };
        tokio::task::spawn_blocking(task).await.unwrap_or_else(|error| Err(Problem::broken(&error)))
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn who_finds_the_lane_full_is_told_so_at_once_and_another_lane_goes_on() {
        let (full, other) = (Arc::new(Lane::new(1)), Lane::new(1));
        let (done, ends) = oneshot::channel::<()>();
        let (begun, begins) = oneshot::channel();
        let lane = Arc::clone(&full);
        let first = tokio::spawn(async move {
            let work = async move || {
                begun.send(()).unwrap();
                ends.await.unwrap();
                Ok(0)
            };
            lane.work(work).await
        });
        begins.await.unwrap();
        let waiting: Vec<_> = (1..=WAITING)
            .map(|number| {
                let lane = Arc::clone(&full);
                tokio::spawn(async move { lane.work(async move || Ok(number)).await })
            })
            .collect();
        while full.waiting.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        let refused = full.work(async || Ok(0)).await.unwrap_err();
        assert_eq!(refused.status(), axum::http::StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(other.work(async || Ok(7)).await.unwrap(), 7);
        // Who goes away leaves its place in the queue.
        waiting[0].abort();
        while full.waiting.available_permits() == 0 {
            tokio::task::yield_now().await;
        }
        done.send(()).unwrap();
        assert_eq!(first.await.unwrap().unwrap(), 0);
        for (number, one) in (1..).zip(waiting).skip(1) {
            assert_eq!(one.await.unwrap().unwrap(), number);
        }
    }
}
