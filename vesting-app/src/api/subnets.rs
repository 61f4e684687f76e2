//! `GET /v1/subnets`: which subnets there are, and how far their records go.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;

use super::answer::json;
use super::problem::Problem;
use super::query::Query;
use super::responses::ReadProblems;
use super::state::ApiState;
use crate::view::subnet::Subnet;

/// Which subnets there are, and how far their records go.
#[utoipa::path(
    get,
    path = "/v1/subnets",
    responses(
        (
            status = 200,
            description = "Which subnets there are, and how far their records go.",
            body = [Subnet]
        ),
        ReadProblems
    ),
)]
pub async fn subnets(State(api): State<Arc<ApiState>>, Query(()): Query<()>) -> Result<Response, Problem> {
    let netuids = api.netuids().await?;
    Ok(json(&api.record_ends(&netuids).await?))
}
