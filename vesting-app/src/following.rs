//! Following the subnets that are this process's to record, whatever comes in between.

use std::sync::Arc;
use std::time::Duration;

use vesting_chain::SubxtChain;
use vesting_core::ports::{ChainError, ChainPort, StakeStore, StoreError};
use vesting_core::{BlockNumber, BlockchainMonitor, MonitorError, Progress};

use crate::config::Config;
use crate::lead::{Lead, STANDBY_PAUSE};
use crate::state::State;
use crate::wiring;

/// Between two tries when the chain or the database cannot be reached.
pub const PAUSE: Duration = Duration::from_secs(5);

/// Between two tries when the ledger does not agree with the chain, or its runtime cannot be read: another endpoint may
/// tell another thing, and nothing is written until then.
const CONSERVATION_PAUSE: Duration = Duration::from_secs(60);

/// Hears of every head reached, counted since a record was taken up, and of what was counted before; gives both.
pub type Report<'a> = dyn FnMut(Progress, Option<Progress>) -> Progress + Send + 'a;

/// The daemon at work.
pub struct Following<'a> {
    pub config: &'a Config,
    pub chain: &'a Arc<SubxtChain>,
    pub store: &'a Arc<dyn StakeStore>,
    pub beginning: Option<BlockNumber>,
    pub until: Option<BlockNumber>,
    /// Where it is said how this goes.
    pub state: &'a State,
}

impl Following<'_> {
    /// Follows what is ours to record, and takes over what others leave.
    pub async fn go(&self, report: &mut Report<'_>) -> anyhow::Result<()> {
        let mut lead = Lead::default();
        let mut total = None;
        loop {
            let done = self.turn(&mut lead, &mut total, report).await;
            match done {
                Ok(true) => return Ok(()),
                Ok(false) => {}
                Err(error) if is_passing(&error) => {
                    self.state.failed(&error);
                    tracing::warn!("{error:#}; trying again in {} s", PAUSE.as_secs());
                    tokio::time::sleep(PAUSE).await;
                }
                // Stopping altogether would take readiness and metrics away, which tell of it.
                Err(error) if is_conservation(&error) || unreadable(&error).is_some() => {
                    self.state.failed(&error);
                    tracing::error!("{error:#}; trying again in {} s", CONSERVATION_PAUSE.as_secs());
                    tokio::time::sleep(CONSERVATION_PAUSE).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Follows until what is ours changes; says whether all that was to be done is.
    async fn turn(&self, lead: &mut Lead, total: &mut Option<Progress>, report: &mut Report<'_>) -> anyhow::Result<bool> {
        // Of another chain nothing is ours to record.
        wiring::bind(self.config, self.chain.as_ref(), self.store.as_ref()).await?;
        let now = Lead::take(self.store.as_ref(), &self.config.netuids).await?;
        now.say(lead);
        self.state.lead(&now);
        *lead = now;
        if lead.ours.is_empty() {
            self.state.has_begun();
            return self.stand_by(lead).await;
        }
        let config = Config { netuids: lead.ours.clone(), ..self.config.clone() };
        let (mut monitor, first) = wiring::monitor(&config, self.chain, Arc::clone(self.store), None, self.beginning).await?;
        self.state.has_begun();
        let before = *total;
        let mut hear = |progress: Progress| {
            self.state.reached(progress);
            *total = Some(report(progress, before));
        };
        if !config.use_background_thread {
            return self.when_told(&mut monitor, first, lead, &mut hear).await;
        }
        tokio::select! {
            done = monitor.follow(first, self.until, &mut hear) => done?,
            () = lead.more(self.store.as_ref()), if !lead.theirs.is_empty() => return Ok(false),
        }
        // What others record may not be as far yet.
        self.stand_by(lead).await
    }

    /// Goes on to the finalized head whenever it is told to, until what is ours changes or all is done.
    async fn when_told(
        &self,
        monitor: &mut BlockchainMonitor,
        first: BlockNumber,
        lead: &Lead,
        hear: &mut (dyn FnMut(Progress) + Send),
    ) -> anyhow::Result<bool> {
        loop {
            tokio::select! {
                () = self.state.told.notified() => {
                    let head = self.chain.finalized_head().await?.number;
                    let to = self.until.map_or(head, |until| until.min(head));
                    let pace = monitor.pace(first, to);
                    monitor.advance(first, to, pace, hear).await?;
                    monitor.observe().await?;
                }
                () = tokio::time::sleep(STANDBY_PAUSE) => {
                    self.state.stands_by();
                    if lead.is_any_free(self.store.as_ref()).await {
                        return Ok(false);
                    }
                }
            }
            if self.reached().await? {
                return Ok(true);
            }
        }
    }

    /// Waits until something is free, or all is done; says whether it is.
    async fn stand_by(&self, lead: &Lead) -> anyhow::Result<bool> {
        while !self.reached().await? {
            self.state.stands_by();
            tokio::time::sleep(STANDBY_PAUSE).await;
            if lead.is_any_free(self.store.as_ref()).await {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether every record has got as far as was asked for.
    async fn reached(&self) -> Result<bool, StoreError> {
        let Some(until) = self.until else { return Ok(false) };
        for netuid in &self.config.netuids {
            if self.store.watermark(*netuid).await?.is_none_or(|mark| mark.block.number < until) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Whether the ledger does not agree with the chain, or the record is not right by it and cannot be read again.
fn is_conservation(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(MonitorError::Conservation(_) | MonitorError::Chain(ChainError::Contradicted { .. })))
}

/// The version of the runtime that cannot be read, where that is what went wrong.
pub fn unreadable(error: &anyhow::Error) -> Option<u32> {
    let of = |error: &ChainError| match error {
        ChainError::Unreadable { spec_version, .. } => Some(*spec_version),
        _ => None,
    };
    match error.downcast_ref() {
        Some(MonitorError::Chain(error)) => of(error),
        _ => error.downcast_ref().and_then(of),
    }
}

/// Whether the same may go well a little later.
pub fn is_passing(error: &anyhow::Error) -> bool {
    let store = error.downcast_ref::<StoreError>().map(StoreError::is_passing);
    let chain = error.downcast_ref::<ChainError>().map(|error| MonitorError::from(error.clone()).is_passing());
    error.downcast_ref::<MonitorError>().map(MonitorError::is_passing).or(store).or(chain) == Some(true)
}
