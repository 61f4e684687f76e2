//! Problems: answers that say what is wrong and what to do, as `application/problem+json` (RFC 9457).

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use vesting_core::TrackerError;
use vesting_core::ports::StoreError;
use vesting_secret::hide;

use crate::advice::Advised;

/// A problem. Its type is `urn:vesting:problem:` and the name.
#[derive(Debug)]
pub struct Problem {
    name: &'static str,
    title: &'static str,
    status: StatusCode,
    detail: String,
    /// The parameter or the member of the body that is wrong.
    field: Option<String>,
}

impl Problem {
    const fn new(name: &'static str, title: &'static str, status: StatusCode, detail: String) -> Self {
        Self { name, title, status, detail, field: None }
    }

    pub const fn status(&self) -> StatusCode {
        self.status
    }

    pub fn bad_input(field: impl Into<String>, why: impl std::fmt::Display) -> Self {
        let field = field.into();
        let detail = format!("`{field}`: {why}");
        Self {
            field: Some(field),
            ..Self::new("bad-input", "The input is not understood", StatusCode::BAD_REQUEST, detail)
        }
    }

    pub const fn unauthorized(detail: String) -> Self {
        Self::new("unauthorized", "A token is needed", StatusCode::UNAUTHORIZED, detail)
    }

    /// A browser asks on behalf of another site's page.
    pub fn other_site(header: &'static str, why: impl std::fmt::Display) -> Self {
        let detail = format!("`{header}`: {why}");
        Self {
            field: Some(header.to_owned()),
            ..Self::new("other-site", "Another site's page asks", StatusCode::FORBIDDEN, detail)
        }
    }

    pub const fn no_epoch(detail: String) -> Self {
        Self::new("no-epoch", "No epoch is recorded there", StatusCode::NOT_FOUND, detail)
    }

    pub const fn no_such_path(detail: String) -> Self {
        Self::new("no-such-path", "There is nothing at this path", StatusCode::NOT_FOUND, detail)
    }

    /// A token would have to be set.
    pub const fn no_token(detail: String) -> Self {
        Self::new("no-token", "This is not told without a token", StatusCode::FORBIDDEN, detail)
    }

    pub const fn wrong_method(detail: String) -> Self {
        Self::new(
            "wrong-method",
            "The path does not take this method",
            StatusCode::METHOD_NOT_ALLOWED,
            detail,
        )
    }

    pub const fn too_large(detail: String) -> Self {
        Self::new("too-large", "The body is too large", StatusCode::PAYLOAD_TOO_LARGE, detail)
    }

    /// Another process is to be asked.
    pub const fn not_here(detail: String) -> Self {
        Self::new("not-here", "Another process records this", StatusCode::CONFLICT, detail)
    }

    pub const fn busy(detail: String) -> Self {
        Self::new("busy", "The record is busy", StatusCode::SERVICE_UNAVAILABLE, detail)
    }

    /// An error that only the operator may see: it goes to the log.
    pub fn broken(error: &dyn std::fmt::Display) -> Self {
        tracing::error!(%error, "a request to the API failed");
        let detail = "the record cannot be read: the log of `vesting run` says why".to_owned();
        Self::new("broken", "The record cannot be read", StatusCode::INTERNAL_SERVER_ERROR, detail)
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Busy(_) => {
                Self::busy("another program holds the database: try again in some seconds".to_owned())
            }
            StoreError::Full(_) => Self::busy(
                "there is no room for the database: try again once somebody has made room".to_owned(),
            ),
            StoreError::Unreachable(_) => {
                tracing::warn!(%error, "a request to the API found no database");
                Self::busy("the database's server cannot be reached: try again in some seconds".to_owned())
            }
            other => Self::broken(&other),
        }
    }
}

impl From<TrackerError> for Problem {
    fn from(error: TrackerError) -> Self {
        let not_found = |name, title| Self::new(name, title, StatusCode::NOT_FOUND, error.advised());
        match error {
            TrackerError::NotRecorded(_) => not_found("unknown-netuid", "The subnet is not recorded here"),
            TrackerError::NoEpoch { .. } => not_found("no-epoch", "No epoch is recorded up to there"),
            TrackerError::Nobody { .. } => not_found("nobody", "The record knows nobody by this name"),
            TrackerError::Store(error) => error.into(),
            other => Self::broken(&other.advised()),
        }
    }
}

/// A problem (RFC 9457).
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct Body {
    /// `urn:vesting:problem:` and its name.
    r#type: String,
    title: &'static str,
    status: u16,
    /// What is wrong, and what to do.
    detail: String,
    /// The parameter or the member of the body that is wrong; with `bad-input` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    field: Option<String>,
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = Body {
            r#type: format!("urn:vesting:problem:{}", self.name),
            title: self.title,
            status: self.status.as_u16(),
            detail: hide(&self.detail).into_owned(),
            field: self.field,
        };
        // Text and numbers: this cannot fail.
        let text = serde_json::to_string(&body).unwrap_or_default();
        let mut response =
            (self.status, [(header::CONTENT_TYPE, "application/problem+json")], text).into_response();
        let extra = match self.status {
            StatusCode::UNAUTHORIZED => Some((header::WWW_AUTHENTICATE, "Bearer")),
            StatusCode::SERVICE_UNAVAILABLE => Some((header::RETRY_AFTER, "5")),
            _ => None,
        };
        if let Some((name, value)) = extra {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_store_is_asked_again_later_and_a_broken_one_tells_no_secrets() {
        for passing in
            [StoreError::Busy as fn(String) -> StoreError, StoreError::Full, StoreError::Unreachable]
        {
            let problem = Problem::from(TrackerError::from(passing("`/home/me/vesting.db`: gone".into())));
            assert!(!problem.detail.contains("/home"));
            let response = problem.into_response();
            assert_eq!(
                (response.status(), &response.headers()["retry-after"]),
                (StatusCode::SERVICE_UNAVAILABLE, &HeaderValue::from_static("5"))
            );
        }
        let problem =
            Problem::from(StoreError::Unusable("the database `/home/me/vesting.db` cannot be used".into()));
        assert_eq!(problem.status, StatusCode::INTERNAL_SERVER_ERROR);
        assert!(!problem.detail.contains("/home"));
    }
}
