//! The proof of the recordings in small, on simulated histories: always run.

use std::collections::BTreeSet;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use vesting_core::policy::Policy;
use vesting_core::{
    BlockNumber, BlockchainMonitor, Flow, Hotkey, MemoryStore, Millis, Neuron, Pace, PositionKey, RaoDelta,
    StakeTracker,
};
use vesting_testkit::history::History;
use vesting_testkit::node::{NodeOptions, serve};
use vesting_testkit::sim::{Call, Demo, Generation, RandomLife, SimChain};
use vesting_testkit::stake_api::{blake2_concat, identity, storage_key};

use crate::way::{catch_up, database, digest, every_block, follow};
use crate::{command_line, way};

const BLOCKS: u32 = 200;

/// Records a history in every way, and compares the records with each other and with the chain; gives whether
/// anything in it is unattributed.
async fn prove(chain: &SimChain, history: &Arc<RwLock<History>>, what: &str) -> bool {
    let databases = tempfile::tempdir().unwrap();
    let mut unattributed = false;
    for netuid in RandomLife::NETUIDS {
        let node = serve(history.clone(), NodeOptions::default()).await.unwrap();
        let caught_up =
            catch_up(&node, database(databases.path(), &format!("c{netuid}.db")), netuid, BLOCKS).await;
        let advance = Some(Duration::from_millis(1));
        let node = serve(history.clone(), NodeOptions { advance, ..NodeOptions::default() }).await.unwrap();
        let followed =
            follow(&node, database(databases.path(), &format!("f{netuid}.db")), netuid, BLOCKS).await;
        let every =
            every_block(&node, database(databases.path(), &format!("e{netuid}.db")), netuid, BLOCKS).await;
        let in_memory = catch_up(&node, Arc::new(MemoryStore::new()), netuid, BLOCKS).await;
        for other in [&followed, &every, &in_memory] {
            let policy = Policy { retention_window: Millis(70 * 12_000), ..Policy::default() };
            assert_eq!(caught_up.entries, other.entries, "{what}");
            assert_eq!(caught_up.epochs, other.epochs, "{what}");
            assert_eq!(
                digest(&caught_up, netuid, &policy).await,
                digest(other, netuid, &policy).await,
                "{what}"
            );
        }
        assert!(!caught_up.epochs.is_empty());
        let said = command_line::digest(&databases.path().join(format!("c{netuid}.db")), netuid);
        assert_eq!(said, (digest(&caught_up, netuid, &Policy::default()).await.to_string(), true));
        unattributed |= caught_up.entries.iter().any(|e| e.flow() == Flow::Unattributed);

        let pre = caught_up.epochs[0].epoch.pre_block.number;
        let holders: BTreeSet<_> = chain.neurons_at(netuid, pre).into_iter().map(|n| n.coldkey).collect();
        let keys: BTreeSet<PositionKey> =
            chain.positions(netuid).into_iter().filter(|key| holders.contains(&key.coldkey)).collect();
        assert!(!keys.is_empty());
        let epochs = caught_up.epochs.iter().flat_map(|r| [r.epoch.pre_block.number, r.epoch.block.number]);
        for block in epochs.chain([BlockNumber(u64::from(BLOCKS))]) {
            for key in &keys {
                let balance: RaoDelta = caught_up
                    .entries
                    .iter()
                    .filter(|e| e.key == *key && e.block <= block)
                    .map(|e| e.alpha)
                    .sum();
                assert_eq!(
                    balance.0,
                    i128::from(chain.alpha_at(netuid, *key, block)),
                    "{what}, block {block}, {key:?}"
                );
            }
        }
    }
    unattributed
}

#[tokio::test(flavor = "multi_thread")]
async fn every_way_through_node_adapter_and_database_equal_the_chain() {
    for seed in [21, 22] {
        let history = Arc::new(RwLock::new(History::default()));
        let mut life = RandomLife::new(seed);
        let mut chain = life.chain(seed, Some(Arc::clone(&history)));
        (0..BLOCKS).for_each(|_| life.step(&mut chain));
        assert!(!prove(&chain, &history, &format!("seed {seed}")).await, "seed {seed}");
    }
}

/// Queues a transfer from the miner that has most to another.
fn transfer(chain: &mut SimChain) {
    for netuid in RandomLife::NETUIDS {
        let neurons = chain.neurons_at(netuid, chain.head());
        let held = |neuron: &&Neuron| chain.alpha(netuid, neuron.hotkey, neuron.coldkey);
        let Some(from) = neurons.iter().max_by_key(held) else { continue };
        let Some(to) = neurons.iter().find(|neuron| neuron.coldkey != from.coldkey) else { continue };
        let alpha = held(&from) / 3;
        chain.queue(Call::TransferStake {
            from: from.coldkey,
            to: to.coldkey,
            hotkey: from.hotkey,
            from_netuid: netuid,
            to_netuid: netuid,
            alpha,
        });
    }
}

