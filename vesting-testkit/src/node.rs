//! A history served as a JSON-RPC node over WebSocket (and HTTP) on loopback.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use codec::{Decode, Encode};
use jsonrpsee::RpcModule;
use jsonrpsee::core::SubscriptionError;
use jsonrpsee::server::{PendingSubscriptionSink, ServerBuilder, ServerConfig, ServerHandle};
use jsonrpsee::types::{ErrorObjectOwned, Params};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::fault::Fault;
use crate::header::header_json;
use crate::history::History;
use crate::spoil::Spoil;
use crate::stake_api;

/// How a node behaves.
#[derive(Debug, Clone)]
pub struct NodeOptions {
    /// Where it listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// How long it waits before each answer.
    pub latency: Duration,
    /// `None`: the head stands at the end of the history, also when that grows. Otherwise it starts
    /// at `start_at` and one more block is finalized each time this has passed.
    pub advance: Option<Duration>,
    /// The first head of a node that advances.
    pub start_at: u32,
    /// What is wrong with it.
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

/// Why a node does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NodeError {
    /// The address cannot be listened on.
    #[error(
        "cannot listen on {address}: {why}; is another node running there? Choose another with `--listen`"
    )]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        why: std::io::Error,
    },
    /// A method cannot be offered.
    #[error("the node cannot offer its methods: {0}")]
    Methods(String),
}

/// What the methods share.
struct Node {
    history: Arc<RwLock<History>>,
    head: watch::Receiver<u32>,
    latency: Duration,
    requests: Mutex<BTreeMap<String, u64>>,
    calls: AtomicU64,
    bytes: AtomicU64,
    keys: AtomicU64,
    faults: Vec<Fault>,
    /// The second in which storage keys were asked for last, and how many.
    metered: Mutex<Option<(Instant, u64)>>,
}

/// A running node; stops when dropped.
pub struct NodeHandle {
    address: SocketAddr,
    server: ServerHandle,
    head: Arc<watch::Sender<u32>>,
    node: Arc<Node>,
}

impl NodeHandle {
    /// Where to connect to.
    #[must_use]
    pub fn url(&self) -> String {
        format!("ws://{}", self.address)
    }

    /// The finalized head.
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

    /// How many calls were answered, by method.
    #[must_use]
    pub fn requests(&self) -> BTreeMap<String, u64> {
        self.node.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many storage keys were asked for.
    #[must_use]
    pub fn keys(&self) -> u64 {
        self.node.keys.load(Ordering::Relaxed)
    }

    /// How many bytes of answers were sent.
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
        // An error only says that it has stopped already.
        let _ = self.server.stop();
    }
}

const METHODS: [&str; 18] = [
    "chain_getBlockHash",
    "chain_getHeader",
    "chain_getFinalizedHead",
    "chain_getBlock",
    "chain_getRuntimeVersion",
    "state_getStorage",
    "state_queryStorageAt",
    "state_getKeysPaged",
    "state_getMetadata",
    "state_getRuntimeVersion",
    "state_call",
    "system_chain",
    "system_name",
    "system_version",
    "system_health",
    "system_properties",
    "system_chainType",
    "rpc_methods",
];

/// Serves a history.
///
/// # Errors
/// When the address cannot be listened on.
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

/// Why a call is not answered.
enum Hindrance {
    Silence,
    Refusal(ErrorObjectOwned),
    /// An answer that is wrong.
    Spoil(Spoil),
}

type Answer = Result<Box<RawValue>, ErrorObjectOwned>;

impl Node {
    fn count(&self, method: &str) {
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = requests.get_mut(method) {
            *count += 1;
        } else {
            requests.insert(method.to_owned(), 1);
        }
    }

    /// The number of a call, and what keeps it from an answer.
    fn hindrance(&self, method: &str, params: &Params<'static>) -> (u64, Option<Hindrance>) {
        let calls = self.calls.fetch_add(1, Ordering::Relaxed);
        let keys = if method == "state_queryStorageAt" { keys_of(params) } else { 0 };
        self.keys.fetch_add(keys, Ordering::Relaxed);
        let found = self.faults.iter().find_map(|fault| match fault {
            Fault::Stall(after) if calls >= *after => Some(Hindrance::Silence),
            Fault::Swallow(every) if calls % every == every - 1 => Some(Hindrance::Silence),
            Fault::Spoil { how, .. } if method == how.method() && self.spoils(calls) == Some(*how) => {
                Some(Hindrance::Spoil(*how))
            }
            Fault::Refuse(every) if calls % every == every - 1 => Some(Hindrance::Refusal(error(
                -32_999,
                "Too many requests: the rate limit of this endpoint is reached".into(),
            ))),
            Fault::Error { code, every } if calls % every == every - 1 => {
                Some(Hindrance::Refusal(error(*code, "Something is wrong behind this node".into())))
            }
            Fault::Keys(most) if keys > u64::from(*most) => Some(Hindrance::Refusal(policy(None))),
            Fault::KeysPerSecond(most) => {
                self.meter(keys, u64::from(*most)).map(|wait| Hindrance::Refusal(policy(Some(wait))))
            }
            _ => None,
        });
        (calls, found)
    }

