//! What every [`ChainPort`] must do.

#![allow(clippy::panic, clippy::unwrap_used, clippy::expect_used)] // a test suite fails by panicking

use std::collections::BTreeSet;

use vesting_core::ports::{
    Ask, ChainError, ChainPort, NeuronsAsk, ReadChain, Roster, SubnetAsk, SubnetState, TraceKeys,
};
use vesting_core::{BlockNumber, Coldkey, NetUid, Rao, is_epoch};

/// A netuid that no chain under test has.
const NOWHERE: NetUid = NetUid(60_001);

/// Checks a port over a chain of at least `blocks` blocks with the subnets `netuids`.
///
/// # Panics
/// When the port breaks a promise.
pub async fn run(chain: &dyn ChainPort, netuids: &[NetUid], blocks: u64) {
    let head = chain.finalized_head().await.unwrap();
    assert!(head.number.0 >= blocks, "the chain is too short to test with");
    assert_eq!(chain.genesis().await.unwrap(), chain.block(BlockNumber(0), &[]).await.unwrap().block.hash);
    assert_eq!(
        chain.wait_for_head_above(head.number.parent()).await.unwrap().number.0.cmp(&head.number.0),
        std::cmp::Ordering::Equal
    );

    let mut asked = netuids.to_vec();
    asked.push(NOWHERE);
    let mut parent = chain.block(BlockNumber(0), &asked).await.unwrap();
    for number in 1..=blocks {
        let number = BlockNumber(number);
        let facts = chain.block(number, &asked).await.unwrap();
        assert_eq!(
            (facts.block.number, facts.parent_hash),
            (number, parent.block.hash),
            "blocks follow on each other"
        );
        assert!(facts.time > parent.time, "time grows");
        assert!(facts.events.is_sorted_by_key(|e| e.index), "events come by index");
        assert!(!facts.subnets.contains_key(&NOWHERE), "a subnet that does not exist is absent");
        parent = facts;
    }
    assert_eq!(
        chain.block(BlockNumber(blocks), &asked).await.unwrap(),
        parent,
        "answers about a block never change"
    );

    let beyond = head.number.child();
    assert!(matches!(chain.block(beyond, &[]).await, Err(ChainError::NoSuchBlock(b)) if b == beyond));
    let everything = SubnetAsk { neurons: NeuronsAsk::WithPositions, ..SubnetAsk::default() };
    let mut nothing = chain.read(head.number, &Ask::of(NOWHERE, everything)).await.unwrap();
    assert_eq!(nothing.facts.subnets.len(), 0, "a subnet that does not exist has no counters");
    assert_eq!(nothing.take(NOWHERE), SubnetState::default(), "a subnet that does not exist is empty");

    for netuid in netuids {
        states(chain, *netuid, blocks).await;
    }
}

/// Checks the states before and after each epoch of a subnet.
async fn states(chain: &dyn ChainPort, netuid: NetUid, blocks: u64) {
    let mut epochs = 0;
    for number in (1..=blocks).map(BlockNumber) {
        let facts = chain.block(number, &[netuid]).await.unwrap();
        let Some(counters) = facts.subnets.get(&netuid) else { continue };
        if !is_epoch(number, counters) {
            continue;
        }
        epochs += 1;
        for block in [number.parent(), number] {
            state(chain, netuid, block).await;
        }
    }
    assert!(epochs > 0, "subnet {netuid} has no epoch to test with");
}

/// Checks that the state of a subnet in one block is the same, in whatever way it is read.
async fn state(chain: &dyn ChainPort, netuid: NetUid, block: BlockNumber) {
    let with_positions =
        |expected: Roster| SubnetAsk { neurons: NeuronsAsk::WithPositions, expected, ..SubnetAsk::default() };
    let state = chain.subnet(block, netuid, with_positions(Roster::default())).await.unwrap();
    assert!(state.neurons.is_sorted_by_key(|n| n.uid) && !state.neurons.is_empty());
    assert_eq!(
        chain.subnet(block, netuid, with_positions(state.roster())).await.unwrap(),
        state,
        "what is expected changes nothing"
    );

    let glance = chain.glance(block, &[netuid]).await.unwrap();
    let facts = chain.block(block, &[netuid]).await.unwrap();
    assert_eq!(
        glance,
        vesting_core::BlockFacts { events: Vec::new(), ..facts.clone() },
        "events are left out where not asked for"
    );
    let mut together = chain
        .read(block, &Ask { events: true, ..Ask::of(netuid, with_positions(Roster::default())) })
        .await
        .unwrap();
    assert_eq!(
        (together.take(netuid), together.facts),
        (state.clone(), facts),
        "an answer does not depend on what else is asked"
    );

    let alone = SubnetAsk { neurons: NeuronsAsk::Yes, ..SubnetAsk::default() };
    let alone = chain.subnet(block, netuid, alone).await.unwrap();
    assert_eq!((alone.neurons, alone.owner, alone.positions.len()), (state.neurons.clone(), state.owner, 0));

    let coldkeys: BTreeSet<Coldkey> = state.neurons.iter().map(|n| n.coldkey).collect();
    let positions = async |coldkeys: &BTreeSet<Coldkey>, expected: Roster| {
        chain.subnet(block, netuid, SubnetAsk::positions(coldkeys.clone(), expected)).await.unwrap()
    };
    let all = positions(&coldkeys, Roster::default()).await;
    assert_eq!(positions(&coldkeys, state.roster()).await, all, "what is expected changes nothing");
    assert!(all.positions.values().all(|alpha| *alpha > Rao::ZERO));
    assert_eq!(
        (&all.positions, &all.traces),
        (&state.positions, &state.traces),
        "a state holds the positions of those that own a neuron"
    );
    let locked = SubnetAsk { locks: true, ..SubnetAsk::positions(coldkeys.clone(), state.roster()) };
    let mut locked = chain.subnet(block, netuid, locked).await.unwrap();
    for (coldkey, part) in locked.locks.take().iter().flatten() {
        let held: u64 =
            all.positions.iter().filter(|(key, _)| key.coldkey == *coldkey).map(|(_, alpha)| alpha.0).sum();
        assert!(*part > Rao::ZERO && part.0 <= held, "what is locked is part of what is there");
    }
    assert_eq!(locked, all, "asking what is locked changes nothing else");
    assert_eq!(
        all.traces.coldkeys.keys().copied().collect::<BTreeSet<_>>(),
        coldkeys,
        "every coldkey that was read has a trace"
    );
    let mut alone = SubnetState::default();
    for coldkey in &coldkeys {
        alone.absorb(positions(&BTreeSet::from([*coldkey]), Roster::default()).await);
    }
    assert_eq!(alone, all, "a coldkey's positions do not depend on who is asked for with it");
    assert_eq!(positions(&BTreeSet::new(), Roster::default()).await, SubnetState::default());

    let traces = TraceKeys {
        positions: state.traces.positions.keys().copied().collect(),
        pools: state.traces.pools.keys().copied().collect(),
        coldkeys,
    };
    let only = chain.subnet(block, netuid, SubnetAsk { traces, ..SubnetAsk::default() }).await.unwrap();
    assert_eq!(
        (only.traces, only.positions.len()),
        (state.traces, 0),
        "traces are the same however they are read"
    );
}
