//! A subnet of the simulated chain.

use std::collections::{BTreeMap, BTreeSet};

use vesting_core::{BlockNumber, Coldkey, Hotkey, NetUid, SubnetCounters};

use super::pool::Pool;
use crate::sim::runtime::generation::Generation;

/// A subnet as it begins.
#[derive(Debug, Clone)]
pub struct SubnetConfig {
    /// Its netuid.
    pub netuid: NetUid,
    /// Blocks between epochs.
    pub tempo: u16,
    /// The owner, who gets the owner's cut.
    pub owner: (Coldkey, Hotkey),
    /// Neurons by uid: coldkey, hotkey, weight, whether it validates, stake at genesis. Incentive is divided
    /// by weight.
    pub neurons: Vec<(Coldkey, Hotkey, u64, bool, u64)>,
    /// The most neurons. A registration beyond it replaces the neuron with the least weight.
    pub capacity: usize,
}

/// A subnet as it stands.
#[derive(Debug, Clone)]
pub(crate) struct Subnet {
    pub(crate) counters: SubnetCounters,
    /// The block from which the next epoch is counted.
    pub(crate) last_epoch: u64,
    /// The block to which an epoch was put off, or in which one was asked for.
    pub(crate) pending: Option<u64>,
    pub(crate) owner: (Coldkey, Hotkey),
    /// The hotkeys by uid.
    pub(crate) neurons: Vec<Hotkey>,
    pub(crate) weights: BTreeMap<Hotkey, u64>,
    pub(crate) validators: BTreeSet<Hotkey>,
    /// Where the incentive of a coldkey is staked.
    pub(crate) auto_stake: BTreeMap<Coldkey, Hotkey>,
    /// How much each coldkey has locked, and the hotkey of its first lock. Locks do not decay here.
    pub(crate) locks: BTreeMap<Coldkey, (Hotkey, u64)>,
    pub(crate) pools: BTreeMap<Hotkey, Pool>,
    pub(crate) capacity: usize,
    /// Whether the next due epoch is skipped.
    pub(crate) skip_next: bool,
    /// The owner from the block of the next epoch on.
    pub(crate) next_owner: Option<(Coldkey, Hotkey)>,
    pub(crate) lease: Option<Lease>,
    pub(crate) collateral: BTreeMap<(Hotkey, Coldkey), Collateral>,
}

impl Subnet {
    /// Its counters now, as far as a generation has them.
    pub(super) fn counters(&self, generation: Generation) -> SubnetCounters {
        let counts = generation.counts_epochs();
        SubnetCounters {
            last_epoch_block: counts.then_some(BlockNumber(self.last_epoch)),
            epoch_index: self.counters.epoch_index.filter(|_| counts),
            ..self.counters
        }
    }
}

/// A lease that owns a subnet. It pays what it earns to its contributors.
#[derive(Debug, Clone)]
pub(crate) struct Lease {
    pub(crate) id: u32,
    pub(crate) coldkey: Coldkey,
    pub(crate) hotkey: Hotkey,
    /// How many thousandths of what the lease holds each contributor gets.
    pub(crate) contributors: BTreeMap<Coldkey, u16>,
    /// Contributors are paid in epochs whose block is a multiple of this.
    pub(crate) interval: u64,
}

/// A hotkey's collateral on one subnet, in rao of alpha.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Collateral {
    pub(crate) locked: u64,
    /// The least collateral. While it has less, what the hotkey earns is captured.
    pub(crate) min_locked: u64,
    pub(crate) earned: u64,
}
