//! All followers, each in a task of its own: an error on one subnet ends or delays no other.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::try_join_all;
use tokio::sync::Semaphore;
use vesting_chain::SubxtChain;
use vesting_core::ports::StakeStore;
use vesting_core::{BlockNumber, NetUid};

use super::follower::{Follower, Report};
use super::pauses::{DISAGREEMENT_PAUSE, report_and_wait};
use crate::config::Config;
use crate::shared::SharedChain;
use crate::state::State;
use crate::task::Task;

/// All followers, and what they share.
pub struct Followers {
    pub config: Arc<Config>,
    pub chain: Arc<SubxtChain>,
    pub store: Arc<dyn StakeStore>,
    /// Where new records begin, as far as that is already known.
    pub beginnings: BTreeMap<NetUid, BlockNumber>,
    pub until: Option<BlockNumber>,
    /// Where the progress is reported.
    pub state: Arc<State>,
    pub report: Arc<Report>,
}

/// The state of one subnet's follower.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Work {
    Running,
    /// It failed, and starts again a little later.
    Paused,
    Done,
}

impl Followers {
    /// Follows every subnet until all have reached `until`. A follower that fails is logged and started again
    /// a little later. Once none of them is running, the error ends them all.
    pub async fn run(&self) -> anyhow::Result<()> {
        let shared =
            SharedChain::new(Arc::<SubxtChain>::clone(&self.chain), self.config.max_requests_in_flight);
        let catch_up_permits = Arc::new(Semaphore::new(self.config.max_requests_in_flight.max(1)));
        let works = Mutex::new(self.config.netuids.iter().map(|netuid| (*netuid, Work::Running)).collect());
        try_join_all(
            self.config.netuids.iter().map(|netuid| self.follow(*netuid, &shared, &catch_up_permits, &works)),
        )
        .await?;
        Ok(())
    }

    async fn follow(
        &self,
        netuid: NetUid,
        shared: &Arc<SharedChain>,
        catch_up_permits: &Arc<Semaphore>,
        works: &Mutex<BTreeMap<NetUid, Work>>,
    ) -> anyhow::Result<()> {
        // Sets what this follower does; says whether any follower is running.
        let set_work = |work: Work| {
            let mut works = works.lock().unwrap_or_else(PoisonError::into_inner);
            works.insert(netuid, work);
            works.values().any(|work| *work == Work::Running)
        };
        let mut beginning = self.beginnings.get(&netuid).copied();
        loop {
            let follower = Follower {
                netuid,
                config: Arc::clone(&self.config),
                chain: shared.of(netuid),
                store: Arc::clone(&self.store),
                until: self.until,
                state: Arc::clone(&self.state),
                report: Arc::clone(&self.report),
                catch_up_permits: Arc::clone(catch_up_permits),
            };
            let known = beginning.take();
            let error = match Task::spawn(async move { follower.run(known).await }).await {
                Ok(Ok(())) => {
                    set_work(Work::Done);
                    return Ok(());
                }
                Ok(Err(error)) => error,
                // The panic itself is in the log.
                Err(_) => anyhow::anyhow!(
                    "the follower of subnet {netuid} stopped because of a mistake in this program: please \
                     report it"
                ),
            };
            if !set_work(Work::Paused) {
                return Err(error);
            }
            report_and_wait(&self.state, Some(netuid), &error, DISAGREEMENT_PAUSE).await;
            set_work(Work::Running);
        }
    }
}
