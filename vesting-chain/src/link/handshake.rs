//! How a WebSocket connection is made: redirections, TLS, and the handshake.

use std::io;
use std::sync::{Arc, PoisonError};
use std::time::SystemTime;

use jsonrpsee::client_transport::ws::{HeaderMap, HeaderValue, WsHandshakeError, WsTransportClientBuilder};
use jsonrpsee::core::client::ClientBuilder;
use rustls_platform_verifier::BuilderVerifierExt;
use subxt::rpcs::client::RpcClient;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, crypto::ring};
use url::Url;
use vesting_secret::SecretUrl;

use crate::errors::failure::Failure;
use crate::errors::handshake::failure_of_handshake;
use crate::errors::text::with_causes;
use crate::link::address::Address;
use crate::link::client::LinkClient;
use crate::link::head_copy::{Head, HeadCopy};

/// An endpoint may redirect us so many times.
const REDIRECTIONS: usize = 3;
/// The largest answer, well above what nodes send.
const LARGEST_ANSWER: u32 = 64 * 1024 * 1024;
/// So many notices of a subscription may wait to be read.
const NOTICES_KEPT: usize = 4_096;

/// Connects to an endpoint, following its redirections.
pub(crate) async fn connect(address: &Address) -> Result<RpcClient, Failure> {
    let mut address = address.clone();
    for _ in 0..=REDIRECTIONS {
        let head = Arc::default();
        match handshake(&address, &head).await {
            Ok(client) => return Ok(client),
            Err(FailedStep::Handshake(WsHandshakeError::Redirected { location, .. })) => {
                address = redirected(&address, &location)?
            }
            Err(FailedStep::Handshake(error)) => {
                let head = head.lock().unwrap_or_else(PoisonError::into_inner);
                return Err(failure_of_handshake(&error, &head, SystemTime::now()));
            }
            Err(FailedStep::Reach(why)) => return Err(Failure::Disconnected(why)),
        }
    }
    Err(Failure::Disconnected(format!("it redirects us more than {REDIRECTIONS} times")))
}

/// The address that an endpoint redirects us to. Credentials are sent to the host that was configured only.
fn redirected(from: &Address, location: &str) -> Result<Address, Failure> {
    let refused =
        |why: &str| Failure::Disconnected(format!("it redirects us to {}, {why}", SecretUrl::new(location)));
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
    let same_host = from.url.host_str() == url.host_str();
    let _ = url.set_username("");
    let _ = url.set_password(None);
    Ok(Address { url, authorization: from.authorization.clone().filter(|_| same_host), ..from.clone() })
}

/// At which step a connection failed.
enum FailedStep {
    /// The host was not reached, or TLS failed.
    Reach(String),
    /// The WebSocket handshake failed.
    Handshake(WsHandshakeError),
}

/// One handshake, without following a redirection. `head` gets the beginning of the HTTP answer.
async fn handshake(address: &Address, head: &Head) -> Result<RpcClient, FailedStep> {
    let failed = |error: io::Error| FailedStep::Reach(with_causes(&error));
    let stream = reach(&address.url).await.map_err(failed)?;
    if address.url.scheme() != "wss" {
        return upgrade(address, HeadCopy::new(stream, head)).await;
    }
    let connector = TlsConnector::from(Arc::new(
        tls().map_err(|why| FailedStep::Reach(format!("certificates cannot be checked: {why}")))?,
    ));
    let name =
        ServerName::try_from(address.url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned());
    let name =
        name.map_err(|_| FailedStep::Reach("no certificate can be issued for the name of its host".into()))?;
    upgrade(address, HeadCopy::new(connector.connect(name, stream).await.map_err(failed)?, head)).await
}

/// TLS that checks certificates as the operating system does.
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

/// Makes a WebSocket of a stream, with a JSON-RPC client on it.
async fn upgrade<S: AsyncRead + AsyncWrite + Send + Unpin + 'static>(
    address: &Address,
    stream: S,
) -> Result<RpcClient, FailedStep> {
    let mut headers = HeaderMap::new();
    if let Some(authorization) = &address.authorization {
        let unsendable =
            |_| FailedStep::Reach("the user name and password of its URL cannot be sent in a header".into());
        let mut value = HeaderValue::from_str(authorization).map_err(unsendable)?;
        value.set_sensitive(true);
        headers.insert("authorization", value);
    }
    let builder = WsTransportClientBuilder::default()
        .set_headers(headers)
        .max_response_size(LARGEST_ANSWER)
        .max_request_size(LARGEST_ANSWER);
    let (sender, receiver) =
        builder.build_with_stream(address.url.clone(), stream).await.map_err(FailedStep::Handshake)?;
    let client = ClientBuilder::new().max_buffer_capacity_per_subscription(NOTICES_KEPT);
    Ok(RpcClient::new(LinkClient(client.build_with_tokio(sender, receiver))))
}
