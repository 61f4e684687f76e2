//! `GET /v1/miners`.

use std::sync::Arc;

use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;

use super::problem::Problem;
use super::query::Query;
use super::server::{Api, json};
use crate::view::miner::Miner;

pub async fn miners(State(api): State<Arc<Api>>, uri: Uri) -> Result<Response, Problem> {
    let query = Query::of(&uri, &["netuid", "as_of"])?;
    let (netuid, as_of) = (query.netuid()?, query.block("as_of")?);
    api.work(async move |api| {
        let netuid = api.netuid(netuid).await?;
        let report = api.tracker().report(netuid, api.config.policy(netuid), as_of).await?;
        let miners: Vec<Miner> = report.miners.iter().map(|miner| Miner::of(&report, miner)).collect();
        Ok(json(&miners))
    })
    .await
}
