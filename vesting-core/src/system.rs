//! `VestingSystem`: all of it for one subnet, from the chain to a validator's weights.
//!
//! Takes from `units`, `block`, `ledger`, `ports`, `record`, `score`, `report` and `weights`.

use std::sync::{Arc, PoisonError};

use futures_util::future::{AbortHandle, Abortable};
use futures_util::lock::Mutex;

use crate::block::{Epoch, EpochRecord, StakeChange};
use crate::ledger::Entry;
use crate::ports::{ChainError, ChainPort, StakeStore, StoreError};
use crate::record::{BlockchainMonitor, MonitorError, window_start};
use crate::report::stats::VestingStats;
use crate::report::{Report, StakeTracker, TrackerError};
use crate::score::policy::{Policy, PolicyError};
use crate::units::{BlockNumber, Hotkey, NetUid, PositionKey};
use crate::weights::WeightsError;
use crate::weights::adjust::adjust;
use crate::weights::{AdjustedWeights, WeightsInput};

/// Why the system failed. Each kind has one reaction.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SystemError {
    /// The policy is not valid. Reaction: mend it.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// The record cannot continue. Reaction: as its kind says. Try again if [`MonitorError::is_passing`].
    #[error(transparent)]
    Monitor(#[from] MonitorError),
    /// There is no report. Reaction: as its kind says.
    #[error(transparent)]
    Tracker(#[from] TrackerError),
    /// The weights cannot be adjusted. Reaction: mend them, and use them unadjusted until then.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// The system was not initialized, or was shut down. Reaction: call `initialize`.
    #[error("the vesting system is not running: call `initialize` first")]
    NotRunning,
}

impl From<ChainError> for SystemError {
    fn from(error: ChainError) -> Self {
        Self::Monitor(error.into())
    }
}

impl From<StoreError> for SystemError {
    fn from(error: StoreError) -> Self {
        Self::Monitor(error.into())
    }
}

/// What an update brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Update {
    /// The last block of the record now.
    pub block: BlockNumber,
    /// The number of new epochs.
    pub epochs: usize,
}

/// The true emission of one position in one epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct TrueEmission {
    /// The epoch.
    pub epoch: Epoch,
    /// The change of the position in the epoch's block, with `true_emission` and the incentive in it.
    pub change: StakeChange,
}

/// The changes of the holders' positions on a hotkey.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StakeHistory {
    /// Every change, in ledger order.
    pub entries: Vec<Entry>,
    /// The change in each epoch's own block, in order.
    pub epochs: Vec<TrueEmission>,
}

type Handler = Arc<dyn Fn(&EpochRecord) + Send + Sync>;

/// One subnet, followed on its chain, recorded in a store, and judged under a policy.
///
/// It needs no runtime of its own: every method is a future. Spawn [`follow`](Self::follow) in the
/// background, or call [`update`](Self::update) to move the record. A future that is dropped half-way leaves
/// a sound record, since every block is one transaction.
///
/// ```
/// use std::sync::Arc;
///
/// use vesting_core::adjust::WeightsInput;
/// use vesting_core::policy::Policy;
/// use vesting_core::ports::{ChainPort, StakeStore};
/// use vesting_core::{NetUid, SystemError, VestingSystem};
///
/// async fn adjusted(
///     chain: Arc<dyn ChainPort>,
///     store: Arc<dyn StakeStore>,
///     weights: WeightsInput,
/// ) -> Result<Vec<f64>, SystemError> {
///     let vesting = VestingSystem::new(chain, store, NetUid(2), Policy::default());
///     vesting.on_epoch_boundary(|record| println!("epoch at block {}", record.epoch.block.number));
///     vesting.initialize().await?;
///     vesting.update().await?;
///     Ok(vesting.apply_vesting_multipliers(&weights).await?.weights())
/// }
/// ```
///
/// The documentation of `vesting-testkit` runs it on a simulated chain. `examples/vesting-system` runs it on
/// a node.
pub struct VestingSystem {
    chain: Arc<dyn ChainPort>,
    store: Arc<dyn StakeStore>,
    netuid: NetUid,
    policy: Policy,
    in_flight: usize,
    state: Mutex<Option<Running>>,
    background: std::sync::Mutex<Background>,
    handlers: std::sync::Mutex<Vec<Handler>>,
}

