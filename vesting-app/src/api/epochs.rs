//! `GET /v1/epochs` and `GET /v1/epochs/{block}`.

use std::str::FromStr;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use utoipa::openapi::path::Parameter;
use vesting_core::{BlockNumber, TrackerError};

use super::answer::json;
use super::parameters::{Blocks, Netuid, in_path, whole};
use super::problem::Problem;
use super::query::{InPath, PathParameter, Query};
use super::responses::RecordProblems;
use super::state::ApiState;
use crate::view::epoch::{self, Epoch};

/// The most epochs of one answer: each tells every position that changed.
const MOST: usize = 100;

/// The block of an epoch.
pub struct EpochBlock(BlockNumber);

impl FromStr for EpochBlock {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let shown = || text.chars().take(40).collect::<String>();
        let block =
            text.parse().map_err(|_| format!("it is `{}`, but it must be a whole number", shown()))?;
        Ok(Self(BlockNumber(block)))
    }
}

impl PathParameter for EpochBlock {
    const NAME: &'static str = "block";

    fn described() -> Parameter {
        in_path(Self::NAME, "The block of the epoch.", whole(0, u64::MAX))
    }
}

/// The epochs with what each did to every position: at most 100, by default the newest.
#[utoipa::path(
    get,
    path = "/v1/epochs",
    params(Query<(Netuid, Blocks)>),
    responses(
        (
            status = 200,
            description = "The epochs with what each did to every position: at most 100, by default the \
                newest.",
            body = [Epoch]
        ),
        RecordProblems
    ),
)]
pub async fn epochs(
    State(api): State<Arc<ApiState>>,
    Query((Netuid(netuid), Blocks { from, to })): Query<(Netuid, Blocks)>,
) -> Result<Response, Problem> {
    api.work(async move |api| {
        let netuid = api.netuid(netuid).await?;
        let watermark = api.store.watermark(netuid).await?.ok_or(TrackerError::NotRecorded(netuid))?;
        let to = to.unwrap_or(watermark.block.number);
        let list = api.store.epoch_list(netuid, from.unwrap_or(BlockNumber(0)), to).await?;
        let from = match from {
            Some(_) if list.len() > MOST => {
                let why = format!(
                    "there are {} epochs from there on: ask for fewer blocks, {MOST} at a time are told",
                    list.len()
                );
                return Err(Problem::bad_input("from", why));
            }
            Some(from) => from,
            // The newest ones; what was skipped before the first of them belongs to it.
            None => list.iter().rev().nth(MOST).map_or(BlockNumber(0), |epoch| epoch.block.number.child()),
        };
        let records = api.store.epochs(netuid, from, to).await?;
        let skipped = api.store.skipped_slots(netuid, from, to).await?;
        let epochs: Vec<Epoch> = epoch::epochs(watermark, netuid, &records, skipped).collect();
        Ok(json(&epochs))
    })
    .await
}

/// The epoch of one block.
#[utoipa::path(
    get,
    path = "/v1/epochs/{block}",
    params(InPath<EpochBlock>, Query<Netuid>),
    responses(
        (status = 200, description = "The epoch of one block.", body = Epoch),
        RecordProblems
    ),
)]
pub async fn epoch(
    State(api): State<Arc<ApiState>>,
    InPath(EpochBlock(block)): InPath<EpochBlock>,
    Query(Netuid(netuid)): Query<Netuid>,
) -> Result<Response, Problem> {
    let netuid = api.netuid(netuid).await?;
    let told = async move |api: Arc<ApiState>| {
        let watermark = api.store.watermark(netuid).await?.ok_or(TrackerError::NotRecorded(netuid))?;
        let records = api.store.epochs(netuid, block, block).await?;
        let before = match block.0.checked_sub(1) {
            // Whether or not more is known of it.
            Some(before) => api.last_epoch(netuid, BlockNumber(0), BlockNumber(before)).await?,
            None => None,
        };
        let skipped = api
            .store
            .skipped_slots(netuid, before.map_or(BlockNumber(0), |epoch| epoch.block.number.child()), block)
            .await?;
        let told = epoch::epochs(watermark, netuid, &records, skipped).next();
        told.map(|told| json(&told)).ok_or_else(|| {
            Problem::no_epoch(format!(
                "no epoch of subnet {netuid} is recorded in block {block}: `/v1/epochs?netuid={netuid}` \
                lists those there are"
            ))
        })
    };
    api.work(told).await
}
