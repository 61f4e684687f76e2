//! A history served as a JSON-RPC node over WebSocket (and HTTP) on loopback.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use jsonrpsee::RpcModule;
use jsonrpsee::server::{PendingSubscriptionSink, ServerBuilder, ServerConfig};
use jsonrpsee::types::Params;
use tokio::sync::watch;

use super::handle::NodeHandle;
use super::hindrance::Hindrance;
use super::methods::METHODS;
use super::options::NodeOptions;
use super::state::Node;
use crate::history::History;

/// Why a node does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NodeError {
    /// The node cannot listen on the address.
    #[error(
        "cannot listen on {address}: {why}; is another node running there? Choose another with `--listen`"
    )]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The reason.
        why: std::io::Error,
    },
    /// The server does not accept a method.
    #[error("the node cannot offer its methods: {0}")]
    Methods(String),
}

/// Serves a history.
///
/// # Errors
/// When the node cannot listen on the address.
pub async fn serve(history: Arc<RwLock<History>>, options: NodeOptions) -> Result<NodeHandle, NodeError> {
    let (first, last) = {
        let history = history.read().unwrap_or_else(PoisonError::into_inner);
        (history.first(), history.last())
    };
    let start = if options.advance.is_some() { options.start_at.max(first).min(last) } else { last };
    let (sender, head) = watch::channel(start);
    let sender = Arc::new(sender);
    let node = Arc::new(Node {
        history,
        head,
        latency: options.latency,
        requests: Mutex::default(),
        calls: AtomicU64::new(0),
        bytes: AtomicU64::new(0),
        keys: AtomicU64::new(0),
        faults: options.faults,
        metered: Mutex::default(),
    });
    let mut module = RpcModule::from_arc(Arc::clone(&node));
    let refuse = |e: jsonrpsee::core::RegisterMethodError| NodeError::Methods(e.to_string());
    for method in METHODS {
        let answer = move |params: Params<'static>, node: Arc<Node>, _| async move {
            if !node.latency.is_zero() {
                tokio::time::sleep(node.latency).await;
            }
            node.count(method);
            let (call, hindrance) = node.hindrance(method, &params);
            let answer = match hindrance {
                None => node.answer(call, method, &params),
                Some(Hindrance::Silence) => std::future::pending().await,
                Some(Hindrance::Refusal(refusal)) => Err(refusal),
                Some(Hindrance::Spoil(how)) => {
                    node.answer(call, method, &params).and_then(|answer| how.apply(&answer, call))
                }
            };
            let bytes = answer.as_ref().map_or(0, |answer| answer.get().len());
            node.bytes.fetch_add(u64::try_from(bytes).unwrap_or(0), Ordering::Relaxed);
            answer
        };
        module.register_async_method(method, answer).map_err(refuse)?;
    }
    for (subscribe, notice, unsubscribe) in [
        ("chain_subscribeFinalizedHeads", "chain_finalizedHead", "chain_unsubscribeFinalizedHeads"),
        ("chain_subscribeNewHeads", "chain_newHead", "chain_unsubscribeNewHeads"),
        ("chain_subscribeAllHeads", "chain_allHead", "chain_unsubscribeAllHeads"),
    ] {
        let follow = move |_: Params<'static>, pending: PendingSubscriptionSink, node: Arc<Node>, _| async move {
            node.count(subscribe);
            node.send_heads(pending).await
        };
        module.register_subscription(subscribe, notice, unsubscribe, follow).map_err(refuse)?;
    }
    let config = ServerConfig::builder()
        .max_request_body_size(64 * 1024 * 1024)
        .max_response_body_size(64 * 1024 * 1024)
        .set_message_buffer_capacity(8_192)
        .set_tcp_no_delay(true)
        .build();
    let listen = |why| NodeError::Listen { address: options.listen, why };
    let server = ServerBuilder::with_config(config).build(options.listen).await.map_err(listen)?;
    let address = server.local_addr().map_err(listen)?;
    let handle = NodeHandle { address, server: server.start(module), head: sender, node };
    if let Some(pace) = options.advance {
        let (head, history) = (Arc::downgrade(&handle.head), Arc::clone(&handle.node.history));
        tokio::spawn(async move {
            let mut ticks = tokio::time::interval(pace.max(Duration::from_micros(1)));
            ticks.tick().await;
            loop {
                ticks.tick().await;
                let Some(head) = head.upgrade() else { return };
                let last = history.read().unwrap_or_else(PoisonError::into_inner).last();
                head.send_if_modified(|head| {
                    let moves = *head < last;
                    *head = head.saturating_add(1).min(last);
                    moves
                });
            }
        });
    }
    Ok(handle)
}
