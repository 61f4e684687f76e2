//! A client of another validator's API.
//!
//! Takes from `exit` and `config`.

use std::io::{self, Read, Write};
use std::time::Duration;

use anyhow::{Context, anyhow, ensure};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use ureq::http::header::LOCATION;
use ureq::http::{Response, StatusCode};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Body, RequestBuilder};
use vesting_secret::SecretUrl;

use crate::config::Token;
use crate::exit::UsageError;

/// The deadline of one answer, from the lookup of the name to the last byte.
const DEADLINE: Duration = Duration::from_secs(10);

/// The largest answer that is accepted: more than the rows of any section take.
const LARGEST: u64 = 64 * 1024 * 1024;

/// The deadline of a file. One of which nothing comes is given up sooner.
const FILE_DEADLINE: Duration = Duration::from_secs(6 * 3_600);

/// The largest file that is accepted: that of some ten years of a full subnet.
const LARGEST_FILE: u64 = 4 * 1024 * 1024 * 1024;

/// A client of one API.
#[derive(Clone)]
pub struct Client {
    agent: ureq::Agent,
    base: SecretUrl,
    token: Option<Token>,
    /// The argument that gives the token.
    token_flag: &'static str,
}

/// The readable part of a problem document.
#[derive(Deserialize)]
struct Problem {
    detail: String,
}

impl Client {
    /// A client of the API at this address. `token_flag` is the argument that gives the token.
    pub fn new(url: &SecretUrl, token: Option<Token>, token_flag: &'static str) -> Result<Self, UsageError> {
        const INSTEAD: &str = "write it as http://host:9180 or https://host";
        if !matches!(url.scheme(), Some("http" | "https")) {
            return Err(UsageError(format!("`{url}` is not the address of an API: {INSTEAD}")));
        }
        if host(url).is_empty() {
            return Err(UsageError(format!("`{url}` cannot be asked: it names no host; {INSTEAD}")));
        }
        url.check().map_err(|flaw| UsageError(format!("`{url}` cannot be asked: {flaw}; {INSTEAD}")))?;
        let base = SecretUrl::new(url.expose().trim_end_matches('/'));
        let agent = ureq::Agent::config_builder()
            .timeout_global(Some(DEADLINE))
            .http_status_as_error(false)
            // A redirect must not carry the token to another host.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent(concat!("vesting/", env!("CARGO_PKG_VERSION")))
            .tls_config(TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build())
            .build()
            .new_agent();
        Ok(Self { agent, base, token, token_flag })
    }

