//! `POST /v1/weights/apply`.

use std::sync::Arc;

use axum::body::{Bytes, HttpBody};
use axum::extract::{FromRequest, State};
use axum::http::StatusCode;
use axum::response::Response;
use vesting_core::BlockNumber;
use vesting_core::weights::WeightsError;

use super::answer::json;
use super::parameters::{AsOf, Netuid};
use super::problem::Problem;
use super::query::Query;
use super::responses::{Stale, WeightsProblems};
use super::state::ApiState;
use crate::view::weights::{Adjusted, Input, LARGEST, Malformed, Request};

/// The largest body that is parsed and multiplied on a thread that serves requests. The weights of 4,096
/// neurons fit, and take some milliseconds. A larger one is worked at as anything else is.
const QUICK: usize = 512 * 1024;

/// Weights in, and multiplied out.
#[utoipa::path(
    post,
    path = "/v1/weights/apply",
    params(Query<(Netuid, AsOf)>),
    request_body = Input,
    responses(
        (
            status = 200,
            description = "Weights in, and multiplied out.",
            body = Adjusted,
            headers(("vesting-stale" = inline(Stale)))
        ),
        WeightsProblems
    ),
)]
pub async fn apply(
    State(api): State<Arc<ApiState>>,
    Query(asked): Query<(Netuid, AsOf)>,
    Within(body): Within,
) -> Result<Response, Problem> {
    if body.len() <= QUICK {
        return applied(&api, asked, &body).await;
    }
    api.work(async move |api| applied(&api, asked, &body).await).await
}

async fn applied(
    api: &Arc<ApiState>,
    (Netuid(netuid), AsOf(as_of)): (Netuid, AsOf),
    body: &[u8],
) -> Result<Response, Problem> {
    let request = Request::parse(body)?;
    let netuid = either("netuid", netuid, request.netuid)?;
    let as_of = either("as_of", as_of, request.as_of.map(BlockNumber))?;
    let netuid = api.netuid(netuid).await?;
    let policy = api.config.policy(netuid);
    let wanted = api.report_request(netuid, as_of, policy).await?;
    let stale = as_of.is_none().then(|| api.is_old(wanted.watermark.time));
    let report = api.report_for(&wanted, policy).await?;
    let mut adjusted = Adjusted::of(&report.report, report.state_digest, policy, &request.weights)?;
    adjusted.stale = Some(stale == Some(true));
    Ok(api.with_stale(stale, json(&adjusted)))
}

/// A body within the limit. One that declares a larger size is not read.
///
/// The layer of `tower-http` would answer in plain text, not with a problem.
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

/// A value that may stand after `?` or in the body. If it stands in both, both must be the same.
fn either<T: PartialEq>(
    field: &'static str,
    query: Option<T>,
    body: Option<T>,
) -> Result<Option<T>, Problem> {
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
            WeightsError::TwoGroups(_) | WeightsError::BurnedGroups => "groups",
            _ => "weights",
        };
        Self::bad_input(field, error)
    }
}
