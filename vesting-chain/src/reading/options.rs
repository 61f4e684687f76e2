//! The settings of a chain: its endpoints, deadlines and limits.

use std::time::Duration;

use vesting_secret::SecretUrl;

/// How to reach a chain.
#[derive(Debug, Clone)]
pub struct ChainOptions {
    /// WebSocket URLs of the endpoints, the preferred one first.
    pub endpoints: Vec<SecretUrl>,
    /// How long one answer is waited for.
    pub deadline: Duration,
    /// How many requests may be under way at once.
    pub max_requests_in_flight: usize,
    /// Without a notice from the subscription for this long, the finalized head is asked for.
    pub query_interval: Duration,
    /// With the same finalized head for this long, the next endpoint is tried.
    pub block_patience: Duration,
    /// A block near the finalized head that a node does not know is asked for again for this long. Only then
    /// it counts as not there: an endpoint may have several nodes, and some may lag.
    pub lag_patience: Duration,
}

impl ChainOptions {
    /// The defaults for one endpoint.
    #[must_use]
    pub fn new(endpoint: impl Into<SecretUrl>) -> Self {
        Self {
            endpoints: vec![endpoint.into()],
            deadline: Duration::from_secs(30),
            max_requests_in_flight: 8,
            query_interval: Duration::from_secs(30),
            block_patience: Duration::from_secs(90),
            lag_patience: Duration::from_secs(6),
        }
    }
}
