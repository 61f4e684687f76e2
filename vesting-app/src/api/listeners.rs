//! Clients that listen to `/v1/events`: how many there may be, and what they are told.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use super::problem::Problem;
use crate::view::subnet::Subnet;

/// The most listeners at once.
const MOST: usize = 64;

/// How far the records go; `None` while they cannot be read.
pub type RecordEnds = Option<Arc<Vec<Subnet>>>;

/// The places of clients that listen.
pub struct Listeners {
    places: Arc<Semaphore>,
    /// The newest ends of the records. They are kept up to date only while somebody listens.
    ends: watch::Receiver<RecordEnds>,
}

impl Listeners {
    /// All places are free. What is sent through the sender reaches every listener.
    pub fn new() -> (watch::Sender<RecordEnds>, Self) {
        let (sender, ends) = watch::channel(None);
        (sender, Self { places: Arc::new(Semaphore::new(MOST)), ends })
    }

    /// A place, which is free again once it is dropped, and the ends of the records as they change.
    pub fn admit(&self) -> Result<(OwnedSemaphorePermit, watch::Receiver<RecordEnds>), Problem> {
        let too_many = |_| Problem::busy(format!("{MOST} listen already: try again later"));
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(too_many)?;
        Ok((place, self.ends.clone()))
    }
}

/// Whether anybody listens: one receiver is that of [`Listeners`] itself.
pub fn has_listeners(sender: &watch::Sender<RecordEnds>) -> bool {
    sender.receiver_count() > 1
}
