//! Reads the records beside the followers: another process may write them, and computing figures takes time.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::task::JoinError;
use vesting_core::ports::{ChainPort, StakeStore, StoreError};
use vesting_core::{BlockNumber, Epoch, NetUid, StakeTracker, TrackerError};

use super::daemon::State;
use super::figures::Figures;
use super::role::Role;
use crate::advice::Advised;
use crate::config::Config;

/// The pause between two looks at the records.
const LOOK_PAUSE: Duration = Duration::from_secs(1);

/// After figures were computed, the pause is this many times as long as that took. While catching up, an
/// epoch is recorded every few milliseconds.
const FIGURES_REST: u32 = 10;

/// A subnet's record at the last look.
#[derive(Default)]
struct LastLook {
    epoch: Option<Epoch>,
    /// The last block of the record.
    block: BlockNumber,
    /// How often it had been taken back then.
    rewinds: u64,
    /// When figures may be computed again.
    due: Option<Instant>,
}

/// A follower learns of every head. A standby asks for the head at this interval.
const HEAD_PAUSE: Duration = Duration::from_secs(30);

/// Observes for ever.
pub async fn observe(state: Arc<State>, store: Arc<dyn StakeStore>, config: Config) {
    tokio::join!(heads(&state), records(&state, store, &config));
}

/// Keeps the finalized head known if no subnet is followed.
async fn heads(state: &State) {
    let Some(chain) = &state.chain else { return };
    loop {
        tokio::time::sleep(HEAD_PAUSE).await;
        if !state.subnets().values().any(|subnet| subnet.role == Role::Leader)
            && let Err(error) = chain.finalized_head().await
        {
            tracing::debug!(%error, "the finalized head cannot be asked for");
        }
    }
}

async fn records(state: &Arc<State>, store: Arc<dyn StakeStore>, config: &Config) {
    let tracker = StakeTracker::new(store.clone());
    let mut last: BTreeMap<NetUid, LastLook> = BTreeMap::new();
    loop {
        // All recorded subnets, if none is named.
        let netuids = if config.netuids.is_empty() {
            store.netuids().await.unwrap_or_default()
        } else {
            config.netuids.clone()
        };
        // All at once: with the first alone, a record of several subnets would look ready.
        state.expect(&netuids);
        for netuid in netuids {
            let observer = Observer { state, store: &store, tracker: &tracker, config };
            if let Err(error) = observer.look_at(netuid, last.entry(netuid).or_default()).await {
                // If it matters, the follower logs it, and the age of the record shows it.
                tracing::debug!(netuid = netuid.0, error = %error.advised(), "the record cannot be read");
            }
        }
        tokio::time::sleep(LOOK_PAUSE).await;
    }
}

struct Observer<'a> {
    state: &'a State,
    store: &'a Arc<dyn StakeStore>,
    tracker: &'a StakeTracker,
    config: &'a Config,
}

impl Observer<'_> {
    async fn look_at(&self, netuid: NetUid, last: &mut LastLook) -> Result<(), TrackerError> {
        let mut rewinds = self.state.rewinds(netuid);
        let watermark = self.store.watermark(netuid).await?;
        let block = watermark.map_or(BlockNumber(0), |watermark| watermark.block.number);
        if block < last.block && rewinds == last.rewinds {
            // Another process took the record back.
            self.state.taken_back(netuid, watermark);
            rewinds = self.state.rewinds(netuid);
        }
        if rewinds != last.rewinds {
            *last = LastLook { rewinds, ..LastLook::default() };
        }
        last.block = block;
        let Some(watermark) = watermark else { return Ok(()) };
        self.state.record_found(netuid, watermark, rewinds);
        let now = Instant::now();
        if last.due.is_some_and(|due| now < due) {
            return Ok(());
        }
        let from = last.epoch.map_or(watermark.first_block, |epoch| epoch.block.number);
        let newest = self.store.epoch_list(netuid, from, watermark.block.number).await?.pop();
        if newest.is_none() || newest == last.epoch {
            return Ok(());
        }
        let figures = self.figures(netuid).await;
        last.due = Some(Instant::now() + now.elapsed() * FIGURES_REST);
        let figures = figures?;
        last.epoch = Some(figures.as_of);
        self.state.set_figures(netuid, figures, rewinds);
        Ok(())
    }

    /// Runs on a blocking thread, not on those that follow the chain and serve requests.
    async fn figures(&self, netuid: NetUid) -> Result<Figures, TrackerError> {
        let (store, tracker, policy) =
            (Arc::clone(self.store), self.tracker.clone(), self.config.policy(netuid).clone());
        let handle = Handle::current();
        let task = move || handle.block_on(Figures::work_out(store.as_ref(), &tracker, netuid, &policy));
        let broken_off = |error: JoinError| {
            StoreError::Unusable(format!("computing the figures was aborted: {error}")).into()
        };
        tokio::task::spawn_blocking(task).await.unwrap_or_else(|error| Err(broken_off(error)))
    }
}
