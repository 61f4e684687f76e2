//! `GET /v1/subnets`: which subnets there are, and how far their records go.

use std::sync::Arc;

use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use vesting_core::NetUid;

use super::known::last_epoch;
use super::problem::Problem;
use super::query::Query;
use super::server::{Api, json};
use crate::view::state;

pub async fn subnets(axum_state: State<Arc<Api>>, uri: Uri) -> Result<Response, Problem> {
    let State(api) = axum_state;
    Query::of(&uri, &[])?;
    let netuids = api.netuids().await?;
    Ok(json(&api.states(&netuids).await?))
}

impl Api {
    /// How far the records of these subnets go; those without one are left out.
    pub async fn states(&self, netuids: &[NetUid]) -> Result<Vec<state::State>, Problem> {
        let mut states = Vec::new();
        for netuid in netuids {
            let Some(record) = self.store.watermark(*netuid).await? else { continue };
            let last =
                last_epoch(self.store.as_ref(), *netuid, record.first_block, record.block.number).await?;
            states.push(state::State::of(*netuid, &record, last.as_ref(), self.is_old(record.time)));
        }
        Ok(states)
    }
}
