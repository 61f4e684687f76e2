//! How old a record is. Answers about its end say so in a header; no figure depends on it.

use std::sync::Arc;
use std::time::SystemTime;

use axum::http::HeaderValue;
use axum::response::Response;
use vesting_core::{BlockNumber, Millis, NetUid};

use super::problem::Problem;
use super::state::ApiState;
use crate::clock::age;

/// The header that says whether the end of the record is older than it should be.
const STALE: &str = "vesting-stale";

/// The header that says that the chain's runtime contradicts its storage, so that the runtime's word is
/// taken.
const DEGRADED: &str = "vesting-degraded";

impl ApiState {
    /// Whether a time is longer ago than the record's last block may be.
    pub fn is_old(&self, time: Millis) -> bool {
        age(time, SystemTime::now()) > self.config.stale_after
    }

    /// Whether the record's last block is older than it should be, so that newer sales are not known. `None`
    /// for an answer as of a given block.
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

    /// Adds the headers to an answer: whether the record is stale, unless the answer is as of a given block,
    /// and whether the chain contradicts itself.
    pub async fn with_state(
        self: &Arc<Self>,
        netuid: NetUid,
        as_of: Option<BlockNumber>,
        answer: Response,
    ) -> Result<Response, Problem> {
        Ok(self.with_stale(self.is_stale(netuid, as_of).await?, answer))
    }

    /// The same with what [`Self::is_stale`] has told already.
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
