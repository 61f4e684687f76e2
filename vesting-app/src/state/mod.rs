//! How the daemon is doing: the one source of `/health/ready`, `/metrics` and what the service manager hears.
//!
//! Whoever does the work says so here; nothing here has a part in a figure.

mod beat;
mod figures;
mod observer;
mod ready;
mod subnet;
mod watched;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::{Notify, watch};
use vesting_chain::SubxtChain;
use vesting_core::ports::{Commit, Watermark};
use vesting_core::{BlockNumber, Kind, MonitorError, NetUid, Progress, RaoDelta};

use crate::config::Config;
use crate::lead::Lead;

pub use figures::Figures;
pub use observer::observe;
pub use ready::Readiness;
pub use subnet::{Role, Subnet};
pub use watched::{StoreTimes, watched};

use beat::Beat;

/// How the daemon is doing.
pub struct State {
    /// Where the chain is followed; none where the record is only read.
    pub chain: Option<Arc<SubxtChain>>,
    /// How long the database took, by what was asked.
    pub times: StoreTimes,
    /// Rings when a follower that does not go on by itself is told to.
    pub told: Notify,
    stale_after: Duration,
    inner: Mutex<Inner>,
    /// Counts what the service manager may want to hear.
    news: watch::Sender<u64>,
}

struct Inner {
    subnets: BTreeMap<NetUid, Subnet>,
    progress: Option<Progress>,
    last_error: Option<LastError>,
    /// Whether following, standing by or reading has begun.
    begun: bool,
    beat: Beat,
}

/// What went wrong last.
#[derive(Debug, Clone)]
pub struct LastError {
    pub words: String,
    pub at: SystemTime,
    /// Whether nothing has been taken in since.
    pub holds: bool,
    /// The subnet whose ledger does not agree with the chain, where that is what went wrong.
    pub broken: Option<NetUid>,
}

impl Inner {
    fn goes_well(&mut self) {
        self.beat.now(Instant::now());
        if let Some(error) = self.last_error.as_mut() {
            error.holds = false;
        }
    }
}

impl State {
    /// Of these subnets, all of which are only read until told otherwise.
    pub fn new(config: &Config, chain: Option<Arc<SubxtChain>>) -> Arc<Self> {
        let subnets = config.netuids.iter().map(|netuid| (*netuid, Subnet::default())).collect();
        let inner = Inner { subnets, progress: None, last_error: None, begun: false, beat: Beat::new(Instant::now()) };
        let news = watch::Sender::new(0);
        Arc::new(Self {
            chain,
            times: StoreTimes::default(),
            told: Notify::new(),
            stale_after: config.stale_after,
            inner: Mutex::new(inner),
            news,
        })
    }

