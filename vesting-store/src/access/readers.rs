//! Connections that read, several beside each other.

use deadpool::managed::{Manager, Metrics, Object, Pool, PoolError, RecycleError, RecycleResult};
use vesting_core::ports::StoreError;

use super::blocking::blocking;
use super::open_connection::Held;
use crate::database::{Link, OpenFile, Place};
use crate::error::Fault;

/// As many as can be at work at once; a reader of SQLite keeps a core busy.
const MOST: usize = 8;

/// The connections, made as they are needed.
pub struct Readers {
    pool: Pool<Maker>,
}

/// Makes them.
struct Maker {
    place: Place,
    /// The file that all of them lead to.
    file: Option<OpenFile>,
}

impl Manager for Maker {
    type Type = Held;
    type Error = StoreError;

    async fn create(&self) -> Result<Held, StoreError> {
        let (place, file) = (self.place.clone(), self.file.clone());
        blocking(move || {
            file.as_ref().map_or(Ok(()), OpenFile::still_there)?;
            Held::reader(&place)
        })
        .await?
    }

    async fn recycle(&self, held: &mut Held, _: &Metrics) -> RecycleResult<StoreError> {
        if held.link().is_idle() { Ok(()) } else { Err(RecycleError::message("a transaction was left open")) }
    }
}

impl Readers {
    /// Readers of what is at a place, in this file if in one.
    pub fn new(place: &Place, file: Option<OpenFile>) -> Result<Self, StoreError> {
        let pool = Pool::builder(Maker { place: place.clone(), file }).max_size(MOST).build();
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
        let mut held = self.pool.get().await.map_err(|error| match error {
            PoolError::Backend(error) => error,
            other => StoreError::Busy(format!("no connection to the database: {other}")),
        })?;
        blocking(move || {
            let done = held.read(task);
            if matches!(done, Err(StoreError::Unreachable(_))) {
                drop(Object::take(held));
            }
            done
        })
        .await?
    }
}
