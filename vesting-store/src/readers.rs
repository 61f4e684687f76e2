//! Connections that read, several beside each other.

use deadpool::managed::{Manager, Metrics, Object, Pool, PoolError, RecycleError, RecycleResult};
use vesting_core::ports::StoreError;

use crate::blocking::blocking;
use crate::fault::Fault;
use crate::link::Link;
use crate::place::Place;

/// As many as can be at work at once; a reader of SQLite keeps a core busy.
const MOST: usize = 8;

/// The connections, made as they are needed.
pub struct Readers {
    pool: Pool<Maker>,
}

/// Makes them.
struct Maker {
    place: Place,
}

impl Manager for Maker {
    type Type = Link;
    type Error = StoreError;

    async fn create(&self) -> Result<Link, StoreError> {
        let place = self.place.clone();
        blocking(move || place.reader()).await?
    }

    async fn recycle(&self, link: &mut Link, _: &Metrics) -> RecycleResult<StoreError> {
        if link.is_idle() { Ok(()) } else { Err(RecycleError::message("a transaction was left open")) }
    }
}

impl Readers {
    /// Readers of what is at a place, which is looked at first.
    pub fn new(place: &Place) -> Result<Self, StoreError> {
        drop(place.reader()?);
        let pool = Pool::builder(Maker { place: place.clone() }).max_size(MOST).build();
        Ok(Self { pool: pool.map_err(|error| StoreError::Unusable(error.to_string()))? })
    }

    /// Reads in one transaction.
    pub async fn read<T, F>(&self, task: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Fn(&mut Link) -> Result<T, Fault> + Send + Sync + Clone + 'static,
    {
        match self.once(task.clone()).await {
            // A server that was restarted has dropped all of them.
            Err(StoreError::Unreachable(_)) => {
                self.pool.retain(|_, _| false);
                self.once(task).await
            }
            done => done,
        }
    }

    async fn once<T, F>(&self, task: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Fn(&mut Link) -> Result<T, Fault> + Send + 'static,
    {
        let mut link = self.pool.get().await.map_err(|error| match error {
            PoolError::Backend(error) => error,
            other => StoreError::Busy(format!("no connection to the database: {other}")),
        })?;
        blocking(move || {
            let done = link.read(task).map_err(StoreError::from);
            if matches!(done, Err(StoreError::Unreachable(_))) {
                drop(Object::take(link));
            }
            done
        })
        .await?
    }
}
