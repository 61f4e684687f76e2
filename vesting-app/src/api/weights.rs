//! `POST /v1/weights/apply`.

use std::sync::Arc;

use axum::body::{Bytes, HttpBody};
use axum::extract::{FromRequest, State};
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use serde::Serialize;
use vesting_core::BlockNumber;
use vesting_core::weights::WeightsError;

use super::answer::json;
use super::problem::Problem;
use super::query::Query;
use super::state::ApiState;
use crate::view::weights::{Adjusted, LARGEST, Malformed, Request};

#[derive(Serialize)]
struct Answer {
    #[serde(flatten)]
    adjusted: Adjusted,
    /// Whether the record's last block is older than it should be: then newer sales are not known. Only said:
    /// the figures follow from the record, not from the clock. As of a block that was asked for, never.
    stale: bool,
}

/// Weights that are parsed and multiplied at once, on a thread that serves requests: those of 4,096 neurons
/// and more, in some ms. What is larger is worked at as anything else is.
const QUICK: usize = 512 * 1024;

pub async fn apply(
    State(api): State<Arc<ApiState>>,
    uri: Uri,
    Within(body): Within,
) -> Result<Response, Problem> {
    let query = Query::of(&uri, &["netuid", "as_of"])?;
    if body.len() <= QUICK {
        return applied(&api, &query, &body).await;
    }
    api.work(async move |api| applied(&api, &query, &body).await).await
}

async fn applied(api: &Arc<ApiState>, query: &Query, body: &[u8]) -> Result<Response, Problem> {
    let request = Request::parse(body)?;
    let netuid = one("netuid", query.netuid()?, request.netuid)?;
    let as_of = one("as_of", query.block("as_of")?, request.as_of.map(BlockNumber))?;
    let netuid = api.netuid(netuid).await?;
    let policy = api.config.policy(netuid);
    let asked = api.report_request(netuid, as_of, policy).await?;
    let stale = as_of.is_none().then(|| api.is_old(asked.watermark.time));
    let known = api.report_for(&asked, policy).await?;
    let adjusted = Adjusted::of(&known.report, known.state_digest, policy, &request.weights)?;
    Ok(api.with_stale(stale, json(&Answer { adjusted, stale: stale == Some(true) })))
}

/// A body within the limit. One that says beforehand that it is larger is not read.
pub struct Within(Bytes);

impl<S: Send + Sync> FromRequest<S> for Within {
    type Rejection = Problem;

    async fn from_request(request: axum::extract::Request, state: &S) -> Result<Self, Problem> {
        let too_large = || {
            Problem::too_large(format!(
                "the body is larger than {} MiB: send the weights of one subnet at a time",
                LARGEST / 1024 / 1024
            ))
        };
        if request.body().size_hint().lower() > u64::try_from(LARGEST).unwrap_or(u64::MAX) {
            return Err(too_large());
        }
        Bytes::from_request(request, state).await.map(Self).map_err(|error| match error.status() {
            StatusCode::PAYLOAD_TOO_LARGE => too_large(),
            _ => Problem::bad_input("body", "it broke off: send it again"),
        })
    }
}

/// What stands after `?` and in the body must be the same.
fn one<T: PartialEq>(field: &'static str, query: Option<T>, body: Option<T>) -> Result<Option<T>, Problem> {
    match (query, body) {
        (Some(a), Some(b)) if a != b => {
            Err(Problem::bad_input(field, "it differs in the query and in the body: give it once"))
        }
        (a, b) => Ok(a.or(b)),
    }
}

impl From<Malformed> for Problem {
    fn from(malformed: Malformed) -> Self {
        Self::bad_input(malformed.field, malformed.why)
    }
}

impl From<WeightsError> for Problem {
    fn from(error: WeightsError) -> Self {
        let field = match &error {
            WeightsError::Length { what, .. } => what,
            WeightsError::Nameless | WeightsError::DuplicateHotkey(_) => "hotkeys",
            WeightsError::DuplicateUid(_) => "uids",
            _ => "weights",
        };
        Self::bad_input(field, error)
    }
}
