//! The paths of the API, and what every request to them passes through.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use super::fallback::{no_such_path, wrong_method};
use super::problem::Problem;
use super::state::ApiState;
use super::{
    charts, coldkeys, digest, epochs, events, health, history, metrics, miners, openapi, page, site, stats,
    subnets, token, update, weights, whatif,
};
use crate::view::weights::LARGEST;

/// The longest that a request may take.
const TIME_LIMIT: Duration = Duration::from_secs(30);

pub fn router(api: Arc<ApiState>) -> Router {
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
        .layer(middleware::from_fn_with_state(Arc::clone(&api), token::check));
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
