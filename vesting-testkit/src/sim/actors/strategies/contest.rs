//! The contest: strategists, their twins and the honest holders on one chain, and its record.

use std::collections::BTreeMap;
use std::sync::{Arc, RwLock};

use vesting_core::policy::{DAY_MS, Policy};
use vesting_core::ports::{ReadRecord, StoreError};
use vesting_core::{
    BlockNumber, BlockchainMonitor, Coldkey, EpochRecord, Hotkey, MemoryStore, Millis, MonitorError, NetUid,
    Pace, Ppb, StakeTracker, TrackerError,
};

use super::beginning::WEIGHT;
use super::course::{Course, SeatStanding, Standing};
use super::outcome::{Outcome, Rival};
use super::person::Person;
use super::strategy::Strategy;
use super::turn::Turn;
use crate::sim::{Call, Rng, SimChain, SimPort, SubnetConfig};

const NETUID: NetUid = NetUid(1);
/// A subnet without epochs, to which stake can be swapped.
const ELSEWHERE: NetUid = NetUid(2);
/// The stake of each of the two validators. It is small, so that a delegator gets much of the dividends.
const VALIDATOR_STAKE: u64 = 100_000_000_000;

/// The conditions of a contest. One epoch is one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// The seed of keys and of all chance.
    pub seed: u64,
    /// Blocks of an epoch.
    pub tempo: u16,
    /// How many epochs it has.
    pub days: u64,
    /// The epochs of a window. Some strategies time their sales by it.
    pub window_days: u64,
    /// What each person holds at genesis, in rao.
    pub opening: u64,
}