    /// What is wrong with the answer to a call about storage.
    fn spoils(&self, call: u64) -> Option<Spoil> {
        self.faults.iter().find_map(|fault| match fault {
            Fault::Spoil { how, every } if how.comes(call, *every) => Some(*how),
            _ => None,
        })
    }

    /// How long to wait before so many keys may be asked for, where they are too many for this second. A
    /// request that is too large for any second is refused until it is made smaller.
    fn meter(&self, keys: u64, most: u64) -> Option<Duration> {
        let mut metered = self.metered.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let second = Duration::from_secs(1);
        let (begun, used) =
            metered.filter(|(begun, _)| now.duration_since(*begun) < second).unwrap_or((now, 0));
        if used.saturating_add(keys) > most {
            return Some(second.saturating_sub(now.duration_since(begun)));
        }
        *metered = Some((begun, used.saturating_add(keys)));
        None
    }

    /// The head, as far as this node gets.
    fn head(&self) -> u32 {
        let frozen = self
            .faults
            .iter()
            .filter_map(|fault| if let Fault::Frozen(block) = fault { Some(*block) } else { None })
            .min();
        let head = *self.head.borrow();
        frozen.map_or(head, |frozen| head.min(frozen))
    }

    fn answer(&self, number: u64, method: &str, params: &Params<'static>) -> Answer {
        let history = self.history.read().unwrap_or_else(PoisonError::into_inner);
        let lags = self
            .faults
            .iter()
            .any(|fault| matches!(fault, Fault::Lags(every) if number % every == every - 1));
        // The head is told by those that do not lag.
        let behind = if lags && method != "chain_getFinalizedHead" { 3 } else { 0 };
        let call = Call { history: &history, head: self.head().saturating_sub(behind), faults: &self.faults };
        match method {
            "chain_getBlockHash" => raw(&call.block_hash(&arguments(params)?, self.spoils(number))?),
            "chain_getHeader" => raw(&call.header(&arguments(params)?)?),
            "chain_getFinalizedHead" => raw(&history.hash(call.head).map(hex0x)),
            "chain_getBlock" => raw(&call.block(&arguments(params)?)?),
            "state_getStorage" => raw(&call.storage(&arguments(params)?)?),
            "state_queryStorageAt" => call.query_storage(params, self.spoils(number)),
            "state_getKeysPaged" => raw(&call.keys(&arguments(params)?)?),
            "state_getMetadata" => raw(&call.metadata(&arguments(params)?)?),
            "state_getRuntimeVersion" | "chain_getRuntimeVersion" => {
                raw(&call.runtime_version(&arguments(params)?)?)
            }
            "state_call" => raw(&call.runtime_call(&arguments(params)?)?),
            "system_chain" => raw(&"Simulated Subtensor"),
            "system_name" => raw(&"vesting simnode"),
            "system_version" => raw(&env!("CARGO_PKG_VERSION")),
            "system_chainType" => raw(&"Development"),
            "system_health" => raw(&json!({"peers": 0, "isSyncing": false, "shouldHavePeers": false})),
            "system_properties" => raw(&json!({"ss58Format": 42, "tokenDecimals": 9, "tokenSymbol": "TAO"})),
            _ => raw(&json!({ "methods": METHODS })),
        }
    }

    /// Sends the header of every head from now on, none left out.
    async fn send_heads(&self, pending: PendingSubscriptionSink) -> Result<(), SubscriptionError> {
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

/// One call, in a history up to a head.
struct Call<'a> {
    history: &'a History,
    head: u32,
    faults: &'a [Fault],
}

impl Call<'_> {
    /// The block a hash names; the head without one. Blocks above the head are unknown.
    fn at(&self, hash: Option<&Value>) -> Result<u32, ErrorObjectOwned> {
        let Some(text) = hash.and_then(Value::as_str) else { return Ok(self.head) };
        let known = decode(text)
            .ok()
            .and_then(|bytes| <[u8; 32]>::try_from(bytes).ok())
            .and_then(|hash| self.history.number_of(&hash));
        known.filter(|number| *number <= self.head).ok_or_else(|| {
            error(4003, format!("Client error: UnknownBlock: Header was not found in the database: {text}"))
        })
    }

