//! The subscriptions to heads.

use std::sync::PoisonError;

use jsonrpsee::core::SubscriptionError;
use jsonrpsee::server::PendingSubscriptionSink;
use serde_json::json;
use serde_json::value::to_raw_value;

use super::fault::Fault;
use super::header::header_json;
use super::state::Node;

/// The subscriptions: the method that begins one, the name of its notices, the method that ends it.
pub(super) const SUBSCRIPTIONS: [(&str, &str, &str); 3] = [
    ("chain_subscribeFinalizedHeads", "chain_finalizedHead", "chain_unsubscribeFinalizedHeads"),
    ("chain_subscribeNewHeads", "chain_newHead", "chain_unsubscribeNewHeads"),
    ("chain_subscribeAllHeads", "chain_allHead", "chain_unsubscribeAllHeads"),
];

impl Node {
    /// Sends the header of every head from now on, and leaves none out.
    pub(super) async fn send_heads(&self, pending: PendingSubscriptionSink) -> Result<(), SubscriptionError> {
        let sink = pending.accept().await.map_err(|e| SubscriptionError::from(e.to_string()))?;
        let mut heads = self.head.clone();
        heads.borrow_and_update();
        let mut sent = self.head();
        loop {
            heads.borrow_and_update();
            let now = self.head();
            while sent < now {
                sent += 1;
                let mut header = {
                    let history = self.history.read().unwrap_or_else(PoisonError::into_inner);
                    history.header(sent).map(header_json).unwrap_or_default()
                };
                let ahead = self
                    .faults
                    .iter()
                    .find_map(|fault| if let Fault::Ahead(blocks) = fault { Some(*blocks) } else { None });
                if let (Some(blocks), Some(number)) = (ahead, header.get_mut("number")) {
                    *number = json!(format!("{:#x}", sent.saturating_add(blocks)));
                }
                let message = to_raw_value(&header).map_err(|e| SubscriptionError::from(e.to_string()))?;
                sink.send(message).await.map_err(|e| SubscriptionError::from(e.to_string()))?;
            }
            tokio::select! {
                moved = heads.changed() => moved.map_err(|e| SubscriptionError::from(e.to_string()))?,
                () = sink.closed() => return Ok(()),
            }
        }
    }
}
