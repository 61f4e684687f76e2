//! How old a record is: said with every answer about its end, and changes none.

use std::sync::Arc;
use std::time::SystemTime;

use axum::http::HeaderValue;
use axum::response::Response;
use vesting_core::{BlockNumber, Millis, NetUid};

use super::problem::Problem;
use super::state::ApiState;
use crate::clock::age;

/// Says with an answer whether the record's end, from which it follows, is older than it should be.
const STALE: &str = "vesting-stale";

/// Says with an answer that the runtime of the chain contradicts its storage, so that the runtime's word is
/// taken.
const DEGRADED: &str = "vesting-degraded";

impl ApiState {
    /// Whether a block is older than the record's last one should be.
    pub fn is_old(&self, time: Millis) -> bool {
        age(time, SystemTime::now()) > self.config.stale_after
    }

    /// Whether the record's last block is older than it should be: then newer sales are not known. Not told
    /// as of a block that was asked for.
    pub async fn is_stale(
        &self,
        netuid: NetUid,
        as_of: Option<BlockNumber>,
    ) -> Result<Option<bool>, Problem> {
        if as_of.is_some() {
            return Ok(None);
        }
        Ok(Some(self.store.watermark(netuid).await?.is_some_and(|record| self.is_old(record.time))))
    }

    /// An answer that says whether the record is stale, unless it is as of a block that was asked for, and
    /// that what the chain says is degraded, where it is.
    pub async fn with_state(
        self: &Arc<Self>,
        netuid: NetUid,
        as_of: Option<BlockNumber>,
        answer: Response,
    ) -> Result<Response, Problem> {
        Ok(self.with_stale(self.is_stale(netuid, as_of).await?, answer))
    }

    /// The same where [`Self::is_stale`] was asked already.
    pub fn with_stale(&self, stale: Option<bool>, mut answer: Response) -> Response {
        if let Some(stale) = stale {
            answer
                .headers_mut()
                .insert(STALE, HeaderValue::from_static(if stale { "true" } else { "false" }));
        }
        if let Some(chain) = &self.daemon.chain
            && !chain.disagreements().is_empty()
        {
            answer.headers_mut().insert(DEGRADED, HeaderValue::from_static("true"));
        }
        answer
    }
}