/// The state between `initialize` and `shutdown`.
struct Running {
    /// Where a new record begins.
    first: BlockNumber,
    /// `None` while it works. If a future is dropped half-way it stays `None`, and the next update resumes
    /// from the store.
    monitor: Option<BlockchainMonitor>,
    /// The last block that the handlers were told of.
    told: BlockNumber,
}

#[derive(Default)]
struct Background {
    running: bool,
    tasks: Vec<AbortHandle>,
}

impl VestingSystem {
    /// A system over a chain and a store. It does nothing yet.
    #[must_use]
    pub fn new(
        chain: Arc<dyn ChainPort>,
        store: Arc<dyn StakeStore>,
        netuid: NetUid,
        policy: Policy,
    ) -> Self {
        Self {
            chain,
            store,
            netuid,
            policy,
            in_flight: 8,
            state: Mutex::new(None),
            background: std::sync::Mutex::default(),
            handlers: std::sync::Mutex::default(),
        }
    }

    /// Sets how many requests are sent at once. The default is 8.
    #[must_use]
    pub fn with_requests_in_flight(mut self, requests: usize) -> Self {
        self.in_flight = requests.max(1);
        self
    }

    /// Checks the policy, resumes the record, and finds where a new record begins: at the window's start.
    ///
    /// # Errors
    /// When the policy is not valid, when the subnet does not exist, when the chain or the store does not
    /// answer, or when the store belongs to another chain.
    pub async fn initialize(&self) -> Result<(), SystemError> {
        self.policy.check()?;
        let mut state = self.state.lock().await;
        let monitor = self.open().await?;
        let recorded = self.store.watermark(self.netuid).await?;
        let first = match recorded {
            Some(watermark) => watermark.first_block,
            None => {
                let head = self.chain.finalized_head().await?.number;
                window_start(self.chain.as_ref(), self.netuid, self.policy.retention_window, head).await?
            }
        };
        let told = recorded.map_or(BlockNumber(0), |watermark| watermark.block.number);
        *state = Some(Running { first, monitor: Some(monitor), told });
        self.background().running = true;
        Ok(())
    }

    /// Records everything up to the finalized head, and tells the handlers of new epochs.
    ///
    /// # Errors
    /// When the record cannot continue. What was recorded stays.
    pub async fn update(&self) -> Result<Update, SystemError> {
        let mut state = self.state.lock().await;
        let running = state.as_mut().ok_or(SystemError::NotRunning)?;
        let mut monitor = match running.monitor.take() {
            Some(monitor) => monitor,
            None => self.open().await?,
        };
        let head = self.chain.finalized_head().await?.number;
        let advanced =
            monitor.advance(running.first, head, monitor.pace(running.first, head), &mut |_| {}).await;
        let observed = match advanced {
            Ok(()) => monitor.observe().await,
            Err(error) => Err(error),
        };
        running.monitor = Some(monitor);
        let update = self.tell(running).await;
        observed?;
        update
    }

    /// Follows the finalized head until [`shutdown`](Self::shutdown). Spawn this future in the background. It
    /// ends at an error: if [`MonitorError::is_passing`], wait a little and spawn it again.
    ///
    /// # Errors
    /// As [`update`](Self::update).
    pub async fn follow(self: Arc<Self>) -> Result<(), SystemError> {
        let (handle, registration) = AbortHandle::new_pair();
        {
            let mut background = self.background();
            if !background.running {
                return Err(SystemError::NotRunning);
            }
            background.tasks.retain(|task| !task.is_aborted());
            background.tasks.push(handle);
        }
        let following = async {
            loop {
                let reached = self.update().await?.block;
                self.chain.wait_for_head_above(reached).await?;
            }
        };
        // It is aborted by `shutdown` only, which is no error.
        Abortable::new(following, registration).await.unwrap_or(Ok(()))
    }

    /// Multiplies weights by their miners' multipliers, as of the last recorded epoch.
    ///
    /// # Errors
    /// When there is no report yet, or the weights are not valid.
    pub async fn apply_vesting_multipliers(
        &self,
        weights: &WeightsInput,
    ) -> Result<AdjustedWeights, SystemError> {
        Ok(adjust(&self.report(None).await?, &self.policy, weights)?)
    }

