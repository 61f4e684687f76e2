//! `GET /health/live`.

use axum::response::Response;

use super::server::json;

/// The process answers; nothing is said about the record.
pub async fn live() -> Response {
    json(&serde_json::json!({ "status": "live" }))
}
