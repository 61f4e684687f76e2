//! The laws of the record on random simulated histories. A failure prints its seed.

#![allow(missing_docs, clippy::panic, clippy::unwrap_used, clippy::expect_used)] // tests

mod checked;
mod explaining;
mod failing;
mod hunt;
mod lied;
mod locked;
mod pruned;
mod strategies;
mod system;
mod taken_back;
mod undone;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, RwLock};

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use vesting_core::digest::{Difference, WindowState};
use vesting_core::formula::built_in;
use vesting_core::interval::closing;
use vesting_core::policy::{DurationRule, Policy};
use vesting_core::ports::{ChainPort, ReadChain, ReadRecord, StakeStore};
use vesting_core::{
    BlockNumber, BlockchainMonitor, Coldkey, Detection, Entry, EpochRecord, Flow, MemoryStore, Millis,
    NetUid, Pace, PositionKey, RaoDelta, StakeTracker, TrackerError,
};
use vesting_testkit::sim::{Call, Generation, RandomLife, Rng, SimChain, SimPort};

const NETUID: NetUid = NetUid(1);

/// A random chain of this many blocks.
fn lived(seed: u64, blocks: u64) -> SimChain {
    let mut life = RandomLife::new(seed);
    let mut chain = life.chain(seed, None);
    for _ in 0..blocks {
        life.step(&mut chain);
    }
    chain
}

/// As [`lived`], but with many more swaps of coldkeys, also into coldkeys that were swapped away before.
fn renamed(seed: u64, blocks: u64) -> SimChain {
    let mut rng = Rng::new(!seed);
    let mut life = RandomLife::new(seed);
    let mut chain = life.chain(seed, None);
    let mut names: BTreeSet<Coldkey> = BTreeSet::new();
    for _ in 0..blocks {
        let held: BTreeSet<PositionKey> =
            RandomLife::NETUIDS.into_iter().flat_map(|netuid| chain.positions(netuid)).collect();
        let busy: BTreeSet<Coldkey> = held.iter().map(|key| key.coldkey).collect();
        names.extend(&busy);
        let all: Vec<Coldkey> = names.iter().copied().collect();
        let name = |rng: &mut Rng| rng.pick(&all).copied().unwrap();
        if rng.once_in(4) {
            let (netuid, hotkeys) = (
                *rng.pick(&RandomLife::NETUIDS).unwrap(),
                held.iter().map(|key| key.hotkey).collect::<Vec<_>>(),
            );
            let (coldkey, hotkey) = (name(&mut rng), *rng.pick(&hotkeys).unwrap());
            chain.queue(Call::AddStake { coldkey, hotkey, netuid, alpha: rng.below(9_000_000_000) });
        } else if rng.once_in(6) && chain.code() > Generation::Oldest {
            let free: Vec<Coldkey> = names.difference(&busy).copied().collect();
            let new = rng.pick(&free).copied().unwrap_or(Coldkey(rng.key()));
            chain.queue(Call::SwapColdkey { old: name(&mut rng), new });
        }
        life.step(&mut chain);
    }
    chain
}

fn port(chain: &Arc<RwLock<SimChain>>) -> Arc<SimPort> {
    Arc::new(SimPort::new(Arc::clone(chain)))
}

async fn open(chain: &Arc<RwLock<SimChain>>, store: &Arc<MemoryStore>) -> BlockchainMonitor {
    BlockchainMonitor::open(port(chain), store.clone(), &RandomLife::NETUIDS, 4).await.unwrap()
}

/// The record of one subnet: the stored entries, the entries with the closing of the open interval, and the
/// epochs.
async fn record(store: &MemoryStore, netuid: NetUid) -> (Vec<Entry>, Vec<Entry>, Vec<EpochRecord>) {
    let state = store.ledger_state(netuid).await.unwrap().unwrap();
    let last = state.watermark.block.number;
    let stored = store.entries(netuid, BlockNumber(0), last).await.unwrap();
    let mut entries = stored.clone();
    entries
        .extend(closing(store, netuid, &state).await.unwrap().expect("positions are read at the watermark"));
    (stored, entries, store.epochs(netuid, BlockNumber(0), last).await.unwrap())
}

