//! What a program sees of a subnet that is followed for it.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use async_trait::async_trait;
use futures_util::FutureExt;

use super::{SystemError, Update, VestingSystem};
use crate::ports::{
    Ask, BlockState, ChainError, ChainPort, Commit, MockChainPort, ReadRecord, StakeStore, StoreAnswer,
    StoreLayer, WholeRecord,
};
use crate::record::tests::chain::{History, MINER, NETUID, block_ref, now};
use crate::score::policy::Policy;
use crate::store::MemoryStore;
use crate::units::{BlockHash, BlockNumber, BlockRef, Millis};

/// Two epochs with a sale between.
fn history() -> History {
    History::up_to(12).epoch(4, 100).sale(7, MINER, 30).epoch(9, 50)
}

fn system(chain: impl ChainPort + 'static, store: impl StakeStore + 'static) -> Arc<VestingSystem> {
    Arc::new(VestingSystem::new(Arc::new(chain), Arc::new(store), NETUID, Policy::default()))
}

/// The epochs that a handler hears of, in its order.
fn epochs_heard(system: &VestingSystem) -> Arc<Mutex<Vec<u64>>> {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&heard);
    system.on_epoch_boundary(move |record| log.lock().unwrap().push(record.epoch.block.number.0));
    heard
}

/// A chain at its head: no block comes any more.
struct AtTheHead(MockChainPort);

#[async_trait]
impl ChainPort for AtTheHead {
    async fn genesis(&self) -> Result<BlockHash, ChainError> {
        self.0.genesis().await
    }

    async fn finalized_head(&self) -> Result<BlockRef, ChainError> {
        self.0.finalized_head().await
    }

    async fn wait_for_head_above(&self, _: BlockNumber) -> Result<BlockRef, ChainError> {
        std::future::pending().await
    }

    async fn read(&self, number: BlockNumber, ask: &Ask) -> Result<BlockState, ChainError> {
        self.0.read(number, ask).await
    }
}

#[test]
fn nothing_is_read_before_initialize() {
    // This chain expects no call at all.
    let system = system(MockChainPort::new(), MemoryStore::new());
    assert_eq!(now(system.update()), Err(SystemError::NotRunning));
    assert_eq!(now(Arc::clone(&system).follow()), Err(SystemError::NotRunning));
}

#[test]
fn an_impossible_policy_is_refused_before_anything_is_read() {
    let policy = Policy { retention_window: Millis(0), ..Policy::default() };
    let (chain, store) = (Arc::new(MockChainPort::new()), Arc::new(MemoryStore::new()));
    let refused = now(VestingSystem::new(chain, store, NETUID, policy).initialize());
    assert!(matches!(refused, Err(SystemError::Policy(_))), "{refused:?}");
}

#[test]
fn a_new_record_begins_where_the_window_does() {
    // As long as five blocks, before the last epoch in block 9.
    let policy = Policy { retention_window: Millis(5 * 12_000), ..Policy::default() };
    let store = Arc::new(MemoryStore::new());
    let system = VestingSystem::new(Arc::new(history().chain()), store.clone(), NETUID, policy);
    now(system.initialize()).unwrap();
    now(system.update()).unwrap();
    let first = now(store.watermark(NETUID)).unwrap().unwrap().first_block;
    assert_eq!(first, BlockNumber(4));
}

#[test]
fn handlers_hear_of_each_epoch_once_and_in_order() {
    let mut chain = MockChainPort::new();
    // The head as it is initialized, and twice more while there is nothing new.
    chain.expect_finalized_head().times(3).returning(|| Ok(block_ref(6)));
    history().epoch(11, 50).tell(&mut chain);
    let system = system(chain, MemoryStore::new());
    let heard = epochs_heard(&system);
    now(system.initialize()).unwrap();
    assert_eq!(now(system.update()), Ok(Update { block: BlockNumber(6), epochs: 1 }));
    assert_eq!(now(system.update()), Ok(Update { block: BlockNumber(6), epochs: 0 }));
    assert_eq!(*heard.lock().unwrap(), [4]);
    assert_eq!(now(system.update()), Ok(Update { block: BlockNumber(12), epochs: 2 }));
    assert_eq!(*heard.lock().unwrap(), [4, 9, 11]);
}

