//! The facts of one finalized block.

use std::collections::BTreeMap;

use crate::block::ChainEvent;
use crate::units::{BlockHash, BlockNumber, BlockRef, Millis, NetUid};

/// What one finalized block says about the subnets that are followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockFacts {
    /// The block.
    pub block: BlockRef,
    /// The hash of its parent (zero for genesis).
    pub parent_hash: BlockHash,
    /// `Timestamp.Now` in its state; block 0 has none and counts as block 1's.
    pub time: Millis,
    /// The version of the runtime that *made* the block.
    pub spec_version: u32,
    /// Whether what the events of that runtime mean was measured. Amounts are compared with balances where it
    /// was not.
    pub measured: bool,
    /// Whether that runtime announces incentive by event.
    pub announces_incentive: bool,
    /// Whether the counters had to be asked of the runtime, since its storage lacks some.
    pub counters_asked: bool,
    /// The counters of the subnets asked for; a subnet that does not exist in this state is absent.
    pub subnets: BTreeMap<NetUid, SubnetCounters>,
    /// How often each netuid asked for was registered so far, where the chain counts it.
    pub registrations: BTreeMap<NetUid, u64>,
    /// The events that bear on stake, by index; none where they were not asked for.
    pub events: Vec<ChainEvent>,
}

/// A subnet's counters in the state of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SubnetCounters {
    /// Blocks between epochs (one more on the older runtimes).
    pub tempo: u16,
    /// `BlocksSinceLastStep`.
    pub blocks_since_last_step: u64,
    /// `LastMechansimStepBlock` (the chain's spelling): the block of the last epoch that distributed.
    pub last_step_block: BlockNumber,
    /// `LastEpochBlock`, where the chain has one: where the present cycle began, epoch or not.
    pub last_epoch_block: Option<BlockNumber>,
    /// `SubnetEpochIndex`, where the chain has one.
    pub epoch_index: Option<u64>,
    /// `NetworkRegisteredAt`: tells a re-registered netuid from the one before.
    pub registered_at: BlockNumber,
}