    /// What is known is whole whatever became of whoever said it.
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self) {
        self.news.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Wakes whoever wants to know that an epoch was recorded, or that something else has changed.
    pub fn news(&self) -> watch::Receiver<u64> {
        self.news.subscribe()
    }

    /// Following, standing by or reading has begun.
    pub fn has_begun(&self) {
        let mut inner = self.inner();
        let first = !std::mem::replace(&mut inner.begun, true);
        inner.beat.now(Instant::now());
        drop(inner);
        if first {
            self.tell();
        }
    }

    /// Which subnets are whose to record.
    pub fn lead(&self, lead: &Lead) {
        let mut inner = self.inner();
        for netuid in &lead.ours {
            inner.subnets.entry(*netuid).or_default().role = Role::Leader;
        }
        for (netuid, by) in &lead.theirs {
            inner.subnets.entry(*netuid).or_default().role = Role::Standby { by: by.clone() };
        }
        drop(inner);
        self.tell();
    }

    /// The follower stands by, for a reason that it has looked into just now.
    pub fn stands_by(&self) {
        self.inner().goes_well();
    }

    /// The follower waits before it tries again.
    pub fn waits(&self) {
        self.inner().beat.now(Instant::now());
    }

    /// Why subnets are not recorded yet; the others are.
    pub fn waits_for(&self, why: &BTreeMap<NetUid, String>) {
        let mut inner = self.inner();
        for (netuid, subnet) in &mut inner.subnets {
            subnet.waits = why.get(netuid).cloned();
        }
        drop(inner);
        self.tell();
    }

    /// A head was reached.
    pub fn reached(&self, progress: Progress) {
        let mut inner = self.inner();
        inner.progress = Some(progress);
        inner.goes_well();
    }

    /// Something went wrong and is tried again.
    pub fn failed(&self, error: &anyhow::Error) {
        let broken = match error.downcast_ref() {
            Some(MonitorError::Conservation(broken)) => Some(broken.netuid),
            _ => None,
        };
        let mut inner = self.inner();
        inner.last_error = Some(LastError { words: format!("{error:#}"), at: SystemTime::now(), holds: true, broken });
        inner.beat.now(Instant::now());
        if let Some(netuid) = broken {
            let counts = &mut inner.subnets.entry(netuid).or_default().counts;
            counts.conservation_failures = counts.conservation_failures.saturating_add(1);
        }
        drop(inner);
        self.tell();
    }

    /// Blocks are in the record.
    pub fn committed(&self, commit: &Commit) {
        let magnitude = |kind: Kind| {
            let sum =
                commit.entries.iter().filter(|entry| entry.kind == kind).map(|e| RaoDelta(e.alpha.0.saturating_abs())).sum::<RaoDelta>();
            u64::try_from(sum.0).unwrap_or(u64::MAX)
        };
        let (unattributed, rounding) = (magnitude(Kind::Unattributed), magnitude(Kind::Rounding));
        let head = self.head();
        let mut inner = self.inner();
        let subnet = inner.subnets.entry(commit.netuid).or_default();
        subnet.watermark = Some(commit.watermark);
        let counts = &mut subnet.counts;
        counts.unattributed = counts.unattributed.saturating_add(unattributed);
        counts.rounding = counts.rounding.saturating_add(rounding);
        counts.entries = counts.entries.saturating_add(u64::try_from(commit.entries.len()).unwrap_or(u64::MAX));
        for record in &commit.epochs {
            let found = counts.epochs.entry(record.detected).or_default();
            *found = found.saturating_add(1);
            subnet.last_epoch = Some(record.epoch);
        }
        inner.beat.now(Instant::now());
        drop(inner);
        for record in &commit.epochs {
            tracing::info!(
                netuid = commit.netuid.0,
                block = record.epoch.block.number.0,
                time = crate::output::time(record.epoch.time),
                lag_blocks = head.map(|head| head.0.saturating_sub(commit.watermark.block.number.0)),
                entries = commit.entries.len(),
                unattributed_rao = unattributed,
                rounding_rao = rounding,
                detected = record.detected.name(),
                "epoch"
            );
        }
        if unattributed > 0 {
            tracing::error!(netuid = commit.netuid.0, unattributed_rao = unattributed, "no event explains a change: please report it");
        }
        if !commit.epochs.is_empty() {
            self.tell();
        }
    }

    /// How far a record was found to go.
    fn stands_at(&self, netuid: NetUid, watermark: Watermark) {
        let mut inner = self.inner();
        let known = &mut inner.subnets.entry(netuid).or_default().watermark;
        // What was committed meanwhile is newer than what was read before.
        if known.is_none_or(|known| known.block.number <= watermark.block.number) {
            *known = Some(watermark);
        }
    }

    /// The figures as of a record's newest epoch.
    fn figured(&self, netuid: NetUid, figures: Figures) {
        let mut inner = self.inner();
        let subnet = inner.subnets.entry(netuid).or_default();
        subnet.last_epoch = Some(figures.as_of);
        subnet.figures = Some(figures);
        drop(inner);
        self.tell();
    }

    /// Every subnet.
    pub fn subnets(&self) -> BTreeMap<NetUid, Subnet> {
        self.inner().subnets.clone()
    }

    /// How far the follower is, and up to where it goes.
    pub fn progress(&self) -> Option<Progress> {
        self.inner().progress
    }

    pub fn last_error(&self) -> Option<LastError> {
        self.inner().last_error.clone()
    }

    /// Whether following, standing by or reading has begun.
    pub fn is_begun(&self) -> bool {
        self.inner().begun
    }

    /// The finalized head, as far as it is known.
    pub fn head(&self) -> Option<BlockNumber> {
        self.chain.as_ref().and_then(|chain| chain.newest_head())
    }

    /// Whether the follower gets on, or waits for a reason.
    pub fn is_alive(&self, now: Instant) -> bool {
        // Where nothing is followed nothing can hang.
        let Some(chain) = &self.chain else { return true };
        self.inner().beat.is_alive(chain.requests().0, now)
    }

    /// Every subnet, judged by this machine's clock.
    pub fn readiness(&self, now: SystemTime) -> Readiness {
        Readiness::of(self, self.stale_after, now)
    }
}

#[cfg(test)]
mod tests {
    use vesting_core::ports::StoreError;
    use vesting_core::{Coldkey, ConservationError, Hotkey, PositionKey, Rao};

    use super::*;
    use crate::cli::ConfigArgs;
    use crate::config::load;

    fn state() -> Arc<State> {
        let mut args = ConfigArgs::default();
        args.keys.set("netuids", "2,3");
        State::new(&load(&args, std::iter::empty()).unwrap(), None)
    }

    #[test]
    fn a_ledger_that_does_not_agree_with_the_chain_is_counted_and_not_ready_until_it_does() {
        let state = state();
        let key = PositionKey { hotkey: Hotkey([1; 32]), coldkey: Coldkey([2; 32]) };
        let error = ConservationError { netuid: NetUid(3), block: BlockNumber(9), key, ledger: RaoDelta(1), chain: Rao(2) };
        state.failed(&anyhow::Error::new(MonitorError::Conservation(error)));
        let counts = |netuid| state.subnets()[&NetUid(netuid)].counts.conservation_failures;
        assert_eq!((counts(2), counts(3)), (0, 1));
        let reasons = |netuid: usize| state.readiness(SystemTime::now()).subnets[netuid - 2].reasons.join("; ");
        assert!(reasons(3).contains("does not agree") && !reasons(2).contains("does not agree"));
        state.reached(Progress { block: BlockNumber(9), to: BlockNumber(9), epochs: 0, operations: 0, entries: 0 });
        assert!(!reasons(3).contains("does not agree"));
        let last = state.last_error().unwrap();
        assert!(!last.holds && last.words.contains("conservation broken on subnet 3"));

        state.failed(&anyhow::Error::new(StoreError::Busy("locked".into())));
        assert!(state.last_error().is_some_and(|error| error.holds && error.broken.is_none()));
        assert_eq!(counts(3), 1);
    }

    #[test]
    fn news_are_told_once_something_is_new() {
        let state = state();
        let mut news = state.news();
        let mut is_new = || {
            let new = news.has_changed().unwrap();
            news.mark_unchanged();
            new
        };
        assert!(!is_new() && !state.is_begun());
        state.has_begun();
        assert!(is_new() && state.is_begun());
        state.has_begun();
        state.stands_by();
        assert!(!is_new());
        let theirs = [(NetUid(3), "process 7".to_owned())].into();
        state.lead(&Lead { ours: vec![NetUid(2)], theirs });
        assert!(is_new());
        assert_eq!(state.subnets()[&NetUid(3)].role, Role::Standby { by: "process 7".into() });
    }
}
