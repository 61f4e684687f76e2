//! A connection that is held open, and what is done with it.

use std::sync::{Arc, Mutex, PoisonError};

use diesel::connection::{Connection, InstrumentationEvent};
use diesel::result::Error;
use vesting_core::ports::StoreError;

use crate::database::{Link, OpenFile, Place};
use crate::error::Fault;

/// A connection, and where it leads.
pub struct Held {
    link: Link,
    place: Place,
    /// None where there is no file.
    file: Option<OpenFile>,
    /// The first thing that the database said against the task at hand.
    said: Arc<Mutex<Option<String>>>,
}

impl Held {
    /// Opens a place for writing, and makes and brings up to date what is there as needed.
    pub fn writer(place: &Place) -> Result<Self, StoreError> {
        let mut held = Self::of(place.writer()?, place)?;
        let said = Arc::clone(&held.said);
        held.link.set_instrumentation(move |event: InstrumentationEvent<'_>| {
            if let InstrumentationEvent::FinishQuery { error: Some(error), .. } = event {
                said.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(|| error.to_string());
            }
        });
        Ok(held)
    }

    /// Opens a place for reading.
    pub fn reader(place: &Place) -> Result<Self, StoreError> {
        Self::of(place.reader()?, place)
    }

    fn of(link: Link, place: &Place) -> Result<Self, StoreError> {
        let file = match place {
            Place::File(path) => Some(OpenFile::new(path)?),
            Place::Memory | Place::Server(_) => None,
        };
        Ok(Self { link, place: place.clone(), file, said: Arc::default() })
    }

    /// The file, where there is one.
    pub fn file(&self) -> Option<&OpenFile> {
        self.file.as_ref()
    }

    /// The connection itself.
    pub fn link(&mut self) -> &mut Link {
        &mut self.link
    }

    /// Reads in one transaction, so that several queries see one state.
    pub fn read<T>(&mut self, task: impl FnOnce(&mut Link) -> Result<T, Fault>) -> Result<T, StoreError> {
        self.enter(|link| link.read(task))
    }

    /// Writes in one transaction.
    pub fn write<T>(&mut self, task: impl FnOnce(&mut Link) -> Result<T, Fault>) -> Result<T, StoreError> {
        self.enter(|link| link.write(task))
    }

    fn enter<T>(&mut self, task: impl FnOnce(&mut Link) -> Result<T, Fault>) -> Result<T, StoreError> {
        if let Some(file) = &self.file {
            file.still_there()?;
        }
        self.hear();
        task(&mut self.link).map_err(|fault| {
            // SQLite ends a transaction by itself where there is no room for it, and then diesel tells that
            // it cannot be rolled back, not why.
            let fault = match (fault, self.hear()) {
                (Fault::Database(error), Some(first)) if is_over(&error) => Fault::Words(first),
                (fault, _) => fault,
            };
            // In another language it may be a lock or a deadlock as well as a table that is gone: it is tried
            // again and said.
            let foreign = fault
                .unknown()
                .filter(|_| !self.link.tells_in_english())
                .map(|words| StoreError::Busy(words.to_owned()));
            let fault = foreign.map_or(fault, Fault::Store);
            self.place.at(fault)
        })
    }

    /// What the database said first, and forgets it.
    fn hear(&self) -> Option<String> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Whether it only says that a transaction was over already.
fn is_over(error: &Error) -> bool {
    match error {
        Error::BrokenTransactionManager | Error::NotInTransaction => true,
        Error::DatabaseError(_, info) => ["no such savepoint", "no transaction is active"]
            .iter()
            .any(|words| info.message().contains(words)),
        _ => false,
    }
}
