//! The one connection that writes, and the claims of this process.

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

/// How long closing waits for the server to release the claims.
const RELEASE_TIMEOUT: Duration = Duration::from_millis(500);

/// The connection that writes. Runs one task at a time.
pub struct Writer {
    place: Place,
    state: Arc<Mutex<WriterState>>,
}

/// The connection and the claims.
struct WriterState {
    /// `None` from its loss to the next task.
    connection: Option<OpenConnection>,
    /// On a server, claims end with the connection.
    claims: BTreeMap<NetUid, Claim>,
}

impl WriterState {
    /// The connection, opened again if it was lost.
    fn connection(&mut self, place: &Place) -> Result<&mut OpenConnection, StoreError> {
        if self.connection.as_mut().is_some_and(|connection| !connection.inner().is_idle()) {
            self.disconnect();
        }
        match &mut self.connection {
            Some(connection) => Ok(connection),
            none => Ok(none.insert(OpenConnection::writer(place)?)),
        }
    }

    /// Closes the connection, and forgets the claims that end with it.
    fn disconnect(&mut self) {
        self.connection = None;
        self.claims.retain(|_, claim| !matches!(claim, Claim::Session));
    }

    fn claim(&mut self, place: &Place, netuid: NetUid) -> Result<(), StoreError> {
        // This comes first: reconnecting removes the claims of the lost session.
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
    /// Releases the claims. A server notices a closed session only moments later, and until then the next
    /// process would find the claims taken. A server that hangs is not waited for.
    fn drop(&mut self) {
        if !self.claims.values().any(|claim| matches!(claim, Claim::Session)) {
            return;
        }
        let Some(mut connection) = self.connection.take() else { return };
        if !connection.inner().is_idle() {
            return;
        }
        let (done, released) = mpsc::channel();
        std::thread::spawn(move || {
            connection.inner().release();
            drop(connection);
            // The receiver may have stopped waiting.
            let _ = done.send(());
        });
        let _ = released.recv_timeout(RELEASE_TIMEOUT);
    }
}

impl Writer {
    /// A writer at a place, with its open connection.
    pub fn new(place: &Place, connection: OpenConnection) -> Self {
        let state = WriterState { connection: Some(connection), claims: BTreeMap::new() };
        Self { place: place.clone(), state: Arc::new(Mutex::new(state)) }
    }

    /// Takes the right to write a subnet's record, if this process does not have it already.
    pub async fn claim(&self, netuid: NetUid) -> Result<(), StoreError> {
        self.with_state(move |state, place| {
            match state.claim(place, netuid) {
                // The session may have ended since its last use, and the claim with it.
                Ok(()) if state.connection(place)?.inner().is_alive() => return Ok(()),
                Ok(()) | Err(StoreError::Unreachable(_)) => {}
                Err(error) => return Err(error),
            }
            state.disconnect();
            state.claim(place, netuid)
        })
        .await
    }

    /// Writes data that belongs to no subnet, in one transaction.
    pub async fn write<F>(&self, task: F) -> Result<(), StoreError>
    where
        F: FnOnce(&mut AnyConnection) -> Result<(), Fault> + Send + 'static,
    {
        self.with_state(move |state, place| state.connection(place)?.write(task)).await
    }

    /// Writes to a subnet's record, in one transaction, on the connection that has the claim.
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

    /// Reads through the writer's connection, which is the only one of a database in memory.
    pub async fn read<T, F>(&self, task: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut AnyConnection) -> Result<T, Fault> + Send + 'static,
    {
        self.with_state(move |state, place| state.connection(place)?.read(task)).await
    }

    /// Runs any statement on the connection, for tests.
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
