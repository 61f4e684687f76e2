//! `VestingSystem`: one subnet, from its chain to a validator's weights, in one place.
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

/// Why the system did not do as it was told. Each kind demands one reaction.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SystemError {
    /// The policy cannot be. Reaction: mend it.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// The record cannot go on. Reaction: as its kind says; try again where [`MonitorError::is_passing`].
    #[error(transparent)]
    Monitor(#[from] MonitorError),
    /// There is no report. Reaction: as its kind says.
    #[error(transparent)]
    Tracker(#[from] TrackerError),
    /// The weights cannot be adjusted. Reaction: mend them, and use them as they are until then.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// It was not initialized, or shut down. Reaction: call `initialize`.
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
    /// Epochs that are new in it.
    pub epochs: usize,
}

/// The true emission of one position in one epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct TrueEmission {
    /// The epoch.
    pub epoch: Epoch,
    /// What it did to the position: `true_emission` and its `incentive` among it.
    pub change: StakeChange,
}

/// What happened to a hotkey's positions of holders.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StakeHistory {
    /// Every change, in ledger order.
    pub entries: Vec<Entry>,
    /// What each epoch's own block did, in order.
    pub epochs: Vec<TrueEmission>,
}

type Handler = Arc<dyn Fn(&EpochRecord) + Send + Sync>;

/// One subnet, followed on its chain, recorded in a store, and judged under a policy.
///
/// Needs no runtime of its own: every method is a future, and [`follow`](Self::follow) is the one to be
/// spawned in the background; without it the record moves with [`update`](Self::update) only. A future that
/// is dropped half-way leaves the record as it was, since every block is one transaction.
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
/// The documentation of `vesting-testkit` runs it on a simulated chain, `examples/vesting-system` on a node.
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

/// What there is between `initialize` and `shutdown`.
struct Running {
    /// Where a new record begins.
    first: BlockNumber,
    /// `None` while it works: a future dropped half-way leaves it so, and it is taken up from the store
    /// again.
    monitor: Option<BlockchainMonitor>,
    /// The last block of which handlers were told.
    told: BlockNumber,
}

#[derive(Default)]
struct Background {
    running: bool,
    tasks: Vec<AbortHandle>,
}

impl VestingSystem {
    /// A system over a chain and a store. Does nothing yet.
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

    /// With so many requests under way at once, where it is 8 otherwise.
    #[must_use]
    pub fn with_requests_in_flight(mut self, requests: usize) -> Self {
        self.in_flight = requests.max(1);
        self
    }

    /// Checks the policy, takes up the record, and finds where a new one has to begin: at the window's start.
    ///
    /// # Errors
    /// When the policy cannot be, the subnet does not exist, or chain and store do not answer or do not
    /// belong together.
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

    /// Takes in everything up to the finalized head, and tells the handlers of new epochs.
    ///
    /// # Errors
    /// When the record cannot go on; what was taken in stays.
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

    /// Follows the finalized head until [`shutdown`](Self::shutdown): the future to spawn in the background.
    /// On an error it ends; [`MonitorError::is_passing`] tells whether to wait a little and spawn it again.
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
        // Shut down: that is how it ends well.
        Abortable::new(following, registration).await.unwrap_or(Ok(()))
    }

    /// Multiplies weights by their miners' multipliers, as of the last recorded epoch.
    ///
    /// # Errors
    /// When there is no report yet, or the weights are none.
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

    /// What every epoch with `from` ≤ block ≤ `to` really brought to each position of a holder, in order. Of
    /// epochs before the first block of a record that was pruned nothing is told.
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

    /// What happened to the holders' positions on a hotkey, with `from` ≤ block ≤ `to`, from where the record
    /// begins.
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

    /// The subnet as of the last recorded epoch at or before `as_of`.
    ///
    /// # Errors
    /// When nothing is recorded up to there, or the store cannot be read.
    pub async fn report(&self, as_of: Option<BlockNumber>) -> Result<Report, SystemError> {
        Ok(StakeTracker::new(self.store.clone()).report(self.netuid, &self.policy, as_of).await?)
    }

    /// How many finalized blocks the record is behind the chain; all of them while there is none.
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

    /// Calls `handler` with every epoch that is recorded from now on, in order, once its transaction is
    /// written. It must not block.
    pub fn on_epoch_boundary(&self, handler: impl Fn(&EpochRecord) + Send + Sync + 'static) {
        self.handlers.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::new(handler));
    }

    /// Ends what follows in the background, and waits for it. Nothing is lost; `initialize` goes on from
    /// there.
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

    /// What every epoch of these blocks did to every position.
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
