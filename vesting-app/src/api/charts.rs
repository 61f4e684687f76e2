//! `GET /charts/…`: what the page shows as pictures.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use utoipa::openapi::path::Parameter;
use vesting_core::{HistoryPoint, HolderQuery};

use super::history::Epochs;
use super::other_policy::PolicyChanges;
use super::parameters::{AsOf, Netuid, one_of, optional, whole};
use super::problem::Problem;
use super::query::{InPath, Pairs, Parameters, Query};
use super::report_cache::CachedReport;
use super::responses::{RecordProblems, Stale, Svg};
use super::state::ApiState;
use super::whatif::{TwoReports, two_reports};
use crate::chart::{self, Look, Scheme, WIDTHS};
use crate::config::Config;

/// The width of a chart where none is given, in pixels.
const USUAL_WIDTH: u32 = 720;

impl Parameters for Look {
    fn described() -> Vec<Parameter> {
        let (least, most) = (*WIDTHS.start(), *WIDTHS.end());
        let width = format!("How wide, in pixels: {least} to {most}, by default {USUAL_WIDTH}.");
        let widths = whole(least.into(), most.into()).default(Some(USUAL_WIDTH.into()));
        let schemes = one_of(["light", "dark"]).default(Some("light".into()));
        vec![
            optional("width", &width, widths),
            optional("scheme", "The colours: light (the default) or dark.", schemes),
        ]
    }

    fn read(pairs: &Pairs) -> Result<Self, Problem> {
        let must = format!("a width in pixels from {} to {}", WIDTHS.start(), WIDTHS.end());
        let width = pairs.get("width", &must)?.unwrap_or(USUAL_WIDTH);
        if !WIDTHS.contains(&width) {
            return Err(Problem::bad_input("width", format!("it is `{width}`, but it must be {must}")));
        }
        Ok(Self { width, scheme: pairs.get("scheme", "light or dark")?.unwrap_or(Scheme::Light) })
    }
}

fn svg(drawn: Result<String, String>) -> Result<Response, Problem> {
    let text = drawn.map_err(|error| Problem::broken(&error))?;
    Ok(([(header::CONTENT_TYPE, "image/svg+xml")], text).into_response())
}

/// A holder's multiplier, stake, emission and sales over epochs, drawn.
#[utoipa::path(
    get,
    path = "/charts/history/{hotkey}",
    operation_id = "chartHistory",
    params(InPath<HolderQuery>, Query<(Netuid, AsOf, Epochs, Look)>),
    responses(
        (
            status = 200,
            description = "A holder's multiplier, stake, emission and sales over epochs, drawn.",
            body = inline(Svg),
            content_type = "image/svg+xml",
            headers(("vesting-stale" = inline(Stale)))
        ),
        RecordProblems
    ),
)]
pub async fn history(
    State(api): State<Arc<ApiState>>,
    InPath(whom): InPath<HolderQuery>,
    Query((Netuid(netuid), AsOf(as_of), Epochs(epochs), look)): Query<(Netuid, AsOf, Epochs, Look)>,
) -> Result<Response, Problem> {
    let tell = move |config: &Config, netuid, points: &[HistoryPoint]| {
        let most = config.policy(netuid).max_multiplier;
        svg(chart::history(points, most, look))
    };
    api.history(netuid, whom, as_of, epochs, tell).await
}

/// How many neurons have which multiplier, drawn; with a key of the policy, under another policy beside it.
#[utoipa::path(
    get,
    path = "/charts/multipliers",
    operation_id = "chartMultipliers",
    params(Query<(Netuid, AsOf, Look, PolicyChanges)>),
    responses(
        (
            status = 200,
            description = "How many neurons have which multiplier, drawn; with a key of the policy, under \
                another policy beside it.",
            body = inline(Svg),
            content_type = "image/svg+xml",
            headers(("vesting-stale" = inline(Stale)))
        ),
        RecordProblems
    ),
)]
pub async fn multipliers(
    State(api): State<Arc<ApiState>>,
    Query((Netuid(netuid), AsOf(as_of), look, changes)): Query<(Netuid, AsOf, Look, PolicyChanges)>,
) -> Result<Response, Problem> {
    let netuid = api.netuid(netuid).await?;
    let TwoReports { now, other } = two_reports(&api, netuid, as_of, &changes).await?;
    let factors = |report: &Arc<CachedReport>| {
        report.report.miners.iter().map(|miner| miner.multiplier.factor).collect::<Vec<_>>()
    };
    let differs = now.0.digest() != other.0.digest();
    let most = now.0.max_multiplier.max(other.0.max_multiplier);
    let (now, others) = (factors(&now.1), differs.then(|| factors(&other.1)));
    api.work(async move |api| {
        api.with_state(netuid, as_of, svg(chart::multipliers(&now, others.as_deref(), most, look))?).await
    })
    .await
}