/// What `doctor` lists as not known of the runtime at the head.
async fn unknown(history: &Arc<RwLock<History>>) -> Vec<String> {
    let node = serve(Arc::clone(history), NodeOptions::default()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["doctor", "--json", "--netuid", "1,2", "--network", &node.url()];
    let output = tokio::task::block_in_place(|| command_line::vesting(folder.path(), &arguments));
    let said = String::from_utf8(output.stdout).unwrap();
    let checks: Vec<serde_json::Value> =
        said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(said.contains("is newer than any that was measured"), "{said}");
    let listed = checks.iter().filter_map(|check| check["unknown"].as_array()).flatten();
    listed.map(|one| one["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn runtimes_that_nobody_measured_are_survived_and_told() {
    for (to_come, seed) in Generation::TO_COME.into_iter().zip(71u64..) {
        let history = Arc::new(RwLock::new(History::default()));
        let mut life = RandomLife::without_upgrades(seed);
        let mut chain = life.chain_of(Generation::Today, seed, Some(Arc::clone(&history)));
        for block in 0..BLOCKS {
            if block == 60 {
                chain.upgrade(to_come);
            }
            if block % 30 == 10 {
                transfer(&mut chain);
            }
            life.step(&mut chain);
        }
        let unattributed = prove(&chain, &history, &format!("{to_come:?}")).await;
        // Only what is told by an event that nobody knows is not explained.
        assert_eq!(unattributed, to_come == Generation::Gifts, "{to_come:?}");
        let known_by_name =
            |names: &[&str]| names.iter().map(|name| format!("SubtensorModule.{name}")).collect::<Vec<_>>();
        let expected = match to_come {
            Generation::Later => known_by_name(&[
                "AlphaShares",
                "HotkeyShares",
                "LastMechanismStepBlock",
                "StakeAdded",
                "StakeRemoved",
            ]),
            Generation::Gifts => known_by_name(&["AlphaGifted"]),
            // Fields of the same type that changed places look as before; what is told of them is compared
            // with balances.
            _ => Vec::new(),
        };
        assert_eq!(unknown(&history).await, expected, "{to_come:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_of_a_closed_pool_raises_no_multiplier() {
    let mut figures = Vec::new();
    for buried in [false, true] {
        let history = Arc::new(RwLock::new(History::default()));
        let mut demo = Demo::new(7, 2);
        let mut chain = demo.chain(7, Some(Arc::clone(&history)));
        let of = |name: &str| demo.actors().iter().find(|actor| actor.name == name).unwrap().coldkey;
        let (netuid, seller, buyer, hotkey) =
            (Demo::NETUID, of("gradual seller"), of("buyer"), Hotkey([9; 32]));
        chain.own_hotkey(hotkey, buyer);
        for block in 1..=2_000 {
            if buried && block == 500 {
                chain.queue(Call::AddWorthlessShares { netuid, hotkey, coldkeys: vec![seller] });
            }
            if block == 600 {
                // The pool is opened anew: what lies there is worth nothing in it.
                chain.queue(Call::AddStake { coldkey: buyer, hotkey, netuid, alpha: 250_000_000_000 });
            }
            demo.step(&mut chain);
        }
        let row = [blake2_concat(&hotkey.0), blake2_concat(&seller.0), identity(netuid.0)];
        let row = storage_key("SubtensorModule", "AlphaV2", &row);
        assert_eq!(history.read().unwrap().storage(&row, 2_000).is_some(), buried);
        let node = serve(history, NodeOptions::default()).await.unwrap();
        let (port, store) = (way::chain(&node), Arc::new(MemoryStore::new()));
        let mut monitor = BlockchainMonitor::open(port.clone(), store.clone(), &[netuid], 8).await.unwrap();
        monitor.advance(BlockNumber(1), chain.head(), Pace::CatchingUp, &mut |_| {}).await.unwrap();
        // The runtime's own word would have put it right.
        assert_eq!(port.disagreements(), []);
        let report = StakeTracker::new(store).report(netuid, &Policy::default(), None).await.unwrap();
        figures.push(report.holders);
    }
    assert!(figures[0] == figures[1] && !figures[0].is_empty());
}
