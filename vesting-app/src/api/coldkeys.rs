//! `GET /v1/coldkeys/{coldkey}`.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::Uri;
use axum::response::Response;
use vesting_core::{Coldkey, Hotkey, TrackerError, Whom};

use super::answer::json;
use super::problem::Problem;
use super::query::{Query, name};
use super::state::ApiState;
use crate::view::coldkey;

pub async fn coldkey(
    State(api): State<Arc<ApiState>>,
    coldkey: Result<Path<String>, PathRejection>,
    uri: Uri,
) -> Result<Response, Problem> {
    let coldkey: Coldkey = name("coldkey", coldkey)?;
    let query = Query::of(&uri, &["netuid", "as_of"])?;
    let (netuid, as_of) = (query.netuid()?, query.block("as_of")?);
    let netuid = api.netuid(netuid).await?;
    let known = api.report(netuid, as_of).await?;
    let as_of_block = known.report.window.as_of.block.number;
    let nobody =
        || TrackerError::Nobody { netuid, whom: Whom::Account(Hotkey(coldkey.0)), as_of: as_of_block };
    let found = coldkey::Coldkey::of(&known.report, coldkey).ok_or_else(nobody)?;
    api.with_state(netuid, as_of, json(&found)).await
}
