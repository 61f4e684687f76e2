//! `GET /v1/subnets`: which subnets there are, and how far their records go.

use std::sync::Arc;

use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;

use super::answer::json;
use super::problem::Problem;
use super::query::Query;
use super::state::ApiState;

pub async fn subnets(State(api): State<Arc<ApiState>>, uri: Uri) -> Result<Response, Problem> {
    Query::of(&uri, &[])?;
    let netuids = api.netuids().await?;
    Ok(json(&api.record_ends(&netuids).await?))
}