    /// The block whose state a hash names, if this node still has it.
    fn state_at(&self, hash: Option<&Value>) -> Result<u32, ErrorObjectOwned> {
        let at = self.at(hash)?;
        let gone = self
            .faults
            .iter()
            .any(|fault| matches!(fault, Fault::Pruned(kept) if at.saturating_add(*kept) < self.head));
        if gone || at < self.history.first() {
            let block = self.history.hash(at).map(hex0x).unwrap_or_default();
            return Err(error(
                4003,
                format!("Client error: UnknownBlock: State already discarded for {block}"),
            ));
        }
        Ok(at)
    }

    fn block_hash(&self, arguments: &[Value], spoil: Option<Spoil>) -> Result<Value, ErrorObjectOwned> {
        let one = |value: &Value| -> Result<Value, ErrorObjectOwned> {
            let number = match value {
                Value::Null => Some(self.head),
                Value::Number(number) => number.as_u64().and_then(|n| u32::try_from(n).ok()),
                Value::String(text) => u32::from_str_radix(text.trim_start_matches("0x"), 16).ok(),
                _ => return Err(invalid("a block number")),
            };
            let number = number.map(|n| n.saturating_add(spoil.map_or(0, Spoil::ahead)));
            let hash = number.filter(|n| *n <= self.head).and_then(|n| self.history.hash(n));
            let hash =
                hash.map(|hash| if spoil == Some(Spoil::Invented) { hash.map(|byte| !byte) } else { hash });
            Ok(hash.map_or(Value::Null, |hash| Value::String(hex0x(hash))))
        };
        match arguments.first() {
            Some(Value::Array(numbers)) => {
                numbers.iter().map(one).collect::<Result<Vec<_>, _>>().map(Value::Array)
            }
            Some(number) => one(number),
            None => one(&Value::Null),
        }
    }

    fn header(&self, arguments: &[Value]) -> Result<Value, ErrorObjectOwned> {
        // A header that is not there is null, not an error.
        let number = self.at(arguments.first()).ok();
        Ok(number.and_then(|n| self.history.header(n)).map_or(Value::Null, header_json))
    }

    fn block(&self, arguments: &[Value]) -> Result<Value, ErrorObjectOwned> {
        let number = self.at(arguments.first())?;
        let header = self.history.header(number).map_or(Value::Null, header_json);
        let extrinsics: Vec<String> = self.history.extrinsics(number).iter().map(hex0x).collect();
        Ok(json!({"block": {"header": header, "extrinsics": extrinsics}, "justifications": null}))
    }

    /// What is under a storage key, as this node has it.
    fn value(&self, key: &[u8], at: u32) -> Option<&[u8]> {
        let value = self.history.storage(key, at)?;
        let is_cut = self.faults.iter().any(|fault| fault.cuts(key, at));
        Some(if is_cut { value.split_last().map_or(value, |(_, rest)| rest) } else { value })
    }

    fn storage(&self, arguments: &[Value]) -> Result<Value, ErrorObjectOwned> {
        let at = self.state_at(arguments.get(1))?;
        let key = text(arguments, 0, "a storage key")?;
        Ok(self.value(&decode(key)?, at).map_or(Value::Null, |value| Value::String(hex0x(value))))
    }