#[test]
fn handlers_do_not_hear_of_epochs_that_were_recorded_before() {
    let store = Arc::new(MemoryStore::new());
    let over =
        |chain: MockChainPort| VestingSystem::new(Arc::new(chain), store.clone(), NETUID, Policy::default());
    let mut chain = MockChainPort::new();
    chain.expect_finalized_head().returning(|| Ok(block_ref(6)));
    history().tell(&mut chain);
    let before = over(chain);
    now(before.initialize()).unwrap();
    now(before.update()).unwrap();
    let after = over(history().chain());
    let heard = epochs_heard(&after);
    now(after.initialize()).unwrap();
    now(after.update()).unwrap();
    assert_eq!(*heard.lock().unwrap(), [9]);
}

/// A store of which one commit never ends, when it is told to.
#[derive(Default)]
struct HangingStore {
    inner: MemoryStore,
    hangs: AtomicBool,
}

impl StoreLayer for HangingStore {
    fn inner(&self) -> &dyn StakeStore {
        &self.inner
    }

    fn pass<'a, T: Send + 'a>(
        &'a self,
        method: &'static str,
        answer: StoreAnswer<'a, T>,
    ) -> StoreAnswer<'a, T> {
        match method == "commit" && self.hangs.swap(false, Ordering::Relaxed) {
            true => Box::pin(std::future::pending()),
            false => answer,
        }
    }
}

/// The record of a history that was taken in at one go.
fn undisturbed() -> Commit {
    let store = Arc::new(MemoryStore::new());
    let (chain, policy) = (Arc::new(history().chain()), Policy::default());
    let system = VestingSystem::new(chain, store.clone(), NETUID, policy);
    now(system.initialize()).unwrap();
    now(system.update()).unwrap();
    now(store.record(NETUID)).unwrap().unwrap()
}

#[test]
fn an_update_that_was_dropped_is_taken_up_again() {
    let mut chain = MockChainPort::new();
    chain.expect_finalized_head().times(2).returning(|| Ok(block_ref(6)));
    history().tell(&mut chain);
    let store = Arc::new(HangingStore::default());
    let system = VestingSystem::new(Arc::new(chain), store.clone(), NETUID, Policy::default());
    let heard = epochs_heard(&system);
    now(system.initialize()).unwrap();
    now(system.update()).unwrap();
    store.hangs.store(true, Ordering::Relaxed);
    assert_eq!(system.update().now_or_never(), None, "dropped while block 7 is written");
    assert_eq!(now(system.update()), Ok(Update { block: BlockNumber(12), epochs: 1 }));
    assert_eq!(now(store.record(NETUID)).unwrap(), Some(undisturbed()));
    assert_eq!(*heard.lock().unwrap(), [4, 9]);
}

#[test]
fn shutdown_ends_follow_with_ok_and_initialize_goes_on_from_there() {
    let mut chain = MockChainPort::new();
    history().tell(&mut chain);
    let system = system(AtTheHead(chain), MemoryStore::new());
    now(system.initialize()).unwrap();
    let mut context = Context::from_waker(Waker::noop());
    let mut following = pin!(Arc::clone(&system).follow());
    assert_eq!(following.as_mut().poll(&mut context), Poll::Pending, "at the head");
    now(system.shutdown());
    assert_eq!(following.as_mut().poll(&mut context), Poll::Ready(Ok(())));
    assert_eq!(now(system.update()), Err(SystemError::NotRunning));
    now(system.initialize()).unwrap();
    assert_eq!(now(system.update()), Ok(Update { block: BlockNumber(12), epochs: 0 }));
}
