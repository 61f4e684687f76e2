//! Endpoints: one sticky connection, a deadline on every call, less asked of who refuses, and the next
//! endpoint when one fails.
//!
//! One place decides about an endpoint, and all calls that wait on its connection are let go at once. Nothing
//! is waited for with a lock or with a place among the requests in flight in hand, but an answer.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::{BoxFuture, Shared};
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt, TryFutureExt};
use serde::de::DeserializeOwned;
use subxt::config::substrate::SubstrateHeader;
use subxt::rpcs::Error as RpcError;
use subxt::rpcs::client::{RpcParams, RpcSubscription};
use subxt::utils::H256;
use tokio::sync::{Semaphore, SemaphorePermit};
use vesting_core::ports::ChainError;
use vesting_core::{BlockHash, BlockNumber};
use vesting_secret::SecretUrl;

use crate::endpoints::calls::{Calls, Counts, Requests};
use crate::endpoints::pace::{self, Pace};
use crate::errors::failure::{self, Refusal, Verdict};
use crate::link::address::Address;
use crate::link::connection::{Link, NoLink, dial};

const FINALIZED_HEADS: &str = "chain_subscribeFinalizedHeads";
/// So many blocks below the finalized head a node may have discarded a state; before that, one that does not
/// know a block lags. Nodes keep 256 states unless told otherwise.
const OLD: u64 = 200;
/// As often a call is answered with an error that says nothing, for a deadline at least, before that is told.
const FAILURES: usize = 6;
/// As often a call is asked for before its deadline is over.
const ASKED_AT_MOST: usize = 3;
/// After so many refusals or failures in a row another endpoint is asked, where there is one.
const LEAVES_AFTER: u32 = 3;
/// An endpoint that is to be left alone for longer is not waited for while another one may be asked.
const WORTH_WAITING: Duration = Duration::from_secs(5);
/// The longest pause in a call; whoever wants a longer one is told of, so that the caller waits.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// As long an endpoint may refuse everything before that is told; one that answers now and then is waited
/// for.
const LONGEST_REFUSING: Duration = Duration::from_secs(60);
/// An endpoint of another chain is looked at again so much later.
const FOREIGN: Duration = Duration::from_secs(10 * 60);
/// The pauses before a block is asked for again that a node does not know yet; they double.
const LAG_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_LAG_PAUSE: Duration = Duration::from_secs(2);

/// One endpoint.
struct Place {
    /// Where it is; what is wrong with its URL, where that cannot be used.
    address: Result<Address, String>,
    /// As it may be printed.
    shown: String,
    pace: Mutex<Pace>,
    /// The other chain that it serves, and until when that is believed.
    foreign: Mutex<Option<(BlockHash, Instant)>>,
}

impl Place {
    fn new(url: &SecretUrl, at_once: u32) -> Self {
        Self {
            address: Address::parse(url),
            shown: url.to_string(),
            pace: Mutex::new(Pace::new(at_once)),
            foreign: Mutex::default(),
        }
    }

    fn pace(&self) -> MutexGuard<'_, Pace> {
        lock(&self.pace)
    }

    fn family(&self) -> Option<&str> {
        self.address.as_ref().ok().map(|address| address.family.as_str())
    }

    fn foreign(&self, now: Instant) -> Option<BlockHash> {
        lock(&self.foreign).filter(|(_, until)| *until > now).map(|(genesis, _)| genesis)
    }
}

/// What is locked is whole whatever became of whoever locked it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

type Dialling = Shared<BoxFuture<'static, Result<Arc<Link>, NoLink>>>;

/// The connection.
enum Slot {
    Empty,
    /// It is being made to this endpoint, once for all who want it.
    Dials(usize, Dialling),
    Up(Arc<Link>),
}

/// What is to be done about a connection.
enum Choice {
    Ready(Arc<Link>),
    Wait(usize, Dialling),
    /// All are to be left alone, this one until then and no longer than the others.
    Rest(usize, Instant),
    Refuse(ChainError),
}

