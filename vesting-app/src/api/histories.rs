//! Histories for requests: a holder as of each of the last epochs.

use std::sync::Arc;

use axum::response::Response;
use vesting_core::{BlockNumber, Epoch, HistoryPoint, HolderQuery, NetUid};

use super::problem::Problem;
use super::report_cache::ReportKey;
use super::state::ApiState;
use crate::config::Config;

impl ApiState {
    /// Answers with the history of a holder up to a block. `tell` makes the answer from its points.
    ///
    /// A history that is kept whole does not wait behind those that have to be worked out. Points that are
    /// kept are not worked out again.
    pub async fn history<F>(
        self: Arc<Self>,
        netuid: Option<u16>,
        whom: HolderQuery,
        as_of: Option<BlockNumber>,
        epochs: usize,
        tell: F,
    ) -> Result<Response, Problem>
    where
        F: Fn(&Config, NetUid, &[HistoryPoint]) -> Result<Response, Problem> + Copy + Send + 'static,
    {
        let answer = async move |api: Arc<Self>, only_kept: bool| {
            let netuid = api.netuid(netuid).await?;
            let Some(points) = api.history_points(netuid, whom, as_of, epochs, only_kept).await? else {
                return Ok(None);
            };
            let answer = tell(&api.config, netuid, &points)?;
            api.with_state(netuid, as_of, answer).await.map(Some)
        };
        let api = Arc::clone(&self);
        if let Some(kept) = self.pools.kept.run(async move || answer(api, true).await).await? {
            return Ok(kept);
        }
        let worked_out = self.work(async move |api| answer(api, false).await).await?;
        worked_out.ok_or_else(|| Problem::broken(&"a history was not worked out"))
    }

    /// The points of a history; `None` where only points that are kept are wanted, and some are missing.
    async fn history_points(
        self: &Arc<Self>,
        netuid: NetUid,
        whom: HolderQuery,
        as_of: Option<BlockNumber>,
        epochs: usize,
        only_kept: bool,
    ) -> Result<Option<Vec<HistoryPoint>>, Problem> {
        let policy = self.config.policy(netuid);
        loop {
            let request = self.report_request(netuid, as_of, policy).await?;
            if request.is_newest {
                // The report of a new epoch adds it to every history that is kept.
                self.report_for(&request, policy).await?;
            }
            let ReportKey { basis, as_of: last } = request.key;
            let kept = |epoch: &Epoch, coldkey| self.histories.find(basis, epoch, coldkey);
            let found = if only_kept {
                let named = self.tracker().epoch_names(netuid, whom, Some(last.number), epochs).await?;
                named.iter().map(|(epoch, coldkey)| kept(epoch, *coldkey)).collect()
            } else {
                let tracker = self.tracker();
                Some(tracker.history_beside(netuid, policy, whom, Some(last.number), epochs, &kept).await?)
            };
            // If the record was pruned or taken back meanwhile, some points may be from before that.
            if self.report_request(netuid, as_of, policy).await?.key.basis != basis {
                continue;
            }
            if let Some(points) = &found {
                self.histories.keep(basis, points);
            }
            return Ok(found);
        }
    }
}
