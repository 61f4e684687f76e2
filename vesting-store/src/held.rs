//! A connection that is held open, and what is done with it.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use diesel::connection::{AnsiTransactionManager, Connection, InstrumentationEvent, TransactionManager};
use diesel::result::Error;
use diesel::sqlite::SqliteConnection;
use vesting_core::ports::StoreError;

use crate::fault::Fault;
use crate::file::OpenFile;
use crate::link;

/// How a file is opened.
type Open = fn(&Path) -> Result<SqliteConnection, StoreError>;

/// One connection, used by one task at a time.
pub struct Held {
    conn: Mutex<SqliteConnection>,
    /// Where it leads and how it is opened once more; nowhere for a database in memory.
    file: Option<(OpenFile, Open)>,
    /// The first thing that the database said against the task at hand.
    said: Said,
}

type Said = Arc<Mutex<Option<String>>>;

/// Has what the database says taken down.
fn listen(mut conn: SqliteConnection, said: &Said) -> SqliteConnection {
    let said = Arc::clone(said);
    conn.set_instrumentation(move |event: InstrumentationEvent<'_>| {
        if let InstrumentationEvent::FinishQuery { error: Some(error), .. } = event {
            said.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(|| error.to_string());
        }
    });
    conn
}

impl Held {
    /// Opens a file and holds on to it.
    pub fn open(path: &Path, open: Open) -> Result<Arc<Self>, StoreError> {
        let said = Said::default();
        let conn = Mutex::new(listen(open(path)?, &said));
        Ok(Arc::new(Self { conn, file: Some((OpenFile::new(path)?, open)), said }))
    }

    /// Holds on to a database without a file.
    pub fn memory(conn: SqliteConnection) -> Arc<Self> {
        let said = Said::default();
        Arc::new(Self { conn: Mutex::new(listen(conn, &said)), file: None, said })
    }

    /// Reads in one transaction, so that several queries see one state.
    pub async fn read<T, F>(self: &Arc<Self>, task: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut SqliteConnection) -> Result<T, Fault> + Send + 'static,
    {
        self.enter(|conn| conn.transaction(task)).await
    }

    /// Writes in one transaction that takes the write lock at once: one that begins by reading
    /// cannot wait for it later.
    pub async fn write<T, F>(self: &Arc<Self>, task: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut SqliteConnection) -> Result<T, Fault> + Send + 'static,
    {
        self.enter(|conn| conn.immediate_transaction(task)).await
    }

    /// Runs a task with the connection, off the threads that serve futures.
    async fn enter<T, F>(self: &Arc<Self>, task: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut SqliteConnection) -> Result<T, Fault> + Send + 'static,
    {
        let held = Arc::clone(self);
        let stopped =
            |why: &str| StoreError::Unusable(format!("the database task stopped ({why}): start the program again, nothing is lost"));
        let run = move || {
            let mut conn = held.conn.lock().map_err(|_| stopped("another one panicked"))?;
            if let Some((file, open)) = &held.file {
                file.still_there()?;
                if AnsiTransactionManager::is_broken_transaction_manager(&mut *conn) {
                    *conn = listen(open(file.path())?, &held.said);
                }
            }
            held.hear();
            task(&mut conn).map_err(|fault| {
                // SQLite ends a transaction by itself where there is no room for it, and then diesel tells that it
                // cannot be rolled back, not why.
                let fault = match (fault, held.hear()) {
                    (Fault::Database(error), Some(first)) if is_over(&error) => Fault::Words(first),
                    (fault, _) => fault,
                };
                match &held.file {
                    Some((file, _)) => link::at(file.path(), fault),
                    None => fault.into(),
                }
            })
        };
        tokio::task::spawn_blocking(run).await.unwrap_or_else(|error| Err(stopped(&error.to_string())))
    }

    /// What the database said first, and forgets it.
    fn hear(&self) -> Option<String> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// The connection itself, for what is not the store's to do.
    #[cfg(test)]
    pub fn conn(&self) -> std::sync::MutexGuard<'_, SqliteConnection> {
        self.conn.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether it only says that a transaction was over already.
fn is_over(error: &Error) -> bool {
    match error {
        Error::BrokenTransactionManager | Error::NotInTransaction => true,
        Error::DatabaseError(_, info) => {
            ["no such savepoint", "no transaction is active"].iter().any(|words| info.message().contains(words))
        }
        _ => false,
    }
}
