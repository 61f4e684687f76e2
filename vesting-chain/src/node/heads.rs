//! The newest finalized head: notices wake us, silence makes us look, a head that does not move for long
//! makes us leave the endpoint.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use blake2::Blake2b;
use blake2::digest::{Digest, consts::U32};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared, WeakShared};
use subxt::config::substrate::SubstrateHeader;
use subxt::ext::codec::Encode;
use subxt::rpcs::client::RpcSubscription;
use subxt::rpcs::rpc_params;
use subxt::utils::H256;
use tokio::time::Instant;
use vesting_core::ports::ChainError;
use vesting_core::{BlockHash, BlockNumber, BlockRef};

use crate::endpoints::endpoint::{Endpoints, lag_pause};
use crate::link::connection::Link;

/// Two blocks: without a notice for so long the head is asked for, whatever else is configured.
const TWO_BLOCKS: Duration = Duration::from_secs(24);
/// As long an endpoint has to tell its head once notices are missed; one that is mute is left.
const TELLING: Duration = Duration::from_secs(6);

/// As often the header of a head is asked for before the head is asked for anew.
const HEADER_READINGS: u32 = 2;

type Waiting = BoxFuture<'static, Result<BlockRef, ChainError>>;

/// The wait for the next head, which all who wait share: nobody keeps another from a head that is there.
#[derive(Default)]
pub(crate) struct NextHead {
    newest: Mutex<Option<BlockRef>>,
    /// Ends with the last who waits.
    waiting: Mutex<Option<WeakShared<Waiting>>>,
}

impl NextHead {
    /// Takes note of a head; it never goes back.
    pub(crate) fn note(&self, head: BlockRef) {
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        if newest.is_none_or(|newest| head.number > newest.number) {
            *newest = Some(head);
        }
    }

    pub(crate) fn newest(&self) -> Option<BlockRef> {
        *self.newest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The wait that is under way, or another one.
    pub(crate) fn join(&self, wait: impl FnOnce() -> Waiting) -> Shared<Waiting> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(shared) =
            waiting.as_ref().and_then(WeakShared::upgrade).filter(|shared| shared.peek().is_none())
        {
            return shared;
        }
        let shared = wait().shared();
        *waiting = shared.downgrade();
        shared
    }
}

/// What is known of the finalized head.
#[derive(Default)]
pub(crate) struct Heads {
    subscription: Option<Subscription>,
    newest: Option<BlockRef>,
    /// When the newest one was first heard of.
    since: Option<Instant>,
}

/// Notices of finalized heads on one connection.
struct Subscription {
    link: Arc<Link>,
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

/// Asks an endpoint for the finalized head. Behind its name there may be a node that does not know the block
/// yet.
pub(crate) async fn ask(endpoints: &Endpoints) -> Result<BlockRef, ChainError> {
    let begun = Instant::now();
    for times in 0.. {
        let hash: H256 = endpoints.call(None, "chain_getFinalizedHead", rpc_params![]).await?;
        // Of nodes that take turns, the one that told the head may not be the one that is asked for its
        // header.
        for _ in 0..HEADER_READINGS {
            let header: Option<SubstrateHeader<H256>> =
                endpoints.call(None, "chain_getHeader", rpc_params![hash]).await?;
            match header.as_ref().map(head) {
                Some(head) if head.hash.0 == hash.0 => return Ok(head),
                Some(other) => endpoints.misread(&format!(
                    "asked for the header of {}, it gave that of {other}",
                    BlockHash(hash.0)
                )),
                None => {}
            }
        }
        if begun.elapsed() >= endpoints.lag() {
            break;
        }
        tokio::time::sleep(lag_pause(times)).await;
    }
    Err(ChainError::Malformed("the endpoint does not have the header of the block it calls finalized".into()))
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
    pub(crate) async fn above(
        &mut self,
        endpoints: &Endpoints,
        after: BlockNumber,
        patience: Patience,
    ) -> Result<BlockRef, ChainError> {
        loop {
            self.drain();
            if let Some(newest) = self.newest.filter(|newest| newest.number > after) {
                return Ok(newest);
            }
            if self.subscription.as_ref().is_none_or(|subscription| !subscription.link.serves()) {
                let (link, notices) = endpoints.finalized_heads().await?;
                self.subscription = Some(Subscription { link, notices });
                // A block may have come before the first notice.
                self.note(ask(endpoints).await?);
                continue;
            }
            let Some(subscription) = self.subscription.as_mut() else { continue };
            let link = Arc::clone(&subscription.link);
            let notice = tokio::select! {
                notice = tokio::time::timeout(patience.notice.min(patience.block).min(TWO_BLOCKS), subscription.notices.next()) => notice,
                () = link.left() => continue,
            };
            match notice {
                Ok(Some(Ok(header))) => self.note(head(&header)),
                // Ended, or not to be understood: asked for anew.
                Ok(Some(Err(_)) | None) => {
                    self.subscription = None;
                    tokio::time::sleep(Duration::from_millis(250)).await;
                }
                // Sockets stall without closing, and nodes without saying so.
                Err(_) => {
                    let before = self.newest;
                    match tokio::time::timeout(TELLING, ask(endpoints)).await {
                        Ok(head) => self.note(head?),
                        Err(_) => {
                            endpoints.leave("it tells no head");
                            self.subscription = None;
                            continue;
                        }
                    }
                    if self.newest != before {
                        self.subscription = None;
                    } else if self.since.is_some_and(|since| since.elapsed() >= patience.block) {
                        endpoints.leave("its finalized head does not move");
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
