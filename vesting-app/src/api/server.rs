//! The server: where it listens, who may ask, and how much.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderMap, Uri, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Serialize;
use subtle::ConstantTimeEq;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, oneshot, watch};
use tokio::task::JoinHandle;
use vesting_core::ports::StakeStore;
use vesting_core::{NetUid, StakeTracker};

use super::connections::{Connections, Guest, Room};
use super::events::{LISTENERS, Seen, watch_record};
use super::known::Reports;
use super::lane::Lane;
use super::listen::{Limits, listen};
use super::points::Points;
use super::problem::Problem;
use super::{
    charts, coldkeys, digest, epochs, events, health, history, metrics, miners, openapi, page, site, stats,
    subnets, update, weights, whatif,
};
use crate::UsageError;
use crate::config::{Config, Token};
use crate::state::State as Doing;
use crate::view::weights::LARGEST;
use crate::wiring;

/// The longest a request may take.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// How long requests under way are waited for at the end.
const GRACE: Duration = Duration::from_secs(1);

const BEARER: &[u8] = b"Bearer ";

/// What requests are answered from.
pub struct Api {
    pub store: Arc<dyn StakeStore>,
    pub config: Config,
    pub reports: Reports,
    pub points: Points,
    /// For the reports that weights are multiplied by.
    pub front: Lane,
    /// For what is told from what is kept.
    pub side: Lane,
    /// For anything else.
    pub back: Lane,
    /// How far the records go, while somebody listens.
    pub seen: watch::Receiver<Seen>,
    pub listeners: Arc<Semaphore>,
    /// How the daemon is doing.
    pub state: Arc<Doing>,
}

impl Api {
    pub fn tracker(&self) -> StakeTracker {
        wiring::tracker(&self.store)
    }

    /// The subnet that a request is about: named, or the only one there is.
    pub async fn netuid(&self, named: Option<u16>) -> Result<NetUid, Problem> {
        if let Some(netuid) = named {
            return Ok(NetUid(netuid));
        }
        let all = self.netuids().await?;
        match all.as_slice() {
            [netuid] => Ok(*netuid),
            [] => Err(Problem::bad_input(
                "netuid",
                "nothing is recorded yet: name a subnet, or ask again later",
            )),
            many => {
                let many: Vec<String> = many.iter().map(ToString::to_string).collect();
                Err(Problem::bad_input(
                    "netuid",
                    format!("there are the subnets {}: name one", many.join(", ")),
                ))
            }
        }
    }

    /// The subnets followed; where nothing says which, those recorded.
    pub async fn netuids(&self) -> Result<Vec<NetUid>, Problem> {
        match self.config.netuids.as_slice() {
            [] => Ok(self.store.netuids().await?),
            followed => Ok(followed.to_vec()),
        }
    }

    /// Works out an answer that nobody's weights wait for.
    pub async fn work<T: Send + 'static, F>(self: Arc<Self>, work: F) -> Result<T, Problem>
    where
        F: AsyncFnOnce(Arc<Self>) -> Result<T, Problem> + Send + 'static,
    {
        let api = Arc::clone(&self);
        self.back.work(async move || work(api).await).await
    }
}

/// An answer.
pub fn json(value: &impl Serialize) -> Response {
    match serde_json::to_vec(value) {
        Ok(text) => json_text(text.into()),
        Err(error) => Problem::broken(&error).into_response(),
    }
}

/// An answer that is JSON already.
pub fn json_text(text: Bytes) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], text).into_response()
}

/// Takes the address that is configured. Done first of all, since it fails where another one runs.
pub async fn bind(config: &Config) -> anyhow::Result<TcpListener> {
    let address = config.bind;
    config.is_safe_to_serve().map_err(UsageError::from)?;
    let why = |error: &std::io::Error| match error.kind() {
        std::io::ErrorKind::AddrInUse => {
            format!(
                "the API cannot listen on `bind = {address}`: another program does, perhaps another `vesting run`; set `bind` to another port"
            )
        }
        _ => format!("the API cannot listen on `bind = {address}`"),
    };
    TcpListener::bind(address).await.map_err(|error| {
        let why = why(&error);
        anyhow::Error::new(error).context(why)
    })
}