/// Why a contest has no outcome.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ContestError {
    /// The record could not be made.
    #[error(transparent)]
    Monitor(#[from] MonitorError),
    /// The record could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A report could not be made.
    #[error(transparent)]
    Tracker(#[from] TrackerError),
}

/// A person with what it tries.
struct Contestant {
    strategy: Strategy,
    person: Person,
}

impl Contestant {
    fn new(strategy: Strategy, sells: bool, seed: u64) -> Self {
        Self { strategy, person: Person::new(strategy.coldkeys, sells, seed) }
    }
}

/// A finished contest.
pub struct Contest {
    contestants: Vec<Contestant>,
    store: Arc<MemoryStore>,
    end: BlockNumber,
}

impl Contest {
    /// Lets everybody act, and records the chain by catching up.
    ///
    /// # Errors
    /// When the chain cannot be recorded.
    pub async fn held(setting: &Setting, strategies: &[Strategy]) -> Result<Self, ContestError> {
        let mut rng = Rng::new(setting.seed);
        let mut contestants: Vec<Contestant> = [Strategy::honest(), Strategy::honest_delegator()]
            .map(|honest| Contestant::new(honest, false, rng.next()))
            .into();
        for strategy in strategies {
            let seed = rng.next();
            contestants.extend([true, false].map(|sells| Contestant::new(*strategy, sells, seed)));
        }
        let chain = live(setting, &mut contestants, &mut rng);
        let end = chain.head();
        let store = Arc::new(MemoryStore::new());
        let port = Arc::new(SimPort::new(Arc::new(RwLock::new(chain))));
        let mut monitor = BlockchainMonitor::open(port, store.clone(), &[NETUID], 4).await?;
        monitor.advance(BlockNumber(1), end, Pace::CatchingUp, &mut |_| {}).await?;
        monitor.observe().await?;
        Ok(Self { contestants, store, end })
    }

    /// What everybody got under a policy, as of every epoch.
    ///
    /// # Errors
    /// When the record cannot be read.
    pub async fn outcome(&self, policy: &Policy) -> Result<Outcome, ContestError> {
        let mut courses = self.courses(policy).await?.into_iter();
        let mut next = || courses.next().unwrap_or_default();
        let (holder, delegator) = (next(), next());
        let strategists = self.contestants.iter().filter(|contestant| contestant.person.sells);
        let rivals = strategists
            .map(|strategist| Rival { strategy: strategist.strategy, course: next(), twin: next() })
            .collect();
        Ok(Outcome { holder, delegator, rivals })
    }

    fn persons(&self) -> impl Iterator<Item = &Person> {
        self.contestants.iter().map(|contestant| &contestant.person)
    }

    /// The course of each person, in order.
    async fn courses(&self, policy: &Policy) -> Result<Vec<Course>, ContestError> {
        let whose: BTreeMap<Coldkey, (usize, usize)> = self
            .persons()
            .enumerate()
            .flat_map(|(person, p)| p.seats.iter().enumerate().map(move |(seat, s)| ((person, seat), s)))
            .flat_map(|(place, seat)| seat.coldkeys.iter().map(move |coldkey| (*coldkey, place)))
            .collect();
        let epochs = self.store.epochs(NETUID, BlockNumber(0), self.end).await?;
        let rewards: Vec<BTreeMap<(usize, usize), u128>> =
            epochs.iter().map(|record| rewards(record, &whose)).collect();
        let tracker = StakeTracker::new(self.store.clone());
        let mut courses: Vec<Course> =
            self.persons().map(|person| Course { sold: person.sold, ..Course::default() }).collect();
        for (at, record) in epochs.iter().enumerate() {
            let report = tracker.report(NETUID, policy, Some(record.epoch.block.number)).await?;
            // The weights of an epoch apply to what the next one pays. The last epoch has no next one, so its
            // own pay counts.
            let Some(earned) = rewards.get(at + 1).or_else(|| rewards.get(at)) else { continue };
            let miners: BTreeMap<(usize, usize), _> = report
                .miners
                .iter()
                .filter_map(|miner| whose.get(&miner.neuron.coldkey).map(|place| (*place, miner)))
                .collect();
            for (index, (person, course)) in self.persons().zip(&mut courses).enumerate() {
                let seats = (0..person.seats.len()).map(|seat| SeatStanding {
                    earned: earned.get(&(index, seat)).copied().unwrap_or(0),
                    multiplier: miners
                        .get(&(index, seat))
                        .map(|miner| miner.multiplier)
                        .map(|m| if m.zero_weight { Ppb(0) } else { m.factor }),
                    holding: miners.get(&(index, seat)).and_then(|miner| miner.holding),
                });
                course.standings.push(Standing { as_of: record.epoch.block.number, seats: seats.collect() });
            }
        }
        for (place, alpha) in rewards.iter().flatten() {
            if let Some(course) = courses.get_mut(place.0) {
                course.rewards += alpha;
            }
        }
        Ok(courses)
    }
}

/// The incentive of an epoch by person and coldkey.
fn rewards(
    record: &EpochRecord,
    whose: &BTreeMap<Coldkey, (usize, usize)>,
) -> BTreeMap<(usize, usize), u128> {
    let mut found = BTreeMap::new();
    for change in &record.changes {
        if let Some(place) = whose.get(&change.coldkey()).filter(|_| !change.incentive.is_zero()) {
            *found.entry(*place).or_default() += change.incentive.magnitude();
        }
    }
    found
}

/// Makes the chain, with everything that the persons do on it.
fn live(setting: &Setting, contestants: &mut [Contestant], rng: &mut Rng) -> SimChain {
    let [owner, one, other] = [(); 3].map(|()| (Coldkey(rng.key()), Hotkey(rng.key())));
    // The subnet is full, and a registration replaces the neuron with the least weight. These three have a
    // weight, so that a person who registers replaces only the hotkey that it gave up.
    let mut neurons = vec![(owner.0, owner.1, 1, false, 0)];
    neurons.extend([one, other].map(|(coldkey, hotkey)| (coldkey, hotkey, 1, true, VALIDATOR_STAKE)));
    neurons.extend(contestants.iter().flat_map(|one| one.person.neurons(setting.opening)));
    let capacity = neurons.len();
    let all: u64 = neurons.iter().map(|neuron| neuron.2).sum();
    let subnets = [
        SubnetConfig { netuid: NETUID, tempo: setting.tempo, owner, neurons, capacity },
        SubnetConfig { netuid: ELSEWHERE, tempo: 0, owner, neurons: Vec::new(), capacity: 1 },
    ];
    let mut chain = SimChain::new(setting.seed, &subnets, None);
    let tempo = u64::from(setting.tempo).max(1);
    chain.set_block_time(Millis(DAY_MS / tempo));
    for (key, alpha) in contestants.iter().flat_map(|one| one.person.delegated(setting.opening)) {
        chain.queue(Call::AddStake { coldkey: key.coldkey, hotkey: key.hotkey, netuid: NETUID, alpha });
    }
    let reward = chain.incentive_of(NETUID) / all.max(1) * WEIGHT;
    while chain.head().0 < tempo * setting.days {
        for Contestant { strategy, person } in contestants.iter_mut() {
            (strategy.act)(&mut Turn {
                chain: &mut chain,
                person,
                netuid: NETUID,
                elsewhere: ELSEWHERE,
                validator: one.1,
                tempo,
                window: setting.window_days,
                reward,
            });
        }
        chain.step();
    }
    chain
}
