//! The API of another validator, asked.

use std::time::Duration;

use anyhow::{Context, bail};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use ureq::http::header::LOCATION;
use ureq::http::{Response, StatusCode};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Body, RequestBuilder};

use crate::UsageError;

/// The longest one answer may take, from the name's lookup to the last byte.
const DEADLINE: Duration = Duration::from_secs(10);

/// The largest answer: more than the rows of a section take.
const LARGEST: u64 = 64 * 1024 * 1024;

/// Asks one API.
#[derive(Clone)]
pub struct Client {
    agent: ureq::Agent,
    base: String,
    token: Option<String>,
}

/// The part of a problem that people read.
#[derive(Deserialize)]
struct Problem {
    detail: String,
}

impl Client {
    /// Over the API at this address.
    pub fn new(url: &str, token: Option<String>) -> Result<Self, UsageError> {
        let base = url.trim_end_matches('/').to_owned();
        if !base.starts_with("http://") && !base.starts_with("https://") {
            return Err(UsageError(format!("`{url}` is not the address of an API: write it as http://host:9180 or https://host")));
        }
        let agent = ureq::Agent::config_builder()
            .timeout_global(Some(DEADLINE))
            .http_status_as_error(false)
            // A token goes to the one it is for.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent(concat!("vesting/", env!("CARGO_PKG_VERSION")))
            .tls_config(TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build())
            .build()
            .new_agent();
        Ok(Self { agent, base, token })
    }

    /// What is at a path.
    pub async fn get<T: DeserializeOwned + Send + 'static>(&self, path: &str) -> anyhow::Result<T> {
        let (client, url) = (self.clone(), format!("{}{path}", self.base));
        tokio::task::spawn_blocking(move || client.ask(&url)).await.context("the question was broken off")?
    }

    /// What comes of posting nothing to a path, within so long.
    pub async fn post<T: DeserializeOwned + Send + 'static>(&self, path: &str, patience: Duration) -> anyhow::Result<T> {
        let (client, url) = (self.clone(), format!("{}{path}", self.base));
        let task = move || {
            let request = client.agent.post(&url).config().timeout_global(Some(patience)).build();
            understood(client.authorized(request).send_empty(), &url)
        };
        tokio::task::spawn_blocking(task).await.context("the question was broken off")?
    }

    fn ask<T: DeserializeOwned>(&self, url: &str) -> anyhow::Result<T> {
        understood(self.authorized(self.agent.get(url)).call(), url)
    }

    fn authorized<B>(&self, request: RequestBuilder<B>) -> RequestBuilder<B> {
        match &self.token {
            Some(token) => request.header("Authorization", format!("Bearer {token}")),
            None => request,
        }
    }
}

/// What an answer says.
fn understood<T: DeserializeOwned>(answer: Result<Response<Body>, ureq::Error>, url: &str) -> anyhow::Result<T> {
    let mut response = answer.with_context(|| format!("cannot ask {url}"))?;
    let status = response.status();
    let elsewhere = response.headers().get(LOCATION).and_then(|to| to.to_str().ok()).map(str::to_owned);
    let body = response.body_mut().with_config().limit(LARGEST).read_to_vec();
    let body = body.with_context(|| format!("cannot read the answer of {url}"))?;
    let detail = || serde_json::from_slice::<Problem>(&body).map_or_else(|_| status.to_string(), |problem| problem.detail);
    match (status, elsewhere) {
        (StatusCode::OK, _) => serde_json::from_slice(&body).with_context(|| format!("the answer of {url} is not understood")),
        (StatusCode::UNAUTHORIZED, _) => bail!("{url} wants a token, given with `--token`: {}", detail()),
        (status, Some(elsewhere)) if status.is_redirection() => bail!("{url} has moved to {elsewhere}: name that address"),
        _ => bail!("{url} answers: {}", detail()),
    }
}