/// Why a call has no answer.
enum Unanswered {
    /// The endpoint takes fewer keys at once.
    AskLess,
    Error(ChainError),
}

/// How a call went so far.
struct Trial {
    begun: Instant,
    failures: usize,
    broken: usize,
    /// Endpoints that do not have the state or the block.
    lacking: BTreeSet<usize>,
    /// Since when the one that serves does not know a block that is not old.
    unknown: Option<(usize, Instant, u32)>,
    last: ChainError,
}

/// The endpoints of one chain.
pub(crate) struct Endpoints {
    places: Vec<Place>,
    /// Which of them serves now; stays until it fails.
    current: AtomicUsize,
    slot: Mutex<Slot>,
    /// The chain, once known: an endpoint that serves another is passed over.
    genesis: Mutex<Option<BlockHash>>,
    deadline: Duration,
    /// How long a block near the head may be unknown before it counts as not there.
    lag: Duration,
    in_flight: Semaphore,
    most_in_flight: u32,
    /// The highest block known to be finalized.
    finalized: AtomicU64,
    counts: Counts,
}

impl Endpoints {
    pub(crate) fn new(urls: &[SecretUrl], deadline: Duration, lag: Duration, in_flight: usize) -> Self {
        let most_in_flight = u32::try_from(in_flight).unwrap_or(u32::MAX).clamp(1, 4_096);
        Self {
            places: urls.iter().map(|url| Place::new(url, most_in_flight)).collect(),
            current: AtomicUsize::new(0),
            slot: Mutex::new(Slot::Empty),
            genesis: Mutex::default(),
            deadline,
            lag,
            in_flight: Semaphore::new(usize::try_from(most_in_flight).unwrap_or(1)),
            most_in_flight,
            finalized: AtomicU64::new(0),
            counts: Counts::default(),
        }
    }

    pub(crate) fn requests(&self) -> Requests {
        self.counts.requests()
    }

    /// The calls made so far, by endpoint and method.
    pub(crate) fn calls(&self) -> Vec<Calls> {
        let shown: Vec<String> = self.places.iter().map(|place| place.shown.clone()).collect();
        self.counts.all(&shown)
    }

    /// How often one endpoint was left for another.
    pub(crate) fn switches(&self) -> u64 {
        self.counts.switches()
    }

    /// A block is finalized: what lies far below it may be discarded.
    pub(crate) fn is_finalized(&self, number: BlockNumber) {
        self.finalized.fetch_max(number.0, Ordering::Relaxed);
    }

    /// Whether a node may have discarded the state of a block.
    pub(crate) fn is_old(&self, number: BlockNumber) -> bool {
        number.0.saturating_add(OLD) <= self.finalized.load(Ordering::Relaxed)
    }

    /// How long a block near the head may be unknown before it counts as not there.
    pub(crate) const fn lag(&self) -> Duration {
        self.lag
    }

    /// The chain must be this one; endpoints that serve another are passed over.
    pub(crate) fn expect(&self, genesis: BlockHash) {
        *lock(&self.genesis) = Some(genesis);
        let mut slot = lock(&self.slot);
        if matches!(&*slot, Slot::Up(link) if link.genesis != genesis) {
            *slot = Slot::Empty;
        }
    }

    /// The chain's genesis hash.
    pub(crate) async fn genesis(&self) -> Result<BlockHash, ChainError> {
        let known = *lock(&self.genesis);
        match known {
            // An expected one counts once an endpoint serves it.
            Some(genesis) if self.is_connected() => Ok(genesis),
            // Connecting asks for it.
            _ => self
                .attempt(None, 0, |link| async move { Ok::<_, RpcError>(link.genesis) }, None)
                .await
                .map_err(told),
        }
    }

    fn is_connected(&self) -> bool {
        self.serving().is_some()
    }

    fn place(&self, index: usize) -> Option<&Place> {
        self.places.get(index)
    }