    /// Written by hand into one string: the call that everything waits for.
    fn query_storage(&self, params: &Params<'static>, spoil: Option<Spoil>) -> Answer {
        let mut sequence = params.sequence();
        let keys: Vec<&str> = sequence.next().map_err(|_| invalid("a list of storage keys"))?;
        let hash: Option<Value> = sequence.optional_next().map_err(|_| invalid("a block hash"))?;
        let asked = self.state_at(hash.as_ref())?;
        let at = asked.saturating_sub(spoil.map_or(0, Spoil::behind)).max(self.history.first());
        let mut out = String::with_capacity(160 + keys.len() * 240);
        let named = if spoil == Some(Spoil::Stale) { asked } else { at };
        let block = self.history.hash(named).map(hex0x).unwrap_or_default();
        // Writing into a string cannot fail.
        let _ = write!(out, r#"[{{"block":"{block}","changes":["#);
        for (index, key) in keys.iter().enumerate() {
            let bytes = decode(key)?;
            let comma = if index == 0 { "" } else { "," };
            let _ = match self.value(&bytes, at) {
                Some(value) => write!(out, r#"{comma}["{key}","0x{}"]"#, faster_hex::hex_string(value)),
                None => write!(out, r#"{comma}["{key}",null]"#),
            };
        }
        out.push_str("]}]");
        RawValue::from_string(out).map_err(|e| error(-32603, e.to_string()))
    }

    fn keys(&self, arguments: &[Value]) -> Result<Value, ErrorObjectOwned> {
        let prefix = arguments.first().and_then(Value::as_str).map_or(Ok(Vec::new()), decode)?;
        let count = arguments
            .get(1)
            .and_then(Value::as_u64)
            .and_then(|n| usize::try_from(n).ok())
            .unwrap_or(0)
            .min(1_000);
        let start = arguments.get(2).and_then(Value::as_str).map(decode).transpose()?;
        let at = self.state_at(arguments.get(3))?;
        Ok(json!(
            self.history
                .keys(&prefix, start.as_deref(), count, at)
                .into_iter()
                .map(hex0x)
                .collect::<Vec<_>>()
        ))
    }

    fn metadata(&self, arguments: &[Value]) -> Result<Value, ErrorObjectOwned> {
        let at = self.at(arguments.first())?;
        let metadata = self.history.runtime(at).and_then(|runtime| runtime.metadata.get(&14));
        metadata
            .map(|bytes| Value::String(hex0x(bytes)))
            .ok_or_else(|| error(-32000, "Client error: no metadata".into()))
    }

    fn runtime_version(&self, arguments: &[Value]) -> Result<Value, ErrorObjectOwned> {
        let at = self.at(arguments.first())?;
        self.history
            .runtime(at)
            .map(|runtime| runtime.version_json.clone())
            .ok_or_else(|| error(-32000, "Client error: no runtime".into()))
    }

    fn runtime_call(&self, arguments: &[Value]) -> Result<Value, ErrorObjectOwned> {
        let method = text(arguments, 0, "a method")?;
        let args = decode(text(arguments, 1, "the call's arguments")?)?;
        let at = self.state_at(arguments.get(2))?;
        let runtime =
            self.history.runtime(at).ok_or_else(|| error(-32000, "Client error: no runtime".into()))?;
        let wrapped = |version: u32| runtime.metadata.get(&version);
        let answer = match method {
            "Core_version" => runtime.version_scale.clone(),
            "Metadata_metadata" => wrapped(14).map(Encode::encode).unwrap_or_default(),
            "Metadata_metadata_versions" => runtime.metadata.keys().copied().collect::<Vec<u32>>().encode(),
            "Metadata_metadata_at_version" => {
                let version = u32::decode(&mut &*args).map_err(|_| invalid("a metadata version"))?;
                wrapped(version).encode()
            }
            other => match stake_api::call(self.history, other, &args, at, &|netuid, key| {
                self.faults.iter().fold(0u64, |more, fault| {
                    more.saturating_add(fault.more(netuid, key, at, runtime.spec_version))
                })
            }) {
                Some(answer) => {
                    answer.map_err(|why| error(-32000, format!("Client error: Execution failed: {why}")))?
                }
                None => {
                    return Err(error(
                        -32000,
                        format!("Client error: Execution failed: Exported method {other} is not found"),
                    ));
                }
            },
        };
        Ok(Value::String(hex0x(answer)))
    }
}

fn arguments(params: &Params<'static>) -> Result<Vec<Value>, ErrorObjectOwned> {
    match params.as_str() {
        None => Ok(Vec::new()),
        Some(_) => params.parse(),
    }
}

fn text<'a>(arguments: &'a [Value], place: usize, what: &str) -> Result<&'a str, ErrorObjectOwned> {
    arguments.get(place).and_then(Value::as_str).ok_or_else(|| invalid(what))
}

fn decode(text: &str) -> Result<Vec<u8>, ErrorObjectOwned> {
    let digits = text.trim_start_matches("0x").as_bytes();
    let mut bytes = vec![0; digits.len() / 2];
    faster_hex::hex_decode(digits, &mut bytes).map_err(|_| invalid("bytes in hexadecimal"))?;
    Ok(bytes)
}

pub(crate) fn hex0x(bytes: impl AsRef<[u8]>) -> String {
    format!("0x{}", faster_hex::hex_string(bytes.as_ref()))
}

fn raw(value: &impl serde::Serialize) -> Answer {
    to_raw_value(value).map_err(|e| error(-32603, e.to_string()))
}

fn invalid(wanted: &str) -> ErrorObjectOwned {
    error(-32602, format!("Invalid params: {wanted} is wanted"))
}

/// How many storage keys a request asks for.
fn keys_of(params: &Params<'static>) -> u64 {
    params.sequence().next::<Vec<&RawValue>>().map_or(0, |keys| u64::try_from(keys.len()).unwrap_or(u64::MAX))
}

/// What a gateway says that meters what storage costs.
fn policy(wait: Option<Duration>) -> ErrorObjectOwned {
    let wait = wait.map(|wait| json!({ "policy": "storage work", "retry_after_ms": u64::try_from(wait.as_millis()).unwrap_or(u64::MAX) }));
    ErrorObjectOwned::owned(-32_004, "storage work rate limit exceeded", wait)
}

fn error(code: i32, message: String) -> ErrorObjectOwned {
    ErrorObjectOwned::owned(code, message, None::<()>)
}
