//! How a record gets on: from its watermark, block by block, whatever fails on the way.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::chain::{Asked, History, MINER, NETUID, RUNTIME, block_ref, now, sold};
use crate::ledger::Kind;
use crate::ports::{Ask, ChainError, Commit, MockChainPort, StakeStore, StoreAnswer, StoreError, StoreLayer};
use crate::record::error::MonitorError;
use crate::record::monitor::{BlockchainMonitor, Pace};
use crate::store::MemoryStore;
use crate::units::{BlockHash, BlockNumber};

/// An epoch, a sale, an epoch.
fn history() -> History {
    History::up_to(12).epoch(4, 100).sale(7, MINER, 30).epoch(9, 50)
}

/// A monitor of a history, and the blocks that it asks about. What a test expects of `chain` already comes
/// first.
fn monitor(
    mut chain: MockChainPort,
    history: &History,
    store: &Arc<impl StakeStore + 'static>,
) -> (BlockchainMonitor, Asked) {
    let asked = history.tell(&mut chain);
    let opened = now(BlockchainMonitor::open(Arc::new(chain), store.clone(), &[NETUID], 4)).unwrap();
    asked.forget();
    (opened, asked)
}

/// Follows the blocks up to `to`.
fn advance(monitor: &mut BlockchainMonitor, to: u64) -> Result<(), MonitorError> {
    now(monitor.advance(BlockNumber(1), BlockNumber(to), Pace::Following, &mut |_| {}))
}

fn record(store: &dyn StakeStore) -> Commit {
    now(store.record(NETUID)).unwrap().unwrap()
}

fn stands_at(store: &dyn StakeStore) -> u64 {
    now(store.watermark(NETUID)).unwrap().unwrap().block.number.0
}

fn asks_for_positions(ask: &Ask) -> bool {
    ask.subnets.values().any(|ask| !ask.coldkeys.is_empty())
}

/// The record of a history in which nothing fails.
fn undisturbed(history: &History, to: u64) -> Commit {
    let store = Arc::new(MemoryStore::new());
    advance(&mut monitor(MockChainPort::new(), history, &store).0, to).unwrap();
    record(store.as_ref())
}

#[test]
fn a_record_goes_on_at_its_watermark() {
    let store = Arc::new(MemoryStore::new());
    advance(&mut monitor(MockChainPort::new(), &history(), &store).0, 6).unwrap();
    assert_eq!(stands_at(store.as_ref()), 6);
    // Another process opens the same store.
    let (mut later, asked) = monitor(MockChainPort::new(), &history(), &store);
    advance(&mut later, 10).unwrap();
    assert_eq!(asked.followed(), [7, 8, 9, 10]);
    assert_eq!(record(store.as_ref()), undisturbed(&history(), 10));
}

#[test]
fn catching_up_writes_the_entries_that_following_writes() {
    let store = Arc::new(MemoryStore::new());
    let (mut catching_up, asked) = monitor(MockChainPort::new(), &history(), &store);
    let (first, to) = (BlockNumber(1), BlockNumber(12));
    now(catching_up.advance(first, to, Pace::CatchingUp, &mut |_| {})).unwrap();
    assert_eq!(asked.followed(), [], "blocks are not read in turn");
    assert_eq!(record(store.as_ref()).entries, undisturbed(&history(), 12).entries);
}

#[test]
fn a_block_that_does_not_follow_is_a_fork_and_nothing_is_written() {
    let elsewhere = history();
    let mut chain = MockChainPort::new();
    let next = elsewhere.clone();
    chain.expect_next_block().withf(|number, _| number.0 == 8).returning(move |number, netuids| {
        let mut facts = next.answer(number, &Ask::events(netuids))?.facts;
        facts.parent_hash = BlockHash([99; 32]);
        Ok(facts)
    });
    chain.expect_read().withf(|number, ask| number.0 == 8 && ask.events).returning(move |number, ask| {
        let mut answer = elsewhere.answer(number, ask)?;
        answer.facts.parent_hash = BlockHash([99; 32]);
        Ok(answer)
    });
    let store = Arc::new(MemoryStore::new());
    let (mut monitor, _) = monitor(chain, &history(), &store);
    let fork = MonitorError::Fork { block: BlockNumber(8), stands_at: block_ref(7) };
    assert_eq!(advance(&mut monitor, 12), Err(fork));
    assert_eq!(record(store.as_ref()), undisturbed(&history(), 7));
}

#[test]
fn a_record_whose_last_block_is_not_on_the_chain_is_not_opened() {
    let store = Arc::new(MemoryStore::new());
    advance(&mut monitor(MockChainPort::new(), &history(), &store).0, 6).unwrap();
    let mut chain = MockChainPort::new();
    let elsewhere = history();
    chain.expect_read().withf(|number, _| number.0 == 6).returning(move |number, ask| {
        let mut answer = elsewhere.answer(number, ask)?;
        answer.facts.block.hash = BlockHash([99; 32]);
        Ok(answer)
    });
    history().tell(&mut chain);
    let opened = now(BlockchainMonitor::open(Arc::new(chain), store, &[NETUID], 4));
    let fork = MonitorError::Fork { block: BlockNumber(6), stands_at: block_ref(6) };
    assert_eq!(opened.err(), Some(fork));
}

#[test]
fn an_answer_that_differs_from_the_second_reading_is_asked_again() {
    let mut chain = MockChainPort::new();
    let wrong = history();
    chain.expect_next_block().times(1).withf(|number, _| number.0 == 7).returning(move |number, netuids| {
        let mut facts = wrong.answer(number, &Ask::events(netuids))?.facts;
        facts.events[0].event = sold(MINER, 31);
        Ok(facts)
    });
    let store = Arc::new(MemoryStore::new());
    let (mut monitor, asked) = monitor(chain, &history(), &store);
    advance(&mut monitor, 12).unwrap();
    assert_eq!(asked.followed().iter().filter(|block| **block == 8).count(), 1, "in one go");
    assert_eq!(record(store.as_ref()), undisturbed(&history(), 12));
}