    fn shown(&self, index: usize) -> &str {
        self.place(index).map_or("", |place| place.shown.as_str())
    }

    fn unreachable(&self, index: usize, why: &str) -> ChainError {
        ChainError::Unreachable(format!(
            "cannot reach the endpoint {}: {why}; check `--network` or `--endpoints`, and that the node is running",
            self.shown(index)
        ))
    }

    /// The connection there is, the one being made, or the next one begun.
    fn choose(&self) -> Choice {
        let mut slot = lock(&self.slot);
        match &*slot {
            Slot::Up(link) if link.serves() => return Choice::Ready(Arc::clone(link)),
            Slot::Dials(index, dialling) => return Choice::Wait(*index, dialling.clone()),
            Slot::Up(_) | Slot::Empty => {}
        }
        let now = Instant::now();
        let (mut rests, mut foreign, mut unusable): (Option<(usize, Instant)>, _, _) = (None, None, None);
        let first = self.current.load(Ordering::Relaxed);
        for index in (0..self.places.len()).map(|offset| (first + offset) % self.places.len()) {
            let Some(place) = self.place(index) else { continue };
            let address = match &place.address {
                Ok(address) => address,
                Err(why) => {
                    unusable = Some(why.clone());
                    continue;
                }
            };
            if let Some(genesis) = place.foreign(now) {
                foreign = Some((index, genesis));
                continue;
            }
            if let Some(until) = place.pace().rests(now) {
                rests = rests.filter(|(_, known)| *known <= until).or(Some((index, until)));
                continue;
            }
            if self.current.swap(index, Ordering::Relaxed) != index {
                self.counts.switched();
                tracing::warn!(endpoint = place.shown, "trying the next endpoint");
            }
            let dialling = self.dial(index, address.clone());
            *slot = Slot::Dials(index, dialling.clone());
            return Choice::Wait(index, dialling);
        }
        match (rests, foreign, unusable) {
            (Some((index, until)), _, _) => Choice::Rest(index, until),
            (None, Some((index, genesis)), _) => Choice::Refuse(ChainError::OtherChain {
                endpoint: self.shown(index).to_owned(),
                genesis,
                expected: lock(&self.genesis).unwrap_or_default(),
            }),
            (None, None, Some(why)) => Choice::Refuse(ChainError::Unreachable(why)),
            (None, None, None) => Choice::Refuse(ChainError::Unreachable(
                "no endpoint is configured: use `--network` or `--endpoints`".into(),
            )),
        }
    }

    /// Connects beside whoever waits for it: they may give up waiting, and others begin to.
    fn dial(&self, index: usize, address: Address) -> Dialling {
        let deadline = self.deadline;
        let task = tokio::spawn(async move {
            dial(&address, deadline).await.map(|dialled| Arc::new(Link::new(index, dialled)))
        });
        let ended = |error| NoLink {
            asked: vec![crate::link::connection::CONNECT],
            verdict: Verdict::Broken(format!("connecting was broken off: {error}")),
        };
        async move { task.await.unwrap_or_else(|error| Err(ended(error))) }.boxed().shared()
    }

    /// Takes note of how connecting went: once, whoever comes first.
    fn settle(&self, index: usize, dialling: &Dialling, result: &Result<Arc<Link>, NoLink>) {
        let mut slot = lock(&self.slot);
        if !matches!(&*slot, Slot::Dials(_, known) if known.ptr_eq(dialling)) {
            return;
        }
        *slot = Slot::Empty;
        let Some(place) = self.place(index) else { return };
        let asked = result.as_ref().map_or_else(|failed| &failed.asked, |link| &link.asked);
        for method in asked {
            self.counts.made(index, method);
        }
        let link = match result {
            Ok(link) => link,
            Err(failed) => {
                if let Some(method) = asked.last() {
                    self.counts.failed(index, method);
                }
                drop(slot);
                self.not_connected(index, place, &failed.verdict);
                return;
            }
        };
        let mut genesis = lock(&self.genesis);
        let expected = *genesis.get_or_insert(link.genesis);
        if expected == link.genesis {
            *slot = Slot::Up(Arc::clone(link));
            return;
        }
        *lock(&place.foreign) = Some((link.genesis, Instant::now() + FOREIGN));
        tracing::warn!(
            endpoint = place.shown,
            "passed over: it serves another chain (genesis {}, not {expected})",
            link.genesis
        );
    }