    /// The subnet in figures, as of the last recorded epoch.
    ///
    /// # Errors
    /// When there is no report yet, or the store cannot be read.
    pub async fn get_vesting_stats(&self) -> Result<VestingStats, SystemError> {
        Ok(VestingStats::read(self.store.as_ref(), &self.report(None).await?).await?)
    }

    /// The true emission of every epoch with `from` ≤ block ≤ `to` to each position of a holder, in order. A
    /// pruned record has none of the epochs before its first block.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn get_true_emissions(
        &self,
        from: BlockNumber,
        to: BlockNumber,
    ) -> Result<Vec<TrueEmission>, SystemError> {
        let mut changes = self.changes(from, to).await?;
        changes.retain(|emission| !emission.change.true_emission.is_zero());
        Ok(changes)
    }

    /// The changes of the holders' positions on a hotkey, with `from` ≤ block ≤ `to`, as far back as the
    /// record goes.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn get_stake_history(
        &self,
        hotkey: Hotkey,
        from: BlockNumber,
        to: BlockNumber,
    ) -> Result<StakeHistory, SystemError> {
        let of = |key: &PositionKey| key.hotkey == hotkey;
        let entries = self
            .store
            .entries(self.netuid, from, to)
            .await?
            .into_iter()
            .filter(|entry| of(&entry.key))
            .collect();
        let mut epochs = self.changes(from, to).await?;
        epochs.retain(|emission| of(&emission.change.key));
        Ok(StakeHistory { entries, epochs })
    }

    /// The report as of the last recorded epoch at or before `as_of`.
    ///
    /// # Errors
    /// When nothing is recorded up to there, or the store cannot be read.
    pub async fn report(&self, as_of: Option<BlockNumber>) -> Result<Report, SystemError> {
        Ok(StakeTracker::new(self.store.clone()).report(self.netuid, &self.policy, as_of).await?)
    }

    /// The number of finalized blocks that the record is behind; without a record, all of them.
    ///
    /// # Errors
    /// When the chain or the store cannot be read.
    pub async fn lag(&self) -> Result<u64, SystemError> {
        let head = self.chain.finalized_head().await?.number;
        let reached = self
            .store
            .watermark(self.netuid)
            .await?
            .map_or(BlockNumber(0), |watermark| watermark.block.number);
        Ok(head.0.saturating_sub(reached.0))
    }

    /// Calls `handler` with every epoch that is recorded from now on, in order, after its transaction. The
    /// handler must not block.
    pub fn on_epoch_boundary(&self, handler: impl Fn(&EpochRecord) + Send + Sync + 'static) {
        self.handlers.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::new(handler));
    }

    /// Ends [`follow`](Self::follow) in the background, and waits for it. Nothing is lost: `initialize`
    /// resumes there.
    pub async fn shutdown(&self) {
        let tasks = {
            let mut background = self.background();
            background.running = false;
            std::mem::take(&mut background.tasks)
        };
        tasks.iter().for_each(AbortHandle::abort);
        *self.state.lock().await = None;
    }

    fn background(&self) -> std::sync::MutexGuard<'_, Background> {
        self.background.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The changes of every position in the epochs of these blocks.
    async fn changes(&self, from: BlockNumber, to: BlockNumber) -> Result<Vec<TrueEmission>, StoreError> {
        let records = self.store.epochs(self.netuid, from, to).await?;
        let of = |record: EpochRecord| {
            record.changes.into_iter().map(move |change| TrueEmission { epoch: record.epoch, change })
        };
        Ok(records.into_iter().flat_map(of).collect())
    }

    async fn open(&self) -> Result<BlockchainMonitor, MonitorError> {
        BlockchainMonitor::open(
            Arc::clone(&self.chain),
            Arc::clone(&self.store),
            &[self.netuid],
            self.in_flight,
        )
        .await
    }

    /// Tells the handlers of the epochs they have not heard of.
    async fn tell(&self, running: &mut Running) -> Result<Update, SystemError> {
        let watermark = self.store.watermark(self.netuid).await?;
        let block = watermark.map_or(running.first.parent(), |watermark| watermark.block.number);
        let new = self.store.epochs(self.netuid, running.told.child(), block).await?;
        let handlers = self.handlers.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for record in &new {
            handlers.iter().for_each(|handler| handler(record));
            running.told = record.epoch.block.number;
        }
        running.told = running.told.max(block);
        Ok(Update { block, epochs: new.len() })
    }
}

#[cfg(test)]
mod tests;
