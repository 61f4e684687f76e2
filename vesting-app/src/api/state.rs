//! What requests are answered from.

use std::sync::Arc;

use tokio::sync::Semaphore;
use vesting_core::ports::StakeStore;
use vesting_core::{NetUid, StakeTracker};

use super::history_cache::HistoryCache;
use super::listeners::Listeners;
use super::problem::Problem;
use super::report_cache::ReportCache;
use super::work_pool::WorkPools;
use crate::config::Config;
use crate::state::State as DaemonState;
use crate::wiring;

/// The most whole records that are given at once.
const RECORDS_AT_ONCE: usize = 1;

/// What requests are answered from. Every handler has it.
pub struct ApiState {
    pub store: Arc<dyn StakeStore>,
    pub config: Config,
    /// How the daemon is doing.
    pub daemon: Arc<DaemonState>,
    pub reports: ReportCache,
    pub histories: HistoryCache,
    pub pools: WorkPools,
    pub listeners: Listeners,
    /// Places for those who take a whole record.
    pub exports: Arc<Semaphore>,
}

impl ApiState {
    pub fn new(
        store: Arc<dyn StakeStore>,
        config: Config,
        daemon: Arc<DaemonState>,
        listeners: Listeners,
    ) -> Self {
        Self {
            store,
            config,
            daemon,
            reports: ReportCache::default(),
            histories: HistoryCache::default(),
            pools: WorkPools::new(),
            listeners,
            exports: Arc::new(Semaphore::new(RECORDS_AT_ONCE)),
        }
    }

    pub fn tracker(&self) -> StakeTracker {
        wiring::tracker(&self.store)
    }

    /// The subnet that a request is about: the one it names, or the only one there is.
    pub async fn netuid(&self, named: Option<u16>) -> Result<NetUid, Problem> {
        if let Some(netuid) = named {
            return Ok(NetUid(netuid));
        }
        let all = self.netuids().await?;
        match all.as_slice() {
            [netuid] => Ok(*netuid),
            [] => Err(Problem::bad_input(
                "netuid",
                "nothing is recorded yet: name a subnet, or ask again later",
            )),
            many => {
                let many: Vec<String> = many.iter().map(ToString::to_string).collect();
                Err(Problem::bad_input(
                    "netuid",
                    format!("there are the subnets {}: name one", many.join(", ")),
                ))
            }
        }
    }

    /// The subnets that the configuration names; where it names none, those that are recorded.
    pub async fn netuids(&self) -> Result<Vec<NetUid>, Problem> {
        match self.config.netuids.as_slice() {
            [] => Ok(self.store.netuids().await?),
            followed => Ok(followed.to_vec()),
        }
    }

    /// Works out an answer in the pool for everything but weights.
    pub async fn work<T: Send + 'static, F>(self: Arc<Self>, work: F) -> Result<T, Problem>
    where
        F: AsyncFnOnce(Arc<Self>) -> Result<T, Problem> + Send + 'static,
    {
        let api = Arc::clone(&self);
        self.pools.other.run(async move || work(api).await).await
    }
}
