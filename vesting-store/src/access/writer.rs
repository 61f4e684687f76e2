//! The one connection that writes, and the rights to do so.

use std::collections::BTreeMap;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use tokio::sync::Mutex;
use vesting_core::NetUid;
use vesting_core::ports::StoreError;

use super::blocking::blocking;
use super::claim::Claim;
use super::open_connection::Held;
use crate::database::{Link, Place};
use crate::error::Fault;

/// As long a server has to take claims back at the end.
const RELEASING: Duration = Duration::from_millis(500);

/// Writes, one task at a time.
pub struct Writer {
    place: Place,
    desk: Arc<Mutex<Desk>>,
}

/// What is needed to write.
struct Desk {
    /// None after it was lost, until the next task.
    held: Option<Held>,
    /// Those of a server end with the connection.
    claims: BTreeMap<NetUid, Claim>,
}

impl Desk {
    /// The connection, made anew where it was lost.
    fn held(&mut self, place: &Place) -> Result<&mut Held, StoreError> {
        if self.held.as_mut().is_some_and(|held| !held.link().is_idle()) {
            self.leave();
        }
        match &mut self.held {
            Some(held) => Ok(held),
            none => Ok(none.insert(Held::writer(place)?)),
        }
    }

    /// Gives up the connection, and with it what it held.
    fn leave(&mut self) {
        self.held = None;
        self.claims.retain(|_, claim| !matches!(claim, Claim::Session));
    }

    fn claim(&mut self, place: &Place, netuid: NetUid) -> Result<(), StoreError> {
        // First, since it may find that the claims are gone.
        self.held(place)?;
        if self.claims.contains_key(&netuid) {
            return Ok(());
        }
        let claim = Claim::take(place, self.held(place)?.link(), netuid)
            .map_err(|error| place.at(Fault::Store(error)))?;
        self.claims.insert(netuid, claim);
        Ok(())
    }
}

impl Drop for Desk {
    /// A server ends a session some moments after it was closed, and whoever comes next would be told that it
    /// still writes. One that hangs is not waited for.
    fn drop(&mut self) {
        if !self.claims.values().any(|claim| matches!(claim, Claim::Session)) {
            return;
        }
        let Some(mut held) = self.held.take() else { return };
        if !held.link().is_idle() {
            return;
        }
        let (done, waits) = mpsc::channel();
        std::thread::spawn(move || {
            held.link().release();
            drop(held);
            // Nobody may wait any more.
            let _ = done.send(());
        });
        let _ = waits.recv_timeout(RELEASING);
    }
}

impl Writer {
    /// A writer at a place, with its first connection.
    pub fn new(place: &Place, held: Held) -> Self {
        let desk = Desk { held: Some(held), claims: BTreeMap::new() };
        Self { place: place.clone(), desk: Arc::new(Mutex::new(desk)) }
    }

    /// Takes the right to write a subnet's record, if it is not held already.
    pub async fn claim(&self, netuid: NetUid) -> Result<(), StoreError> {
        self.at_desk(move |desk, place| {
            match desk.claim(place, netuid) {
                // A session may have ended since it was last used, and the right with it.
                Ok(()) if desk.held(place)?.link().is_alive() => return Ok(()),
                Ok(()) | Err(StoreError::Unreachable(_)) => {}
                Err(error) => return Err(error),
            }
            desk.leave();
            desk.claim(place, netuid)
        })
        .await
    }

    /// Writes what belongs to no subnet, in one transaction.
    pub async fn write<F>(&self, task: F) -> Result<(), StoreError>
    where
        F: FnOnce(&mut Link) -> Result<(), Fault> + Send + 'static,
    {
        self.at_desk(move |desk, place| desk.held(place)?.write(task)).await
    }

    /// Writes to a subnet's record, in one transaction, on the very connection that holds the right to.
    pub async fn write_to<T, F>(&self, netuid: NetUid, task: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Link) -> Result<T, Fault> + Send + 'static,
    {
        self.at_desk(move |desk, place| {
            desk.claim(place, netuid)?;
            desk.held(place)?.write(task)
        })
        .await
    }

    /// Reads through the writer's connection: a database in memory has no other.
    pub async fn read<T, F>(&self, task: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Link) -> Result<T, Fault> + Send + 'static,
    {
        self.at_desk(move |desk, place| desk.held(place)?.read(task)).await
    }

    /// Runs a statement on the connection itself, which is not the store's to do.
    #[cfg(test)]
    pub fn execute(&self, statement: &str) {
        use diesel::connection::SimpleConnection;
        let mut desk = self.desk.try_lock().unwrap();
        desk.held(&self.place).unwrap().link().batch_execute(statement).unwrap();
    }

    async fn at_desk<T, F>(&self, task: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Desk, &Place) -> Result<T, StoreError> + Send + 'static,
    {
        let mut desk = Arc::clone(&self.desk).lock_owned().await;
        let place = self.place.clone();
        blocking(move || {
            let done = task(&mut desk, &place);
            if matches!(done, Err(StoreError::Unreachable(_))) {
                desk.leave();
            }
            done
        })
        .await?
    }
}
