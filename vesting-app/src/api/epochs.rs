//! `GET /v1/epochs`.

use std::sync::Arc;

use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use vesting_core::{BlockNumber, TrackerError};

use super::problem::Problem;
use super::query::Query;
use super::server::{Api, json};
use crate::view::epoch::{self, Epoch};

/// The most epochs of one answer: each tells every position that changed.
const MOST: usize = 100;

pub async fn epochs(State(api): State<Arc<Api>>, uri: Uri) -> Result<Response, Problem> {
    let query = Query::of(&uri, &["netuid", "from", "to"])?;
    let (netuid, from, to) = (query.netuid()?, query.block("from")?, query.block("to")?);
    api.work(async move |api| {
        let netuid = api.netuid(netuid).await?;
        let watermark = api.store.watermark(netuid).await?.ok_or(TrackerError::NotRecorded(netuid))?;
        let to = to.unwrap_or(watermark.block.number);
        let list = api.store.epoch_list(netuid, from.unwrap_or(BlockNumber(0)), to).await?;
        let from = match from {
            Some(_) if list.len() > MOST => {
                let why = format!("there are {} epochs from there on: ask for fewer blocks, {MOST} at a time are told", list.len());
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