    fn not_connected(&self, index: usize, place: &Place, verdict: &Verdict) {
        if let Verdict::Refused(refusal) = verdict {
            self.rest(index, 0, refusal);
        } else {
            let until = place.pace().failed(Instant::now(), fastrand::f64());
            tracing::warn!(endpoint = place.shown, "cannot connect: {}; {}", said(verdict), after(until));
        }
    }

    /// Leaves an endpoint that refuses alone; by policy, all of its family.
    fn rest(&self, index: usize, keys: usize, refusal: &Refusal) -> Instant {
        let now = Instant::now();
        let Some(place) = self.place(index) else { return now };
        let (until, keys, at_once) = {
            let mut pace = place.pace();
            (pace.refused(now, keys, refusal, fastrand::f64()), pace.keys(), pace.at_once())
        };
        if refusal.policy {
            for other in self
                .places
                .iter()
                .filter(|other| other.family().is_some() && other.family() == place.family())
            {
                other.pace().rest(now, until.saturating_duration_since(now));
            }
        }
        tracing::warn!(
            endpoint = place.shown,
            policy = refusal.policy,
            keys,
            at_once,
            "it asks us to be slower: {}; {}",
            refusal.words,
            after(until)
        );
        until
    }

    /// Whether another endpoint than this may be asked now.
    fn is_another_free(&self, index: usize) -> bool {
        let now = Instant::now();
        let free = |place: &Place| {
            place.address.is_ok() && place.foreign(now).is_none() && place.pace().rests(now).is_none()
        };
        self.places.iter().enumerate().any(|(other, place)| other != index && free(place))
    }

    /// The connection that serves now.
    fn serving(&self) -> Option<Arc<Link>> {
        match &*lock(&self.slot) {
            Slot::Up(link) => Some(Arc::clone(link)),
            _ => None,
        }
    }

    /// Leaves the endpoint that serves now for the next (for a new connection, where it is the only one).
    pub(crate) fn leave(&self, why: &str) {
        let Some(link) = self.serving() else { return };
        tracing::warn!(endpoint = self.shown(link.index), "leaving the endpoint: {why}");
        self.move_on(&link);
    }

    /// Leaves the endpoint of a connection that still serves, where another one may be asked.
    fn leave_for_another(&self, link: &Link, why: &str) {
        if link.serves() && self.is_another_free(link.index) {
            tracing::warn!(endpoint = self.shown(link.index), "leaving the endpoint: {why}");
            self.move_on(link);
        }
    }

    /// An answer is not about what was asked, or says what cannot be. After several in a row another endpoint
    /// is asked, where there is one.
    pub(crate) fn misread(&self, why: &str) {
        let Some(link) = self.serving() else { return };
        tracing::warn!(endpoint = self.shown(link.index), "{why}; asking again");
        let often = self.place(link.index).is_some_and(|place| place.pace().misread() >= LEAVES_AFTER);
        if often {
            self.leave_for_another(&link, "its answers are wrong");
        }
    }

    /// Nothing new is asked on a connection; the next endpoint is tried first.
    fn move_on(&self, link: &Link) {
        link.leave();
        self.empty(link);
    }

    /// Gives a connection up: whoever waits for an answer there is let go at once.
    fn give_up(&self, link: &Link, why: &str) {
        if link.give_up() {
            let until =
                self.place(link.index).map(|place| place.pace().failed(Instant::now(), fastrand::f64()));
            tracing::warn!(
                endpoint = self.shown(link.index),
                "the connection is given up: {why}; {}",
                until.map(after).unwrap_or_default()
            );
        }
        self.empty(link);
    }

