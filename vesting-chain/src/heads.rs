//! The newest finalized head: notices wake us, silence makes us look, a head that does not move for long
//! makes us leave the endpoint.

use std::time::Duration;

use blake2::Blake2b;
use blake2::digest::{Digest, consts::U32};
use futures_util::FutureExt;
use subxt::config::substrate::SubstrateHeader;
use subxt::ext::codec::Encode;
use subxt::rpcs::client::RpcSubscription;
use subxt::utils::H256;
use tokio::time::Instant;
use vesting_core::ports::ChainError;
use vesting_core::{BlockHash, BlockNumber, BlockRef};

use crate::endpoint::Endpoints;

/// What is known of the finalized head.
#[derive(Default)]
pub(crate) struct Heads {
    subscription: Option<Subscription>,
    newest: Option<BlockRef>,
    /// When the newest one was first heard of.
    since: Option<Instant>,
}

/// Notices of finalized heads by one endpoint.
struct Subscription {
    endpoint: usize,
    notices: RpcSubscription<SubstrateHeader<H256>>,
}

/// How long to wait for what.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// Without notices for this long, the head is asked for.
    pub(crate) notice: Duration,
    /// With the same head for this long, another endpoint is asked.
    pub(crate) block: Duration,
}

/// The head that a notice tells of. A block's hash is blake2-256 of its header.
pub(crate) fn head(header: &SubstrateHeader<H256>) -> BlockRef {
    let hash = BlockHash(Blake2b::<U32>::digest(header.encode()).into());
    BlockRef { number: BlockNumber(header.number), hash }
}

/// Asks an endpoint for the finalized head.
pub(crate) async fn ask(endpoints: &Endpoints) -> Result<BlockRef, ChainError> {
    let hash: H256 = endpoints.call(None, "chain_getFinalizedHead", subxt::rpcs::rpc_params![]).await?;
    let header: Option<SubstrateHeader<H256>> = endpoints.call(None, "chain_getHeader", subxt::rpcs::rpc_params![hash]).await?;
    let header = header.ok_or_else(|| ChainError::Malformed("the endpoint does not have the block it calls finalized".into()))?;
    Ok(BlockRef { number: BlockNumber(header.number), hash: BlockHash(hash.0) })
}

impl Heads {
    /// Takes note of a head; it never goes back.
    pub(crate) fn note(&mut self, head: BlockRef) {
        if self.newest.is_none_or(|newest| head.number > newest.number) {
            self.newest = Some(head);
            self.since = Some(Instant::now());
        }
    }

    /// The newest head above `after`, once there is one.
    pub(crate) async fn above(&mut self, endpoints: &Endpoints, after: BlockNumber, patience: Patience) -> Result<BlockRef, ChainError> {
        loop {
            self.drain();
            if let Some(newest) = self.newest.filter(|newest| newest.number > after) {
                return Ok(newest);
            }
            let current = endpoints.current();
            if self.subscription.as_ref().is_none_or(|subscription| subscription.endpoint != current) {
                let notices = endpoints.finalized_heads().await?;
                self.subscription = Some(Subscription { endpoint: endpoints.current(), notices });
                // A block may have come before the first notice.
                self.note(ask(endpoints).await?);
                continue;
            }
            let Some(subscription) = self.subscription.as_mut() else { continue };
            match tokio::time::timeout(patience.notice.min(patience.block), subscription.notices.next()).await {
                Ok(Some(Ok(header))) => self.note(head(&header)),
                // Ended, or not to be understood: asked for anew.
                Ok(Some(Err(_)) | None) => {
                    self.subscription = None;
                    tokio::time::sleep(Duration::from_millis(250)).await;
                }
                // Sockets stall without closing, and nodes without saying so.
                Err(_) => {
                    let before = self.newest;
                    self.note(ask(endpoints).await?);
                    if self.newest != before {
                        self.subscription = None;
                    } else if self.since.is_some_and(|since| since.elapsed() >= patience.block) {
                        endpoints.leave("its finalized head does not move").await;
                        self.subscription = None;
                        self.since = Some(Instant::now());
                    }
                }
            }
        }
    }

    /// Takes in the notices that are there already: only the newest counts.
    fn drain(&mut self) {
        while let Some(subscription) = self.subscription.as_mut() {
            match subscription.notices.next().now_or_never() {
                Some(Some(Ok(header))) => self.note(head(&header)),
                Some(Some(Err(_)) | None) => self.subscription = None,
                None => return,
            }
        }
    }
}
