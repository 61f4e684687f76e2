//! `GET /health/live` and `GET /health/ready`.

use std::sync::Arc;
use std::time::SystemTime;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::openapi::schema::{AnyOfBuilder, Schema};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

use super::answer::json;
use super::responses::OpenProblems;
use super::state::ApiState;
use super::token::shows_the_token;
use crate::state::{Readiness, ReadinessSummary};

/// It answers.
#[derive(Serialize, ToSchema)]
struct Live {
    #[schema(inline)]
    status: Status,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Status {
    Live,
}

/// The process answers.
#[utoipa::path(
    get,
    path = "/health/live",
    security(),
    responses(
        (status = 200, description = "The process answers.", body = Live),
        OpenProblems
    ),
)]
pub async fn live() -> Response {
    // Nothing is said about the record.
    json(&Live { status: Status::Live })
}

/// Whether weights may be asked for.
#[utoipa::path(
    get,
    path = "/health/ready",
    security(),
    responses(
        (status = 200, description = "They may.", body = inline(AnyReadiness)),
        (
            status = 503,
            description = "They may not; the reasons are told to those with the token.",
            body = inline(AnyReadiness)
        ),
        OpenProblems
    ),
)]
pub async fn ready(State(api): State<Arc<ApiState>>, headers: HeaderMap) -> Response {
    // The machine's clock counts here and in the metrics, and nowhere else.
    let readiness = api.daemon.readiness(SystemTime::now());
    let status = if readiness.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    // The reasons are the operator's. A request without the token is not told them.
    let answer = if may_see_all(&api, &headers) {
        json(&readiness)
    } else {
        json(&ReadinessSummary::from(&readiness))
    };
    (status, answer).into_response()
}

/// Whether a request shows the token. Where none is set, whether only this machine can ask.
fn may_see_all(api: &ApiState, headers: &HeaderMap) -> bool {
    match &api.config.api_token {
        Some(token) => shows_the_token(headers, token) == Some(true),
        None => api.config.bind.ip().is_loopback(),
    }
}

/// The body of `/health/ready`: all of it, or in brief.
pub enum AnyReadiness {}

impl PartialSchema for AnyReadiness {
    fn schema() -> RefOr<Schema> {
        let [all, brief] = [Readiness::name(), ReadinessSummary::name()].map(Ref::from_schema_name);
        AnyOfBuilder::new().item(all).item(brief).into()
    }
}

impl ToSchema for AnyReadiness {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.extend([
            (Readiness::name().into(), Readiness::schema()),
            (ReadinessSummary::name().into(), ReadinessSummary::schema()),
        ]);
        Readiness::schemas(schemas);
        ReadinessSummary::schemas(schemas);
    }
}