/// Every position of every holder is the chain's, at B−1 and B of every epoch and at the last block.
fn check_conservation(chain: &SimChain, netuid: NetUid, entries: &[Entry], epochs: &[EpochRecord]) {
    let mut holders: BTreeMap<Coldkey, BlockNumber> = BTreeMap::new();
    for record in epochs {
        let pre = record.epoch.pre_block.number;
        for neuron in chain.neurons_at(netuid, pre) {
            holders.entry(neuron.coldkey).or_insert(pre);
        }
    }
    let blocks: BTreeSet<BlockNumber> = epochs
        .iter()
        .flat_map(|r| [r.epoch.pre_block.number, r.epoch.block.number])
        .chain([chain.head()])
        .collect();
    let keys: BTreeSet<PositionKey> =
        chain.positions(netuid).into_iter().chain(entries.iter().map(|e| e.key)).collect();
    for key in keys {
        let Some(since) = holders.get(&key.coldkey) else { continue };
        for block in blocks.iter().filter(|b| *b >= since) {
            let balance: RaoDelta =
                entries.iter().filter(|e| e.key == key && e.block <= *block).map(|e| e.alpha).sum();
            assert_eq!(balance.0, i128::from(chain.alpha_at(netuid, key, *block)), "block {block}, {key:?}");
        }
    }
    for record in epochs {
        assert!(record.changes.iter().all(vesting_core::StakeChange::adds_up));
    }
}

/// One history is recorded by catching up, by following, and with restarts. All records are the same, and
/// true.
async fn prove(seed: u64, blocks: u64, restarts: &[u64]) {
    let chain = Arc::new(RwLock::new(lived(seed, blocks)));
    let (first, last) = (BlockNumber(1), BlockNumber(blocks));

    let caught_up = Arc::new(MemoryStore::new());
    let mut monitor = open(&chain, &caught_up).await;
    monitor.advance(first, last, Pace::CatchingUp, &mut |_| {}).await.unwrap();
    monitor.observe().await.unwrap();
    // Doing it again changes nothing.
    monitor.advance(first, last, Pace::Following, &mut |_| {}).await.unwrap();

    let followed = Arc::new(MemoryStore::new());
    let mut monitor = open(&chain, &followed).await;
    monitor.advance(first, last, Pace::Following, &mut |_| {}).await.unwrap();
    monitor.observe().await.unwrap();

    let restarted = Arc::new(MemoryStore::new());
    for stop in restarts.iter().map(|r| r % blocks).chain([blocks]).collect::<BTreeSet<_>>() {
        let mut monitor = open(&chain, &restarted).await;
        let pace = [Pace::Following, Pace::CatchingUp, Pace::EveryBlock { blocks_per_commit: 5 }]
            [usize::try_from(stop % 3).unwrap()];
        monitor.advance(first, BlockNumber(stop), pace, &mut |_| {}).await.unwrap();
    }
    open(&chain, &restarted).await.observe().await.unwrap();

    for netuid in RandomLife::NETUIDS {
        let (stored, entries, epochs) = record(&caught_up, netuid).await;
        check_conservation(&chain.read().unwrap(), netuid, &entries, &epochs);
        let unattributed: Vec<&Entry> = entries.iter().filter(|e| e.flow() == Flow::Unattributed).collect();
        assert!(unattributed.is_empty(), "subnet {netuid}: {unattributed:?}");
        for other in [&followed, &restarted] {
            let (other_stored, other_entries, other_epochs) = record(other, netuid).await;
            assert!(stored == other_stored, "{}", difference(&stored, &other_stored));
            assert!(entries == other_entries, "{}", difference(&entries, &other_entries));
            assert!(
                undetected(&epochs) == undetected(&other_epochs),
                "{}",
                difference(&undetected(&epochs), &undetected(&other_epochs))
            );
            assert_eq!(
                caught_up.skipped_slots(netuid, first, last).await.unwrap(),
                other.skipped_slots(netuid, first, last).await.unwrap()
            );
            assert_eq!(
                caught_up.locks_at(netuid, last).await.unwrap(),
                other.locks_at(netuid, last).await.unwrap()
            );
            let tranches = async |store: &Arc<MemoryStore>| {
                store.tranches(netuid, BlockNumber(0), last, last).await.unwrap()
            };
            let (tranches, other_tranches) = (tranches(&caught_up).await, tranches(other).await);
            assert!(tranches == other_tranches, "{}", difference(&tranches, &other_tranches));
            for formula in built_in() {
                // The figures that depend on the times of sales agree as well.
                let policy =
                    Policy { formula, duration_rule: DurationRule::SinceLastSale, ..Policy::default() };
                let report = async |store: &Arc<MemoryStore>| {
                    StakeTracker::new(store.clone()).report(netuid, &policy, None).await
                };
                assert_eq!(report(&caught_up).await, report(other).await);
            }
        }
        check_times(&chain, &caught_up, netuid, &stored).await;
    }
}

