//! Catching one subnet up.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use vesting_chain::SubxtChain;
use vesting_core::ports::{ChainPort, StakeStore, StoreError};
use vesting_core::{BlockNumber, BlockchainMonitor, MonitorError, NetUid, Pace, Progress};

use crate::commands::progress::Together;
use crate::config::Config;
use crate::failure::forked;
use crate::following::{FORK_PAUSE, FORKS, waits};
use crate::view::unexplained::Unexplained;
use crate::wiring;
use crate::witnesses::Witnesses;

/// Tries in a row without getting on, after which it is somebody else's to mend.
const TRIES: u32 = 12;

/// What all subnets that are caught up have in common.
pub struct Common {
    pub config: Config,
    pub chain: Arc<SubxtChain>,
    pub store: Arc<dyn StakeStore>,
    /// Where records were asked to begin.
    pub from: Option<BlockNumber>,
    pub to: BlockNumber,
    pub pace: Pace,
    pub bar: Mutex<Together>,
}

impl Common {
    pub fn bar(&self) -> MutexGuard<'_, Together> {
        self.bar.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A subnet to catch up.
pub struct Subnet {
    pub netuid: NetUid,
    /// Where its record begins, where there is none.
    pub first: BlockNumber,
    /// As it is read from.
    pub chain: Arc<dyn ChainPort>,
    pub common: Arc<Common>,
}

impl Subnet {
    /// Goes on to the last block; gives what is unexplained of what was taken in.
    pub async fn catch_up(self) -> anyhow::Result<Option<Unexplained>> {
        let common = &self.common;
        let mut forks = 0;
        loop {
            let error = match self.go_on().await {
                Err(error) => error,
                done => return done,
            };
            let Some(stands_at) = forked(&error) else { return Err(error) };
            let Ok(Some(genesis)) = common.store.genesis().await else { return Err(error) };
            forks += 1;
            let witnesses = Witnesses::ask(&common.config, genesis, stands_at).await;
            if forks >= FORKS || witnesses.agree_on_another() {
                return Err(error.context(witnesses.words(stands_at)));
            }
            common.bar().say(&format!(
                "subnet {}: {error}; asking again in {} s",
                self.netuid,
                FORK_PAUSE.as_secs()
            ));
            tokio::time::sleep(FORK_PAUSE).await;
        }
    }

    /// What was written stays, so what passes is tried again from there.
    async fn go_on(&self) -> anyhow::Result<Option<Unexplained>> {
        let common = &self.common;
        let mut monitor = wiring::monitor(
            &common.config,
            self.netuid,
            Arc::clone(&self.chain),
            Arc::clone(&common.store),
            common.from,
        )
        .await?;
        // What is unexplained of an interval is recorded when it ends.
        let begun = monitor.ledgers().get(&self.netuid).and_then(|ledger| ledger.interval().from);
        let mut total: Option<Progress> = None;
        let mut tries = 0;
        loop {
            let stood_at = total.map(|total| total.block);
            let error = match self.advance(&mut monitor, &mut total).await {
                Ok(()) => break,
                Err(error) => error,
            };
            if !error.is_passing() || matches!(error, MonitorError::Store(StoreError::Taken { .. })) {
                return Err(error.into());
            }
            tries = if total.map(|total| total.block) > stood_at { 1 } else { tries + 1 };
            let error = anyhow::Error::from(error);
            let Some(pause) = waits(&error, tries).filter(|_| tries <= TRIES) else { return Err(error) };
            common.bar().say(&format!(
                "subnet {}: {error}; trying again in {} s",
                self.netuid,
                pause.as_secs()
            ));
            tokio::time::sleep(pause).await;
        }
        monitor.observe().await?;
        common.bar().is_done(self.netuid);
        Ok(Unexplained::after(common.store.as_ref(), self.netuid, begun).await?)
    }

    async fn advance(
        &self,
        monitor: &mut BlockchainMonitor,
        total: &mut Option<Progress>,
    ) -> Result<(), MonitorError> {
        let (common, before) = (&self.common, *total);
        monitor
            .advance(self.first, common.to, common.pace, &mut |progress| {
                let progress = before.map_or(progress, |before| before.plus(progress));
                *total = Some(progress);
                common.bar().show(self.netuid, progress, common.chain.requests().0);
            })
            .await
    }
}
