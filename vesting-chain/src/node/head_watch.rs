//! Watching the finalized head. Notices wake us. If none comes the head is asked for, and if it does not move
//! for long the endpoint is left.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use subxt::config::substrate::SubstrateHeader;
use subxt::rpcs::client::RpcSubscription;
use subxt::utils::H256;
use tokio::time::Instant;
use vesting_core::ports::ChainError;
use vesting_core::{BlockNumber, BlockRef};

use crate::endpoints::rpc::Rpc;
use crate::link::connection::Connection;
use crate::link::header::block_of;
use crate::node::finalized_head::finalized_head;

/// The time of two blocks. Without a notice for so long the head is asked for, whatever is configured.
const TWO_BLOCKS: Duration = Duration::from_secs(24);
/// How long an endpoint has to tell its head when notices are missing. Then it is left.
const HEAD_DEADLINE: Duration = Duration::from_secs(6);

/// Watches the finalized head.
#[derive(Default)]
pub(crate) struct HeadWatch {
    subscription: Option<Subscription>,
    newest: Option<BlockRef>,
    /// Since when it is the newest.
    since: Option<Instant>,
}

/// Notices of finalized heads on one connection.
struct Subscription {
    connection: Arc<Connection>,
    notices: RpcSubscription<SubstrateHeader<H256>>,
}

/// How long to wait.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// Without a notice for this long, the head is asked for.
    pub(crate) notice: Duration,
    /// With the same head for this long, the endpoint is left.
    pub(crate) block: Duration,
}

impl HeadWatch {
    /// Notes a head. An older one changes nothing.
    fn note(&mut self, head: BlockRef) {
        if self.newest.is_none_or(|newest| head.number > newest.number) {
            self.newest = Some(head);
            self.since = Some(Instant::now());
        }
    }

    /// Waits for a head above `after`, and returns the newest.
    pub(crate) async fn above(
        &mut self,
        rpc: &Rpc,
        after: BlockNumber,
        patience: Patience,
    ) -> Result<BlockRef, ChainError> {
        loop {
            self.drain();
            if let Some(newest) = self.newest.filter(|newest| newest.number > after) {
                return Ok(newest);
            }
            if self.subscription.as_ref().is_none_or(|subscription| !subscription.connection.serves()) {
                let (connection, notices) = rpc.finalized_heads().await?;
                self.subscription = Some(Subscription { connection, notices });
                // A block may have been finalized before the first notice.
                self.note(finalized_head(rpc).await?);
                continue;
            }
            let Some(subscription) = self.subscription.as_mut() else { continue };
            let connection = Arc::clone(&subscription.connection);
            let silence = patience.notice.min(patience.block).min(TWO_BLOCKS);
            let notice = tokio::select! {
                notice = tokio::time::timeout(silence, subscription.notices.next()) => notice,
                () = connection.drained() => continue,
            };
            match notice {
                Ok(Some(Ok(header))) => self.note(block_of(&header)),
                // The subscription ended, or its notice cannot be understood: it is made again.
                Ok(Some(Err(_)) | None) => {
                    self.subscription = None;
                    tokio::time::sleep(Duration::from_millis(250)).await;
                }
                // Sockets and nodes may stall without an error.
                Err(_) => {
                    let before = self.newest;
                    match tokio::time::timeout(HEAD_DEADLINE, finalized_head(rpc)).await {
                        Ok(head) => self.note(head?),
                        Err(_) => {
                            rpc.leave("it tells no head");
                            self.subscription = None;
                            continue;
                        }
                    }
                    if self.newest != before {
                        self.subscription = None;
                    } else if self.since.is_some_and(|since| since.elapsed() >= patience.block) {
                        rpc.leave("its finalized head does not move");
                        self.subscription = None;
                        self.since = Some(Instant::now());
                    }
                }
            }
        }
    }

    /// Reads the notices that have already come: only the newest counts.
    fn drain(&mut self) {
        while let Some(subscription) = self.subscription.as_mut() {
            match subscription.notices.next().now_or_never() {
                Some(Some(Ok(header))) => self.note(block_of(&header)),
                Some(Some(Err(_)) | None) => self.subscription = None,
                None => return,
            }
        }
    }
}
