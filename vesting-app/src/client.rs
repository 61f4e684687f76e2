//! A client of another validator's API.
//!
//! Takes from `exit` and `config`.

use std::time::Duration;

use anyhow::{Context, bail};
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

/// A client of one API.
#[derive(Clone)]
pub struct Client {
    agent: ureq::Agent,
    base: SecretUrl,
    token: Option<Token>,
}

/// The readable part of a problem document.
#[derive(Deserialize)]
struct Problem {
    detail: String,
}

impl Client {
    /// A client of the API at this address.
    pub fn new(url: &SecretUrl, token: Option<Token>) -> Result<Self, UsageError> {
        const INSTEAD: &str = "write it as http://host:9180 or https://host";
        if !matches!(url.scheme(), Some("http" | "https")) {
            return Err(UsageError(format!("`{url}` is not the address of an API: {INSTEAD}")));
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
        Ok(Self { agent, base, token })
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
            parse_answer(client.authorized(request).send_empty(), &format!("{}{path}", client.base))
        };
        tokio::task::spawn_blocking(task).await.context("the request was aborted")?
    }

    fn ask<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        parse_answer(
            self.authorized(self.agent.get(self.url_of(path))).call(),
            &format!("{}{path}", self.base),
        )
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

/// Parses an answer. `url` is without secrets and is used in messages.
fn parse_answer<T: DeserializeOwned>(
    answer: Result<Response<Body>, ureq::Error>,
    url: &str,
) -> anyhow::Result<T> {
    let mut response = answer.with_context(|| format!("cannot ask {url}"))?;
    let status = response.status();
    let elsewhere = response.headers().get(LOCATION).and_then(|to| to.to_str().ok()).map(str::to_owned);
    let body = response.body_mut().with_config().limit(LARGEST).read_to_vec();
    let body = body.with_context(|| format!("cannot read the answer of {url}"))?;
    let detail = || {
        serde_json::from_slice::<Problem>(&body).map_or_else(|_| status.to_string(), |problem| problem.detail)
    };
    match (status, elsewhere) {
        (StatusCode::OK, _) => {
            serde_json::from_slice(&body).with_context(|| format!("the answer of {url} is not understood"))
        }
        (StatusCode::UNAUTHORIZED, _) => bail!("{url} wants a token, given with `--token`: {}", detail()),
        (status, Some(elsewhere)) if status.is_redirection() => {
            bail!("{url} has moved to {}: name that address", SecretUrl::new(elsewhere))
        }
        _ => bail!("{url} answers: {}", detail()),
    }
}
