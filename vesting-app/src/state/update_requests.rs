//! Requests to go on, for followers that do not go on by themselves (`use_background_thread = false`).

use std::collections::BTreeMap;

use tokio::sync::Notify;
use vesting_core::NetUid;

/// One notification for each subnet. A request made while its follower works is kept until the follower waits
/// again.
pub struct UpdateRequests(BTreeMap<NetUid, Notify>);

impl UpdateRequests {
    pub fn new(netuids: &[NetUid]) -> Self {
        Self(netuids.iter().map(|netuid| (*netuid, Notify::new())).collect())
    }

    /// Asks the follower of a subnet to go on.
    pub fn send(&self, netuid: NetUid) {
        if let Some(bell) = self.0.get(&netuid) {
            bell.notify_one();
        }
    }

    /// Waits until the follower of a subnet is asked to go on.
    pub async fn received(&self, netuid: NetUid) {
        match self.0.get(&netuid) {
            Some(bell) => bell.notified().await,
            None => std::future::pending().await,
        }
    }
}
