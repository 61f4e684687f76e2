//! The facts of one finalized block.

use std::collections::BTreeMap;

use crate::block::ChainEvent;
use crate::units::{BlockHash, BlockNumber, BlockRef, Millis, NetUid};

/// What one finalized block says about the subnets that are followed.
///
/// ```
/// use std::collections::BTreeMap;
///
/// use vesting_core::{
///     BlockFacts, BlockHash, BlockNumber, BlockRef, Millis, NetUid, SubnetCounters, is_epoch,
/// };
///
/// let counters = SubnetCounters {
///     tempo: 360,
///     blocks_since_last_step: 0,
///     last_step_block: BlockNumber(7_200),
///     last_epoch_block: None,
///     epoch_index: None,
///     registered_at: BlockNumber(100),
/// };
/// let facts = BlockFacts {
///     block: BlockRef { number: BlockNumber(7_200), hash: BlockHash([1; 32]) },
///     parent_hash: BlockHash([0; 32]),
///     time: Millis(86_400_000),
///     spec_version: 300,
///     measured: true,
///     announces_incentive: true,
///     counters_asked: false,
///     subnets: BTreeMap::from([(NetUid(2), counters)]),
///     registrations: BTreeMap::new(),
///     events: Vec::new(),
/// };
/// assert!(is_epoch(facts.block.number, &facts.subnets[&NetUid(2)]));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockFacts {
    /// The block.
    pub block: BlockRef,
    /// The hash of its parent (zero for genesis).
    pub parent_hash: BlockHash,
    /// `Timestamp.Now` in its state. Block 0 has none and takes that of block 1.
    pub time: Millis,
    /// The version of the runtime that *made* the block.
    pub spec_version: u32,
    /// Whether the meaning of that runtime's events was measured. Where it was not, amounts are compared with
    /// balances.
    pub measured: bool,
    /// Whether that runtime announces incentive by event.
    pub announces_incentive: bool,
    /// Whether the runtime had to be asked for the counters, since its storage lacks some.
    pub counters_asked: bool,
    /// The counters of the subnets asked for. A subnet that does not exist in this state is absent.
    pub subnets: BTreeMap<NetUid, SubnetCounters>,
    /// How often each netuid asked for was registered so far, where the chain counts registrations.
    pub registrations: BTreeMap<NetUid, u64>,
    /// The events that concern stake, by index; none where they were not asked for.
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
    /// `LastEpochBlock`, where the chain has one: the block in which the present cycle began, epoch or not.
    pub last_epoch_block: Option<BlockNumber>,
    /// `SubnetEpochIndex`, where the chain has one.
    pub epoch_index: Option<u64>,
    /// `NetworkRegisteredAt`. It tells a re-registered netuid from the subnet before it.
    pub registered_at: BlockNumber,
}
