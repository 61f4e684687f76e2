//! How a node behaves.

use std::net::SocketAddr;
use std::time::Duration;

use super::fault::Fault;

/// How a node behaves.
#[derive(Debug, Clone)]
pub struct NodeOptions {
    /// The address to listen on; port 0 takes a free one.
    pub listen: SocketAddr,
    /// How long the node waits before each answer.
    pub latency: Duration,
    /// `None`: the head starts at the end of the history, and the caller moves it. Otherwise it starts at
    /// `start_at`, and one more block is finalized each time this has passed.
    pub advance: Option<Duration>,
    /// The first head of a node that advances by itself.
    pub start_at: u32,
    /// What is wrong with the node.
    pub faults: Vec<Fault>,
}

impl Default for NodeOptions {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            latency: Duration::ZERO,
            advance: None,
            start_at: 1,
            faults: Vec::new(),
        }
    }
}