    fn empty(&self, link: &Link) {
        let mut slot = lock(&self.slot);
        if matches!(&*slot, Slot::Up(known) if std::ptr::eq(Arc::as_ptr(known), link)) {
            *slot = Slot::Empty;
            let next = (link.index + 1) % self.places.len().max(1);
            if self.current.swap(next, Ordering::Relaxed) != next {
                self.counts.switched();
            }
        }
    }

    /// Makes a call about the state of `block` (or about none): with a deadline, within the limit of requests
    /// in flight, on one endpoint after the other before giving up.
    pub(crate) async fn call<R: DeserializeOwned>(
        &self,
        block: Option<BlockNumber>,
        method: &'static str,
        params: RpcParams,
    ) -> Result<R, ChainError> {
        self.request(block, 0, method, params).await.map_err(told)
    }

    /// The most storage keys to ask for at once.
    pub(crate) fn keys(&self) -> usize {
        self.place(self.current.load(Ordering::Relaxed))
            .map_or(crate::endpoints::pace::MOST_KEYS, |place| place.pace().keys())
    }

    /// A call for so many storage keys; `None` where the endpoint takes fewer at once.
    pub(crate) async fn call_for_keys<R: DeserializeOwned>(
        &self,
        block: BlockNumber,
        keys: usize,
        method: &'static str,
        params: RpcParams,
    ) -> Result<Option<R>, ChainError> {
        match self.request(Some(block), keys, method, params).await {
            Ok(answer) => Ok(Some(answer)),
            Err(Unanswered::AskLess) => Ok(None),
            Err(Unanswered::Error(error)) => Err(error),
        }
    }

    async fn request<R: DeserializeOwned>(
        &self,
        block: Option<BlockNumber>,
        keys: usize,
        method: &'static str,
        params: RpcParams,
    ) -> Result<R, Unanswered> {
        let make = |link: Arc<Link>| {
            let params = params.clone();
            async move { link.client.request(method, params).await }
        };
        self.attempt(block, keys, make, Some(method)).await
    }

    /// Subscribes to finalized heads, only to be woken; with the connection that they come on.
    pub(crate) async fn finalized_heads(
        &self,
    ) -> Result<(Arc<Link>, RpcSubscription<SubstrateHeader<H256>>), ChainError> {
        let make = |link: Arc<Link>| async move {
            let heads = link
                .client
                .subscribe(FINALIZED_HEADS, RpcParams::new(), "chain_unsubscribeFinalizedHeads")
                .await?;
            Ok((link, heads))
        };
        self.attempt(None, 0, make, Some(FINALIZED_HEADS)).await.map_err(told)
    }