/// The record has the time of every block with an entry, and it is the chain's.
async fn check_times(chain: &Arc<RwLock<SimChain>>, store: &MemoryStore, netuid: NetUid, stored: &[Entry]) {
    let times = store.block_times(netuid, BlockNumber(0), BlockNumber(u64::MAX)).await.unwrap();
    let blocks: BTreeSet<BlockNumber> = stored.iter().map(|entry| entry.block).collect();
    assert!(times.keys().eq(&blocks), "{times:?} {blocks:?}");
    let port: Arc<dyn ChainPort> = port(chain);
    for (block, time) in times {
        assert_eq!(port.glance(block, &[]).await.unwrap().time, time, "block {block}");
    }
}

/// The policy of the digests, with a window of this many blocks.
fn window_of(blocks: u64) -> Policy {
    Policy { retention_window: Millis(blocks * 12_000), ..Policy::default() }
}

/// The state of a subnet as of the last epoch up to a block. `None` where there is no such epoch, or the
/// record does not cover its window.
async fn state(
    store: &Arc<dyn StakeStore>,
    netuid: NetUid,
    policy: &Policy,
    as_of: BlockNumber,
) -> Option<WindowState> {
    let tracker = StakeTracker::new(store.clone());
    match tracker.state(netuid, policy, Some(as_of)).await {
        Ok((_, state)) => Some(state).filter(|state| state.ledger.window.incomplete_since.is_none()),
        Err(TrackerError::NoEpoch { .. } | TrackerError::NotRecorded(_)) => None,
        Err(error) => panic!("{error}"),
    }
}