/// The API, being served.
pub struct Served {
    pub address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

/// Serves the API until it is told to stop.
pub fn serve(
    listener: TcpListener,
    config: &Config,
    store: Arc<dyn StakeStore>,
    state: &Arc<Doing>,
) -> anyhow::Result<Served> {
    let address: SocketAddr = listener.local_addr().context("the API has no address")?;
    let (sender, seen) = watch::channel(None);
    let listeners = Arc::new(Semaphore::new(LISTENERS));
    let api = Arc::new(Api {
        store,
        config: config.clone(),
        state: Arc::clone(state),
        reports: Reports::default(),
        points: Points::default(),
        front: Lane::front(),
        side: Lane::side(),
        back: Lane::back(),
        seen,
        listeners,
    });
    let (stop, stopped) = oneshot::channel();
    let (stop_watching, watching_stopped) = oneshot::channel();
    tokio::spawn(watch_record(Arc::clone(&api), sender, watching_stopped));
    let ahead = tokio::spawn(Arc::clone(&api).work_ahead());
    let stopped = async move {
        // Told, or nobody is there any more to tell.
        let _ = stopped.await;
        // Streams would not end by themselves; the task may have ended.
        let _ = stop_watching.send(());
        ahead.abort();
    };
    let serving = listen(listener, router(api), Connections::new(Room::USUAL), Limits::USUAL, stopped);
    tracing::info!("the API listens on http://{address}");
    Ok(Served { address, stop, task: tokio::spawn(serving) })
}

impl Served {
    /// Takes no more requests, and waits a little for those under way.
    pub async fn stop(self) {
        let _ = self.stop.send(());
        match tokio::time::timeout(GRACE, self.task).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the API ended"),
            Err(_) => tracing::warn!("some requests to the API were not done in time"),
        }
    }
}

fn router(api: Arc<Api>) -> Router {
    let behind_the_token = Router::new()
        .route("/charts/history/{hotkey}", get(charts::history))
        .route("/charts/multipliers", get(charts::multipliers))
        .route("/v1/coldkeys/{coldkey}", get(coldkeys::coldkey))
        .route("/metrics", get(metrics::metrics))
        .route("/v1/digest", get(digest::summary))
        .route("/v1/digest/rows", get(digest::rows))
        .route("/v1/epochs", get(epochs::epochs))
        .route("/v1/epochs/{block}", get(epochs::epoch))
        .route("/v1/events", get(events::events))
        .route("/v1/miners", get(miners::miners))
        .route("/v1/miners/{hotkey}", get(miners::miner))
        .route("/v1/miners/{hotkey}/history", get(history::history))
        .route("/v1/stats", get(stats::stats))
        .route("/v1/subnets", get(subnets::subnets))
        .route("/v1/whatif", get(whatif::whatif))
        .route("/v1/update", post(update::update))
        .route("/v1/weights/apply", post(weights::apply))
        .fallback(no_such_path)
        .method_not_allowed_fallback(wrong_method)
        .layer(middleware::from_fn_with_state(Arc::clone(&api), check_token));
    Router::new()
        .route("/health/live", get(health::live))
        .route("/", get(page::page))
        .route("/assets/{file}", get(page::asset))
        .route("/openapi.json", get(openapi::openapi))
        .route("/health/ready", get(health::ready))
        .merge(behind_the_token)
        .layer(DefaultBodyLimit::max(LARGEST))
        .layer(middleware::from_fn_with_state(Arc::clone(&api), site::check))
        .layer(middleware::from_fn(limit_time))
        .layer(middleware::from_fn(page::protect))
        .with_state(api)
}

pub async fn no_such_path(uri: Uri) -> Problem {
    let path: String = uri.path().chars().take(100).collect();
    Problem::no_such_path(format!("there is no {path}: docs/api.md tells what there is"))
}

async fn wrong_method(uri: Uri) -> Problem {
    Problem::wrong_method(format!(
        "{} takes another method: `/v1/update` and `/v1/weights/apply` take POST, all else is asked with GET",
        uri.path()
    ))
}

async fn check_token(State(api): State<Arc<Api>>, request: Request, next: Next) -> Response {
    let Some(token) = &api.config.api_token else { return next.run(request).await };
    match shows_the_token(request.headers(), token) {
        Some(true) => {
            if let Some(guest) = request.extensions().get::<Arc<Guest>>() {
                guest.prove();
            }
            next.run(request).await
        }
        Some(false) => Problem::unauthorized(
            "the token is another: it is `api_token` of the `vesting run` that answers".to_owned(),
        )
        .into_response(),
        None => {
            Problem::unauthorized("give the token as the header `Authorization: Bearer TOKEN`".to_owned())
                .into_response()
        }
    }
}

/// Whether a request shows the token; `None` where it shows none at all.
pub fn shows_the_token(headers: &HeaderMap, token: &Token) -> Option<bool> {
    let given =
        headers.get(header::AUTHORIZATION).and_then(|value| value.as_bytes().split_at_checked(BEARER.len()));
    let (_, given) = given.filter(|(scheme, _)| scheme.eq_ignore_ascii_case(BEARER))?;
    // In a time that tells nothing but the token's length.
    Some(bool::from(given.ct_eq(token.0.as_bytes())))
}

async fn limit_time(request: Request, next: Next) -> Response {
    match tokio::time::timeout(TIME_LIMIT, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::busy(format!(
            "the answer was not there after {} s: try again later",
            TIME_LIMIT.as_secs()
        ))
        .into_response(),
    }
}
