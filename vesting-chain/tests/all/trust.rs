//! A runtime that contradicts its storage from some block on: whatever the way, the record ends with the
//! runtime's figures.

use std::sync::{Arc, RwLock};

use async_trait::async_trait;
use vesting_chain::SubxtChain;
use vesting_core::check::check;
use vesting_core::ports::{Ask, BlockState, ChainError, ChainPort, Commit, StakeStore};
use vesting_core::{
    BlockHash, BlockNumber, BlockRef, BlockchainMonitor, Coldkey, Hotkey, Kind, MemoryStore, MonitorError,
    NetUid, Pace, PositionKey, Rao,
};
use vesting_testkit::fault::{Contradiction, Fault};
use vesting_testkit::history::History;
use vesting_testkit::node::{NodeHandle, NodeOptions, serve};
use vesting_testkit::sim::{Call, Generation, Rng, SimChain, SimPort, SubnetConfig};

use super::connect;

const NETUIDS: [NetUid; 2] = [NetUid(1), NetUid(2)];
const FIRST: BlockNumber = BlockNumber(1);
const BLOCKS: u64 = 160;
const PACES: [Pace; 3] = [Pace::Following, Pace::CatchingUp, Pace::EveryBlock { blocks_per_commit: 6 }];

/// A history of two subnets on which some trade, with a position of each that nobody touches but its rewards.
struct World {
    chain: Arc<RwLock<SimChain>>,
    history: Arc<RwLock<History>>,
    /// On a hotkey of its own, and beside another one of its coldkey.
    quiet: [PositionKey; 2],
}

impl World {
    fn new(generation: Generation, upgrade: Option<u64>) -> Self {
        let mut rng = Rng::new(9);
        let history = Arc::new(RwLock::new(History::default()));
        let (coldkeys, hotkeys): (Vec<_>, Vec<_>) =
            (0..8).map(|_| (Coldkey(rng.key()), Hotkey(rng.key()))).unzip();
        let subnet = |netuid, tempo| {
            // The last coldkey has two neurons.
            let who = |n: usize| coldkeys[n.min(6)];
            let neurons =
                (0..8).map(|n| (who(n), hotkeys[n], 1 + n as u64, n % 3 == 0, 50_000_000_000)).collect();
            SubnetConfig { netuid, tempo, owner: (coldkeys[0], hotkeys[0]), neurons, capacity: 8 }
        };
        let subnets = [subnet(NETUIDS[0], 9), subnet(NETUIDS[1], 12)];
        let mut chain = SimChain::of_generation(generation, 9, &subnets, Some(Arc::clone(&history)));
        for block in 1..=BLOCKS {
            for netuid in NETUIDS {
                let one = usize::try_from(rng.below(4)).unwrap();
                let (coldkey, hotkey, alpha) = (coldkeys[one], hotkeys[one], 1 + rng.below(1_000_000_000));
                match rng.below(9) {
                    0 => chain.queue(Call::AddStake { coldkey, hotkey, netuid, alpha }),
                    1 => chain.queue(Call::RemoveStake { coldkey, hotkey, netuid, alpha }),
                    2 => chain.queue(Call::AddStake { coldkey, hotkey: hotkeys[one + 1], netuid, alpha }),
                    _ => {}
                }
            }
            if upgrade == Some(block) {
                chain.upgrade(generation.next().unwrap());
            }
            chain.step();
        }
        let quiet = [(5, 5), (7, 6)]
            .map(|(hotkey, coldkey)| PositionKey { hotkey: hotkeys[hotkey], coldkey: coldkeys[coldkey] });
        Self { chain: Arc::new(RwLock::new(chain)), history, quiet }
    }

    async fn node(&self, faults: &[Fault]) -> NodeHandle {
        let options = NodeOptions { faults: faults.to_vec(), ..NodeOptions::default() };
        serve(Arc::clone(&self.history), options).await.unwrap()
    }

    /// The chain as its runtime tells of it.
    fn told(&self, on: &[Contradiction]) -> Arc<dyn ChainPort> {
        Arc::new(Told { inner: SimPort::new(Arc::clone(&self.chain)), on: on.to_vec() })
    }
}

/// The chain in memory, with what its runtime says in place of what its storage says.
struct Told {
    inner: SimPort,
    on: Vec<Contradiction>,
}

#[async_trait]
impl ChainPort for Told {
    async fn genesis(&self) -> Result<BlockHash, ChainError> {
        self.inner.genesis().await
    }

    async fn finalized_head(&self) -> Result<BlockRef, ChainError> {
        self.inner.finalized_head().await
    }

    async fn wait_for_head_above(&self, after: BlockNumber) -> Result<BlockRef, ChainError> {
        self.inner.wait_for_head_above(after).await
    }

