//! `GET /v1/stats`.

use std::sync::Arc;

use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;

use super::answer::json;
use super::problem::Problem;
use super::query::Query;
use super::state::ApiState;
use crate::view::stats::figures;

pub async fn stats(State(api): State<Arc<ApiState>>, uri: Uri) -> Result<Response, Problem> {
    let query = Query::of(&uri, &["netuid", "as_of"])?;
    let (netuid, as_of) = (query.netuid()?, query.block("as_of")?);
    let netuid = api.netuid(netuid).await?;
    let (known, stats) = api.report_and_stats(netuid, as_of).await?;
    let answer = json(&figures(api.config.policy(netuid), &stats, &known.report));
    api.with_state(netuid, as_of, answer).await
}
