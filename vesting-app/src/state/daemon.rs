//! The state of the daemon.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::watch;
use vesting_chain::SubxtChain;
use vesting_core::ports::{Commit, Watermark};
use vesting_core::{BlockNumber, NetUid, Progress};
use vesting_secret::hide;

use super::clock_warning::ClockWarning;
use super::figures::Figures;
use super::heartbeat::Heartbeat;
use super::last_error::LastError;
use super::obstacle::Obstacle;
use super::recorded::Recorded;
use super::role::Role;
use super::store_times::StoreTimes;
use super::subnet::Subnet;
use super::unanswered::Unanswered;
use super::update_requests::UpdateRequests;
use crate::clock::behind;
use crate::config::Config;

/// The state of the daemon, shared by all of its tasks.
pub struct State {
    /// The chain that is followed; `None` if records are only read.
    pub chain: Option<Arc<SubxtChain>>,
    /// How long the database took, by method.
    pub times: StoreTimes,
    /// Calls that the database has not answered yet.
    pub unanswered: Unanswered,
    requests: UpdateRequests,
    pub(super) stale_after: Duration,
    inner: Mutex<Inner>,
    /// Counts changes. Watching it wakes the service manager's task and the API's event streams.
    news: watch::Sender<u64>,
}

struct Inner {
    subnets: BTreeMap<NetUid, Subnet>,
    /// The last error from before any subnet was followed.
    last_error: Option<LastError>,
    /// Whether following, standing by or reading has begun.
    begun: bool,
    heartbeat: Heartbeat,
    clock_warning: ClockWarning,
}

impl Inner {
    fn subnet(&mut self, netuid: NetUid) -> &mut Subnet {
        self.subnets.entry(netuid).or_default()
    }

    fn goes_well(&mut self, netuid: NetUid) {
        self.heartbeat.beat(Instant::now());
        if let Some(error) = self.subnet(netuid).last_error.as_mut() {
            error.holds = false;
        }
    }

    /// How far this machine's clock is behind the chain, at least; `None` if it is not.
    fn clock_behind(&self, now: SystemTime) -> Option<Duration> {
        let newest =
            self.subnets.values().filter_map(|subnet| subnet.watermark).map(|record| record.time).max();
        newest.and_then(|time| behind(time, now))
    }

    /// Logs once if this machine's clock is behind the chain, and once when it no longer is.
    fn warn_of_clock(&mut self, now: SystemTime) {
        let behind = self.clock_behind(now);
        self.clock_warning.update(behind);
    }
}

impl State {
    /// The state of the configured subnets. Each has the role of a reader at first.
    pub fn new(config: &Config, chain: Option<Arc<SubxtChain>>) -> Arc<Self> {
        let subnets = config.netuids.iter().map(|netuid| (*netuid, Subnet::default())).collect();
        let inner = Inner {
            subnets,
            last_error: None,
            begun: false,
            heartbeat: Heartbeat::new(Instant::now()),
            clock_warning: ClockWarning::default(),
        };
        let news = watch::Sender::new(0);
        Arc::new(Self {
            chain,
            times: StoreTimes::default(),
            unanswered: Unanswered::default(),
            requests: UpdateRequests::new(&config.netuids),
            stale_after: config.stale_after,
            inner: Mutex::new(inner),
            news,
        })
    }

