//! `POST /v1/update`: go on to the finalized head, and say when that is done.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use vesting_chain::SubxtChain;
use vesting_core::ports::{ChainPort, StoreError};
use vesting_core::{BlockNumber, NetUid};

use super::answer::json;
use super::parameters::Netuid;
use super::problem::Problem;
use super::query::Query;
use super::responses::UpdateProblems;
use super::state::ApiState;
use crate::advice::Advised;
use crate::state::Role;
use crate::view::subnet::Subnet;

/// The longest wait: less than a request may take.
const PATIENCE: Duration = Duration::from_secs(25);

/// The pause between two looks.
const PAUSE: Duration = Duration::from_millis(50);

/// Goes on to the finalized head, and answers when that is recorded.
#[utoipa::path(
    post,
    path = "/v1/update",
    params(Query<Netuid>),
    responses(
        (status = 200, description = "How far the records go now.", body = [Subnet]),
        UpdateProblems
    ),
)]
pub async fn update(
    State(api): State<Arc<ApiState>>,
    Query(Netuid(netuid)): Query<Netuid>,
) -> Result<Response, Problem> {
    let netuids = match netuid {
        Some(netuid) => vec![NetUid(netuid)],
        None => api.config.netuids.clone(),
    };
    let Some(chain) = &api.daemon.chain else {
        return Err(Problem::not_here(
            "this process only reads the record: tell the `vesting run` that records it".to_owned(),
        ));
    };
    match tokio::time::timeout(PATIENCE, reach_head(&api, chain, &netuids)).await {
        Ok(done) => done?,
        Err(_) => {
            return Err(Problem::busy(
                "the head is not reached yet: it goes on by itself; ask again".to_owned(),
            ));
        }
    }
    Ok(json(&api.record_ends(&netuids).await?))
}

async fn reach_head(api: &ApiState, chain: &SubxtChain, netuids: &[NetUid]) -> Result<(), Problem> {
    // Only once following has begun is it known which process records a subnet.
    let followed = loop {
        let followed = api.daemon.subnets();
        if !netuids.iter().any(|netuid| followed.get(netuid).is_some_and(|subnet| !subnet.begun)) {
            break followed;
        }
        tokio::time::sleep(PAUSE).await;
    };
    for netuid in netuids {
        match followed.get(netuid).map(|subnet| &subnet.role) {
            Some(Role::Standby { by }) => {
                return Err(Problem::not_here(format!(
                    "the record of subnet {netuid} is being written by {by}: tell that one"
                )));
            }
            Some(_) => {}
            None => {
                return Err(Problem::bad_input("netuid", format!("subnet {netuid} is not followed here")));
            }
        }
    }
    let head = chain
        .finalized_head()
        .await
        .map_err(|error| Problem::busy(format!("the finalized head is not known: {}", error.advised())))?;
    Ok(reach(api, netuids, head.number).await?)
}

/// Waits until the records reach a block. It tells the followers to go on at every look: after a failure they
/// try again only when told.
async fn reach(api: &ApiState, netuids: &[NetUid], head: BlockNumber) -> Result<(), StoreError> {
    loop {
        let mut is_behind = false;
        for netuid in netuids {
            if api.store.watermark(*netuid).await?.is_none_or(|mark| mark.block.number < head) {
                is_behind = true;
                api.daemon.request_update(*netuid);
            }
        }
        if !is_behind {
            return Ok(());
        }
        tokio::time::sleep(PAUSE).await;
    }
}