    /// Tries until there is an answer, or no sense in trying on. Calls without a method ask nothing but a
    /// connection.
    async fn attempt<R, F>(
        &self,
        block: Option<BlockNumber>,
        keys: usize,
        make: impl Fn(Arc<Link>) -> F,
        method: Option<&'static str>,
    ) -> Result<R, Unanswered>
    where
        F: Future<Output = Result<R, RpcError>>,
    {
        let mut trial = Trial {
            begun: Instant::now(),
            failures: 0,
            broken: 0,
            lacking: BTreeSet::new(),
            unknown: None,
            last: ChainError::Unreachable(
                "no endpoint is configured: use `--network` or `--endpoints`".into(),
            ),
        };
        loop {
            let Some(link) = self.link(&mut trial).await.map_err(Unanswered::Error)? else { continue };
            let Some(place) = self.place(link.index) else { return Err(Unanswered::Error(trial.last)) };
            if trial.lacking.contains(&link.index) {
                // The others cannot be asked just now.
                self.move_on(&link);
                self.again(&mut trial).await.map_err(Unanswered::Error)?;
                continue;
            }
            let rests = place.pace().rests(Instant::now());
            if let Some(until) = rests {
                self.pause(link.index, until).await.map_err(Unanswered::Error)?;
                continue;
            }
            if keys > place.pace().keys() {
                return Err(Unanswered::AskLess);
            }
            let Some(method) = method else {
                return make(link)
                    .await
                    .map_err(|error| Unanswered::Error(self.unreachable(0, &failure::words(&error))));
            };
            let permit = self.permit(place).await.map_err(Unanswered::Error)?;
            // Much may have happened while others had their turn.
            if !link.serves() || place.pace().rests(Instant::now()).is_some() {
                continue;
            }
            self.counts.made(link.index, method);
            let asked = Instant::now();
            let asks = self.ask(&link, asked, place.pace().patience(), &make, method);
            let answer = tokio::select! {
                answer = tokio::time::timeout(self.deadline, asks) => Some(answer),
                () = link.gone() => None,
            };
            drop(permit);
            let verdict = match answer {
                Some(Ok(Ok((answer, took)))) => {
                    let mut pace = place.pace();
                    pace.answered(keys);
                    pace.lasted(took);
                    drop(pace);
                    link.answers();
                    return Ok(answer);
                }
                Some(Ok(Err(error))) => {
                    link.answers();
                    failure::judge(&error)
                }
                Some(Err(_)) => {
                    let words = format!("no answer within {} s", self.deadline.as_secs_f64());
                    // One that answered others is not mute.
                    if link.is_mute_since(asked) { Verdict::Broken(words) } else { Verdict::Failed(words) }
                }
                None => Verdict::Broken("its connection was given up".into()),
            };
            self.counts.failed(link.index, method);
            self.react(&mut trial, &link, block, keys, verdict).await.map_err(Unanswered::Error)?;
        }
    }

    /// The first answer to a call, and how long it took. While others are answered, one that takes much
    /// longer than they did is asked for again: an answer that was lost would cost a whole deadline.
    async fn ask<R, F>(
        &self,
        link: &Arc<Link>,
        asked: Instant,
        mut patience: Duration,
        make: &impl Fn(Arc<Link>) -> F,
        method: &'static str,
    ) -> Result<(R, Duration), RpcError>
    where
        F: Future<Output = Result<R, RpcError>>,
    {
        let call = || {
            let (begun, call) = (Instant::now(), make(Arc::clone(link)));
            call.map_ok(move |answer| (answer, begun.elapsed()))
        };
        let mut calls = FuturesUnordered::from_iter([call()]);
        loop {
            match tokio::time::timeout(patience, calls.select_next_some()).await {
                Ok(answer) => return answer,
                Err(_) => {
                    // Twice the same subscription would be of no use.
                    if calls.len() < ASKED_AT_MOST && method != FINALIZED_HEADS && !link.is_mute_since(asked)
                    {
                        self.counts.made(link.index, method);
                        calls.push(call());
                    }
                    patience = patience.saturating_mul(2);
                }
            }
        }
    }

    /// A connection; none where the endpoint is to be chosen anew.
    async fn link(&self, trial: &mut Trial) -> Result<Option<Arc<Link>>, ChainError> {
        match self.choose() {
            Choice::Ready(link) => Ok(Some(link)),
            Choice::Rest(index, until) => {
                self.pause(index, until).await?;
                Ok(None)
            }
            Choice::Refuse(error) => Err(error),
            Choice::Wait(index, dialling) => {
                let result = dialling.clone().await;
                self.settle(index, &dialling, &result);
                if let Err(failed) = result {
                    if let Verdict::Refused(refusal) = failed.verdict {
                        trial.last = self.limited(index, &refusal.words, Duration::ZERO);
                    } else {
                        trial.last = self.unreachable(index, said(&failed.verdict));
                        // One that answers, whatever it says, is there.
                        let answered = matches!(failed.verdict, Verdict::Failed(_) | Verdict::Lacks { .. });
                        if answered { trial.failures += 1 } else { trial.broken += 1 }
                    }
                    self.is_worth_it(trial)?;
                }
                // The connection is looked at like any other: it may be of another chain.
                Ok(None)
            }
        }
    }

