//! `GET /v1/miners` and `GET /v1/miners/{hotkey}`.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use vesting_core::{MinerReport, Whom};

use super::answer::{json, json_text};
use super::parameters::{AsOf, Netuid};
use super::problem::Problem;
use super::query::{InPath, Query};
use super::responses::{RecordProblems, Stale};
use super::state::ApiState;
use crate::view::explanation::{Explained, usual};
use crate::view::miner::Miner;

/// A neuron with the explanation of its holder's multiplier.
#[derive(Serialize, ToSchema)]
struct OneMiner {
    /// Null where the name is no neuron's as of then: a coldkey, or a hotkey that lost its uid.
    miner: Option<Miner>,
    explanation: Explained,
}

/// The neurons: what each holds and which multiplier follows.
#[utoipa::path(
    get,
    path = "/v1/miners",
    params(Query<(Netuid, AsOf)>),
    responses(
        (
            status = 200,
            description = "The neurons: what each holds and which multiplier follows.",
            body = [Miner],
            headers(("vesting-stale" = inline(Stale)))
        ),
        RecordProblems
    ),
)]
pub async fn miners(
    State(api): State<Arc<ApiState>>,
    Query((Netuid(netuid), AsOf(as_of))): Query<(Netuid, AsOf)>,
) -> Result<Response, Problem> {
    let netuid = api.netuid(netuid).await?;
    let report = api.report(netuid, as_of).await?;
    let answer = json_text(api.miners_json(&report).await?);
    api.with_state(netuid, as_of, answer).await
}

/// A neuron, and why its holder has the multiplier it has.
#[utoipa::path(
    get,
    path = "/v1/miners/{hotkey}",
    params(InPath<Whom>, Query<(Netuid, AsOf)>),
    responses(
        (
            status = 200,
            description = "A neuron, and why its holder has the multiplier it has.",
            body = OneMiner,
            headers(("vesting-stale" = inline(Stale)))
        ),
        RecordProblems
    ),
)]
pub async fn miner(
    State(api): State<Arc<ApiState>>,
    InPath(whom): InPath<Whom>,
    Query((Netuid(netuid), AsOf(as_of))): Query<(Netuid, AsOf)>,
) -> Result<Response, Problem> {
    let netuid = api.netuid(netuid).await?;
    let report = api.report(netuid, as_of).await?;
    // Another epoch may be recorded meanwhile: the explanation is to be of the same one.
    let epoch = report.report.window.as_of.block.number;
    let explain = async move |api: Arc<ApiState>| {
        let policy = api.config.policy(netuid);
        let found = api.tracker().explain(netuid, policy, whom, Some(epoch), &usual(policy)).await?;
        Ok(Explained::of(&found, policy))
    };
    let explanation = Arc::clone(&api).work(explain).await?;
    let is_asked_for = |miner: &&MinerReport| match whom {
        Whom::Uid(uid) => miner.neuron.uid == uid,
        Whom::Account(hotkey) => miner.neuron.hotkey == hotkey,
    };
    let miner = report.report.miners.iter().find(is_asked_for).map(|miner| Miner::of(&report.report, miner));
    api.with_state(netuid, as_of, json(&OneMiner { miner, explanation })).await
}
