//! Connections to endpoints: made, given up for all who use them at once, and the answer to a handshake
//! listened to.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant, SystemTime};

use jsonrpsee::client_transport::ws::{HeaderMap, HeaderValue, WsHandshakeError, WsTransportClientBuilder};
use jsonrpsee::core::client::ClientBuilder;
use rustls_platform_verifier::BuilderVerifierExt;
use subxt::config::substrate::SubstrateHeader;
use subxt::rpcs::client::RpcClient;
use subxt::rpcs::rpc_params;
use subxt::utils::H256;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, crypto::ring};
use url::Url;
use vesting_core::{BlockHash, BlockNumber, BlockRef};
use vesting_secret::SecretUrl;

use crate::errors::failure::{self, Verdict};
use crate::link::address::Address;
use crate::node::heads::head;

/// The longest that a connection takes to be made, up to its first answer.
const CONNECTING: Duration = Duration::from_secs(8);
/// As often an endpoint may send us on.
const REDIRECTIONS: usize = 3;
/// As much of the answer to a handshake is kept.
const HEAD_KEPT: usize = 4_096;
/// The largest answer, well above what nodes send.
const LARGEST_ANSWER: u32 = 64 * 1024 * 1024;
/// Notices that wait to be taken.
const NOTICES_KEPT: usize = 4_096;
/// Under which connections that cannot be made are counted.
pub(crate) const CONNECT: &str = "connect";
const BLOCK_HASH: &str = "chain_getBlockHash";
const HEADER: &str = "chain_getHeader";
/// As often an endpoint is asked for its genesis until hash and header fit.
const GENESIS_READINGS: u32 = 5;

/// Whether a connection is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Serves,
    /// Nothing new is asked there; what was asked may still be answered.
    Left,
    /// Nothing is to be expected of it.
    Gone,
}

/// A connection that was made.
pub(crate) struct Link {
    /// The endpoint's place.
    pub(crate) index: usize,
    pub(crate) client: RpcClient,
    pub(crate) genesis: BlockHash,
    /// What was asked to make it.
    pub(crate) asked: Vec<&'static str>,
    /// When it was made.
    pub(crate) made: Instant,
    /// When it last answered.
    answered: Mutex<Instant>,
    standing: watch::Sender<Standing>,
}

impl Link {
    pub(crate) fn new(index: usize, Dialled { client, genesis, asked }: Dialled) -> Self {
        let made = Instant::now();
        Self {
            index,
            client,
            genesis,
            asked,
            made,
            answered: Mutex::new(made),
            standing: watch::Sender::new(Standing::Serves),
        }
    }

    /// Nothing new is asked here.
    pub(crate) fn leave(&self) {
        // Whether it served does not matter.
        let _ = self.raise(Standing::Left);
    }

    /// Lets go of everything that waits for an answer; says whether it served until now.
    pub(crate) fn give_up(&self) -> bool {
        self.raise(Standing::Gone)
    }

    fn raise(&self, to: Standing) -> bool {
        let mut served = false;
        self.standing.send_if_modified(|standing| {
            served = *standing == Standing::Serves;
            let raises = *standing != Standing::Gone && *standing != to;
            if raises {
                *standing = to;
            }
            raises
        });
        served
    }

