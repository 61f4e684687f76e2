//! Locked stake is held, and reported where the runtime tells of it.

use std::sync::{Arc, RwLock};

use vesting_core::policy::Policy;
use vesting_core::{BlockNumber, MemoryStore, Pace, StakeTracker};
use vesting_testkit::sim::{Call, Generation, RandomLife, SimChain};

use super::{NETUID, open, runtime};

#[test]
fn locked_stake_is_still_held_and_reported() {
    let older = || {
        (1..)
            .map(|seed| RandomLife::new(seed).chain(seed, None))
            .find(|chain| chain.code() < Generation::Present)
            .unwrap()
    };
    let mut chain = older();
    for _ in 0..30 {
        chain.step();
    }
    let reported = |chain: SimChain| {
        let last = chain.head();
        let chain = Arc::new(RwLock::new(chain));
        runtime().block_on(async {
            let store = Arc::new(MemoryStore::new());
            open(&chain, &store)
                .await
                .advance(BlockNumber(1), last, Pace::CatchingUp, &mut |_| {})
                .await
                .unwrap();
            StakeTracker::new(store).report(NETUID, &Policy::default(), None).await.unwrap().miners
        })
    };
    let miner = chain.neurons_at(NETUID, chain.head())[4];
    chain.upgrade(Generation::Present);
    for _ in 0..40 {
        chain.step();
    }
    let locked = 1_000_000;
    chain.queue(Call::Lock { coldkey: miner.coldkey, hotkey: miner.hotkey, netuid: NETUID, alpha: locked });
    for _ in 0..40 {
        chain.step();
    }
    let before = chain.alpha(NETUID, miner.hotkey, miner.coldkey);
    chain.queue(Call::RemoveStake {
        coldkey: miner.coldkey,
        hotkey: miner.hotkey,
        netuid: NETUID,
        alpha: u64::MAX,
    });
    chain.step();
    assert_eq!(chain.alpha(NETUID, miner.hotkey, miner.coldkey), before, "what is locked cannot be sold");
    let miners = reported(chain);
    assert!(miners.iter().all(|report| report.locked_stake.is_some_and(|part| part <= report.stake)));
    let all: u64 = miners
        .iter()
        .filter(|r| r.neuron.coldkey == miner.coldkey)
        .filter_map(|r| r.locked_stake)
        .map(|part| part.0)
        .sum();
    assert!(all > 0 && all <= locked, "{all}");
    assert_eq!(
        miners
            .iter()
            .filter(|r| r.neuron.coldkey != miner.coldkey)
            .filter_map(|r| r.locked_stake)
            .map(|part| part.0)
            .sum::<u64>(),
        0
    );
    // A runtime that does not answer: the locks are unknown, which is not the same as none.
    let mut chain = older();
    for _ in 0..60 {
        chain.step();
    }
    assert!(reported(chain).iter().all(|report| report.locked_stake.is_none()));
}
