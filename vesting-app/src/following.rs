//! Following the subnets that are this process's to record, whatever comes in between.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use vesting_chain::SubxtChain;
use vesting_core::ports::{ChainError, ChainPort, StakeStore, StoreError};
use vesting_core::{BlockNumber, BlockchainMonitor, MonitorError, NetUid, Progress};

use crate::config::Config;
use crate::lead::{Lead, STANDBY_PAUSE};
use crate::state::State;
use crate::wiring::{self, Plan};

/// Between two tries when the chain or the database cannot be reached; for the chain it doubles.
pub const PAUSE: Duration = Duration::from_secs(5);

/// The longest pause that nobody asked for.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Between two tries when the ledger or the record does not agree with the chain: another endpoint may tell another
/// thing, and nothing is written until it agrees.
const DISAGREEMENT_PAUSE: Duration = Duration::from_secs(60);

/// A beginning that the chain did not tell is asked for again so much later, while others are recorded.
const BEGINNING_PAUSE: Duration = Duration::from_secs(60);

/// How often it is asked whether a subnet is there now: half a block.
const APPEARANCE_PAUSE: Duration = Duration::from_secs(6);

/// As long a pause at most goes by without a sign of life.
const BEAT: Duration = Duration::from_secs(30);

/// Hears of every head reached, counted since a record was taken up, and of what was counted before; gives both.
pub type Report<'a> = dyn FnMut(Progress, Option<Progress>) -> Progress + Send + 'a;

/// The daemon at work.
pub struct Following<'a> {
    pub config: &'a Config,
    pub chain: &'a Arc<SubxtChain>,
    pub store: &'a Arc<dyn StakeStore>,
    /// How to begin, as far as that was found out already.
    pub plan: Mutex<Option<Plan>>,
    pub until: Option<BlockNumber>,
    /// Where it is said how this goes.
    pub state: &'a State,
}

/// Subnets that cannot be recorded yet.
#[derive(Default)]
struct Waits {
    /// They are not there.
    absent: Vec<NetUid>,
    /// When those are tried again whose beginning the chain did not tell.
    again: Option<Instant>,
    /// Whether others are followed, which keeps the head known.
    follows: bool,
    /// When it was asked last, and the head then.
    asked: Option<Instant>,
    head: Option<BlockNumber>,
}