    /// Takes note of an answer, whatever it is.
    pub(crate) fn answers(&self) {
        *self.answered.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// Whether nothing was answered since.
    pub(crate) fn is_mute_since(&self, then: Instant) -> bool {
        *self.answered.lock().unwrap_or_else(PoisonError::into_inner) <= then
    }

    /// Whether something new may be asked here.
    pub(crate) fn serves(&self) -> bool {
        *self.standing.borrow() == Standing::Serves
    }

    /// Once nothing is to be expected of it.
    pub(crate) async fn gone(&self) {
        self.wait(|standing| *standing == Standing::Gone).await;
    }

    /// Once nothing new is asked here.
    pub(crate) async fn left(&self) {
        self.wait(|standing| *standing != Standing::Serves).await;
    }

    async fn wait(&self, until: impl FnMut(&Standing) -> bool) {
        // The sender is ours, so it cannot be gone.
        let _ = self.standing.subscribe().wait_for(until).await;
    }
}

/// Why there is no connection.
#[derive(Debug, Clone)]
pub(crate) struct NoLink {
    /// What was asked, up to what failed.
    pub(crate) asked: Vec<&'static str>,
    pub(crate) verdict: Verdict,
}

/// A connection just made.
pub(crate) struct Dialled {
    pub(crate) client: RpcClient,
    pub(crate) genesis: BlockHash,
    /// What was asked for it.
    pub(crate) asked: Vec<&'static str>,
}

/// Connects to an endpoint and asks which chain it serves, which is the least that it must answer.
pub(crate) async fn dial(address: &Address, deadline: Duration) -> Result<Dialled, NoLink> {
    let within = deadline.min(CONNECTING);
    let mut asked = vec![CONNECT];
    let dialling = async {
        let client = connect(address).await?;
        asked.clear();
        let genesis = genesis(&client, &mut asked).await?;
        Ok((client, genesis))
    };
    let dialled = tokio::time::timeout(within, dialling).await;
    match dialled
        .unwrap_or_else(|_| Err(Verdict::Broken(format!("no answer within {} s", within.as_secs_f64()))))
    {
        Ok((client, genesis)) => Ok(Dialled { client, genesis, asked }),
        Err(verdict) => Err(NoLink { asked, verdict }),
    }
}

/// The hash of block 0, which the header of that hash bears out: all that is recorded is bound to it.
async fn genesis(client: &RpcClient, asked: &mut Vec<&'static str>) -> Result<BlockHash, Verdict> {
    let judged = |error| failure::judge(&error);
    let mut misfit = String::new();
    for _ in 0..GENESIS_READINGS {
        asked.push(BLOCK_HASH);
        let Some(hash) = client.request::<Option<H256>>(BLOCK_HASH, rpc_params![0]).await.map_err(judged)?
        else {
            misfit = "it has no block 0".into();
            continue;
        };
        let hash = BlockHash(hash.0);
        asked.push(HEADER);
        match client
            .request::<Option<SubstrateHeader<H256>>>(HEADER, rpc_params![H256(hash.0)])
            .await
            .map_err(judged)?
        {
            Some(header) if head(&header) == (BlockRef { number: BlockNumber(0), hash }) => return Ok(hash),
            Some(header) => misfit = format!("asked for block 0, it told of {}", head(&header)),
            None => misfit = format!("it has no header of {hash}, its block 0"),
        }
    }
    Err(Verdict::Nonsense(misfit))
}

async fn connect(address: &Address) -> Result<RpcClient, Verdict> {
    let mut address = address.clone();
    for _ in 0..=REDIRECTIONS {
        let head = Arc::default();
        match shake_hands(&address, &head).await {
            Ok(client) => return Ok(client),
            Err(Failure::Shaking(WsHandshakeError::Redirected { location, .. })) => {
                address = redirected(&address, &location)?
            }
            Err(Failure::Shaking(error)) => {
                let head = head.lock().unwrap_or_else(PoisonError::into_inner);
                return Err(failure::handshake(&error, &head, SystemTime::now()));
            }
            Err(Failure::Reaching(why)) => return Err(Verdict::Broken(why)),
        }
    }
    Err(Verdict::Broken(format!("it sends us on more than {REDIRECTIONS} times")))
}

/// Where an endpoint sends us. What we say to be let in is for the host that was named alone.
fn redirected(from: &Address, location: &str) -> Result<Address, Verdict> {
    let refused =
        |why: &str| Verdict::Broken(format!("it sends us on to {}, {why}", SecretUrl::new(location)));
    let mut url = from.url.join(location).map_err(|_| refused("which is no URL"))?;
    let scheme = match url.scheme() {
        "http" | "ws" => "ws",
        _ => "wss",
    };
    if url.scheme() != scheme && url.set_scheme(scheme).is_err() {
        return Err(refused("which is no ws:// or wss:// URL"));
    }
    if from.url.scheme() == "wss" && scheme == "ws" {
        return Err(refused("where nothing would be encrypted"));
    }
    let stays = from.url.host_str() == url.host_str();
    let _ = url.set_username("");
    let _ = url.set_password(None);
    Ok(Address { url, authorization: from.authorization.clone().filter(|_| stays), ..from.clone() })
}

enum Failure {
    Reaching(String),
    Shaking(WsHandshakeError),
}

type Head = Arc<Mutex<Vec<u8>>>;

async fn shake_hands(address: &Address, head: &Head) -> Result<RpcClient, Failure> {
    let reaching = |error: io::Error| Failure::Reaching(failure::words(&error));
    let stream = reach(&address.url).await.map_err(reaching)?;
    if address.url.scheme() != "wss" {
        return finish(address, Overheard::new(stream, head)).await;
    }
    let connector = TlsConnector::from(Arc::new(
        tls().map_err(|why| Failure::Reaching(format!("certificates cannot be checked: {why}")))?,
    ));
    let name =
        ServerName::try_from(address.url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned());
    let name =
        name.map_err(|_| Failure::Reaching("its host is no name that a certificate can have".into()))?;
    finish(address, Overheard::new(connector.connect(name, stream).await.map_err(reaching)?, head)).await
}

fn tls() -> Result<ClientConfig, tokio_rustls::rustls::Error> {
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?;
    Ok(builder.with_platform_verifier()?.with_no_client_auth())
}

/// A connection to one of a host's addresses.
async fn reach(url: &Url) -> io::Result<TcpStream> {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let mut last = io::Error::new(io::ErrorKind::NotFound, "its host has no address");
    for address in tokio::net::lookup_host((host, url.port_or_known_default().unwrap_or(80))).await? {
        match TcpStream::connect(address).await {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

async fn finish<S: AsyncRead + AsyncWrite + Send + Unpin + 'static>(
    address: &Address,
    stream: S,
) -> Result<RpcClient, Failure> {
    let mut headers = HeaderMap::new();
    if let Some(authorization) = &address.authorization {
        let unfit = |_| Failure::Reaching("its userinfo cannot be sent".into());
        let mut value = HeaderValue::from_str(authorization).map_err(unfit)?;
        value.set_sensitive(true);
        headers.insert("authorization", value);
    }
    let builder = WsTransportClientBuilder::default()
        .set_headers(headers)
        .max_response_size(LARGEST_ANSWER)
        .max_request_size(LARGEST_ANSWER);
    let (sender, receiver) =
        builder.build_with_stream(address.url.clone(), stream).await.map_err(Failure::Shaking)?;
    Ok(RpcClient::new(
        ClientBuilder::new()
            .max_buffer_capacity_per_subscription(NOTICES_KEPT)
            .build_with_tokio(sender, receiver),
    ))
}

/// A stream of which the first bytes are kept: a handshake's refusal says in its head how long to wait, and
/// the client tells only its status.
struct Overheard<S> {
    stream: S,
    head: Head,
    listens: bool,
}

impl<S> Overheard<S> {
    fn new(stream: S, head: &Head) -> Self {
        Self { stream, head: Arc::clone(head), listens: true }
    }

    fn hear(&mut self, bytes: &[u8]) {
        let mut head = self.head.lock().unwrap_or_else(PoisonError::into_inner);
        let room = HEAD_KEPT.saturating_sub(head.len()).min(bytes.len());
        head.extend_from_slice(&bytes[..room]);
        self.listens = head.len() < HEAD_KEPT && !head.windows(4).any(|four| four == b"\r\n\r\n");
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Overheard<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let done = Pin::new(&mut this.stream).poll_read(context, buffer);
        if this.listens {
            this.hear(buffer.filled().get(before..).unwrap_or_default());
        }
        done
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Overheard<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}
