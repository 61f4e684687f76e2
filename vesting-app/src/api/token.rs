//! Whether a request shows the token.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use subtle::ConstantTimeEq;

use super::connections::Connection;
use super::problem::Problem;
use super::state::ApiState;
use crate::config::Token;

const BEARER: &[u8] = b"Bearer ";

/// Refuses a request without the token, where one is set.
pub async fn check(State(api): State<Arc<ApiState>>, request: Request, next: Next) -> Response {
    let Some(token) = &api.config.api_token else { return next.run(request).await };
    match shows_the_token(request.headers(), token) {
        Some(true) => {
            if let Some(connection) = request.extensions().get::<Arc<Connection>>() {
                connection.authenticate();
            }
            next.run(request).await
        }
        Some(false) => Problem::unauthorized(
            "the token is another: it is `api_token` of the `vesting run` that answers".to_owned(),
        )
        .into_response(),
        None => {
            Problem::unauthorized("give the token as the header `Authorization: Bearer TOKEN`".to_owned())
                .into_response()
        }
    }
}

/// Whether a request shows the token; `None` where it shows none at all.
pub fn shows_the_token(headers: &HeaderMap, token: &Token) -> Option<bool> {
    let given =
        headers.get(header::AUTHORIZATION).and_then(|value| value.as_bytes().split_at_checked(BEARER.len()));
    let (_, given) = given.filter(|(scheme, _)| scheme.eq_ignore_ascii_case(BEARER))?;
    // The time this takes tells nothing but the token's length.
    Some(bool::from(given.ct_eq(token.0.as_bytes())))
}