/// A store of which one commit fails, when it is told to.
#[derive(Default)]
struct FailingStore {
    inner: MemoryStore,
    fails: AtomicBool,
}

impl StoreLayer for FailingStore {
    fn inner(&self) -> &dyn StakeStore {
        &self.inner
    }

    fn pass<'a, T: Send + 'a>(
        &'a self,
        method: &'static str,
        answer: StoreAnswer<'a, T>,
    ) -> StoreAnswer<'a, T> {
        match method == "commit" && self.fails.swap(false, Ordering::Relaxed) {
            true => Box::pin(async { Err(StoreError::Busy("a test".to_owned())) }),
            false => answer,
        }
    }
}

#[test]
fn a_commit_that_fails_leaves_the_record_as_it_was_and_the_next_advance_writes_the_same() {
    let store = Arc::new(FailingStore::default());
    let (mut monitor, _) = monitor(MockChainPort::new(), &history(), &store);
    advance(&mut monitor, 6).unwrap();
    store.fails.store(true, Ordering::Relaxed);
    let busy = StoreError::Busy("a test".to_owned());
    assert_eq!(advance(&mut monitor, 12), Err(MonitorError::Store(busy)));
    assert_eq!(record(store.as_ref()), undisturbed(&history(), 6));
    // The ledger in memory had taken in the sale of block 7 already. It is not taken in twice.
    advance(&mut monitor, 12).unwrap();
    assert_eq!(record(store.as_ref()), undisturbed(&history(), 12));
}

#[test]
fn what_is_unexplained_is_doubted_the_first_time_and_recorded_the_second() {
    let history = history().change(6, MINER, 5);
    let store = Arc::new(MemoryStore::new());
    let (mut monitor, asked) = monitor(MockChainPort::new(), &history, &store);
    advance(&mut monitor, 9).unwrap();
    let blocks: Vec<u64> = (1..=9).chain(5..=9).collect();
    assert_eq!(asked.followed(), blocks, "from the last epoch on again");
    let unexplained = record(store.as_ref()).entries;
    let unexplained = unexplained.iter().filter(|entry| entry.kind == Kind::Unattributed);
    assert_eq!(unexplained.map(|entry| (entry.block.0, entry.alpha.0)).collect::<Vec<_>>(), [(6, 5)]);
}

#[test]
fn what_is_unexplained_and_comes_out_otherwise_when_read_again_is_not_recorded() {
    let mut chain = MockChainPort::new();
    let wrong = history().change(8, MINER, 5);
    chain
        .expect_read()
        .times(1)
        .withf(|number, ask| number.0 == 8 && asks_for_positions(ask))
        .returning(move |number, ask| wrong.answer(number, ask));
    let store = Arc::new(MemoryStore::new());
    let (mut monitor, asked) = monitor(chain, &history(), &store);
    advance(&mut monitor, 9).unwrap();
    assert_eq!(asked.followed().len(), 9 + 5, "from the last epoch on again");
    assert_eq!(record(store.as_ref()), undisturbed(&history(), 9));
}

#[test]
fn a_contradiction_takes_the_record_back_to_the_last_epoch_agreed() {
    let history = history().epoch(12, 50);
    let (netuid, block) = (NETUID, BlockNumber(11));
    let contradicted = ChainError::Contradicted {
        netuid,
        spec_version: RUNTIME,
        block,
        // Inside the interval that began at epoch 4.
        agreed: Some(BlockNumber(6)),
    };
    let mut chain = MockChainPort::new();
    chain
        .expect_read()
        .times(1)
        .withf(|number, ask| number.0 == 11 && asks_for_positions(ask))
        .returning(move |_, _| Err(contradicted.clone()));
    let told = |netuid: &_, version: &_| (*netuid, *version) == (NETUID, RUNTIME);
    chain.expect_taken_back().times(1).withf(told).return_const(());
    let store = Arc::new(MemoryStore::new());
    let (mut monitor, asked) = monitor(chain, &history, &store);
    advance(&mut monitor, 12).unwrap();
    let blocks: Vec<u64> = (1..=12).chain(5..=12).collect();
    assert_eq!(asked.followed(), blocks, "everything after epoch 4 is read again, epoch 9 too");
    assert_eq!(record(store.as_ref()), undisturbed(&history, 12));
}

#[test]
fn a_record_that_cannot_be_read_again_stays_as_it_is() {
    let contradicted = ChainError::Contradicted {
        netuid: NETUID,
        spec_version: RUNTIME,
        block: BlockNumber(8),
        agreed: Some(BlockNumber(6)),
    };
    let (contradiction, pruned) = (contradicted.clone(), ChainError::Pruned { block: BlockNumber(4) });
    let mut chain = MockChainPort::new();
    chain
        .expect_read()
        .withf(|number, ask| number.0 == 8 && asks_for_positions(ask))
        .returning(move |_, _| Err(contradiction.clone()));
    // The node has forgotten the epoch from which the record would have to go on.
    let glance = |ask: &Ask| !ask.events && *ask == Ask::counters(&[NETUID]);
    chain
        .expect_read()
        .withf(move |number, ask| number.0 == 4 && glance(ask))
        .returning(move |_, _| Err(pruned.clone()));
    let store = Arc::new(MemoryStore::new());
    let (mut monitor, _) = monitor(chain, &history(), &store);
    assert_eq!(advance(&mut monitor, 12), Err(contradicted.into()));
    assert_eq!(record(store.as_ref()), undisturbed(&history(), 8));
}
