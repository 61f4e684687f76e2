//! `GET /charts/…`: what the page shows as pictures.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{Uri, header};
use axum::response::{IntoResponse, Response};
use vesting_core::{HistoryPoint, Whom};

use super::history::count;
use super::problem::Problem;
use super::query::{Query, name};
use super::report_cache::CachedReport;
use super::state::ApiState;
use super::whatif::{Both, both, changed, known_parameters};
use crate::chart::{self, Look, Scheme, WIDTHS};
use crate::config::Config;

fn look(query: &Query) -> Result<Look, Problem> {
    let must = format!("a width in pixels from {} to {}", WIDTHS.start(), WIDTHS.end());
    let width = query.get("width", &must)?.unwrap_or(720);
    if !WIDTHS.contains(&width) {
        return Err(Problem::bad_input("width", format!("it is `{width}`, but it must be {must}")));
    }
    Ok(Look { width, scheme: query.get("scheme", "light or dark")?.unwrap_or(Scheme::Light) })
}

fn svg(drawn: Result<String, String>) -> Result<Response, Problem> {
    let text = drawn.map_err(|error| Problem::broken(&error))?;
    Ok(([(header::CONTENT_TYPE, "image/svg+xml")], text).into_response())
}

/// A holder over epochs.
pub async fn history(
    State(api): State<Arc<ApiState>>,
    whom: Result<Path<String>, PathRejection>,
    uri: Uri,
) -> Result<Response, Problem> {
    let whom: Whom = name("hotkey", whom)?;
    let query = Query::of(&uri, &["netuid", "as_of", "epochs", "width", "scheme"])?;
    let (netuid, as_of, epochs, look) =
        (query.netuid()?, query.block("as_of")?, count(&query)?, look(&query)?);
    let tell = move |config: &Config, netuid, points: &[HistoryPoint]| {
        let most = config.policy(netuid).max_multiplier;
        svg(chart::history(points, most, look))
    };
    api.history(netuid, whom, as_of, epochs, tell).await
}

/// The distribution of multipliers, under another policy too where one is asked for.
pub async fn multipliers(State(api): State<Arc<ApiState>>, uri: Uri) -> Result<Response, Problem> {
    let query = Query::of(&uri, &known_parameters(&["width", "scheme"]))?;
    let (netuid, as_of, look) = (query.netuid()?, query.block("as_of")?, look(&query)?);
    let netuid = api.netuid(netuid).await?;
    let Both { now, other } = both(&api, netuid, as_of, &changed(&query)).await?;
    let factors = |known: &Arc<CachedReport>| {
        known.report.miners.iter().map(|miner| miner.multiplier.factor).collect::<Vec<_>>()
    };
    let differs = now.0.digest() != other.0.digest();
    let most = now.0.max_multiplier.max(other.0.max_multiplier);
    let (now, others) = (factors(&now.1), differs.then(|| factors(&other.1)));
    api.work(async move |api| {
        api.with_state(netuid, as_of, svg(chart::multipliers(&now, others.as_deref(), most, look))?).await
    })
    .await
}