    fn limited(&self, index: usize, words: &str, wait: Duration) -> ChainError {
        ChainError::Limited {
            why: format!("the endpoint {} asks us to be slower: {words}", self.shown(index)),
            wait,
        }
    }

    /// Whether a call is tried on.
    fn is_worth_it(&self, trial: &Trial) -> Result<(), ChainError> {
        // What fails for some seconds passes more often than not, however often it is tried in them.
        let often =
            trial.failures >= FAILURES.max(self.places.len()) && trial.begun.elapsed() >= self.deadline;
        if often || trial.broken >= self.places.len().saturating_mul(2) {
            return Err(trial.last.clone());
        }
        Ok(())
    }

    /// Waits until then, unless that is too long for a call.
    async fn pause(&self, index: usize, until: Instant) -> Result<(), ChainError> {
        let now = Instant::now();
        let wait = until.saturating_duration_since(now);
        let (refusing, said) = self.place(index).map_or((Duration::ZERO, String::new()), |place| {
            let pace = place.pace();
            (pace.refuses_for(now), pace.said().to_owned())
        });
        if wait > LONGEST_PAUSE || refusing > LONGEST_REFUSING {
            return Err(self.limited(index, &said, wait));
        }
        // Those that wait for one endpoint do not come back in one moment.
        tokio::time::sleep(wait.saturating_add(Duration::from_millis(fastrand::u64(0..20)))).await;
        Ok(())
    }

    /// Another try after a pause of this call alone.
    async fn again(&self, trial: &mut Trial) -> Result<(), ChainError> {
        trial.failures += 1;
        self.is_worth_it(trial)?;
        tokio::time::sleep(pace::pause(u32::try_from(trial.failures).unwrap_or(u32::MAX), fastrand::f64()))
            .await;
        Ok(())
    }