    async fn read(&self, number: BlockNumber, ask: &Ask) -> Result<BlockState, ChainError> {
        let mut read = self.inner.read(number, ask).await?;
        for on in &self.on {
            let more = Fault::DisagreeOn(*on).more(
                on.netuid,
                &on.key,
                u32::try_from(number.0).unwrap(),
                read.facts.spec_version,
            );
            let Some(state) = read.subnets.get_mut(&on.netuid).filter(|_| more > 0) else { continue };
            if state.traces.coldkeys.contains_key(&on.key.coldkey) {
                state.positions.entry(on.key).or_default().0 += more;
            }
            if let Some(trace) = state.traces.positions.get_mut(&on.key) {
                trace.shares.0.push(1);
            }
        }
        Ok(read)
    }
}

async fn monitor(chain: Arc<dyn ChainPort>, store: &Arc<dyn StakeStore>) -> BlockchainMonitor {
    BlockchainMonitor::open(chain, Arc::clone(store), &NETUIDS, 4).await.unwrap()
}

fn memory() -> Arc<dyn StakeStore> {
    Arc::new(MemoryStore::new())
}

async fn record(store: &Arc<dyn StakeStore>, netuid: NetUid) -> Commit {
    let mut record = store.record(netuid).await.unwrap().unwrap();
    record.epochs.iter_mut().for_each(|record| record.detected = vesting_core::Detection::Storage);
    record
}

/// Both subnets' records are the same, consistent, and have `more` that no event explains.
async fn same(one: &Arc<dyn StakeStore>, other: &Arc<dyn StakeStore>, on: &[Contradiction], what: &str) {
    for netuid in NETUIDS {
        let (one, other) = (record(one, netuid).await, record(other, netuid).await);
        let differs = one.entries.iter().zip(&other.entries).find(|(one, other)| one != other);
        assert!(
            one.entries == other.entries,
            "{what}, subnet {netuid}: {differs:?} of {} and {}",
            one.entries.len(),
            other.entries.len()
        );
        assert!(one.epochs == other.epochs && one.snapshots == other.snapshots, "{what}, subnet {netuid}");
        assert!(one.tranches == other.tranches && one.exits == other.exits, "{what}, subnet {netuid}");
        assert!(
            one.holders == other.holders && one.locks == other.locks && one.neurons == other.neurons,
            "{what}, subnet {netuid}"
        );
        assert!(one.watermark == other.watermark, "{what}, subnet {netuid}");
        check(&one).unwrap_or_else(|wrong| panic!("{what}: {wrong}"));
        let unattributed: Vec<_> =
            one.entries.iter().filter(|entry| entry.kind == Kind::Unattributed).collect();
        let ours: Vec<_> = on.iter().filter(|on| on.netuid == netuid).collect();
        assert!(
            unattributed.len() >= ours.iter().filter(|on| on.from > 20).count(),
            "{what}: {unattributed:?}"
        );
    }
}

fn on(netuid: NetUid, key: PositionKey, from: u32) -> Contradiction {
    Contradiction { netuid, key, more: Rao(12_345), from, spec_version: None }
}

