//! `GET /v1/whatif`: the subnet under another policy.

use std::sync::Arc;

use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use vesting_core::policy::Policy;
use vesting_core::{BlockNumber, NetUid};

use super::answer::json;
use super::problem::Problem;
use super::query::Query;
use super::report_cache::CachedReport;
use super::state::ApiState;
use crate::config::policy_keys;
use crate::view::whatif::Line;

/// The subnet under its policy and under another one, as of the same epoch.
pub struct Both {
    pub now: (Policy, Arc<CachedReport>),
    pub other: (Policy, Arc<CachedReport>),
}

pub async fn whatif(State(api): State<Arc<ApiState>>, uri: Uri) -> Result<Response, Problem> {
    let query = Query::of(&uri, &known_parameters(&[]))?;
    let (netuid, as_of) = (query.netuid()?, query.block("as_of")?);
    let netuid = api.netuid(netuid).await?;
    let changed = changed(&query);
    if changed.is_empty() {
        let keys: Vec<&str> = policy_keys().collect();
        return Err(Problem::bad_input(
            "query",
            format!("give a key of the policy and its value there: {}", keys.join(", ")),
        ));
    }
    let Both { now, other } = both(&api, netuid, as_of, &changed).await?;
    api.work(async move |api| {
        let line = Line::of([&now.1.report, &other.1.report], [&now.0, &other.0], None);
        api.with_state(netuid, as_of, json(&line)).await
    })
    .await
}

/// The parameters that a path has with which another policy is asked for.
pub fn known_parameters(more: &[&'static str]) -> Vec<&'static str> {
    ["netuid", "as_of"].into_iter().chain(more.iter().copied()).chain(policy_keys()).collect()
}

/// The keys of the policy that are asked for, with their values.
pub fn changed(query: &Query) -> Vec<(&'static str, String)> {
    policy_keys().filter_map(|key| query.text(key).map(|value| (key, value.to_owned()))).collect()
}

pub async fn both(
    api: &Arc<ApiState>,
    netuid: NetUid,
    as_of: Option<BlockNumber>,
    changed: &[(&'static str, String)],
) -> Result<Both, Problem> {
    let plain = |policy: Policy| Policy { shadow: false, ..policy };
    let other = api.config.changed_policy(netuid, changed).map_err(|mistake| {
        // A wrong value may bear on another key.
        let named = changed.iter().find(|(key, _)| mistake.key.as_deref() == Some(key)).or(changed.first());
        Problem::bad_input(named.map_or("query", |(key, _)| key), mistake)
    })?;
    let (now, other) = (plain(api.config.policy(netuid).clone()), plain(other));
    let known = api.report_under(netuid, as_of, &now).await?;
    let epoch = Some(known.report.window.as_of.block.number);
    let other_known = api.report_under(netuid, epoch, &other).await?;
    Ok(Both { now: (now, known), other: (other, other_known) })
}
