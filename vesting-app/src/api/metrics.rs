//! `GET /metrics`.

use std::sync::Arc;
use std::time::SystemTime;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::problem::Problem;
use super::responses::TokenProblems;
use super::state::ApiState;
use crate::metrics::{CONTENT_TYPE, text};

/// Figures for Prometheus, as docs/metrics.md tells them.
#[utoipa::path(
    get,
    path = "/metrics",
    responses(
        (status = 200, description = "Every metric.", body = String, content_type = CONTENT_TYPE),
        TokenProblems
    ),
)]
pub async fn metrics(State(api): State<Arc<ApiState>>) -> Result<Response, Problem> {
    // Nothing is worked out here, and the database is not asked.
    let text = text(&api.daemon, SystemTime::now()).map_err(|error| Problem::broken(&error))?;
    Ok(([(header::CONTENT_TYPE, CONTENT_TYPE)], text).into_response())
}