/// Records by a node with these faults, and by the chain as its runtime tells of it.
async fn agree(world: &World, all: &[Contradiction], what: &str) {
    let faults: Vec<Fault> = all.iter().map(|on| Fault::DisagreeOn(*on)).collect();
    let node = world.node(&faults).await;
    for pace in PACES {
        let (store, expected) = (memory(), memory());
        let chain = Arc::new(connect(&[&node.url()]));
        monitor(world.told(all), &expected)
            .await
            .advance(FIRST, BlockNumber(BLOCKS), pace, &mut |_| {})
            .await
            .unwrap();
        let mut recording = monitor(chain.clone(), &store).await;
        // By and by, as a daemon does.
        for stop in [60, 61, 100, BLOCKS] {
            recording.advance(FIRST, BlockNumber(stop), pace, &mut |_| {}).await.unwrap();
        }
        let what = format!("{what}, {pace:?}");
        if pace == Pace::CatchingUp {
            // A stop in between has snapshots of its own.
            let once = memory();
            let chain = Arc::new(connect(&[&node.url()]));
            monitor(chain, &once).await.advance(FIRST, BlockNumber(BLOCKS), pace, &mut |_| {}).await.unwrap();
            same(&once, &expected, all, &what).await;
        } else {
            same(&store, &expected, all, &what).await;
        }
        let found = chain.disagreements();
        assert!(!found.is_empty(), "{what}");
        for found in &found {
            let on = all.iter().find(|on| (on.netuid, on.key) == (found.netuid, found.key)).unwrap();
            assert_eq!(found.runtime.0, found.storage.0 + on.more.0, "{what}");
            assert!(
                found.block.0 >= u64::from(on.from) && found.block.0 < u64::from(on.from) + 30,
                "{what}: {found}"
            );
        }
        // Another process has to earn it anew, and finds a record that is right.
        let anew: Arc<SubxtChain> = Arc::new(connect(&[&node.url()]));
        let before = record(&store, NETUIDS[0]).await;
        let mut again = monitor(anew.clone(), &store).await;
        again.advance(FIRST, BlockNumber(BLOCKS), Pace::CatchingUp, &mut |_| {}).await.unwrap();
        assert_eq!(record(&store, NETUIDS[0]).await.entries, before.entries, "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_position_that_storage_gets_wrong_from_a_block_on_ends_with_the_runtimes_figure() {
    let world = World::new(Generation::Present, None);
    let [alone, beside] = world.quiet;
    agree(&world, &[on(NETUIDS[0], alone, 83)], "alone").await;
    agree(&world, &[on(NETUIDS[1], beside, 75)], "beside another").await;
    agree(&world, &[on(NETUIDS[0], beside, 40), on(NETUIDS[1], alone, 90)], "on two subnets").await;
    agree(&world, &[on(NETUIDS[0], alone, 0)], "from the start").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_one_runtime_only_the_others_storage_is_read_on() {
    let world = World::new(Generation::Older, Some(70));
    let [alone, _] = world.quiet;
    let newer =
        Contradiction { spec_version: Some(Generation::Present.spec_version()), ..on(NETUIDS[0], alone, 0) };
    let node = world.node(&[Fault::DisagreeOn(newer)]).await;
    for pace in PACES {
        let (store, expected) = (memory(), memory());
        monitor(world.told(&[newer]), &expected)
            .await
            .advance(FIRST, BlockNumber(BLOCKS), pace, &mut |_| {})
            .await
            .unwrap();
        let chain = Arc::new(connect(&[&node.url()]));
        monitor(chain.clone(), &store)
            .await
            .advance(FIRST, BlockNumber(BLOCKS), pace, &mut |_| {})
            .await
            .unwrap();
        same(&store, &expected, &[], &format!("{pace:?}")).await;
        let found: Vec<_> = chain.disagreements().iter().map(|found| found.spec_version).collect();
        assert_eq!(found, [Generation::Present.spec_version()]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_again_is_left_and_nothing_is_written_until_it_can() {
    let world = World::new(Generation::Present, None);
    let [alone, _] = world.quiet;
    let contradiction = on(NETUIDS[0], alone, 83);
    let store = memory();
    let honest = world.node(&[]).await;
    // Recorded by storage before, by a process that ended.
    let mut recording = monitor(Arc::new(connect(&[&honest.url()])), &store).await;
    recording.advance(FIRST, BlockNumber(120), Pace::Following, &mut |_| {}).await.unwrap();
    let pruned = world.node(&[Fault::DisagreeOn(contradiction), Fault::Pruned(45)]).await;
    let chain = Arc::new(connect(&[&pruned.url()]));
    let mut left: Option<Commit> = None;
    for pace in [Pace::Following, Pace::CatchingUp, Pace::Following] {
        // Another monitor does not forget it.
        let mut recording = monitor(chain.clone(), &store).await;
        let refused = recording.advance(FIRST, BlockNumber(BLOCKS), pace, &mut |_| {}).await.unwrap_err();
        assert!(
            matches!(refused, MonitorError::Chain(ChainError::Contradicted { netuid: NetUid(1), .. })),
            "{refused}"
        );
        assert!(refused.to_string().contains("read again"), "{refused}");
        // Not even the epoch at which it was found.
        let now = record(&store, NETUIDS[0]).await;
        assert_eq!(now.epochs.iter().filter(|e| e.epoch.block.number > BlockNumber(120)).count(), 0);
        assert!(left.replace(now.clone()).is_none_or(|left| left == now), "nothing more is written");
    }
    let archive = world.node(&[Fault::DisagreeOn(contradiction)]).await;
    let both = Arc::new(connect(&[&pruned.url(), &archive.url()]));
    let mut recording = monitor(both, &store).await;
    recording.advance(FIRST, BlockNumber(BLOCKS), Pace::Following, &mut |_| {}).await.unwrap();
    let expected = memory();
    monitor(world.told(&[contradiction]), &expected)
        .await
        .advance(FIRST, BlockNumber(BLOCKS), Pace::Following, &mut |_| {})
        .await
        .unwrap();
    same(&store, &expected, &[contradiction], "read again").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn trust_costs_a_few_calls_when_a_runtime_is_met_and_two_an_epoch() {
    let world = World::new(Generation::Present, None);
    let node = world.node(&[]).await;
    let store = memory();
    let chain = Arc::new(connect(&[&node.url()]));
    let mut recording = monitor(chain.clone(), &store).await;
    recording.advance(FIRST, BlockNumber(BLOCKS), Pace::CatchingUp, &mut |_| {}).await.unwrap();
    let mut epochs = 0;
    for netuid in NETUIDS {
        epochs += store.epoch_list(netuid, FIRST, BlockNumber(BLOCKS)).await.unwrap().len();
    }
    let calls = node.requests()["state_call"];
    println!("{calls} calls for {epochs} epochs");
    // Metadata, a first comparison of each subnet, what coldkeys have in all before and after each epoch, and
    // the turns of so few blocks.
    assert!(
        epochs > 20 && calls < 2 * u64::try_from(epochs).unwrap() + 30,
        "{calls} calls for {epochs} epochs"
    );
    assert_eq!(chain.disagreements(), []);
}
