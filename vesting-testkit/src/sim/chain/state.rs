//! The chain's state.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, RwLock};

use vesting_core::share_pool::SafeFloat;
use vesting_core::{
    BlockNumber, Coldkey, Hotkey, Millis, NetUid, Neuron, PositionKey, SubnetCounters, SubnetOwner,
};

use super::account::Accounts;
use super::block::Sealed;
use super::changes::Dirty;
use super::history_writer::HistoryWriter;
use super::pool::Row;
use super::rates::{EMISSION, INCENTIVE};
use super::subnet::{Subnet, SubnetConfig};
use super::versions::Versions;
use crate::history::History;
use crate::history::heights::Blocks;
use crate::sim::operation::Operation;
use crate::sim::runtime::event::{EventRecord, PalletEvent, Phase, RuntimeEvent};
use crate::sim::runtime::generation::Generation;
use crate::sim::runtime::rules::ShareRules;

/// After so many blocks a runtime has no share rows left that it does not list.
pub(crate) const CONVERSION: u64 = 2;

/// A simulated chain. Blocks are made one by one with [`SimChain::step`].
pub struct SimChain {
    pub(crate) seed: u64,
    /// The runtime that makes blocks.
    pub(crate) generation: Generation,
    /// Code that is to be set in the next block, and code set in the last one.
    pub(super) upgrade: Option<Generation>,
    pub(crate) code: Generation,
    /// What a nominator leaves on a hotkey below this, in rao of alpha, is removed as well.
    pub(crate) least_nomination: u64,
    pub(super) start: Millis,
    pub(super) block_ms: u64,
    pub(crate) subnets: BTreeMap<NetUid, Subnet>,
    /// Those that are dissolved and not cleared away yet, in order.
    pub(crate) dissolving: VecDeque<(NetUid, Subnet)>,
    /// Subnets that wait for their netuid: owner and tempo.
    pub(crate) awaited: BTreeMap<NetUid, ((Coldkey, Hotkey), u16)>,
    /// How often each netuid was registered since that is counted.
    pub(crate) registrations: BTreeMap<NetUid, u64>,
    pub(crate) owners: BTreeMap<Hotkey, Coldkey>,
    pub(crate) staking: BTreeMap<Coldkey, BTreeSet<Hotkey>>,
    pub(super) queue: Vec<Operation>,
    pub(crate) events: Vec<EventRecord>,
    pub(crate) dirty: Dirty,
    pub(crate) accounts: Accounts,
    /// The first block of a runtime with another arithmetic of shares.
    pub(crate) converting_since: Option<u64>,
    pub(crate) blocks: Blocks<Sealed>,
    pub(super) alphas: Versions<(NetUid, PositionKey), u64>,
    pub(super) shares: Versions<(NetUid, PositionKey), Row>,
    pub(super) totals: Versions<(NetUid, Hotkey), (u64, SafeFloat, u64)>,
    pub(super) locks: Versions<(NetUid, Coldkey), u64>,
    pub(super) pointers: Versions<(Coldkey, Hotkey), u64>,
    pub(super) stakings: Versions<Coldkey, BTreeSet<Hotkey>>,
    pub(super) neurons: Versions<NetUid, Vec<Neuron>>,
    pub(super) subnet_owners: Versions<NetUid, Option<SubnetOwner>>,
    pub(super) writer: Option<HistoryWriter>,
}

impl SimChain {
    /// A chain with these subnets in its genesis. With a `history` every block is written into it,
    /// for a node to serve.
    #[must_use]
    pub fn new(seed: u64, subnets: &[SubnetConfig], history: Option<Arc<RwLock<History>>>) -> Self {
        Self::of_generation(Generation::Today, seed, subnets, history)
    }

    /// From the next block on it is another fork of the same chain: its blocks have other hashes.
    pub const fn diverge(&mut self) {
        self.seed = !self.seed;
    }

    /// A chain that begins with the runtime of this generation.
    #[must_use]
    pub fn of_generation(
        generation: Generation,
        seed: u64,
        subnets: &[SubnetConfig],
        history: Option<Arc<RwLock<History>>>,
    ) -> Self {
        let mut chain = Self {
            seed,
            generation,
            upgrade: None,
            code: generation,
            least_nomination: 0,
            start: Millis(1_780_000_000_000),
            block_ms: 12_000,
            subnets: BTreeMap::new(),
            dissolving: VecDeque::new(),
            awaited: BTreeMap::new(),
            registrations: BTreeMap::new(),
            owners: BTreeMap::new(),
            staking: BTreeMap::new(),
            queue: Vec::new(),
            events: Vec::new(),
            dirty: Dirty::default(),
            accounts: Accounts::default(),
            converting_since: (generation.rules() == ShareRules::Epochs).then_some(0),
            blocks: Blocks::default(),
            alphas: Versions::default(),
            shares: Versions::default(),
            totals: Versions::default(),
            locks: Versions::default(),
            pointers: Versions::default(),
            stakings: Versions::default(),
            neurons: Versions::default(),
            subnet_owners: Versions::default(),
            writer: history.map(|history| HistoryWriter::new(history, generation)),
        };
        for config in subnets {
            chain.add_subnet(config, 0);
        }
        chain.seal();
        chain
    }

