//! What every `ChainPort` must keep to.

#![allow(clippy::panic, clippy::unwrap_used, clippy::expect_used)] // a test suite fails by panicking

use std::collections::{BTreeMap, BTreeSet};

use vesting_core::ports::{Asked, ChainError, ChainPort, Roster, TraceKeys};
use vesting_core::{BlockNumber, Coldkey, NetUid, PositionKey, Rao, is_epoch};

/// A netuid that no chain under test has.
const NOWHERE: NetUid = NetUid(60_001);

/// Checks a port over a chain of at least `blocks` blocks with the subnets `netuids`.
///
/// # Panics
/// When the port breaks a promise.
pub async fn run(chain: &dyn ChainPort, netuids: &[NetUid], blocks: u64) {
    let head = chain.finalized_head().await.unwrap();
    assert!(head.number.0 >= blocks, "the chain is shorter than the test wants");
    assert_eq!(chain.genesis().await.unwrap(), chain.block(BlockNumber(0), &[]).await.unwrap().block.hash);
    assert_eq!(chain.wait_for_head_above(head.number.parent()).await.unwrap().number.0.cmp(&head.number.0), std::cmp::Ordering::Equal);

    let mut asked = netuids.to_vec();
    asked.push(NOWHERE);
    let mut parent = chain.block(BlockNumber(0), &asked).await.unwrap();
    for number in 1..=blocks {
        let number = BlockNumber(number);
        let facts = chain.block(number, &asked).await.unwrap();
        assert_eq!((facts.block.number, facts.parent_hash), (number, parent.block.hash), "blocks follow on each other");
        assert!(facts.time > parent.time, "time goes on");
        assert!(facts.events.is_sorted_by_key(|e| e.index), "events come by index");
        assert!(!facts.subnets.contains_key(&NOWHERE), "a subnet that does not exist is absent");
        parent = facts;
    }
    assert_eq!(chain.block(BlockNumber(blocks), &asked).await.unwrap(), parent, "answers about a block never change");

    let beyond = head.number.child();
    assert!(matches!(chain.block(beyond, &[]).await, Err(ChainError::NoSuchBlock(b)) if b == beyond));
    let nothing = chain.subnet(head.number, NOWHERE, &BTreeSet::new(), &Roster::default()).await.unwrap();
    assert_eq!((nothing.counters, nothing.neurons, nothing.owner), (None, vec![], None), "a subnet that does not exist is empty");

    for netuid in netuids {
        states(chain, *netuid, blocks).await;
    }
}

/// Checks what is read in the states around the epochs of a subnet.
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
    assert!(epochs > 0, "the test wants an epoch of subnet {netuid}");
}

/// Checks the state of a subnet in one block against itself, read in every way there is.
async fn state(chain: &dyn ChainPort, netuid: NetUid, block: BlockNumber) {
    let none = BTreeSet::new();
    let state = chain.subnet(block, netuid, &none, &Roster::default()).await.unwrap();
    let facts = chain.block(block, &[netuid]).await.unwrap();
    assert_eq!((state.time, state.spec_version, state.counters), (facts.time, facts.spec_version, facts.subnets.get(&netuid).copied()));
    assert!(state.neurons.is_sorted_by_key(|n| n.uid) && !state.neurons.is_empty());
    assert_eq!(chain.subnet(block, netuid, &none, &state.roster()).await.unwrap(), state, "what is expected changes nothing");

    let coldkeys: BTreeSet<Coldkey> = state.neurons.iter().map(|n| n.coldkey).collect();
    let positions = async |coldkeys: &BTreeSet<Coldkey>, expected: &BTreeSet<PositionKey>| {
        let asked = Asked { coldkeys: coldkeys.clone(), expected: expected.clone() };
        chain.positions(block, &BTreeMap::from([(netuid, asked)])).await.unwrap().remove(&netuid).unwrap()
    };
    let nothing = BTreeSet::new();
    let all = positions(&coldkeys, &nothing).await;
    assert_eq!(positions(&coldkeys, &state.roster().positions).await, all, "what is expected changes nothing");
    assert!(all.values().all(|alpha| *alpha > Rao::ZERO));
    assert_eq!(all, state.balances(), "a state holds the positions of those that own a neuron");
    let mut alone = BTreeMap::new();
    for coldkey in &coldkeys {
        alone.extend(positions(&BTreeSet::from([*coldkey]), &nothing).await);
    }
    assert_eq!(alone, all, "a coldkey's positions do not depend on who is asked for with it");
    assert_eq!(positions(&none, &nothing).await, BTreeMap::new());

    let keys = TraceKeys { positions: state.positions.keys().copied().collect(), pools: BTreeSet::new() };
    let traces = chain.traces(block, netuid, &keys).await.unwrap();
    assert_eq!((traces.spec_version, traces.counters), (state.spec_version, state.counters));
    let known: BTreeMap<_, _> = state.positions.into_iter().map(|(key, position)| (key, position.trace)).collect();
    assert_eq!(traces.positions, known, "traces are the same however they are read");
}