    /// Requests a path with GET.
    pub async fn get<T: DeserializeOwned + Send + 'static>(&self, path: &str) -> anyhow::Result<T> {
        let (client, path) = (self.clone(), path.to_owned());
        tokio::task::spawn_blocking(move || client.ask(&path)).await.context("the request was aborted")?
    }

    /// Requests a path with an empty POST, with its own deadline.
    pub async fn post<T: DeserializeOwned + Send + 'static>(
        &self,
        path: &str,
        patience: Duration,
    ) -> anyhow::Result<T> {
        let (client, path) = (self.clone(), path.to_owned());
        let task = move || {
            let request =
                client.agent.post(client.url_of(&path)).config().timeout_global(Some(patience)).build();
            client.parse(client.authorized(request).send_empty(), &path)
        };
        tokio::task::spawn_blocking(task).await.context("the request was aborted")?
    }

    /// Downloads a path. `told` is called with the number of bytes that came, and of all if that is known.
    /// Blocks until all is there.
    pub fn download(
        &self,
        path: &str,
        to: &mut impl Write,
        told: impl Fn(u64, Option<u64>),
    ) -> anyhow::Result<()> {
        let url = format!("{}{path}", self.base);
        let request = self.agent.get(self.url_of(path)).config();
        let request = request
            .timeout_global(Some(FILE_DEADLINE))
            .timeout_connect(Some(DEADLINE))
            .timeout_recv_response(Some(3 * DEADLINE))
            .build();
        let mut response = self.authorized(request).call().with_context(|| format!("cannot ask {url}"))?;
        if response.status() != StatusCode::OK {
            let (status, elsewhere) = (response.status(), location(&response));
            return Err(self.refusal(&url, status, elsewhere, &read(&mut response, &url)?));
        }
        let length = response.body().content_length();
        let mut body = response.body_mut().as_reader();
        let (mut piece, mut came) = (vec![0; 64 * 1024], 0);
        loop {
            let broken = || format!("{url} broke off after {came} bytes");
            let read = match body.read(&mut piece) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                read => read.with_context(broken)?,
            };
            let Some(bytes) = piece.get(..read).filter(|bytes| !bytes.is_empty()) else { break };
            came += u64::try_from(read)?;
            ensure!(came <= LARGEST_FILE, "{url} gives more than {LARGEST_FILE} bytes: it is no record");
            to.write_all(bytes).context("what came cannot be written")?;
            told(came, length);
        }
        to.flush().context("what came cannot be written")
    }

    fn ask<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        self.parse(self.authorized(self.agent.get(self.url_of(path))).call(), path)
    }

    /// Parses the answer at a path.
    fn parse<T: DeserializeOwned>(
        &self,
        answer: Result<Response<Body>, ureq::Error>,
        path: &str,
    ) -> anyhow::Result<T> {
        let url = format!("{}{path}", self.base);
        let mut response = answer.with_context(|| format!("cannot ask {url}"))?;
        let (status, elsewhere) = (response.status(), location(&response));
        let body = read(&mut response, &url)?;
        match status {
            StatusCode::OK => serde_json::from_slice(&body)
                .with_context(|| format!("the answer of {url} is not understood")),
            _ => Err(self.refusal(&url, status, elsewhere, &body)),
        }
    }

    /// The error of an answer that does not say what was asked.
    fn refusal(
        &self,
        url: &str,
        status: StatusCode,
        elsewhere: Option<String>,
        body: &[u8],
    ) -> anyhow::Error {
        let detail = serde_json::from_slice::<Problem>(body)
            .map_or_else(|_| status.to_string(), |problem| problem.detail);
        match elsewhere {
            _ if status == StatusCode::UNAUTHORIZED => {
                anyhow!("{url} wants a token, given with `{}`: {detail}", self.token_flag)
            }
            Some(elsewhere) if status.is_redirection() => {
                anyhow!("{url} has moved to {}: name that address", SecretUrl::new(elsewhere))
            }
            _ => anyhow!("{url} answers: {detail}"),
        }
    }

    /// The whole URL of a path. It may hold secrets and must not be printed.
    fn url_of(&self, path: &str) -> String {
        format!("{}{path}", self.base.expose())
    }

    fn authorized<B>(&self, request: RequestBuilder<B>) -> RequestBuilder<B> {
        match &self.token {
            Some(token) => request.header("Authorization", format!("Bearer {}", token.0)),
            None => request,
        }
    }
}

/// The host and the port of a URL.
pub fn host(url: &SecretUrl) -> &str {
    let after = url.expose().split_once("://").map_or("", |(_, after)| after);
    let place = after.split(['/', '?', '#']).next().unwrap_or_default();
    place.rsplit_once('@').map_or(place, |(_, host)| host)
}

/// Where an answer sends us.
fn location(response: &Response<Body>) -> Option<String> {
    response.headers().get(LOCATION).and_then(|to| to.to_str().ok()).map(str::to_owned)
}

fn read(response: &mut Response<Body>, url: &str) -> anyhow::Result<Vec<u8>> {
    let body = response.body_mut().with_config().limit(LARGEST).read_to_vec();
    body.with_context(|| format!("cannot read the answer of {url}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_told_from_all_around_it() {
        for (url, expected) in [
            ("https://one.example/zebra.zst", "one.example"),
            ("https://me:Dugong77@one.example:9180?quagga=2", "one.example:9180"),
            ("http://[::1]:9180", "[::1]:9180"),
            ("https://", ""),
        ] {
            assert_eq!(host(&SecretUrl::new(url)), expected, "{url}");
        }
    }
}
