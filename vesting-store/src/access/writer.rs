//! The one connection that writes, and the rights to do so.

use std::collections::BTreeMap;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use tokio::sync::Mutex;
use vesting_core::NetUid;
use vesting_core::ports::StoreError;

use super::blocking::blocking;
use super::claim::Claim;
use super::open_connection::OpenConnection;
use crate::database::{AnyConnection, Place};
use crate::error::Fault;

/// As long a server has to take claims back at the end.
const RELEASE_TIMEOUT: Duration = Duration::from_millis(500);

/// Writes, one task at a time.
pub struct Writer {
    place: Place,
    state: Arc<Mutex<WriterState>>,
}

/// What is needed to write.
struct WriterState {
    /// None after it was lost, until the next task.
    connection: Option<OpenConnection>,
    /// Those of a server end with the connection.
    claims: BTreeMap<NetUid, Claim>,
}

impl WriterState {
    /// The connection, made anew where it was lost.
    fn connection(&mut self, place: &Place) -> Result<&mut OpenConnection, StoreError> {
        if self.connection.as_mut().is_some_and(|connection| !connection.inner().is_idle()) {
            self.disconnect();
        }
        match &mut self.connection {
            Some(connection) => Ok(connection),
            none => Ok(none.insert(OpenConnection::writer(place)?)),
        }
    }

    /// Gives up the connection, and with it the claims of its session.
    fn disconnect(&mut self) {
        self.connection = None;
        self.claims.retain(|_, claim| !matches!(claim, Claim::Session));
    }

    fn claim(&mut self, place: &Place, netuid: NetUid) -> Result<(), StoreError> {
        // First, since it may find that the claims are gone.
        self.connection(place)?;
        if self.claims.contains_key(&netuid) {
            return Ok(());
        }
        let claim = Claim::take(place, self.connection(place)?.inner(), netuid)
            .map_err(|error| place.named(Fault::Store(error)))?;
        self.claims.insert(netuid, claim);
        Ok(())
    }
}

impl Drop for WriterState {
    /// A server ends a session some moments after it was closed, and whoever comes next would be told that it
    /// still writes. One that hangs is not waited for.
    fn drop(&mut self) {
        if !self.claims.values().any(|claim| matches!(claim, Claim::Session)) {
            return;
        }
        let Some(mut connection) = self.connection.take() else { return };
        if !connection.inner().is_idle() {
            return;
        }
        let (done, waits) = mpsc::channel();
        std::thread::spawn(move || {
            connection.inner().release();
            drop(connection);
            // Nobody may wait any more.
            let _ = done.send(());
        });
        let _ = waits.recv_timeout(RELEASE_TIMEOUT);
    }
}

impl Writer {
    /// A writer at a place, with its first connection.
    pub fn new(place: &Place, connection: OpenConnection) -> Self {
        let state = WriterState { connection: Some(connection), claims: BTreeMap::new() };
        Self { place: place.clone(), state: Arc::new(Mutex::new(state)) }
    }

    /// Takes the right to write a subnet's record, if this process does not have it already.
    pub async fn claim(&self, netuid: NetUid) -> Result<(), StoreError> {
        self.with_state(move |state, place| {
            match state.claim(place, netuid) {
                // A session may have ended since it was last used, and the right with it.
                Ok(()) if state.connection(place)?.inner().is_alive() => return Ok(()),
                Ok(()) | Err(StoreError::Unreachable(_)) => {}
                Err(error) => return Err(error),
            }
            state.disconnect();
            state.claim(place, netuid)
        })
        .await
    }

    /// Writes what belongs to no subnet, in one transaction.
    pub async fn write<F>(&self, task: F) -> Result<(), StoreError>
    where
        F: FnOnce(&mut AnyConnection) -> Result<(), Fault> + Send + 'static,
    {
        self.with_state(move |state, place| state.connection(place)?.write(task)).await
    }

    /// Writes to a subnet's record, in one transaction, on the very connection that holds the right to.
    pub async fn write_to<T, F>(&self, netuid: NetUid, task: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut AnyConnection) -> Result<T, Fault> + Send + 'static,
    {
        self.with_state(move |state, place| {
            state.claim(place, netuid)?;
            state.connection(place)?.write(task)
        })
        .await
    }

    /// Reads through the writer's connection: a database in memory has no other.
    pub async fn read<T, F>(&self, task: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut AnyConnection) -> Result<T, Fault> + Send + 'static,
    {
        self.with_state(move |state, place| state.connection(place)?.read(task)).await
    }

    /// Runs a statement on the connection itself, which is not the store's to do.
    #[cfg(test)]
    pub fn execute(&self, statement: &str) {
        use diesel::connection::SimpleConnection;
        let mut state = self.state.try_lock().unwrap();
        state.connection(&self.place).unwrap().inner().batch_execute(statement).unwrap();
    }

    async fn with_state<T, F>(&self, task: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut WriterState, &Place) -> Result<T, StoreError> + Send + 'static,
    {
        let mut state = Arc::clone(&self.state).lock_owned().await;
        let place = self.place.clone();
        blocking(move || {
            let done = task(&mut state, &place);
            if matches!(done, Err(StoreError::Unreachable(_))) {
                state.disconnect();
            }
            done
        })
        .await?
    }
}
