//! A running node.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use jsonrpsee::server::ServerHandle;
use tokio::sync::watch;

use super::state::Node;

/// A running node. It stops when dropped.
pub struct NodeHandle {
    pub(super) address: SocketAddr,
    pub(super) server: ServerHandle,
    pub(super) head: Arc<watch::Sender<u32>>,
    pub(super) node: Arc<Node>,
}

impl NodeHandle {
    /// The URL to connect to.
    #[must_use]
    pub fn url(&self) -> String {
        format!("ws://{}", self.address)
    }

    /// The height of the finalized head.
    #[must_use]
    pub fn head(&self) -> u32 {
        *self.head.borrow()
    }

    /// Moves the finalized head forward, at most to the end of the history.
    pub fn set_head(&self, number: u32) {
        let last = self.node.history.read().unwrap_or_else(PoisonError::into_inner).last();
        self.head.send_if_modified(|head| {
            let moves = number.min(last) > *head;
            *head = (*head).max(number.min(last));
            moves
        });
    }

    /// The number of calls so far, by method.
    #[must_use]
    pub fn requests(&self) -> BTreeMap<String, u64> {
        self.node.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The number of storage keys that were asked for.
    #[must_use]
    pub fn keys(&self) -> u64 {
        self.node.keys.load(Ordering::Relaxed)
    }

    /// The number of bytes of all answers.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.node.bytes.load(Ordering::Relaxed)
    }

    /// Waits until the node has stopped.
    pub async fn stopped(&self) {
        self.server.clone().stopped().await;
    }
}

impl Drop for NodeHandle {
    fn drop(&mut self) {
        // An error only says that the node has stopped already.
        let _ = self.server.stop();
    }
}
