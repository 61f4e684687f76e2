//! Catches up on one subnet.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use vesting_chain::SubxtChain;
use vesting_core::ports::{ChainPort, StakeStore, StoreError};
use vesting_core::{BlockNumber, BlockchainMonitor, MonitorError, NetUid, Pace, Progress};

use crate::advice::Advised;
use crate::commands::progress::SubnetsBar;
use crate::config::Config;
use crate::failure::fork_of;
use crate::following::{FORK_PAUSE, FORK_TRIES, retry_pause};
use crate::view::unexplained::Unexplained;
use crate::wiring;
use crate::witnesses::Witnesses;

/// How many attempts in a row may make no progress before the error is returned.
const TRIES: u32 = 12;

/// What all subnets of one command share.
pub struct Job {
    pub config: Config,
    pub chain: Arc<SubxtChain>,
    pub store: Arc<dyn StakeStore>,
    /// The block of `--from`.
    pub from: Option<BlockNumber>,
    pub to: BlockNumber,
    pub pace: Pace,
    pub bar: Mutex<SubnetsBar>,
}

impl Job {
    pub fn bar(&self) -> MutexGuard<'_, SubnetsBar> {
        self.bar.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A subnet to catch up.
pub struct Subnet {
    pub netuid: NetUid,
    /// The first block of a new record.
    pub first: BlockNumber,
    /// The subnet's view of the chain.
    pub chain: Arc<dyn ChainPort>,
    pub job: Arc<Job>,
}

impl Subnet {
    /// Goes on to the last block. Returns what is unexplained of what was recorded.
    pub async fn catch_up(self) -> anyhow::Result<Option<Unexplained>> {
        let job = &self.job;
        let mut forks = 0;
        loop {
            let error = match self.go_on().await {
                Err(error) => error,
                done => return done,
            };
            let Some(stands_at) = fork_of(&error) else { return Err(error) };
            let Ok(Some(genesis)) = job.store.genesis().await else { return Err(error) };
            forks += 1;
            let witnesses = Witnesses::ask(&job.config, genesis, stands_at).await;
            if forks >= FORK_TRIES || witnesses.agree_on_another() {
                return Err(error.context(witnesses.message(stands_at)));
            }
            job.bar().say(&format!(
                "subnet {}: {}; asking again in {} s",
                self.netuid,
                error.advised(),
                FORK_PAUSE.as_secs()
            ));
            tokio::time::sleep(FORK_PAUSE).await;
        }
    }

    /// Retries errors that pass; each attempt continues after what was written.
    async fn go_on(&self) -> anyhow::Result<Option<Unexplained>> {
        let job = &self.job;
        let mut monitor = wiring::open_monitor(
            &job.config,
            self.netuid,
            Arc::clone(&self.chain),
            Arc::clone(&job.store),
            job.from,
        )
        .await?;
        // What an interval leaves unexplained is recorded when it ends.
        let begun = monitor.ledgers().get(&self.netuid).and_then(|ledger| ledger.interval().from);
        let mut total: Option<Progress> = None;
        let mut tries = 0;
        loop {
            let stood_at = total.map(|total| total.block);
            let error = match self.advance(&mut monitor, &mut total).await {
                Ok(()) => break,
                Err(error) => error,
            };
            if !error.is_passing() || matches!(error, MonitorError::Store(StoreError::OtherWriter { .. })) {
                return Err(error.into());
            }
            tries = if total.map(|total| total.block) > stood_at { 1 } else { tries + 1 };
            let error = anyhow::Error::from(error);
            let Some(pause) = retry_pause(&error, tries).filter(|_| tries <= TRIES) else {
                return Err(error);
            };
            job.bar().say(&format!(
                "subnet {}: {}; trying again in {} s",
                self.netuid,
                error.advised(),
                pause.as_secs()
            ));
            tokio::time::sleep(pause).await;
        }
        monitor.observe().await?;
        job.bar().is_done(self.netuid);
        Ok(Unexplained::after(job.store.as_ref(), self.netuid, begun).await?)
    }

    async fn advance(
        &self,
        monitor: &mut BlockchainMonitor,
        total: &mut Option<Progress>,
    ) -> Result<(), MonitorError> {
        let (job, before) = (&self.job, *total);
        monitor
            .advance(self.first, job.to, job.pace, &mut |progress| {
                let progress = before.map_or(progress, |before| before.plus(progress));
                *total = Some(progress);
                job.bar().show(self.netuid, progress, job.chain.requests().0);
            })
            .await
    }
}