impl Following<'_> {
    /// Follows what is ours to record, and takes over what others leave. An answer of a node ends nothing: it is said,
    /// waited out and asked for again.
    pub async fn go(&self, report: &mut Report<'_>) -> anyhow::Result<()> {
        let mut lead = Lead::default();
        let mut total: Option<Progress> = None;
        let mut tries = 0;
        loop {
            let stood_at = total.map(|total| total.block);
            let error = match self.turn(&mut lead, &mut total, report).await {
                Ok(true) => return Ok(()),
                Ok(false) => {
                    tries = 0;
                    continue;
                }
                Err(error) => error,
            };
            tries = if total.map(|total| total.block) > stood_at { 1 } else { tries + 1 };
            let Some(pause) = waits(&error, tries) else { return Err(error) };
            wait_out(self.state, &error, pause).await;
        }
    }

    /// Follows until what is ours changes; says whether all that was to be done is.
    async fn turn(&self, lead: &mut Lead, total: &mut Option<Progress>, report: &mut Report<'_>) -> anyhow::Result<bool> {
        // Of another chain nothing is ours to record.
        wiring::bind(self.config, self.chain.as_ref(), self.store.as_ref()).await?;
        let now = Lead::take(self.store.as_ref(), &self.config.netuids).await?;
        now.say(lead);
        self.state.lead(&now);
        *lead = now;
        if lead.ours.is_empty() {
            self.state.has_begun();
            return self.stand_by(lead, &mut Waits::default()).await;
        }
        let plan = self.plan(lead).await?;
        let mut waits = self.wait_for(&plan);
        if plan.ready.is_empty() {
            if plan.absent.is_empty() {
                plan.failure()?;
            }
            self.state.has_begun();
            return self.stand_by(lead, &mut waits).await;
        }
        let config = Config { netuids: plan.ready.clone(), ..self.config.clone() };
        let (mut monitor, first) = wiring::monitor(&config, self.chain, Arc::clone(self.store), None, plan.first).await?;
        self.state.has_begun();
        let before = *total;
        let mut hear = |progress: Progress| {
            self.state.reached(progress);
            *total = Some(report(progress, before));
        };
        if !config.use_background_thread {
            return self.when_told(&mut monitor, first, lead, &mut waits, &mut hear).await;
        }
        tokio::select! {
            done = monitor.follow(first, self.until, &mut hear) => done?,
            () = self.more(lead, &mut waits) => return Ok(false),
        }
        // What others record may not be as far yet.
        self.stand_by(lead, &mut waits).await
    }

    /// Which of ours can be recorded, and from where on.
    async fn plan(&self, lead: &Lead) -> anyhow::Result<Plan> {
        let known = self.plan.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(mut plan) = known {
            plan.ready.retain(|netuid| lead.ours.contains(netuid));
            plan.absent.retain(|netuid| lead.ours.contains(netuid));
            plan.failed.retain(|(netuid, _)| lead.ours.contains(netuid));
            return Ok(plan);
        }
        let recorded = self.store.netuids().await?;
        let config = Config { netuids: lead.ours.clone(), ..self.config.clone() };
        // Where all goes on, the head is of no interest.
        let head = if lead.ours.iter().all(|netuid| recorded.contains(netuid)) {
            BlockNumber(0)
        } else {
            self.chain.finalized_head().await?.number
        };
        Ok(Plan::make(&config, self.chain.as_ref(), &recorded, head).await)
    }

    /// Says which subnets cannot be recorded yet, and what they wait for.
    fn wait_for(&self, plan: &Plan) -> Waits {
        let mut why = BTreeMap::new();
        for netuid in &plan.absent {
            why.insert(*netuid, "it is not there yet: once it is registered, it is recorded from then on".to_owned());
        }
        for (netuid, error) in &plan.failed {
            why.insert(*netuid, format!("where its window begins cannot be found, which is tried again: {error}"));
        }
        for (netuid, why) in &why {
            tracing::warn!("subnet {netuid} is not recorded: {why}");
        }
        self.state.waits_for(&why);
        Waits {
            absent: plan.absent.clone(),
            again: (!plan.failed.is_empty()).then(|| Instant::now() + BEGINNING_PAUSE),
            follows: !plan.ready.is_empty(),
            ..Waits::default()
        }
    }

    /// Waits until something else can be recorded; for ever where nothing is waited for.
    async fn more(&self, lead: &Lead, waits: &mut Waits) {
        loop {
            tokio::time::sleep(STANDBY_PAUSE).await;
            if self.is_more(lead, waits).await {
                return;
            }
        }
    }

    /// Whether something else can be recorded: others have left it, or it has come to be.
    async fn is_more(&self, lead: &Lead, waits: &mut Waits) -> bool {
        if lead.is_any_free(self.store.as_ref()).await || waits.again.is_some_and(|again| Instant::now() >= again) {
            return true;
        }
        match self.has_appeared(waits).await {
            Ok(appeared) => appeared,
            Err(error) => {
                // Whoever follows says it.
                if waits.follows {
                    tracing::debug!(%error, "whether a subnet is there cannot be asked");
                } else {
                    self.state.failed(&error.into());
                }
                false
            }
        }
    }

    /// Whether one of those that were not there is there now.
    async fn has_appeared(&self, waits: &mut Waits) -> Result<bool, ChainError> {
        if waits.absent.is_empty() || waits.asked.is_some_and(|asked| asked.elapsed() < APPEARANCE_PAUSE) {
            return Ok(false);
        }
        let head = if waits.follows { self.chain.newest_head() } else { Some(self.chain.finalized_head().await?.number) };
        let Some(head) = head.filter(|head| waits.head.is_none_or(|before| *head > before)) else { return Ok(false) };
        let present = wiring::present(self.chain.as_ref(), &waits.absent, head).await?;
        (waits.asked, waits.head) = (Some(Instant::now()), Some(head));
        if !present.is_empty() {
            let present: Vec<String> = present.iter().map(ToString::to_string).collect();
            tracing::info!("subnet {} is there as of block {head}", present.join(", "));
        }
        Ok(!present.is_empty())
    }

    /// Goes on to the finalized head whenever it is told to, until what is ours changes or all is done.
    async fn when_told(
        &self,
        monitor: &mut BlockchainMonitor,
        first: BlockNumber,
        lead: &Lead,
        waits: &mut Waits,
        hear: &mut (dyn FnMut(Progress) + Send),
    ) -> anyhow::Result<bool> {
        loop {
            tokio::select! {
                () = self.state.told.notified() => {
                    let head = self.chain.finalized_head().await?.number;
                    let to = self.until.map_or(head, |until| until.min(head));
                    let pace = monitor.pace(first, to);
                    monitor.advance(first, to, pace, hear).await?;
                    monitor.observe().await?;
                }
                () = tokio::time::sleep(STANDBY_PAUSE) => {
                    self.state.stands_by();
                    if self.is_more(lead, waits).await {
                        return Ok(false);
                    }
                }
            }
            if self.reached(waits).await? {
                return Ok(true);
            }
        }
    }

    /// Waits until something else can be recorded, or all is done; says whether it is.
    async fn stand_by(&self, lead: &Lead, waits: &mut Waits) -> anyhow::Result<bool> {
        while !self.reached(waits).await? {
            self.state.stands_by();
            tokio::time::sleep(STANDBY_PAUSE).await;
            if self.is_more(lead, waits).await {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether every record has got as far as was asked for; of a subnet that is not there, whether the chain has.
    async fn reached(&self, waits: &Waits) -> Result<bool, StoreError> {
        let Some(until) = self.until else { return Ok(false) };
        for netuid in &self.config.netuids {
            if waits.absent.contains(netuid) && waits.head.is_some_and(|head| head >= until) {
                continue;
            }
            if self.store.watermark(*netuid).await?.is_none_or(|mark| mark.block.number < until) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// The version of the runtime that cannot be read, where that is what went wrong.
pub fn unreadable(error: &anyhow::Error) -> Option<u32> {
    let of = |error: &ChainError| match error {
        ChainError::Unreadable { spec_version, .. } => Some(*spec_version),
        _ => None,
    };
    match error.downcast_ref() {
        Some(MonitorError::Chain(error)) => of(error),
        _ => error.downcast_ref().and_then(of),
    }
}

/// How long to wait before the same is tried again, for so many times in a row; `None` where that is of no use.
pub fn waits(error: &anyhow::Error, tries: u32) -> Option<Duration> {
    let monitor = error.downcast_ref::<MonitorError>();
    if let Some(error) = error.downcast_ref::<ChainError>() {
        return Some(pause(error, tries));
    }
    match monitor {
        // What the chain says and what is recorded are at odds: a node may be wrong about either.
        Some(MonitorError::Chain(ChainError::Contradicted { .. })) => Some(DISAGREEMENT_PAUSE),
        Some(MonitorError::Chain(error)) => Some(pause(error, tries)),
        Some(MonitorError::Conservation(_) | MonitorError::Fork { .. }) => Some(DISAGREEMENT_PAUSE),
        _ => is_passing(error).then_some(PAUSE),
    }
}

/// Says what went wrong and is tried again, and waits: what does not pass by itself is an error. Stopping altogether would
/// take readiness and metrics away, which tell of it.
pub async fn wait_out(state: &State, error: &anyhow::Error, pause: Duration) {
    state.failed(error);
    if is_passing(error) {
        tracing::warn!("{error:#}; trying again in {} s", pause.as_secs());
    } else {
        tracing::error!("{error:#}; trying again in {} s", pause.as_secs());
    }
    rest(state, pause).await;
}

/// How long to wait before a chain is asked again that answered with an error so many times in a row: as long as it wants,
/// and longer each time.
pub fn pause(error: &ChainError, tries: u32) -> Duration {
    let grown = PAUSE.saturating_mul(1 << tries.saturating_sub(1).min(8)).min(LONGEST_PAUSE);
    match error {
        ChainError::Limited { wait, .. } => grown.max(*wait),
        _ => grown,
    }
}

/// Waits, with signs of life.
async fn rest(state: &State, pause: Duration) {
    let mut left = pause;
    while !left.is_zero() {
        let part = left.min(BEAT);
        tokio::time::sleep(part).await;
        left -= part;
        state.waits();
    }
}

/// Whether the same may go well a little later.
pub fn is_passing(error: &anyhow::Error) -> bool {
    let store = error.downcast_ref::<StoreError>().map(StoreError::is_passing);
    let chain = error.downcast_ref::<ChainError>().map(ChainError::is_passing);
    error.downcast_ref::<MonitorError>().map(MonitorError::is_passing).or(store).or(chain) == Some(true)
}

#[cfg(test)]
mod tests {
    use vesting_core::BlockHash;

    use super::*;

    #[test]
    fn no_answer_of_a_node_ends_following_and_pauses_grow() {
        let block = BlockNumber(7);
        let limited = ChainError::Limited { why: "slower".into(), wait: Duration::from_secs(300) };
        for error in [
            ChainError::Unreachable("x".into()),
            ChainError::Malformed("x".into()),
            ChainError::Unsupported("x".into()),
            ChainError::Pruned { block },
            ChainError::NoSuchBlock(block),
            ChainError::NoSuchSubnet { netuid: NetUid(4), block },
            ChainError::OtherChain { endpoint: "x".into(), genesis: BlockHash([1; 32]), expected: BlockHash([2; 32]) },
        ] {
            let pauses =
                [1, 2, 3, 4, 5, 90].map(|tries| waits(&MonitorError::from(error.clone()).into(), tries).map(|pause| pause.as_secs()));
            assert_eq!(pauses, [5, 10, 20, 40, 60, 60].map(Some), "{error}");
            assert_eq!(waits(&anyhow::Error::from(error).context("where it was"), 1), Some(PAUSE));
        }
        assert_eq!(waits(&limited.into(), 1), Some(Duration::from_secs(300)));
        let fork = MonitorError::Fork { block, stands_at: vesting_core::BlockRef { number: block, hash: BlockHash([1; 32]) } };
        assert_eq!(waits(&fork.into(), 1), Some(DISAGREEMENT_PAUSE));
        assert_eq!(waits(&StoreError::Unusable("x".into()).into(), 1), None);
    }
}
