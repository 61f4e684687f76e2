//! The follower of one subnet.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::sync::Semaphore;
use vesting_core::ports::{ChainError, ChainPort, StakeStore, StoreError};
use vesting_core::{BlockNumber, BlockchainMonitor, NetUid, Pace, Progress, window_start};

use super::fork::Fork;
use super::pauses::{LONGEST_SILENCE, report_and_wait, retry_pause};
use crate::advice::Advised;
use crate::config::Config;
use crate::failure::fork_of;
use crate::state::State;
use crate::wiring;

/// How often a standby asks for the right to write. When the recording process dies, the record stands still
/// for this long.
const STANDBY_PAUSE: Duration = Duration::from_secs(1);

/// How often the chain is asked whether the subnet exists now: half a block.
const SUBNET_PAUSE: Duration = Duration::from_secs(6);

/// Called at every head that a subnet has reached, with what was recorded since following began.
pub type Report = dyn Fn(NetUid, Progress) + Send + Sync;

/// The follower of one subnet.
pub struct Follower {
    pub netuid: NetUid,
    pub config: Arc<Config>,
    pub chain: Arc<dyn ChainPort>,
    pub store: Arc<dyn StakeStore>,
    pub until: Option<BlockNumber>,
    pub state: Arc<State>,
    pub report: Arc<Report>,
    /// Limits how many subnets catch up at once, since catching up takes memory.
    pub catch_up_permits: Arc<Semaphore>,
}

impl Follower {
    /// Records the subnet, or stands by while another process does. No answer of a node ends this: it is
    /// logged and asked for again after a pause. A new record begins at `beginning`, if that is known.
    pub async fn run(&self, mut beginning: Option<BlockNumber>) -> anyhow::Result<()> {
        let mut total: Option<Progress> = None;
        let (mut tries, mut forks) = (0, 0);
        loop {
            let stood_at = total.map(|total| total.block);
            let Err(error) = self.attempt(beginning.take(), &mut total).await else { return Ok(()) };
            if let Some(stands_at) = fork_of(&error) {
                forks += 1;
                self.fork().leave(error, stands_at, forks).await?;
                continue;
            }
            forks = 0;
            tries = if total.map(|total| total.block) > stood_at { 1 } else { tries + 1 };
            let Some(pause) = retry_pause(&error, tries) else { return Err(error) };
            report_and_wait(&self.state, Some(self.netuid), &error, pause).await;
        }
    }