    /// How far apart blocks are; to be said before the first is made.
    pub const fn set_block_time(&mut self, apart: Millis) {
        self.block_ms = apart.0;
    }

    /// The least that a nominator may leave on a hotkey, in rao of alpha.
    pub const fn set_least_nomination(&mut self, alpha: u64) {
        self.least_nomination = alpha;
    }

    /// When block 0 would have been; to be said before the first is made.
    pub const fn set_start(&mut self, start: Millis) {
        self.start = start;
    }

    /// What the miners of a subnet are paid in an epoch that comes after a whole tempo, in rao.
    #[must_use]
    pub fn incentive_of(&self, netuid: NetUid) -> u64 {
        let tempo = self.subnets.get(&netuid).map_or(0, |subnet| subnet.counters.tempo);
        u64::from(tempo) * EMISSION / INCENTIVE.1 * INCENTIVE.0
    }

    /// Adds a subnet registered in block `number`.
    pub(in crate::sim) fn add_subnet(&mut self, config: &SubnetConfig, number: u64) {
        let counters = SubnetCounters {
            tempo: config.tempo,
            blocks_since_last_step: 0,
            last_step_block: BlockNumber(0),
            last_epoch_block: Some(BlockNumber(number)),
            epoch_index: Some(0),
            registered_at: BlockNumber(number),
        };
        let subnet = Subnet {
            counters,
            last_epoch: number,
            pending: None,
            owner: config.owner,
            neurons: config.neurons.iter().map(|n| n.1).collect(),
            weights: config.neurons.iter().map(|n| (n.1, n.2)).collect(),
            validators: config.neurons.iter().filter(|n| n.3).map(|n| n.1).collect(),
            auto_stake: BTreeMap::new(),
            locks: BTreeMap::new(),
            pools: BTreeMap::new(),
            capacity: config.capacity.max(1),
            skip_next: false,
            next_owner: None,
            lease: None,
            collateral: BTreeMap::new(),
        };
        self.subnets.insert(config.netuid, subnet);
        self.own(config.owner.1, config.owner.0);
        for (coldkey, hotkey, _, _, stake) in &config.neurons {
            self.own(*hotkey, *coldkey);
            self.credit(config.netuid, *hotkey, *coldkey, *stake);
        }
        self.dirty.neurons.insert(config.netuid);
        self.dirty.schedules.insert(config.netuid);
    }

    /// The last block.
    #[must_use]
    pub fn head(&self) -> BlockNumber {
        BlockNumber(u64::from(self.blocks.next().saturating_sub(1)))
    }

    /// Whether a subnet exists.
    #[must_use]
    pub fn exists(&self, netuid: NetUid) -> bool {
        self.subnets.contains_key(&netuid)
    }

    /// Has an operation run in the next block.
    pub fn queue(&mut self, operation: impl Into<Operation>) {
        self.queue.push(operation.into());
    }

    /// Lets the next due epoch of a subnet be skipped, as an inconsistent input would.
    pub fn skip_next_epoch(&mut self, netuid: NetUid) {
        if let Some(subnet) = self.subnets.get_mut(&netuid) {
            subnet.skip_next = true;
        }
    }

    /// Sets new code in the next block; the one after is the first that it makes
    /// (docs/chain.md#the-runtime-that-made-a-block).
    pub fn upgrade(&mut self, to: Generation) {
        self.upgrade = Some(to).filter(|to| *to > self.code);
    }

    /// The runtime whose code is in the last state.
    #[must_use]
    pub fn code(&self) -> Generation {
        self.code
    }

    /// Sets the weight of a miner's incentive.
    pub fn set_weight(&mut self, netuid: NetUid, hotkey: Hotkey, weight: u64) {
        if let Some(subnet) = self.subnets.get_mut(&netuid) {
            subnet.weights.insert(hotkey, weight);
        }
    }

    pub(crate) fn emit(&mut self, phase: Phase, event: PalletEvent) {
        self.events.push(EventRecord {
            phase,
            event: RuntimeEvent::SubtensorModule(event),
            topics: Vec::new(),
        });
    }
}
