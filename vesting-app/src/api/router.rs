//! The paths of the API, and what every request to them passes through.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{DefaultBodyLimit, Request};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::fallback::{no_such_path, wrong_method};
use super::headers::headers;
use super::openapi::{Description, Document};
use super::problem::Problem;
use super::state::ApiState;
use super::{
    charts, coldkeys, digest, epochs, events, export, health, history, metrics, miners, openapi, page, site,
    stats, subnets, token, update, weights, whatif,
};
use crate::view::weights::LARGEST;

/// The longest that a request may take.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// All paths, with the document that describes them.
///
/// # Errors
/// The description cannot be written.
pub fn router(api: Arc<ApiState>) -> serde_json::Result<Router> {
    let (open, mut description) = open_paths().split_for_parts();
    let (behind_the_token, of_the_rest) = paths_behind_the_token().split_for_parts();
    description.merge(of_the_rest);
    let behind_the_token = behind_the_token
        .fallback(no_such_path)
        .method_not_allowed_fallback(wrong_method)
        .layer(middleware::from_fn_with_state(Arc::clone(&api), token::check));
    Ok(open
        .merge(behind_the_token)
        .layer(Extension(Document::of(description)?))
        .layer(DefaultBodyLimit::max(LARGEST))
        .layer(middleware::from_fn_with_state(Arc::clone(&api), site::check))
        .layer(middleware::from_fn(limit_time))
        .layer(headers())
        .with_state(api))
}

/// The paths that need no token. The page and its files are for people and are not described.
fn open_paths() -> OpenApiRouter<Arc<ApiState>> {
    OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(health::live))
        .routes(routes!(health::ready))
        .routes(routes!(openapi::openapi))
        .route("/", get(page::page))
        .route("/assets/{file}", get(page::asset))
}

/// The paths that need the token, where one is set.
fn paths_behind_the_token() -> OpenApiRouter<Arc<ApiState>> {
    OpenApiRouter::new()
        .routes(routes!(charts::history))
        .routes(routes!(charts::multipliers))
        .routes(routes!(coldkeys::coldkey))
        .routes(routes!(metrics::metrics))
        .routes(routes!(digest::digest))
        .routes(routes!(digest::rows))
        .routes(routes!(epochs::epochs))
        .routes(routes!(epochs::epoch))
        .routes(routes!(events::events))
        .routes(routes!(export::export))
        .routes(routes!(miners::miners))
        .routes(routes!(miners::miner))
        .routes(routes!(history::history))
        .routes(routes!(stats::stats))
        .routes(routes!(subnets::subnets))
        .routes(routes!(whatif::whatif))
        .routes(routes!(update::update))
        .routes(routes!(weights::apply))
}

/// Answers with a problem when the time is over. The layer of `tower-http` would answer without a body.
async fn limit_time(request: Request, next: Next) -> Response {
    match tokio::time::timeout(TIME_LIMIT, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::busy(format!(
            "the answer was not there after {} s: try again later",
            TIME_LIMIT.as_secs()
        ))
        .into_response(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;

    #[test]
    fn docs_have_every_path_with_its_parameters() {
        let mut description = open_paths().into_openapi();
        description.merge(paths_behind_the_token().into_openapi());
        let document = serde_json::to_value(&description).unwrap();
        assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
        let text = include_str!("../../../docs/api.md");
        let mut described = 0;
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let row = text.lines().find(|line| {
                    line.starts_with("| `") && line.contains(&format!("`{} {path}", method.to_uppercase()))
                });
                let row = row.unwrap_or_else(|| panic!("docs/api.md has no {method} {path}"));
                let head = row.split('`').nth(1).unwrap_or_default();
                let told: BTreeSet<&str> =
                    head.split(['?', '&']).skip(1).map(|name| name.trim_end_matches('=')).collect();
                let parameters = operation["parameters"].as_array().into_iter().flatten();
                let queries = parameters
                    .filter(|one: &&Value| one["in"] == "query")
                    .map(|one| one["name"].as_str().unwrap());
                // `KEY=` stands for every key of the policy.
                let is_policy = |name| crate::config::policy_keys().any(|key| key == name);
                let queries: BTreeSet<&str> =
                    queries.map(|name| if is_policy(name) { "KEY" } else { name }).collect();
                assert_eq!(told, queries, "{path}");
                described += 1;
            }
        }
        assert!(described > 15);
    }
}
