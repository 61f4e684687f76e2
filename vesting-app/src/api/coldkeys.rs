//! `GET /v1/coldkeys/{coldkey}`.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use vesting_core::{Coldkey, Hotkey, TrackerError, Whom};

use super::answer::json;
use super::parameters::{AsOf, Netuid};
use super::problem::Problem;
use super::query::{InPath, Query};
use super::responses::{RecordProblems, Stale};
use super::state::ApiState;
use crate::view::coldkey;

/// A coldkey with all its neurons.
#[utoipa::path(
    get,
    path = "/v1/coldkeys/{coldkey}",
    params(InPath<Coldkey>, Query<(Netuid, AsOf)>),
    responses(
        (
            status = 200,
            description = "A coldkey with all its neurons.",
            body = coldkey::Coldkey,
            headers(("vesting-stale" = inline(Stale)))
        ),
        RecordProblems
    ),
)]
pub async fn coldkey(
    State(api): State<Arc<ApiState>>,
    InPath(coldkey): InPath<Coldkey>,
    Query((Netuid(netuid), AsOf(as_of))): Query<(Netuid, AsOf)>,
) -> Result<Response, Problem> {
    let netuid = api.netuid(netuid).await?;
    let report = api.report(netuid, as_of).await?;
    let as_of_block = report.report.window.as_of.block.number;
    let nobody =
        || TrackerError::Nobody { netuid, whom: Whom::Account(Hotkey(coldkey.0)), as_of: as_of_block };
    let found = coldkey::Coldkey::of(&report.report, coldkey).ok_or_else(nobody)?;
    api.with_state(netuid, as_of, json(&found)).await
}
