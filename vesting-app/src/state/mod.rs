//! How the daemon is doing: the one source of `/health/ready`, `/metrics` and what the service manager hears.
//!
//! Whoever does the work says so here; nothing here has a part in a figure.

mod beat;
mod failure;
mod figures;
mod observer;
mod ready;
mod subnet;
mod unanswered;
mod watched;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::{Notify, watch};
use vesting_chain::SubxtChain;
use vesting_core::ports::{Commit, Watermark};
use vesting_core::{BlockNumber, Kind, NetUid, Progress, RaoDelta};
use vesting_secret::hide;

use crate::clock::behind;
use crate::config::Config;

pub use failure::{LastError, Obstacle};
pub use figures::Figures;
pub use observer::observe;
pub use ready::{Brief, Readiness};
pub use subnet::{Role, Subnet};
pub use unanswered::tell_of_database;
pub use watched::{StoreTimes, watched};

use beat::Beat;
use unanswered::Unanswered;

/// How the daemon is doing.
pub struct State {
    /// Where the chain is followed; none where the record is only read.
    pub chain: Option<Arc<SubxtChain>>,
    /// How long the database took, by what was asked.
    pub times: StoreTimes,
    /// What the database was asked and has not answered yet.
    pub unanswered: Unanswered,
    /// Rings when the follower of a subnet that does not go on by itself is told to.
    told: BTreeMap<NetUid, Notify>,
    stale_after: Duration,
    inner: Mutex<Inner>,
    /// Counts what the service manager may want to hear.
    news: watch::Sender<u64>,
}

struct Inner {
    subnets: BTreeMap<NetUid, Subnet>,
    /// What went wrong before any subnet was followed.
    last_error: Option<LastError>,
    /// Whether following, standing by or reading has begun.
    begun: bool,
    beat: Beat,
    /// Whether it was said that this machine's clock is behind the chain.
    clock_told: bool,
}

impl Inner {
    fn subnet(&mut self, netuid: NetUid) -> &mut Subnet {
        self.subnets.entry(netuid).or_default()
    }

    fn goes_well(&mut self, netuid: NetUid) {
        self.beat.now(Instant::now());
        if let Some(error) = self.subnet(netuid).last_error.as_mut() {
            error.holds = false;
        }
    }

    /// How much this machine's clock is behind the chain at least, where it is.
    fn clock_behind(&self, now: SystemTime) -> Option<Duration> {
        let newest =
            self.subnets.values().filter_map(|subnet| subnet.watermark).map(|record| record.time).max();
        newest.and_then(|time| behind(time, now))
    }

    /// Says once that this machine's clock is behind the chain, and once that it is not any more.
    fn tell_of_clock(&mut self, now: SystemTime) {
        let behind = self.clock_behind(now);
        let told = std::mem::replace(&mut self.clock_told, behind.is_some());
        match behind {
            Some(behind) if !told => tracing::warn!(
                behind_seconds = behind.as_secs(),
                "this machine's clock is behind the chain, whose newest block is of the future: how old a record is cannot be told; set the clock"
            ),
            None if told => tracing::info!("this machine's clock is not behind the chain any more"),
            _ => {}
        }
    }
}

