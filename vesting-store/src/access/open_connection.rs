//! An open connection that checks its file before each use, and names its database in errors.

use std::sync::{Arc, Mutex, PoisonError};

use diesel::connection::{Connection, InstrumentationEvent};
use diesel::result::Error;
use vesting_core::ports::StoreError;

use crate::database::{AnyConnection, OpenFile, Place};
use crate::error::Fault;

/// A connection with the place that it leads to.
pub struct OpenConnection {
    conn: AnyConnection,
    place: Place,
    /// `None` unless the database is a file.
    file: Option<OpenFile>,
    /// The first error of the database during the current task. Recorded by the writer only.
    first_error: Arc<Mutex<Option<String>>>,
}

impl OpenConnection {
    /// Opens a place for writing. Creates and migrates the record as needed.
    pub fn writer(place: &Place) -> Result<Self, StoreError> {
        let mut open = Self::new(place.writer()?, place)?;
        let first_error = Arc::clone(&open.first_error);
        open.conn.set_instrumentation(move |event: InstrumentationEvent<'_>| {
            if let InstrumentationEvent::FinishQuery { error: Some(error), .. } = event {
                first_error
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .get_or_insert_with(|| error.to_string());
            }
        });
        Ok(open)
    }

    /// Opens a place for reading.
    pub fn reader(place: &Place) -> Result<Self, StoreError> {
        Self::new(place.reader()?, place)
    }

    fn new(conn: AnyConnection, place: &Place) -> Result<Self, StoreError> {
        let file = match place {
            Place::File(path) => Some(OpenFile::new(path)?),
            Place::Memory | Place::Server(_) => None,
        };
        Ok(Self { conn, place: place.clone(), file, first_error: Arc::default() })
    }

    /// The file, if the database is one.
    pub fn file(&self) -> Option<&OpenFile> {
        self.file.as_ref()
    }

    /// The connection itself.
    pub fn inner(&mut self) -> &mut AnyConnection {
        &mut self.conn
    }

    /// Reads in one transaction, so that several queries see one state.
    pub fn read<T>(
        &mut self,
        task: impl FnOnce(&mut AnyConnection) -> Result<T, Fault>,
    ) -> Result<T, StoreError> {
        self.run(|conn| conn.read(task))
    }

    /// Writes in one transaction.
    pub fn write<T>(
        &mut self,
        task: impl FnOnce(&mut AnyConnection) -> Result<T, Fault>,
    ) -> Result<T, StoreError> {
        self.run(|conn| conn.write(task))
    }

    fn run<T>(&mut self, task: impl FnOnce(&mut AnyConnection) -> Result<T, Fault>) -> Result<T, StoreError> {
        if let Some(file) = &self.file {
            file.still_there()?;
        }
        self.take_first_error();
        task(&mut self.conn).map_err(|fault| {
            // SQLite rolls a transaction back by itself when the disk is full. Then diesel reports that there
            // is no transaction to roll back, so the cause is the first error.
            let fault = match (fault, self.take_first_error()) {
                (Fault::Database(error), Some(first)) if says_transaction_is_over(&error) => {
                    Fault::Message(first)
                }
                (fault, _) => fault,
            };
            // A message in another language is not understood: it may mean a deadlock or a missing table. So
            // the error counts as passing, and the caller tries again.
            let foreign = fault
                .unknown_message()
                .filter(|_| !self.conn.tells_in_english())
                .map(|words| StoreError::Busy(words.to_owned()));
            let fault = foreign.map_or(fault, Fault::Store);
            self.place.named(fault)
        })
    }

    /// Takes the first error of the database out of its place.
    fn take_first_error(&self) -> Option<String> {
        self.first_error.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Whether an error only says that its transaction has already ended.
fn says_transaction_is_over(error: &Error) -> bool {
    match error {
        Error::BrokenTransactionManager | Error::NotInTransaction => true,
        Error::DatabaseError(_, info) => ["no such savepoint", "no transaction is active"]
            .iter()
            .any(|words| info.message().contains(words)),
        _ => false,
    }
}
