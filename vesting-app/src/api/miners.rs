//! `GET /v1/miners` and `GET /v1/miners/{hotkey}`.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::Uri;
use axum::response::Response;
use serde::Serialize;
use vesting_core::{MinerReport, Whom};

use super::answer::{json, json_text};
use super::problem::Problem;
use super::query::{Query, name};
use super::state::ApiState;
use crate::view::explanation::{Explained, usual};
use crate::view::miner::Miner;

/// A neuron, and why its holder has the multiplier it has.
#[derive(Serialize)]
struct One {
    /// `None` where the name is no neuron's as of then: a coldkey, or a hotkey that lost its uid.
    miner: Option<Miner>,
    explanation: Explained,
}

pub async fn miners(State(api): State<Arc<ApiState>>, uri: Uri) -> Result<Response, Problem> {
    let query = Query::of(&uri, &["netuid", "as_of"])?;
    let (netuid, as_of) = (query.netuid()?, query.block("as_of")?);
    let netuid = api.netuid(netuid).await?;
    let report = api.report(netuid, as_of).await?;
    let answer = json_text(api.miners_json(&report).await?);
    api.with_state(netuid, as_of, answer).await
}

pub async fn miner(
    State(api): State<Arc<ApiState>>,
    whom: Result<Path<String>, PathRejection>,
    uri: Uri,
) -> Result<Response, Problem> {
    let whom: Whom = name("hotkey", whom)?;
    let query = Query::of(&uri, &["netuid", "as_of"])?;
    let (netuid, as_of) = (query.netuid()?, query.block("as_of")?);
    let netuid = api.netuid(netuid).await?;
    let known = api.report(netuid, as_of).await?;
    // The same epoch, should another one come meanwhile.
    let epoch = known.report.window.as_of.block.number;
    let explain = async move |api: Arc<ApiState>| {
        let policy = api.config.policy(netuid);
        let found = api.tracker().explain(netuid, policy, whom, Some(epoch), &usual(policy)).await?;
        Ok(Explained::of(&found, policy))
    };
    let explanation = Arc::clone(&api).work(explain).await?;
    let is_it = |miner: &&MinerReport| match whom {
        Whom::Uid(uid) => miner.neuron.uid == uid,
        Whom::Account(hotkey) => miner.neuron.hotkey == hotkey,
    };
    let miner = known.report.miners.iter().find(is_it).map(|miner| Miner::of(&known.report, miner));
    api.with_state(netuid, as_of, json(&One { miner, explanation })).await
}
