//! A store that fails now and then, before it has done anything.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use vesting_core::ports::{
    BalanceChange, Commit, Holder, LedgerState, MultiplierRow, NeuronRow, OpenInterval, Pruned, Snapshot, StakeStore, StoreError, Watermark,
};
use vesting_core::{
    BlockHash, BlockNumber, BlockRef, Coldkey, Entry, Epoch, EpochRecord, Millis, NetUid, OpenTranche, PositionKey, Rao, SkippedSlot,
    Succession, TrancheHistory,
};

/// Asked with the name of what is to be done, whether it fails.
type Fails = Box<dyn Fn(&'static str) -> Option<StoreError> + Send + Sync>;

/// Passes everything on to another store, unless it fails.
pub struct FlakyStore {
    inner: Arc<dyn StakeStore>,
    fails: Fails,
}

impl FlakyStore {
    /// Over another store, failing where `fails` says so of the method of that name.
    pub fn new(inner: Arc<dyn StakeStore>, fails: impl Fn(&'static str) -> Option<StoreError> + Send + Sync + 'static) -> Self {
        Self { inner, fails: Box::new(fails) }
    }
}

/// Methods that are passed on.
macro_rules! passed_on {
    ($($name:ident($($argument:ident: $of:ty),*) -> $gives:ty;)*) => {
        #[async_trait]
        impl StakeStore for FlakyStore {
            $(async fn $name(&self, $($argument: $of),*) -> Result<$gives, StoreError> {
                match (self.fails)(stringify!($name)) {
                    Some(error) => Err(error),
                    None => self.inner.$name($($argument),*).await,
                }
            })*
        }
    };
}

passed_on! {
    bind_chain(genesis: BlockHash) -> ();
    claim(netuid: NetUid) -> ();
    prune(netuid: NetUid, base: BlockNumber) -> Pruned;
    genesis() -> Option<BlockHash>;
    netuids() -> Vec<NetUid>;
    watermark(netuid: NetUid) -> Option<Watermark>;
    ledger_state(netuid: NetUid) -> Option<LedgerState>;
    commit(commit: &Commit) -> ();
    observe(netuid: NetUid, at: BlockRef, snapshots: &[Snapshot], interval: &OpenInterval) -> ();
    entries(netuid: NetUid, from: BlockNumber, to: BlockNumber) -> Vec<Entry>;
    block_times(netuid: NetUid, from: BlockNumber, to: BlockNumber) -> BTreeMap<BlockNumber, Millis>;
    epochs(netuid: NetUid, from: BlockNumber, to: BlockNumber) -> Vec<EpochRecord>;
    epoch_list(netuid: NetUid, from: BlockNumber, to: BlockNumber) -> Vec<Epoch>;
    skipped_slots(netuid: NetUid, from: BlockNumber, to: BlockNumber) -> Vec<SkippedSlot>;
    successions(netuid: NetUid, to: BlockNumber) -> Vec<Succession>;
    neurons(netuid: NetUid, to: BlockNumber) -> Vec<NeuronRow>;
    holders(netuid: NetUid) -> Vec<Holder>;
    positions_at(netuid: NetUid, block: BlockNumber) -> BTreeMap<PositionKey, Rao>;
    locks_at(netuid: NetUid, block: BlockNumber) -> BTreeMap<Coldkey, Rao>;
    tranches(netuid: NetUid, as_of: BlockNumber) -> Vec<TrancheHistory>;
    open_tranches(netuid: NetUid, coldkeys: &BTreeSet<Coldkey>) -> Vec<OpenTranche>;
    balance_changes(netuid: NetUid, from: BlockNumber, to: BlockNumber) -> Vec<BalanceChange>;
    record(netuid: NetUid) -> Option<Commit>;
    put_multipliers(netuid: NetUid, rows: &[MultiplierRow]) -> ();
    multipliers(netuid: NetUid, as_of: BlockNumber, policy: &str) -> Vec<MultiplierRow>;
}
