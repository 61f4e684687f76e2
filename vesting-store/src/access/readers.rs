//! The connections that read, several at the same time.

use deadpool::managed::{Manager, Metrics, Object, Pool, PoolError, RecycleError, RecycleResult};
use vesting_core::ports::StoreError;

use super::blocking::blocking;
use super::open_connection::OpenConnection;
use crate::database::{AnyConnection, OpenFile, Place};
use crate::error::Fault;

/// The most connections at once. Each reader of SQLite can keep one core busy.
const MAX_READERS: usize = 8;

/// A pool of connections, opened as needed.
pub struct Readers {
    pool: Pool<Opener>,
}

/// Opens the connections of the pool.
struct Opener {
    place: Place,
    /// The file that every connection must lead to.
    file: Option<OpenFile>,
}

impl Manager for Opener {
    type Type = OpenConnection;
    type Error = StoreError;

    async fn create(&self) -> Result<OpenConnection, StoreError> {
        let (place, file) = (self.place.clone(), self.file.clone());
        blocking(move || {
            file.as_ref().map_or(Ok(()), OpenFile::still_there)?;
            OpenConnection::reader(&place)
        })
        .await?
    }

    async fn recycle(&self, conn: &mut OpenConnection, _: &Metrics) -> RecycleResult<StoreError> {
        if conn.inner().is_idle() {
            Ok(())
        } else {
            Err(RecycleError::message("a transaction was left open"))
        }
    }
}

impl Readers {
    /// Readers of the database at a place; `file` is its file, if it is one.
    pub fn new(place: &Place, file: Option<OpenFile>) -> Result<Self, StoreError> {
        let pool = Pool::builder(Opener { place: place.clone(), file }).max_size(MAX_READERS).build();
        Ok(Self { pool: pool.map_err(|error| StoreError::Unusable(error.to_string()))? })
    }

    /// Reads in one transaction.
    pub async fn read<T, F>(&self, task: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Fn(&mut AnyConnection) -> Result<T, Fault> + Send + Sync + Clone + 'static,
    {
        match self.read_once(task.clone()).await {
            // A restarted server has dropped all connections.
            Err(StoreError::Unreachable(_)) => {
                self.pool.retain(|_, _| false);
                self.read_once(task).await
            }
            done => done,
        }
    }

    async fn read_once<T, F>(&self, task: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Fn(&mut AnyConnection) -> Result<T, Fault> + Send + 'static,
    {
        let mut conn = self.pool.get().await.map_err(|error| match error {
            PoolError::Backend(error) => error,
            other => StoreError::Busy(format!("no connection to the database: {other}")),
        })?;
        blocking(move || {
            let done = conn.read(task);
            if matches!(done, Err(StoreError::Unreachable(_))) {
                drop(Object::take(conn));
            }
            done
        })
        .await?
    }
}
