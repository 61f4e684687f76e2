//! `GET /v1/miners/{hotkey}/history`.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::Uri;
use axum::response::Response;
use vesting_core::{HistoryPoint, Whom};

use super::answer::json;
use super::problem::Problem;
use super::query::{Query, name};
use super::state::ApiState;
use crate::config::Config;
use crate::view::history::Point;

/// The epochs of an answer that does not say how many, as of `vesting history`.
const USUAL: usize = 30;

/// The most epochs of one answer: more than a window of 30 days has.
const MOST: usize = 1_000;

pub async fn history(
    State(api): State<Arc<ApiState>>,
    whom: Result<Path<String>, PathRejection>,
    uri: Uri,
) -> Result<Response, Problem> {
    let whom: Whom = name("hotkey", whom)?;
    let query = Query::of(&uri, &["netuid", "as_of", "epochs"])?;
    let (netuid, as_of, epochs) = (query.netuid()?, query.block("as_of")?, count(&query)?);
    let tell = |_: &Config, netuid, points: &[HistoryPoint]| {
        let points: Vec<Point> = points.iter().map(|point| Point::of(netuid, point)).collect();
        Ok(json(&points))
    };
    api.history(netuid, whom, as_of, epochs, tell).await
}

/// How many epochs are asked for.
pub fn count(query: &Query) -> Result<usize, Problem> {
    let must = format!("a number of epochs from 1 to {MOST}");
    let epochs = query.get("epochs", &must)?.unwrap_or(USUAL);
    if (1..=MOST).contains(&epochs) {
        return Ok(epochs);
    }
    Err(Problem::bad_input("epochs", format!("it is `{epochs}`, but it must be {must}")))
}
