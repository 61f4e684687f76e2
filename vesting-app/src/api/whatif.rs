//! `GET /v1/whatif`: the subnet under another policy.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use vesting_core::policy::Policy;
use vesting_core::{BlockNumber, NetUid};

use super::answer::json;
use super::other_policy::PolicyChanges;
use super::parameters::{AsOf, Netuid};
use super::problem::Problem;
use super::query::Query;
use super::report_cache::CachedReport;
use super::responses::{RecordProblems, Stale};
use super::state::ApiState;
use crate::config::policy_keys;
use crate::view::whatif::Whatif;

/// The reports of a subnet under its policy and under another one, as of the same epoch.
pub struct TwoReports {
    pub now: (Policy, Arc<CachedReport>),
    pub other: (Policy, Arc<CachedReport>),
}

/// The neurons under another policy: the present one with the keys given.
#[utoipa::path(
    get,
    path = "/v1/whatif",
    params(Query<(Netuid, AsOf, PolicyChanges)>),
    responses(
        (
            status = 200,
            description = "The neurons under another policy: the present one with the keys given.",
            body = Whatif,
            headers(("vesting-stale" = inline(Stale)))
        ),
        RecordProblems
    ),
)]
pub async fn whatif(
    State(api): State<Arc<ApiState>>,
    Query((Netuid(netuid), AsOf(as_of), changes)): Query<(Netuid, AsOf, PolicyChanges)>,
) -> Result<Response, Problem> {
    let netuid = api.netuid(netuid).await?;
    if changes.0.is_empty() {
        let keys: Vec<&str> = policy_keys().collect();
        return Err(Problem::bad_input(
            "query",
            format!("give a key of the policy and its value there: {}", keys.join(", ")),
        ));
    }
    let TwoReports { now, other } = two_reports(&api, netuid, as_of, &changes).await?;
    api.work(async move |api| {
        let line = Whatif::of([&now.1.report, &other.1.report], [&now.0, &other.0], None);
        api.with_state(netuid, as_of, json(&line)).await
    })
    .await
}

/// The reports under the present policy and under the one with the changes. In both, `shadow` is left out of
/// account.
pub async fn two_reports(
    api: &Arc<ApiState>,
    netuid: NetUid,
    as_of: Option<BlockNumber>,
    PolicyChanges(changes): &PolicyChanges,
) -> Result<TwoReports, Problem> {
    let without_shadow = |policy: Policy| Policy { shadow: false, ..policy };
    let other = api.config.changed_policy(netuid, changes).map_err(|mistake| {
        // The mistake may name a key that was not given, which a wrong value bears on.
        let named = changes.iter().find(|(key, _)| mistake.key.as_deref() == Some(key)).or(changes.first());
        Problem::bad_input(named.map_or("query", |(key, _)| *key), mistake)
    })?;
    let (now, other) = (without_shadow(api.config.policy(netuid).clone()), without_shadow(other));
    let report = api.report_under(netuid, as_of, &now).await?;
    let epoch = Some(report.report.window.as_of.block.number);
    let other_report = api.report_under(netuid, epoch, &other).await?;
    Ok(TwoReports { now: (now, report), other: (other, other_report) })
}
