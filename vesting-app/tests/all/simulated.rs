//! The proof of the recordings in small, on simulated histories: always run.

use std::collections::BTreeSet;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use vesting_core::policy::Policy;
use vesting_core::{BlockNumber, Flow, MemoryStore, Millis, PositionKey, RaoDelta};
use vesting_testkit::history::History;
use vesting_testkit::node::{NodeOptions, serve};
use vesting_testkit::sim::RandomLife;

use crate::command_line;
use crate::way::{catch_up, database, digest, every_block, follow};

#[tokio::test(flavor = "multi_thread")]
async fn every_way_through_node_adapter_and_database_equal_the_chain() {
    const BLOCKS: u32 = 200;
    for seed in [21, 22] {
        let history = Arc::new(RwLock::new(History::default()));
        let mut life = RandomLife::new(seed);
        let mut chain = life.chain(seed, Some(Arc::clone(&history)));
        (0..BLOCKS).for_each(|_| life.step(&mut chain));
        let databases = tempfile::tempdir().unwrap();
        for netuid in RandomLife::NETUIDS {
            let node = serve(history.clone(), NodeOptions::default()).await.unwrap();
            let caught_up = catch_up(&node, database(databases.path(), &format!("c{netuid}.db")), netuid, BLOCKS).await;
            let advance = Some(Duration::from_millis(1));
            let node = serve(history.clone(), NodeOptions { advance, ..NodeOptions::default() }).await.unwrap();
            let followed = follow(&node, database(databases.path(), &format!("f{netuid}.db")), netuid, BLOCKS).await;
            let every = every_block(&node, database(databases.path(), &format!("e{netuid}.db")), netuid, BLOCKS).await;
            let in_memory = catch_up(&node, Arc::new(MemoryStore::new()), netuid, BLOCKS).await;
            for other in [&followed, &every, &in_memory] {
                let policy = Policy { retention_window: Millis(70 * 12_000), ..Policy::default() };
                assert_eq!(digest(&caught_up, netuid, &policy).await, digest(other, netuid, &policy).await, "seed {seed}");
                assert_eq!(caught_up.entries, other.entries, "seed {seed}");
                assert_eq!(caught_up.epochs, other.epochs, "seed {seed}");
            }
            assert!(!caught_up.epochs.is_empty());
            let said = command_line::digest(&databases.path().join(format!("c{netuid}.db")), netuid);
            assert_eq!(said, (digest(&caught_up, netuid, &Policy::default()).await.to_string(), true));

            assert!(caught_up.entries.iter().all(|e| e.flow() != Flow::Unattributed), "seed {seed}");

            let pre = caught_up.epochs[0].epoch.pre_block.number;
            let holders: BTreeSet<_> = chain.neurons_at(netuid, pre).into_iter().map(|n| n.coldkey).collect();
            let keys: BTreeSet<PositionKey> = chain.positions(netuid).into_iter().filter(|key| holders.contains(&key.coldkey)).collect();
            assert!(!keys.is_empty());
            let epochs = caught_up.epochs.iter().flat_map(|r| [r.epoch.pre_block.number, r.epoch.block.number]);
            for block in epochs.chain([BlockNumber(u64::from(BLOCKS))]) {
                for key in &keys {
                    let balance: RaoDelta = caught_up.entries.iter().filter(|e| e.key == *key && e.block <= block).map(|e| e.alpha).sum();
                    assert_eq!(balance.0, i128::from(chain.alpha_at(netuid, *key, block)), "seed {seed}, block {block}, {key:?}");
                }
            }
        }
    }
}
