//! `GET /health/live` and `GET /health/ready`.

use std::sync::Arc;
use std::time::SystemTime;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

use super::answer::json;
use super::state::ApiState;
use super::token::shows_the_token;
use crate::state::Brief;

/// The process answers; nothing is said about the record.
pub async fn live() -> Response {
    json(&serde_json::json!({ "status": "live" }))
}

/// Whether weights may be asked for. The machine's clock counts here, and only here and in the metrics. The
/// reasons are the operator's: who shows no token where one is asked for is told no more than that.
pub async fn ready(State(api): State<Arc<ApiState>>, headers: HeaderMap) -> Response {
    let readiness = api.daemon.readiness(SystemTime::now());
    let status = if readiness.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let answer = if may_see_all(&api, &headers) { json(&readiness) } else { json(&Brief::from(&readiness)) };
    (status, answer).into_response()
}

/// Without a token, only who asks on this very machine.
fn may_see_all(api: &ApiState, headers: &HeaderMap) -> bool {
    match &api.config.api_token {
        Some(token) => shows_the_token(headers, token) == Some(true),
        None => api.config.bind.ip().is_loopback(),
    }
}