    /// A place among the requests in flight; whoever refuses gets fewer of them, by larger places.
    async fn permit(&self, place: &Place) -> Result<SemaphorePermit<'_>, ChainError> {
        let size = self.most_in_flight / place.pace().at_once().clamp(1, self.most_in_flight);
        let permit = self.in_flight.acquire_many(size.max(1)).await;
        permit.map_err(|_| ChainError::Unreachable("shutting down".into()))
    }

    /// What comes of a verdict: another try, or the error that is told.
    async fn react(
        &self,
        trial: &mut Trial,
        link: &Arc<Link>,
        block: Option<BlockNumber>,
        keys: usize,
        verdict: Verdict,
    ) -> Result<(), ChainError> {
        let index = link.index;
        let shown = self.shown(index);
        match verdict {
            Verdict::Unsupported(words) => {
                Err(ChainError::Unsupported(format!("the endpoint {shown} could not run a call: {words}")))
            }
            Verdict::Lacks { discarded, words } => match block {
                Some(block) => self.lacks(trial, link, block, discarded, &words).await,
                None => self.failed(trial, link, keys, &words).await,
            },
            Verdict::Refused(refusal) => {
                trial.last = self.limited(index, &refusal.words, Duration::ZERO);
                let until = self.rest(index, keys, &refusal);
                let long = until.saturating_duration_since(Instant::now()) > WORTH_WAITING;
                let often = self.place(index).is_some_and(|place| place.pace().refusals() >= LEAVES_AFTER);
                if refusal.closed {
                    link.give_up();
                    self.empty(link);
                }
                if long || often {
                    self.leave_for_another(link, "another one may be asked meanwhile");
                }
                Ok(())
            }
            Verdict::Failed(words) => self.failed(trial, link, keys, &words).await,
            Verdict::Broken(words) => {
                trial.last = ChainError::Unreachable(format!("the endpoint {shown} failed: {words}"));
                self.broken(trial, link, &words)
            }
            Verdict::Nonsense(words) => {
                trial.last =
                    ChainError::Malformed(format!("the endpoint {shown} answered nonsense: {words}"));
                self.broken(trial, link, &words)
            }
        }
    }

    fn broken(&self, trial: &mut Trial, link: &Link, words: &str) -> Result<(), ChainError> {
        // One that breaks off after answers is better than one that gives none.
        if link.is_mute_since(link.made) {
            trial.broken += 1;
        } else {
            trial.failures += 1;
        }
        self.give_up(link, words);
        self.is_worth_it(trial)
    }

    /// The node answered with an error that says nothing about the chain.
    async fn failed(
        &self,
        trial: &mut Trial,
        link: &Link,
        keys: usize,
        words: &str,
    ) -> Result<(), ChainError> {
        let shown = self.shown(link.index);
        trial.last = ChainError::Unreachable(format!("the endpoint {shown} failed: {words}"));
        tracing::warn!(endpoint = shown, "a call failed: {words}; trying again");
        let often = self.place(link.index).is_some_and(|place| {
            let mut pace = place.pace();
            pace.ask_less(keys);
            pace.stumbled();
            pace.failures() >= LEAVES_AFTER
        });
        if often {
            self.leave_for_another(link, "its calls fail");
        }
        self.again(trial).await
    }

    /// The node does not have a state or a block: discarded, where it is old enough, or else not there yet.
    async fn lacks(
        &self,
        trial: &mut Trial,
        link: &Link,
        block: BlockNumber,
        discarded: bool,
        words: &str,
    ) -> Result<(), ChainError> {
        let index = link.index;
        if !self.is_old(block) {
            let (since, times) = match trial.unknown {
                Some((at, since, times)) if at == index => (since, times),
                _ => (Instant::now(), 0),
            };
            trial.unknown = Some((index, since, times.saturating_add(1)));
            if since.elapsed() < self.lag {
                tracing::debug!(endpoint = self.shown(index), %block, "it does not know the block yet: {words}");
                tokio::time::sleep(lag_pause(times).min(self.lag)).await;
                return Ok(());
            }
        }
        let gone = discarded || self.is_old(block);
        trial.last = if gone { ChainError::Pruned { block } } else { ChainError::NoSuchBlock(block) };
        trial.lacking.insert(index);
        let now = Instant::now();
        let asked = |(index, place): (usize, &Place)| {
            trial.lacking.contains(&index) || place.address.is_err() || place.foreign(now).is_some()
        };
        if self.places.iter().enumerate().all(asked) {
            return Err(trial.last.clone());
        }
        if link.serves() {
            tracing::info!(endpoint = self.shown(index), %block, "it does not have the block's state; trying the next endpoint");
            self.move_on(link);
        }
        Ok(())
    }
}

/// The pause before a block is asked for again that is not known yet.
pub(crate) fn lag_pause(times: u32) -> Duration {
    LAG_PAUSE.saturating_mul(1 << times.min(8)).min(LONGEST_LAG_PAUSE)
}

/// An error as it is told.
fn told(unanswered: Unanswered) -> ChainError {
    match unanswered {
        // Calls without keys are not too large.
        Unanswered::AskLess => ChainError::Unreachable("the endpoint takes no request".into()),
        Unanswered::Error(error) => error,
    }
}

/// The words of a verdict.
fn said(verdict: &Verdict) -> &str {
    match verdict {
        Verdict::Unsupported(words)
        | Verdict::Failed(words)
        | Verdict::Broken(words)
        | Verdict::Nonsense(words) => words,
        Verdict::Lacks { words, .. } => words,
        Verdict::Refused(refusal) => &refusal.words,
    }
}

/// When an endpoint is asked again.
fn after(until: Instant) -> String {
    format!("asked again in {:.1} s", until.saturating_duration_since(Instant::now()).as_secs_f64())
}