impl State {
    /// Of these subnets, all of which are only read until told otherwise.
    pub fn new(config: &Config, chain: Option<Arc<SubxtChain>>) -> Arc<Self> {
        let subnets = config.netuids.iter().map(|netuid| (*netuid, Subnet::default())).collect();
        let inner = Inner {
            subnets,
            last_error: None,
            begun: false,
            beat: Beat::new(Instant::now()),
            clock_told: false,
        };
        let news = watch::Sender::new(0);
        Arc::new(Self {
            chain,
            times: StoreTimes::default(),
            unanswered: Unanswered::default(),
            told: config.netuids.iter().map(|netuid| (*netuid, Notify::new())).collect(),
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

    /// Reading has begun: nothing is followed.
    pub fn is_read(&self) {
        let mut inner = self.inner();
        inner.begun = true;
        inner.beat.now(Instant::now());
        drop(inner);
        self.tell();
    }

    /// Following a subnet, or standing by for it, has begun.
    pub fn has_begun(&self, netuid: NetUid) {
        let mut inner = self.inner();
        let first = !std::mem::replace(&mut inner.begun, true);
        inner.subnet(netuid).begun = true;
        if let Some(error) = inner.last_error.as_mut() {
            error.holds = false;
        }
        inner.beat.now(Instant::now());
        drop(inner);
        if first {
            self.tell();
        }
    }

    /// Whose a subnet is to record: ours, or another's.
    pub fn leads(&self, netuid: NetUid, other: Option<&str>) {
        let role = other.map_or(Role::Leader, |by| Role::Standby { by: by.to_owned() });
        let changed = std::mem::replace(&mut self.inner().subnet(netuid).role, role.clone()) != role;
        if changed {
            self.tell();
        }
    }

    /// The follower of a subnet stands by, for a reason that it has looked into just now.
    pub fn stands_by(&self, netuid: NetUid) {
        self.inner().goes_well(netuid);
    }

    /// A follower waits before it tries again.
    pub fn waits(&self) {
        self.inner().beat.now(Instant::now());
    }

    /// Why a subnet is not recorded yet.
    pub fn waits_for(&self, netuid: NetUid, why: Option<String>) {
        let why = why.map(|why| hide(&why).into_owned());
        let changed = std::mem::replace(&mut self.inner().subnet(netuid).waits, why.clone()) != why;
        if changed {
            self.tell();
        }
    }

    /// A head was reached.
    pub fn reached(&self, netuid: NetUid, progress: Progress) {
        let mut inner = self.inner();
        inner.subnet(netuid).progress = Some(progress);
        inner.goes_well(netuid);
    }

    /// Something went wrong, with a subnet or before any is followed, and is tried again.
    pub fn failed(&self, netuid: Option<NetUid>, error: &anyhow::Error) {
        let error = LastError::now(error);
        let mut inner = self.inner();
        inner.beat.now(Instant::now());
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
        self.tell();
    }

    /// Tells the follower of a subnet to go on.
    pub fn tell_to_go_on(&self, netuid: NetUid) {
        if let Some(told) = self.told.get(&netuid) {
            told.notify_one();
        }
    }

    /// Waits until the follower of a subnet is told to go on.
    pub async fn is_told(&self, netuid: NetUid) {
        match self.told.get(&netuid) {
            Some(told) => told.notified().await,
            None => std::future::pending().await,
        }
    }

    /// Blocks are in the record.
    pub fn committed(&self, commit: &Commit) {
        let magnitude = |kind: Kind| {
            let sum = commit
                .entries
                .iter()
                .filter(|entry| entry.kind == kind)
                .map(|e| RaoDelta(e.alpha.0.saturating_abs()))
                .sum::<RaoDelta>();
            u64::try_from(sum.0).unwrap_or(u64::MAX)
        };
        let (unattributed, rounding) = (magnitude(Kind::Unattributed), magnitude(Kind::Rounding));
        let head = self.head();
        let mut inner = self.inner();
        let subnet = inner.subnet(commit.netuid);
        subnet.watermark = Some(commit.watermark);
        let counts = &mut subnet.counts;
        counts.unattributed = counts.unattributed.saturating_add(unattributed);
        counts.rounding = counts.rounding.saturating_add(rounding);
        counts.entries =
            counts.entries.saturating_add(u64::try_from(commit.entries.len()).unwrap_or(u64::MAX));
        for record in &commit.epochs {
            let found = counts.epochs.entry(record.detected).or_default();
            *found = found.saturating_add(1);
            subnet.last_epoch = Some(record.epoch);
        }
        inner.beat.now(Instant::now());
        inner.tell_of_clock(SystemTime::now());
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
            tracing::error!(
                netuid = commit.netuid.0,
                unattributed_rao = unattributed,
                "no event explains a change: please report it"
            );
        }
        if !commit.epochs.is_empty() {
            self.tell();
        }
    }

    /// A record was taken back: what is known of what came after is not to be told any more.
    fn taken_back(&self, netuid: NetUid, to: Option<Watermark>) {
        let mut inner = self.inner();
        let subnet = inner.subnet(netuid);
        subnet.rewinds = subnet.rewinds.wrapping_add(1);
        subnet.watermark = to;
        subnet.last_epoch = None;
        subnet.figures = None;
        inner.beat.now(Instant::now());
        drop(inner);
        self.tell();
    }

    /// How often a record was seen to be taken back: what was worked out before a rewind may not hold after
    /// it.
    pub fn rewinds(&self, netuid: NetUid) -> u64 {
        self.inner().subnets.get(&netuid).map_or(0, |subnet| subnet.rewinds)
    }

    /// How far a record was found to go, by who had seen so many `rewinds` of it before.
    fn stands_at(&self, netuid: NetUid, watermark: Watermark, rewinds: u64) {
        let mut inner = self.inner();
        let subnet = inner.subnet(netuid);
        if subnet.rewinds != rewinds {
            return;
        }
        let known = &mut subnet.watermark;
        // What was committed meanwhile is newer than what was read before.
        if known.is_none_or(|known| known.block.number <= watermark.block.number) {
            *known = Some(watermark);
        }
        inner.tell_of_clock(SystemTime::now());
    }

    /// The figures as of a record's newest epoch, by who had seen so many `rewinds` of it before.
    fn figured(&self, netuid: NetUid, figures: Figures, rewinds: u64) {
        let mut inner = self.inner();
        let subnet = inner.subnet(netuid);
        if subnet.rewinds != rewinds {
            return;
        }
        subnet.last_epoch = Some(figures.as_of);
        subnet.figures = Some(figures);
        drop(inner);
        self.tell();
    }

    /// Every subnet.
    pub fn subnets(&self) -> BTreeMap<NetUid, Subnet> {
        self.inner().subnets.clone()
    }

    /// What went wrong last, whatever it was about: first of what still holds.
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

    /// The finalized head, as far as it is known.
    pub fn head(&self) -> Option<BlockNumber> {
        self.chain.as_ref().and_then(|chain| chain.newest_head())
    }

    /// How much this machine's clock is behind the chain at least, where it is.
    pub fn clock_behind(&self, now: SystemTime) -> Option<Duration> {
        self.inner().clock_behind(now)
    }

    /// Where a runtime of the chain contradicts its storage; nothing where no chain is asked.
    pub fn degraded(&self) -> Vec<String> {
        self.chain
            .iter()
            .flat_map(|chain| chain.disagreements())
            .map(|found| hide(&found.to_string()).into_owned())
            .collect()
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
    use vesting_core::ports::{ChainError, StoreError};
    use vesting_core::{Coldkey, ConservationError, Hotkey, MonitorError, PositionKey, Rao};

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
        let error = ConservationError::Position {
            netuid: NetUid(3),
            block: BlockNumber(9),
            key,
            ledger: RaoDelta(1),
            chain: Rao(2),
        };
        state.failed(Some(NetUid(3)), &anyhow::Error::new(MonitorError::Conservation(error)));
        let counts = |netuid| state.subnets()[&NetUid(netuid)].counts.conservation_failures;
        assert_eq!((counts(2), counts(3)), (0, 1));
        let reasons =
            |netuid: usize| state.readiness(SystemTime::now()).subnets[netuid - 2].reasons.join("; ");
        assert!(reasons(3).contains("does not agree") && !reasons(2).contains("does not agree"));
        let progress =
            Progress { block: BlockNumber(9), to: BlockNumber(9), epochs: 0, operations: 0, entries: 0 };
        // Another one that gets on is no reason to be content with this one.
        state.reached(NetUid(2), progress);
        assert!(reasons(3).contains("does not agree") && state.last_error().unwrap().holds);
        state.reached(NetUid(3), progress);
        assert!(!reasons(3).contains("does not agree"));
        let last = state.last_error().unwrap();
        assert!(!last.holds && last.words.contains("conservation broken on subnet 3"));

        let owed = ChainError::Contradicted {
            netuid: NetUid(2),
            spec_version: 475,
            block: BlockNumber(9),
            agreed: None,
        };
        state.failed(Some(NetUid(2)), &anyhow::Error::new(MonitorError::Chain(owed)));
        assert!(reasons(2).contains("does not agree") && !reasons(3).contains("does not agree"));
        assert_eq!((counts(2), counts(3)), (0, 1));

        state.failed(Some(NetUid(3)), &anyhow::Error::new(StoreError::Busy("locked".into())));
        let told = |netuid: usize| {
            state.readiness(SystemTime::now()).subnets[netuid - 2].last_error.as_ref().unwrap().error.clone()
        };
        assert!(
            told(3).contains("locked")
                && told(2).contains("contradicts")
                && reasons(2).contains("does not agree")
        );
        assert!(state.last_error().is_some_and(|error| error.holds && error.words.contains("locked")));
        state.stands_by(NetUid(3));
        assert!(state.last_error().is_some_and(|error| error.holds && error.words.contains("contradicts")));
        assert_eq!(counts(3), 1);
    }

    #[test]
    fn a_runtime_that_cannot_be_read_is_told_as_that() {
        let state = state();
        let error = ChainError::Unreadable { spec_version: 900, why: "it has no pallet".into() };
        let errors = [
            anyhow::Error::new(MonitorError::Chain(error.clone())),
            anyhow::Error::new(error).context("while it began"),
        ];
        for (netuid, error) in [Some(NetUid(2)), None].into_iter().zip(errors) {
            state.failed(netuid, &error);
            let readiness = state.readiness(SystemTime::now());
            assert!(
                !readiness.ready
                    && readiness.reasons.iter().any(|why| why.contains("runtime (spec 900) cannot be read"))
            );
            assert!(readiness.last_error.unwrap().error.contains("it has no pallet"));
        }
        state.has_begun(NetUid(2));
        state.stands_by(NetUid(2));
        assert!(!state.readiness(SystemTime::now()).reasons.iter().any(|why| why.contains("spec 900")));
    }

    #[test]
    fn a_clock_behind_the_chain_is_said_and_far_behind_nothing_is_ready() {
        let since =
            u64::try_from(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis())
                .unwrap();
        let now = SystemTime::UNIX_EPOCH + Duration::from_millis(since);
        let at = |seconds: u64| {
            let state = state();
            let block =
                vesting_core::BlockRef { number: BlockNumber(9), hash: vesting_core::BlockHash::default() };
            let time = vesting_core::Millis(since + seconds * 1_000);
            let mark = Watermark {
                block,
                time,
                first_block: BlockNumber(1),
                first_time: time,
                observed: block.number,
                spec_version: 1,
            };
            state.stands_at(NetUid(2), mark, 0);
            let readiness = state.readiness(now);
            (
                readiness.clock_behind_seconds,
                readiness.reasons.iter().any(|why| why.contains("clock")),
                state.inner().clock_told,
            )
        };
        assert_eq!(at(60), (None, false, false));
        assert_eq!(at(120), (Some(120), false, true));
        assert_eq!(at(600), (Some(600), false, true));
        assert_eq!(at(601), (Some(601), true, true));
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
        state.has_begun(NetUid(2));
        assert!(is_new() && state.is_begun());
        state.has_begun(NetUid(3));
        state.stands_by(NetUid(2));
        assert!(!is_new());
        state.leads(NetUid(3), Some("process 7"));
        assert!(is_new());
        state.leads(NetUid(3), Some("process 7"));
        assert!(!is_new());
        assert_eq!(state.subnets()[&NetUid(3)].role, Role::Standby { by: "process 7".into() });
    }
}