    fn fork(&self) -> Fork<'_> {
        Fork {
            netuid: self.netuid,
            config: &self.config,
            chain: self.chain.as_ref(),
            store: self.store.as_ref(),
            state: &self.state,
        }
    }

    /// Follows until `until` is reached, or until something fails.
    async fn attempt(
        &self,
        beginning: Option<BlockNumber>,
        total: &mut Option<Progress>,
    ) -> anyhow::Result<()> {
        // A record of another chain must not be continued.
        wiring::bind_database(&self.config, self.chain.as_ref(), self.store.as_ref()).await?;
        if !self.take_over().await? {
            return Ok(());
        }
        let Some(first) = self.first_block(beginning).await? else { return Ok(()) };
        let (chain, store) = (Arc::clone(&self.chain), Arc::clone(&self.store));
        let mut monitor = wiring::open_monitor(&self.config, self.netuid, chain, store, None).await?;
        self.state.following_began(self.netuid);
        if !self.config.use_background_thread {
            return self.advance_on_request(&mut monitor, first, total).await;
        }
        self.catch_up(&mut monitor, first, &mut self.on_progress(total)).await?;
        monitor.follow(first, self.until, &mut self.on_progress(total)).await?;
        Ok(())
    }

    /// Reports every head that is reached. A monitor counts from zero each time, so earlier counts are added.
    fn on_progress(&self, total: &mut Option<Progress>) -> impl FnMut(Progress) + Send {
        let before = *total;
        move |progress| {
            self.state.progressed(self.netuid, progress);
            let progress = before.map_or(progress, |before| before.plus(progress));
            *total = Some(progress);
            (self.report)(self.netuid, progress);
        }
    }

    /// Catches up to the finalized head if it is far away, once there is a permit.
    async fn catch_up(
        &self,
        monitor: &mut BlockchainMonitor,
        first: BlockNumber,
        on_progress: &mut (dyn FnMut(Progress) + Send),
    ) -> anyhow::Result<()> {
        let to = self.last_block(self.chain.finalized_head().await?.number);
        if monitor.pace(first, to) == Pace::CatchingUp {
            let mut permit = pin!(self.catch_up_permits.acquire());
            let _permit = loop {
                tokio::select! {
                    permit = &mut permit => break permit,
                    () = tokio::time::sleep(LONGEST_SILENCE) => self.state.heartbeat(),
                }
            };
            monitor.advance(first, to, Pace::CatchingUp, on_progress).await?;
        }
        Ok(())
    }

    /// The last block to record, given the finalized head.
    fn last_block(&self, head: BlockNumber) -> BlockNumber {
        self.until.map_or(head, |until| until.min(head))
    }

    /// Waits for the right to record the subnet. `false` if another process has recorded up to `until`.
    async fn take_over(&self) -> anyhow::Result<bool> {
        let mut waited_for: Option<String> = None;
        loop {
            match self.store.claim(self.netuid).await {
                Ok(()) => break,
                Err(StoreError::OtherWriter { by, .. }) => {
                    if waited_for.as_ref() != Some(&by) {
                        tracing::info!(
                            "standing by for subnet {}: its record is being written by {by}",
                            self.netuid
                        );
                        self.state.set_role(self.netuid, Some(&by));
                        waited_for = Some(by);
                    }
                }
                Err(error) => return Err(error.into()),
            }
            self.state.following_began(self.netuid);
            self.state.standing_by(self.netuid);
            if self.is_done().await? {
                return Ok(false);
            }
            tokio::time::sleep(STANDBY_PAUSE).await;
        }
        if waited_for.is_some() {
            tracing::info!("taking over subnet {}", self.netuid);
        }
        self.state.set_role(self.netuid, None);
        Ok(true)
    }

    /// The first block of the record; waits for the subnet to exist. `None` if it does not exist by `until`.
    async fn first_block(&self, known: Option<BlockNumber>) -> anyhow::Result<Option<BlockNumber>> {
        if let Some(record) = self.store.watermark(self.netuid).await? {
            self.state.set_waiting(self.netuid, None);
            return Ok(Some(record.first_block));
        }
        if known.is_some() {
            return Ok(known);
        }
        let mut head = self.chain.finalized_head().await?.number;
        let mut is_logged = false;
        loop {
            match window_start(
                self.chain.as_ref(),
                self.netuid,
                self.config.policy(self.netuid).retention_window,
                head,
            )
            .await
            {
                Ok(first) => {
                    if is_logged {
                        tracing::info!("subnet {} exists as of block {head}", self.netuid);
                    }
                    self.state.set_waiting(self.netuid, None);
                    return Ok(Some(first));
                }
                Err(ChainError::NoSuchSubnet { .. }) => {}
                Err(error) => {
                    let why =
                        format!("cannot find where its window begins; trying again: {}", error.advised());
                    self.state.set_waiting(self.netuid, Some(why));
                    return Err(error).with_context(|| {
                        format!("cannot find where the window of subnet {} begins", self.netuid)
                    });
                }
            }
            if !std::mem::replace(&mut is_logged, true) {
                let why = "it does not exist yet; it will be recorded from its registration on";
                tracing::warn!("subnet {} is not recorded: {why}", self.netuid);
                self.state.set_waiting(self.netuid, Some(why.to_owned()));
                self.state.following_began(self.netuid);
            }
            if self.until.is_some_and(|until| head >= until) {
                return Ok(None);
            }
            head = self.wait_for_subnet(head).await?;
        }
    }

    /// The first head above `head` at which the subnet exists, or the head that reaches `until`.
    async fn wait_for_subnet(&self, mut head: BlockNumber) -> Result<BlockNumber, ChainError> {
        loop {
            self.state.standing_by(self.netuid);
            head = self.chain.wait_for_head_above(head).await?.number;
            // A block that other subnets take in is not read twice.
            let facts = self.chain.next_block(head, &[self.netuid]).await?;
            if facts.subnets.contains_key(&self.netuid) || self.until.is_some_and(|until| head >= until) {
                return Ok(head);
            }
            tokio::time::sleep(SUBNET_PAUSE).await;
        }
    }

    /// Goes on to the finalized head at each request, until `until` is reached.
    async fn advance_on_request(
        &self,
        monitor: &mut BlockchainMonitor,
        first: BlockNumber,
        total: &mut Option<Progress>,
    ) -> anyhow::Result<()> {
        while !self.is_done().await? {
            tokio::select! {
                () = self.state.update_requested(self.netuid) => {
                    let to = self.last_block(self.chain.finalized_head().await?.number);
                    let pace = monitor.pace(first, to);
                    monitor.advance(first, to, pace, &mut self.on_progress(total)).await?;
                    monitor.observe().await?;
                }
                () = tokio::time::sleep(STANDBY_PAUSE) => self.state.standing_by(self.netuid),
            }
        }
        Ok(())
    }

    /// Whether the record has reached `until`.
    async fn is_done(&self) -> Result<bool, StoreError> {
        let Some(until) = self.until else { return Ok(false) };
        Ok(self.store.watermark(self.netuid).await?.is_some_and(|mark| mark.block.number >= until))
    }
}
