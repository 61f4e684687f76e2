//! Looks at the record beside the follower: others may write it, and figures take time.

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
use crate::config::Config;

/// Between two looks.
const PAUSE: Duration = Duration::from_secs(1);

/// Figures are worked out again after so many times what they took, at the earliest: catching up has an epoch
/// every few milliseconds.
const REST: u32 = 10;

/// The record of one subnet, as it was seen last.
#[derive(Default)]
struct Seen {
    epoch: Option<Epoch>,
    /// The last block of the record.
    block: BlockNumber,
    /// How often it had been taken back.
    rewinds: u64,
    /// When figures may be worked out again.
    due: Option<Instant>,
}

/// Who follows hears of every head; who only stands by asks for it now and then.
const HEAD_PAUSE: Duration = Duration::from_secs(30);

/// Looks for ever.
pub async fn observe(state: Arc<State>, store: Arc<dyn StakeStore>, config: Config) {
    tokio::join!(heads(&state), records(&state, store, &config));
}

/// Keeps the finalized head known where nobody follows it.
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
    let mut seen: BTreeMap<NetUid, Seen> = BTreeMap::new();
    loop {
        // All there are, where none is named.
        let netuids = if config.netuids.is_empty() {
            store.netuids().await.unwrap_or_default()
        } else {
            config.netuids.clone()
        };
        for netuid in netuids {
            let look = Look { state, store: &store, tracker: &tracker, config };
            if let Err(error) = look.at(netuid, seen.entry(netuid).or_default()).await {
                // The follower says so where it matters, and the record's age tells.
                tracing::debug!(netuid = netuid.0, %error, "the record cannot be looked at");
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}

struct Look<'a> {
    state: &'a State,
    store: &'a Arc<dyn StakeStore>,
    tracker: &'a StakeTracker,
    config: &'a Config,
}

impl Look<'_> {
    async fn at(&self, netuid: NetUid, seen: &mut Seen) -> Result<(), TrackerError> {
        let mut rewinds = self.state.rewinds(netuid);
        let watermark = self.store.watermark(netuid).await?;
        let block = watermark.map_or(BlockNumber(0), |watermark| watermark.block.number);
        if block < seen.block && rewinds == seen.rewinds {
            // Another process did that.
            self.state.taken_back(netuid, watermark);
            rewinds = self.state.rewinds(netuid);
        }
        if rewinds != seen.rewinds {
            *seen = Seen { rewinds, ..Seen::default() };
        }
        seen.block = block;
        let Some(watermark) = watermark else { return Ok(()) };
        self.state.stands_at(netuid, watermark, rewinds);
        let now = Instant::now();
        if seen.due.is_some_and(|due| now < due) {
            return Ok(());
        }
        let from = seen.epoch.map_or(watermark.first_block, |epoch| epoch.block.number);
        let newest = self.store.epoch_list(netuid, from, watermark.block.number).await?.pop();
        if newest.is_none() || newest == seen.epoch {
            return Ok(());
        }
        let figures = self.figures(netuid).await;
        seen.due = Some(Instant::now() + now.elapsed() * REST);
        let figures = figures?;
        seen.epoch = Some(figures.as_of);
        self.state.figured(netuid, figures, rewinds);
        Ok(())
    }

    /// Off the threads that follow the chain and serve others.
    async fn figures(&self, netuid: NetUid) -> Result<Figures, TrackerError> {
        let (store, tracker, policy) =
            (Arc::clone(self.store), self.tracker.clone(), self.config.policy(netuid).clone());
        let handle = Handle::current();
        let task = move || handle.block_on(Figures::work_out(store.as_ref(), &tracker, netuid, &policy));
        let broken_off =
            |error: JoinError| StoreError::Unusable(format!("the figures were broken off: {error}")).into();
        tokio::task::spawn_blocking(task).await.unwrap_or_else(|error| Err(broken_off(error)))
    }
}