/// Records that begin at different times and continue in different ways have the same state as of every epoch
/// whose window they cover. Returns how many epochs were compared.
async fn agree(chain: SimChain, begins: &[u64], restarts: &[u64]) -> usize {
    let last = chain.head();
    let chain = Arc::new(RwLock::new(chain));
    let mut stores: Vec<Arc<dyn StakeStore>> = Vec::new();
    let paces = [Pace::Following, Pace::CatchingUp, Pace::EveryBlock { blocks_per_commit: 7 }];
    for (way, begin) in [1].iter().chain(begins).enumerate() {
        let store = Arc::new(MemoryStore::new());
        // The first one follows without a restart.
        let stops = restarts.iter().filter(|stop| way > 0 && (*begin..last.0).contains(stop));
        for stop in stops.chain([&last.0]).collect::<BTreeSet<_>>() {
            let pace = paces[way.wrapping_mul(usize::try_from(*stop).unwrap()) % 3];
            open(&chain, &store)
                .await
                .advance(BlockNumber(*begin), BlockNumber(*stop), pace, &mut |_| {})
                .await
                .unwrap();
        }
        stores.push(store);
    }
    let by_average = window_of(70);
    let by_last_sale = Policy { duration_rule: DurationRule::SinceLastSale, ..by_average.clone() };
    let mut compared = 0;
    for (netuid, policy) in
        RandomLife::NETUIDS.into_iter().flat_map(|netuid| [(netuid, &by_average), (netuid, &by_last_sale)])
    {
        let mut as_of = last;
        while let Some(ours) = state(&stores[0], netuid, policy, as_of).await {
            let epoch = ours.ledger.window.as_of.block.number;
            as_of = epoch.parent();
            for (begin, store) in begins.iter().zip(&stores[1..]) {
                let Some(theirs) = state(store, netuid, policy, epoch).await else { continue };
                if let Some(difference) = ours.difference(&theirs) {
                    panic!("subnet {netuid} as of {epoch}, recorded from 1 and from {begin}: {difference}");
                }
                assert!(
                    ours == theirs && ours.summary().digest() == theirs.summary().digest(),
                    "all that differs is named"
                );
                compared += 1;
            }
            check_sums(&chain.read().unwrap(), &ours);
            check_that_an_entry_matters(&ours);
        }
    }
    compared
}

/// The openings and entries of a window's ledger add up to what its holders have on the chain.
fn check_sums(chain: &SimChain, state: &WindowState) {
    let ledger = &state.ledger;
    let mut sums: BTreeMap<PositionKey, RaoDelta> = BTreeMap::new();
    for (key, alpha) in ledger
        .openings
        .iter()
        .map(|o| (o.key, o.alpha))
        .chain(ledger.entries.iter().map(|e| (e.key, e.alpha)))
    {
        *sums.entry(key).or_default() += alpha;
    }
    let block = ledger.window.as_of.block.number;
    let keys: BTreeSet<PositionKey> =
        chain.positions(ledger.netuid).into_iter().chain(sums.keys().copied()).collect();
    for key in keys.into_iter().filter(|key| ledger.holders.contains_key(&key.coldkey)) {
        let sum = sums.get(&key).copied().unwrap_or_default();
        assert_eq!(sum.0, i128::from(chain.alpha_at(ledger.netuid, key, block)), "as of {block}, {key:?}");
    }
}

fn check_that_an_entry_matters(state: &WindowState) {
    let mut other = state.clone();
    let place = other.ledger.entries.len() / 2;
    let Some(entry) = other.ledger.entries.get_mut(place) else { return };
    entry.alpha.0 += 1;
    let (digest, changed) = (state.summary().digest(), state.difference(&other));
    assert_ne!(digest, other.summary().digest());
    let Some(Difference::Entry(rows)) = changed else { panic!("{changed:?}") };
    assert!(rows.theirs.is_some_and(|theirs| theirs.block == state.ledger.entries[place].block));
}

/// The epochs, without how they were found.
fn undetected(epochs: &[EpochRecord]) -> Vec<EpochRecord> {
    epochs.iter().map(|record| EpochRecord { detected: Detection::Storage, ..record.clone() }).collect()
}

/// The first row that only one of two records has, in words.
fn difference<T: PartialEq + std::fmt::Debug>(one: &[T], other: &[T]) -> String {
    let place = one.iter().zip(other).position(|(a, b)| a != b).unwrap_or(one.len().min(other.len()));
    format!(
        "row {place} of {} and {}: {:?} and {:?}",
        one.len(),
        other.len(),
        one.get(place),
        other.get(place)
    )
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// So many histories, the same every time: a failure of the gate comes from the change.
fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(475),
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn live_is_catch_up_is_truth_and_restarts_change_nothing(
        seed in any::<u64>(),
        restarts in prop::collection::vec(1u64..400, 0..6),
    ) {
        runtime().block_on(prove(seed, 300, &restarts));
    }
}

