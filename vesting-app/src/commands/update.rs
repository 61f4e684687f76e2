//! `vesting update`.

use std::time::Duration;

use anyhow::Context;
use serde::{Deserialize, Serialize};
use vesting_core::ports::StoreError;

use super::catch_up::{self, CatchUpArgs};
use super::session::Session;
use crate::advice::Advised;
use crate::client::Client;

/// More than the daemon takes to answer that it is not done.
const PATIENCE: Duration = Duration::from_secs(40);

/// The end of a record, as the daemon reports it.
#[derive(Deserialize, Serialize)]
struct RecordEnd {
    netuid: u16,
    block: u64,
    time: String,
    as_of: Option<u64>,
}

pub async fn run(session: &mut Session) -> anyhow::Result<()> {
    match catch_up::run(session, &CatchUpArgs::default()).await {
        Err(error) if is_taken(&error) => ask_daemon(session).await.with_context(|| error.advised()),
        done => done,
    }
}

/// Whether another process records the subnet.
fn is_taken(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(StoreError::OtherWriter { .. }))
}

/// Asks the daemon that records it.
async fn ask_daemon(session: &mut Session) -> anyhow::Result<()> {
    let config = &session.config;
    let client = Client::new(&config.own_api().into(), config.api_token.clone(), "--api-token")?;
    let lines: Vec<RecordEnd> = client.post("/v1/update", PATIENCE).await.with_context(|| {
        format!(
            "the daemon was asked at `bind = {}`; if it listens elsewhere, POST /v1/update there",
            config.bind
        )
    })?;
    for line in lines {
        if session.json {
            session.out.json(&line)?;
        } else {
            session
                .out
                .line(format!("The record of subnet {} stands at block {}.", line.netuid, line.block))?;
        }
    }
    Ok(())
}
