//! `GET /v1/stats`.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;

use super::answer::json;
use super::parameters::{AsOf, Netuid};
use super::problem::Problem;
use super::query::Query;
use super::responses::{RecordProblems, Stale};
use super::state::ApiState;
use crate::view::stats::{Stats, figures};

/// A subnet in figures.
#[utoipa::path(
    get,
    path = "/v1/stats",
    params(Query<(Netuid, AsOf)>),
    responses(
        (
            status = 200,
            description = "A subnet in figures.",
            body = Stats,
            headers(("vesting-stale" = inline(Stale)))
        ),
        RecordProblems
    ),
)]
pub async fn stats(
    State(api): State<Arc<ApiState>>,
    Query((Netuid(netuid), AsOf(as_of))): Query<(Netuid, AsOf)>,
) -> Result<Response, Problem> {
    let netuid = api.netuid(netuid).await?;
    let (report, stats) = api.report_and_stats(netuid, as_of).await?;
    let answer = json(&figures(api.config.policy(netuid), &stats, &report.report));
    api.with_state(netuid, as_of, answer).await
}