proptest! {
    #![proptest_config(cases(40))]

    #[test]
    fn every_record_that_covers_a_window_has_its_digest(
        seed in any::<u64>(),
        begins in prop::collection::vec(2u64..170, 2),
        restarts in prop::collection::vec(1u64..280, 0..5),
    ) {
        let compared = runtime().block_on(agree(renamed(seed, 280), &begins, &restarts));
        prop_assert!(compared > 0, "no window was covered by two records");
    }
}

#[test]
fn a_subnet_that_is_not_recorded_yet_is_not_done_when_another_is() {
    let chain = Arc::new(RwLock::new(lived(9, 60)));
    let (first, last) = (BlockNumber(1), BlockNumber(60));
    let store = Arc::new(MemoryStore::new());
    runtime().block_on(async {
        // This is what a crash between the first commits of two subnets leaves.
        let mut one =
            BlockchainMonitor::open(port(&chain), store.clone(), &RandomLife::NETUIDS[..1], 4).await.unwrap();
        one.advance(first, last, Pace::CatchingUp, &mut |_| {}).await.unwrap();
        open(&chain, &store).await.follow(first, Some(last), &mut |_| {}).await.unwrap();
        for netuid in RandomLife::NETUIDS {
            assert_eq!(
                store.watermark(netuid).await.unwrap().map(|watermark| watermark.block.number),
                Some(last)
            );
        }
    });
}

#[test]
fn the_same_seed_makes_the_same_chain() {
    let hashes: Vec<_> = [lived(5, 60), lived(5, 60), lived(6, 60)]
        .into_iter()
        .map(|chain| runtime().block_on(port(&Arc::new(RwLock::new(chain))).finalized_head()).unwrap())
        .collect();
    assert_eq!(hashes[0], hashes[1]);
    assert_ne!(hashes[0], hashes[2]);
}

#[test]
fn what_no_event_explains_is_found_in_its_block() {
    let netuid = NetUid(1);
    let mut life = RandomLife::new(11);
    let mut chain = life.chain(11, None);
    // The blocks are quiet. In the middle of an interval is one edit without an event.
    for _ in 0..100 {
        chain.step();
    }
    let neuron = chain.neurons_at(netuid, chain.head())[3];
    chain.queue(Call::SetTempo { netuid, tempo: 20 });
    for _ in 0..8 {
        chain.step();
    }
    let alpha = 5_000_000;
    chain.queue(Call::SilentEdit { coldkey: neuron.coldkey, hotkey: neuron.hotkey, netuid, alpha });
    chain.step();
    let edited = chain.head();
    for _ in 0..40 {
        chain.step();
    }
    let last = chain.head();
    let chain = Arc::new(RwLock::new(chain));
    let store = Arc::new(MemoryStore::new());
    let found = runtime().block_on(async {
        let mut monitor = open(&chain, &store).await;
        monitor.advance(BlockNumber(1), last, Pace::CatchingUp, &mut |_| {}).await.unwrap();
        monitor.observe().await.unwrap();
        let (stored, entries, epochs) = record(&store, netuid).await;
        check_conservation(&chain.read().unwrap(), netuid, &entries, &epochs);
        check_times(&chain, &store, netuid, &stored).await;
        entries.into_iter().filter(|e| e.flow() == Flow::Unattributed).collect::<Vec<_>>()
    });
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(
        (found[0].block, found[0].key, found[0].alpha),
        (edited, neuron.position(), RaoDelta(i128::from(alpha)))
    );
}

#[test]
fn the_simulated_chain_in_memory_keeps_the_contract() {
    let chain = Arc::new(RwLock::new(lived(3, 80)));
    runtime().block_on(vesting_testkit::contract::chain::run(
        port(&chain).as_ref(),
        &RandomLife::NETUIDS,
        70,
    ));
}
