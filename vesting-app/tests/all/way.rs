//! From a node to a record, both ways.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use vesting_chain::{ChainOptions, SubxtChain};
use vesting_core::check::{check, check_beside};
use vesting_core::digest::Digest;
use vesting_core::interval::closing;
use vesting_core::policy::Policy;
use vesting_core::ports::StakeStore;
use vesting_core::{
    BlockNumber, BlockchainMonitor, Detection, Entry, EpochRecord, NetUid, Pace, StakeTracker,
};
use vesting_testkit::node::NodeHandle;

/// A record with what it was made of.
pub struct Record {
    pub store: Arc<dyn StakeStore>,
    /// Without the closing of the open interval.
    pub stored: Vec<Entry>,
    /// With it.
    pub entries: Vec<Entry>,
    pub epochs: Vec<EpochRecord>,
    pub requests: u64,
}

pub fn chain(node: &NodeHandle) -> Arc<SubxtChain> {
    let options = ChainOptions {
        deadline: Duration::from_secs(20),
        query_interval: Duration::from_secs(2),
        ..ChainOptions::new(node.url())
    };
    Arc::new(SubxtChain::new(options))
}

pub fn database(folder: &Path, name: &str) -> Arc<dyn StakeStore> {
    vesting_store::open(&format!("sqlite://{}", folder.join(name).display())).unwrap()
}

/// Records from block 1 up to `to` by catching up.
pub async fn catch_up(node: &NodeHandle, store: Arc<dyn StakeStore>, netuid: NetUid, to: u32) -> Record {
    advance(node, store, netuid, to, Pace::CatchingUp).await
}

/// Records from block 1 up to `to`, each block on its own.
pub async fn every_block(node: &NodeHandle, store: Arc<dyn StakeStore>, netuid: NetUid, to: u32) -> Record {
    advance(node, store, netuid, to, Pace::Following).await
}

async fn advance(
    node: &NodeHandle,
    store: Arc<dyn StakeStore>,
    netuid: NetUid,
    to: u32,
    pace: Pace,
) -> Record {
    let chain = chain(node);
    let mut monitor = BlockchainMonitor::open(chain.clone(), store.clone(), &[netuid], 8).await.unwrap();
    monitor.advance(BlockNumber(1), BlockNumber(u64::from(to)), pace, &mut |_| {}).await.unwrap();
    monitor.observe().await.unwrap();
    record(&chain, store, netuid).await
}

/// Records from block 1 up to `to` by following the head.
pub async fn follow(node: &NodeHandle, store: Arc<dyn StakeStore>, netuid: NetUid, to: u32) -> Record {
    let chain = chain(node);
    let mut monitor = BlockchainMonitor::open(chain.clone(), store.clone(), &[netuid], 8).await.unwrap();
    monitor.follow(BlockNumber(1), Some(BlockNumber(u64::from(to))), &mut |_| {}).await.unwrap();
    record(&chain, store, netuid).await
}

async fn record(chain: &SubxtChain, store: Arc<dyn StakeStore>, netuid: NetUid) -> Record {
    let state = store.ledger_state(netuid).await.unwrap().unwrap();
    let whole = store.record(netuid).await.unwrap().unwrap();
    check_beside(store.as_ref(), &whole, &check(&whole).unwrap()).await.unwrap();
    let last = state.watermark.block.number;
    let stored = store.entries(netuid, BlockNumber(0), last).await.unwrap();
    let mut entries = stored.clone();
    entries.extend(
        closing(store.as_ref(), netuid, &state).await.unwrap().expect("positions are read at the watermark"),
    );
    let mut epochs = store.epochs(netuid, BlockNumber(0), last).await.unwrap();
    // How an epoch was found is all that may differ.
    epochs.iter_mut().for_each(|record| record.detected = Detection::Storage);
    Record { store, stored, entries, epochs, requests: chain.requests().0 }
}

/// The state digest as of the last epoch, of a window that the record covers.
pub async fn digest(record: &Record, netuid: NetUid, policy: &Policy) -> Digest {
    let (_, state) = StakeTracker::new(record.store.clone()).state(netuid, policy, None).await.unwrap();
    let last = record.epochs.last().map(|record| record.epoch.block);
    assert_eq!((Some(state.ledger.window.as_of.block), state.ledger.window.incomplete_since), (last, None));
    state.summary().digest()
}
