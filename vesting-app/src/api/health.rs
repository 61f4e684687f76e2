//! `GET /health/live` and `GET /health/ready`.

use std::sync::Arc;
use std::time::SystemTime;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::server::{Api, json};

/// The process answers; nothing is said about the record.
pub async fn live() -> Response {
    json(&serde_json::json!({ "status": "live" }))
}

/// Whether weights may be asked for. The machine's clock counts here, and only here and in the metrics.
pub async fn ready(State(api): State<Arc<Api>>) -> Response {
    let readiness = api.state.readiness(SystemTime::now());
    let status = if readiness.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, json(&readiness)).into_response()
}
