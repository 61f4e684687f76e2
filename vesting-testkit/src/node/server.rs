//! A history served as a JSON-RPC node over WebSocket (and HTTP) on loopback.

use std::net::SocketAddr;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use jsonrpsee::RpcModule;
use jsonrpsee::core::RegisterMethodError;
use jsonrpsee::server::{PendingSubscriptionSink, ServerBuilder, ServerConfig};
use jsonrpsee::types::Params;
use tokio::sync::watch;

use super::handle::NodeHandle;
use super::heads::SUBSCRIPTIONS;
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
    let module = methods_of(&node)?;
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
        advance(&handle, pace);
    }
    Ok(handle)
}

/// The methods and subscriptions of a node.
fn methods_of(node: &Arc<Node>) -> Result<RpcModule<Node>, NodeError> {
    let mut module = RpcModule::from_arc(Arc::clone(node));
    let refuse = |e: RegisterMethodError| NodeError::Methods(e.to_string());
    for method in METHODS {
        let answer = move |params: Params<'static>, node: Arc<Node>, _| async move {
            node.respond(method, &params).await
        };
        module.register_async_method(method, answer).map_err(refuse)?;
    }
    for (subscribe, notice, unsubscribe) in SUBSCRIPTIONS {
        let follow = move |_, pending: PendingSubscriptionSink, node: Arc<Node>, _| async move {
            node.count(subscribe);
            node.send_heads(pending).await
        };
        module.register_subscription(subscribe, notice, unsubscribe, follow).map_err(refuse)?;
    }
    Ok(module)
}

/// Finalizes one more block each time `pace` has passed, as long as the node runs.
fn advance(handle: &NodeHandle, pace: Duration) {
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