    /// A panic in another task leaves the state consistent, so a poisoned lock is used on.
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn changed(&self) {
        self.news.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// A receiver that is woken after each recorded epoch and after each other change.
    pub fn news(&self) -> watch::Receiver<u64> {
        self.news.subscribe()
    }

    /// Reading has begun; nothing is followed.
    pub fn reading_began(&self) {
        let mut inner = self.inner();
        inner.begun = true;
        inner.heartbeat.beat(Instant::now());
        drop(inner);
        self.changed();
    }

    /// There are these subnets. None is ready before it was looked at.
    pub fn expect(&self, netuids: &[NetUid]) {
        let mut inner = self.inner();
        for netuid in netuids {
            inner.subnet(*netuid);
        }
    }

    /// Following a subnet, or standing by for it, has begun.
    pub fn following_began(&self, netuid: NetUid) {
        let mut inner = self.inner();
        let first = !std::mem::replace(&mut inner.begun, true);
        inner.subnet(netuid).begun = true;
        if let Some(error) = inner.last_error.as_mut() {
            error.holds = false;
        }
        inner.heartbeat.beat(Instant::now());
        drop(inner);
        if first {
            self.changed();
        }
    }

    /// Sets who records a subnet: this process, or another one.
    pub fn set_role(&self, netuid: NetUid, other: Option<&str>) {
        let role = other.map_or(Role::Leader, |by| Role::Standby { by: by.to_owned() });
        let changed = std::mem::replace(&mut self.inner().subnet(netuid).role, role.clone()) != role;
        if changed {
            self.changed();
        }
    }

    /// The follower of a subnet stands by, and has just checked why.
    pub fn standing_by(&self, netuid: NetUid) {
        self.inner().goes_well(netuid);
    }

    /// A follower is waiting before its next attempt: a heartbeat.
    pub fn heartbeat(&self) {
        self.inner().heartbeat.beat(Instant::now());
    }

    /// Sets why a subnet is not recorded yet.
    pub fn set_waiting(&self, netuid: NetUid, why: Option<String>) {
        let why = why.map(|why| hide(&why).into_owned());
        let changed = std::mem::replace(&mut self.inner().subnet(netuid).waiting, why.clone()) != why;
        if changed {
            self.changed();
        }
    }

    /// A follower has reached a head.
    pub fn progressed(&self, netuid: NetUid, progress: Progress) {
        let mut inner = self.inner();
        inner.subnet(netuid).progress = Some(progress);
        inner.goes_well(netuid);
    }

    /// Something failed, with a subnet or before any was followed, and is retried.
    pub fn failed(&self, netuid: Option<NetUid>, error: &anyhow::Error) {
        let error = LastError::now(error);
        let mut inner = self.inner();
        inner.heartbeat.beat(Instant::now());
        match netuid.map(|netuid| inner.subnet(netuid)) {
            Some(subnet) => {
                if error.kind == Some(Obstacle::Broken) {
                    subnet.counts.conservation_failures =
                        subnet.counts.conservation_failures.saturating_add(1);
                }
                subnet.last_error = Some(error);
            }
            None => inner.last_error = Some(error),
        }
        drop(inner);
        self.changed();
    }

    /// Asks the follower of a subnet to go on.
    pub fn request_update(&self, netuid: NetUid) {
        self.requests.send(netuid);
    }

    /// Waits until the follower of a subnet is asked to go on.
    pub async fn update_requested(&self, netuid: NetUid) {
        self.requests.received(netuid).await;
    }

    /// A commit is in the record.
    pub fn committed(&self, commit: &Commit) {
        let recorded = Recorded::of(commit);
        let head = self.head();
        let mut inner = self.inner();
        let subnet = inner.subnet(commit.netuid);
        subnet.watermark = Some(commit.watermark);
        subnet.counts.add(&recorded);
        if let Some(record) = commit.epochs.last() {
            subnet.last_epoch = Some(record.epoch);
        }
        inner.heartbeat.beat(Instant::now());
        inner.warn_of_clock(SystemTime::now());
        drop(inner);
        recorded.log(head);
        if !commit.epochs.is_empty() {
            self.changed();
        }
    }

    /// A record was taken back: what was known of the blocks after it is dropped.
    pub(super) fn taken_back(&self, netuid: NetUid, to: Option<Watermark>) {
        let mut inner = self.inner();
        let subnet = inner.subnet(netuid);
        subnet.rewinds = subnet.rewinds.wrapping_add(1);
        subnet.watermark = to;
        subnet.last_epoch = None;
        subnet.figures = None;
        inner.heartbeat.beat(Instant::now());
        drop(inner);
        self.changed();
    }

    /// How often a record was taken back. What was computed before a rewind may not hold after it.
    pub fn rewinds(&self, netuid: NetUid) -> u64 {
        self.inner().subnets.get(&netuid).map_or(0, |subnet| subnet.rewinds)
    }

    /// The end of a record, as it was read when `rewinds` was this. It is ignored if the record was taken
    /// back since.
    pub(super) fn record_found(&self, netuid: NetUid, watermark: Watermark, rewinds: u64) {
        let mut inner = self.inner();
        let subnet = inner.subnet(netuid);
        if subnet.rewinds != rewinds {
            return;
        }
        let known = &mut subnet.watermark;
        // A commit made meanwhile is newer than what was read before it.
        if known.is_none_or(|known| known.block.number <= watermark.block.number) {
            *known = Some(watermark);
        }
        inner.warn_of_clock(SystemTime::now());
    }

    /// The figures as of a record's newest epoch, computed when `rewinds` was this. They are ignored if the
    /// record was taken back since.
    pub(super) fn set_figures(&self, netuid: NetUid, figures: Figures, rewinds: u64) {
        let mut inner = self.inner();
        let subnet = inner.subnet(netuid);
        if subnet.rewinds != rewinds {
            return;
        }
        subnet.last_epoch = Some(figures.as_of);
        subnet.figures = Some(figures);
        drop(inner);
        self.changed();
    }

    /// Every subnet.
    pub fn subnets(&self) -> BTreeMap<NetUid, Subnet> {
        self.inner().subnets.clone()
    }

    /// The last error of all subnets and of the start. Those that still hold come first.
    pub fn last_error(&self) -> Option<LastError> {
        let inner = self.inner();
        let errors =
            inner.subnets.values().filter_map(|subnet| subnet.last_error.as_ref()).chain(&inner.last_error);
        errors.max_by_key(|error| (error.holds, error.at)).cloned()
    }

    /// What went wrong before any subnet was followed.
    pub fn start_error(&self) -> Option<LastError> {
        self.inner().last_error.clone()
    }

    /// Whether following, standing by or reading has begun.
    pub fn is_begun(&self) -> bool {
        self.inner().begun
    }

    /// The newest finalized head that is known.
    pub fn head(&self) -> Option<BlockNumber> {
        self.chain.as_ref().and_then(|chain| chain.newest_head())
    }

    /// How far this machine's clock is behind the chain, at least; `None` if it is not.
    pub fn clock_behind(&self, now: SystemTime) -> Option<Duration> {
        self.inner().clock_behind(now)
    }

    /// Where a runtime of the chain contradicts its storage; empty if no chain is followed.
    pub fn degraded(&self) -> Vec<String> {
        self.chain
            .iter()
            .flat_map(|chain| chain.disagreements())
            .map(|found| hide(&found.to_string()).into_owned())
            .collect()
    }

    /// Whether the followers make progress, or wait for a reason.
    pub fn is_alive(&self, now: Instant) -> bool {
        // If nothing is followed, nothing can hang.
        let Some(chain) = &self.chain else { return true };
        self.inner().heartbeat.is_alive(chain.requests().0, now)
    }

    #[cfg(test)]
    pub(super) fn is_clock_warned(&self) -> bool {
        self.inner().clock_warning.is_logged()
    }
}
