//! Pools of work, so that no kind of work waits behind another.

use std::sync::Arc;
use std::thread::available_parallelism;

use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::problem::Problem;

/// The most reports of newest epochs that are worked out at once. There is one for each epoch and subnet,
/// however many ask for it.
const WEIGHTS: usize = 2;

/// The most answers that are put together at once from what is kept. Each takes some milliseconds.
const KEPT: usize = 2;

/// The most of anything else that is worked out at once, however many cores there are. Each may hold the
/// whole ledger of a window in memory.
const OTHER: usize = 4;

/// The most that wait for a place. Hardly more would have their turn within the time limit of a request.
const WAITING: usize = 128;

/// A pool for each kind of work.
pub struct WorkPools {
    /// For the reports of newest epochs, by which weights are multiplied.
    pub weights: WorkPool,
    /// For answers from what is kept.
    pub kept: WorkPool,
    /// For anything else. One core stays free for the follower and for weights.
    pub other: WorkPool,
}

impl WorkPools {
    pub fn new() -> Self {
        let cores = available_parallelism().map_or(1, usize::from);
        Self {
            weights: WorkPool::new(WEIGHTS),
            kept: WorkPool::new(KEPT),
            other: WorkPool::new(cores.saturating_sub(1).clamp(1, OTHER)),
        }
    }
}

/// A number of places for work that is done at once, and a number of those that wait for one.
pub struct WorkPool {
    places: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
}

impl WorkPool {
    fn new(at_once: usize) -> Self {
        Self { places: Arc::new(Semaphore::new(at_once)), waiting: Arc::new(Semaphore::new(WAITING)) }
    }

    async fn place(&self) -> Result<OwnedSemaphorePermit, Problem> {
        if let Ok(place) = Arc::clone(&self.places).try_acquire_owned() {
            return Ok(place);
        }
        let full = |_| Problem::busy(format!("{WAITING} requests wait already: try again later"));
        let _waiting = self.waiting.try_acquire().map_err(full)?;
        Arc::clone(&self.places).acquire_owned().await.map_err(|error| Problem::broken(&error))
    }

    /// Works out an answer on a thread of its own, not on those that follow the chain and serve requests.
    ///
    /// Work is not begun if its request is gone before a place is free. Once begun, it keeps its place until
    /// it is done.
    pub async fn run<T: Send + 'static, F>(&self, work: F) -> Result<T, Problem>
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
    async fn a_full_pool_refuses_at_once_and_another_pool_goes_on() {
        let (full, other) = (Arc::new(WorkPool::new(1)), WorkPool::new(1));
        let (done, ends) = oneshot::channel::<()>();
        let (begun, begins) = oneshot::channel();
        let pool = Arc::clone(&full);
        let first = tokio::spawn(async move {
            let work = async move || {
                begun.send(()).unwrap();
                ends.await.unwrap();
                Ok(0)
            };
            pool.run(work).await
        });
        begins.await.unwrap();
        let waiting: Vec<_> = (1..=WAITING)
            .map(|number| {
                let pool = Arc::clone(&full);
                tokio::spawn(async move { pool.run(async move || Ok(number)).await })
            })
            .collect();
        while full.waiting.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        let refused = full.run(async || Ok(0)).await.unwrap_err();
        assert_eq!(refused.status(), axum::http::StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(other.run(async || Ok(7)).await.unwrap(), 7);
        // A request that goes away leaves its place in the queue.
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
