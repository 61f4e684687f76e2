//! `GET /v1/miners/{hotkey}/history`.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use utoipa::openapi::path::Parameter;
use vesting_core::{HistoryPoint, NetUid, Whom};

use super::answer::json;
use super::parameters::{AsOf, Netuid, optional, whole};
use super::problem::Problem;
use super::query::{InPath, Pairs, Parameters, Query};
use super::responses::{RecordProblems, Stale};
use super::state::ApiState;
use crate::config::Config;
use crate::view::history::Point;

/// The number of epochs where none is given, as of `vesting history`.
const USUAL: u16 = 30;

/// The most epochs of one answer: more than a window of 30 days has.
const MOST: u16 = 1_000;

/// How many epochs are asked for: `epochs`.
pub struct Epochs(pub usize);

impl Parameters for Epochs {
    fn described() -> Vec<Parameter> {
        let text = format!("The last so many epochs: 1 to {MOST}, by default {USUAL}.");
        vec![optional("epochs", &text, whole(1, MOST.into()).default(Some(USUAL.into())))]
    }

    fn read(pairs: &Pairs) -> Result<Self, Problem> {
        let must = format!("a number of epochs from 1 to {MOST}");
        let epochs = pairs.get("epochs", &must)?.unwrap_or(usize::from(USUAL));
        if (1..=usize::from(MOST)).contains(&epochs) {
            return Ok(Self(epochs));
        }
        Err(Problem::bad_input("epochs", format!("it is `{epochs}`, but it must be {must}")))
    }
}

/// A holder as of every epoch.
#[utoipa::path(
    get,
    path = "/v1/miners/{hotkey}/history",
    params(InPath<Whom>, Query<(Netuid, AsOf, Epochs)>),
    responses(
        (
            status = 200,
            description = "A holder as of every epoch.",
            body = [Point],
            headers(("vesting-stale" = inline(Stale)))
        ),
        RecordProblems
    ),
)]
pub async fn history(
    State(api): State<Arc<ApiState>>,
    InPath(whom): InPath<Whom>,
    Query((Netuid(netuid), AsOf(as_of), Epochs(epochs))): Query<(Netuid, AsOf, Epochs)>,
) -> Result<Response, Problem> {
    let tell = |_: &Config, netuid: NetUid, points: &[HistoryPoint]| {
        let points: Vec<Point> = points.iter().map(|point| Point::of(netuid, point)).collect();
        Ok(json(&points))
    };
    api.history(netuid, whom, as_of, epochs, tell).await
}
