//! Reports for requests: from the cache, or worked out once for all who ask.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::body::Bytes;
use tokio::sync::OnceCell;
use tokio::time::Instant;
use vesting_core::policy::Policy;
use vesting_core::{BlockNumber, Moved, NetUid, TrackerError, VestingStats};

use super::basis::Basis;
use super::problem::Problem;
use super::report_cache::{CachedReport, ReportKey, ReportRequest};
use super::state::ApiState;
use crate::view::miner::Miner;

/// The shortest pause between two looks for a new epoch.
const PAUSE: Duration = Duration::from_secs(1);

/// The pause after a look is so many times as long as the look. Catching up has an epoch every few
/// milliseconds.
const PAUSE_FACTOR: u32 = 10;

/// The pause after a record could not be read.
const PAUSE_AFTER_ERROR: Duration = Duration::from_secs(30);

impl ApiState {
    /// The report of the last epoch at or before a block, under the subnet's policy.
    pub async fn report(
        self: &Arc<Self>,
        netuid: NetUid,
        as_of: Option<BlockNumber>,
    ) -> Result<Arc<CachedReport>, Problem> {
        self.report_under(netuid, as_of, self.config.policy(netuid)).await
    }

    /// The same under another policy.
    pub async fn report_under(
        self: &Arc<Self>,
        netuid: NetUid,
        as_of: Option<BlockNumber>,
        policy: &Policy,
    ) -> Result<Arc<CachedReport>, Problem> {
        let request = self.report_request(netuid, as_of, policy).await?;
        self.report_for(&request, policy).await
    }

    /// The report that is kept, or one that is worked out now, once for all who ask meanwhile.
    ///
    /// Reports of newest epochs have a pool of their own, so that weights wait for nothing else.
    pub async fn report_for(
        self: &Arc<Self>,
        request: &ReportRequest,
        policy: &Policy,
    ) -> Result<Arc<CachedReport>, Problem> {
        let cell = self.reports.cell(request);
        if let Some(found) = cell.get() {
            return Ok(Arc::clone(found));
        }
        let (api, key, is_newest, policy) =
            (Arc::clone(self), request.key, request.is_newest, policy.clone());
        // This goes on when its request is gone: others may wait for the report.
        let work = async move {
            let pool = if is_newest { &api.pools.weights } else { &api.pools.other };
            let worker = Arc::clone(&api);
            let work = || pool.run(async move || worker.make_report(key, &policy).await);
            cell.get_or_try_init(work).await.cloned()
        };
        tokio::spawn(work).await.unwrap_or_else(|error| Err(Problem::broken(&error)))
    }

    async fn make_report(&self, key: ReportKey, policy: &Policy) -> Result<Arc<CachedReport>, Problem> {
        let (report, state) = self.tracker().state(key.basis.netuid, policy, Some(key.as_of.number)).await?;
        let moved = Moved::of(&state.ledger, policy.unattributed);
        let state_digest = state.summary().digest();
        let (stats, miners) = (OnceCell::new(), OnceLock::new());
        let made = CachedReport { key, report, state_digest, moved, stats, miners };
        self.histories.add_epoch(key.basis, |coldkey| made.point(coldkey));
        Ok(Arc::new(made))
    }

    /// Which report a request is about: the last epoch at or before a block, and what its report depends on.
    pub async fn report_request(
        &self,
        netuid: NetUid,
        as_of: Option<BlockNumber>,
        policy: &Policy,
    ) -> Result<ReportRequest, Problem> {
        let rewinds = self.daemon.rewinds(netuid);
        let watermark = self.store.watermark(netuid).await?.ok_or(TrackerError::NotRecorded(netuid))?;
        let end = watermark.block.number;
        let asked = as_of.unwrap_or(end).min(end);
        let is_end = asked == end;
        let last = match self.reports.last_epoch(netuid, &watermark).filter(|_| is_end) {
            Some(last) => last,
            None => {
                let named = as_of.unwrap_or(end);
                let no_epoch = TrackerError::NoEpoch { netuid, as_of: named, from: watermark.first_block };
                // Of epochs before the first block nothing is known but that there were some.
                self.last_epoch(netuid, watermark.first_block, asked).await?.ok_or(no_epoch)?.block
            }
        };
        if is_end {
            self.reports.keep_last_epoch(netuid, watermark, last);
        }
        let basis = Basis { netuid, first_block: watermark.first_block, rewinds, policy: policy.digest() };
        let is_newest = is_end && basis.policy == self.config.policy(netuid).digest();
        Ok(ReportRequest { key: ReportKey { basis, as_of: last }, watermark, is_newest })
    }

    /// Works out the report of every newest epoch before somebody asks for it, for ever.
    pub async fn work_ahead(self: Arc<Self>) {
        loop {
            let begun = Instant::now();
            let mut pause = PAUSE;
            for netuid in self.netuids().await.unwrap_or_default() {
                match self.report(netuid, None).await {
                    Err(problem) if problem.status().is_server_error() => pause = PAUSE_AFTER_ERROR,
                    // Any other problem means that nothing is recorded yet.
                    Err(_) | Ok(_) => {}
                }
            }
            tokio::time::sleep(pause.max(begun.elapsed().saturating_mul(PAUSE_FACTOR))).await;
        }
    }

    /// A report with the figures of its subnet.
    pub async fn report_and_stats(
        self: &Arc<Self>,
        netuid: NetUid,
        as_of: Option<BlockNumber>,
    ) -> Result<(Arc<CachedReport>, VestingStats), Problem> {
        loop {
            let found = self.report(netuid, as_of).await?;
            let (api, report) = (Arc::clone(self), Arc::clone(&found));
            let read =
                async move |api: Arc<Self>| Ok(VestingStats::read(api.store.as_ref(), &report.report).await?);
            let mut stats = found.stats.get_or_try_init(|| api.work(read)).await?.clone();
            let recorded = self.store.watermark(netuid).await?;
            // If the record was pruned or taken back meanwhile, some figures may be from after that. They are
            // not found again, since the next report has another key.
            let Basis { first_block, rewinds, .. } = found.key.basis;
            let same_record = recorded.is_some_and(|watermark| watermark.first_block == first_block);
            if same_record && self.daemon.rewinds(netuid) == rewinds {
                stats.recorded = recorded;
                return Ok((found, stats));
            }
        }
    }

    /// The neurons of a report as JSON.
    pub async fn miners_json(self: &Arc<Self>, report: &Arc<CachedReport>) -> Result<Bytes, Problem> {
        if let Some(text) = report.miners.get() {
            return Ok(text.clone());
        }
        let report = Arc::clone(report);
        let write = async move |_| {
            let miners = report.report.miners.iter().map(|miner| Miner::of(&report.report, miner));
            let text = serde_json::to_vec(&miners.collect::<Vec<_>>());
            let text = text.map_err(|error| Problem::broken(&error))?;
            Ok(report.miners.get_or_init(|| text.into()).clone())
        };
        Arc::clone(self).work(write).await
    }
}
