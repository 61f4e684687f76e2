//! The state of the chain.

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

/// How many blocks the conversion of shares takes after an upgrade.
pub(crate) const CONVERSION: u64 = 2;

/// A simulated chain. Blocks are made one by one with [`SimChain::step`].
pub struct SimChain {
    pub(crate) seed: u64,
    /// The runtime that makes blocks.
    pub(crate) generation: Generation,
    /// The code that the next block sets.
    pub(super) upgrade: Option<Generation>,
    pub(crate) code: Generation,
    /// The least that a nominator may leave on a hotkey, in rao of alpha. Less is removed as well.
    pub(crate) least_nomination: u64,
    pub(super) start: Millis,
    pub(super) block_ms: u64,
    pub(crate) subnets: BTreeMap<NetUid, Subnet>,
    /// Dissolved subnets whose storage is not cleared away yet, in order.
    pub(crate) dissolving: VecDeque<(NetUid, Subnet)>,
    /// Registrations that wait for their netuid: owner and tempo.
    pub(crate) awaited: BTreeMap<NetUid, ((Coldkey, Hotkey), u16)>,
    /// How often each netuid was registered, since a runtime counts that.
    pub(crate) registrations: BTreeMap<NetUid, u64>,
    pub(crate) owners: BTreeMap<Hotkey, Coldkey>,
    pub(crate) staking: BTreeMap<Coldkey, BTreeSet<Hotkey>>,
    pub(super) queue: Vec<Operation>,
    pub(crate) events: Vec<EventRecord>,
    pub(crate) dirty: Dirty,
    pub(crate) accounts: Accounts,
    /// The first block of a runtime that computes with shares in another way.
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
    /// A chain with these subnets in its genesis. Every block is written into `history`, if there is one, for
    /// a node to serve.
    #[must_use]
    pub fn new(seed: u64, subnets: &[SubnetConfig], history: Option<Arc<RwLock<History>>>) -> Self {
        Self::of_generation(Generation::Today, seed, subnets, history)
    }

    /// Makes the chain another fork from the next block on: its blocks have other hashes.
    pub const fn diverge(&mut self) {
        self.seed = !self.seed;
    }

    /// A chain that begins with the runtime of a generation.
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

    /// Sets the time between blocks. It is called before the first block is made.
    pub const fn set_block_time(&mut self, apart: Millis) {
        self.block_ms = apart.0;
    }

    /// Sets the least that a nominator may leave on a hotkey, in rao of alpha.
    pub const fn set_least_nomination(&mut self, alpha: u64) {
        self.least_nomination = alpha;
    }

    /// Sets the time of block 0. It is called before the first block is made.
    pub const fn set_start(&mut self, start: Millis) {
        self.start = start;
    }

    /// What the miners of a subnet get in an epoch after a whole tempo, in rao.
    #[must_use]
    pub fn incentive_of(&self, netuid: NetUid) -> u64 {
        let tempo = self.subnets.get(&netuid).map_or(0, |subnet| subnet.counters.tempo);
        u64::from(tempo) * EMISSION / INCENTIVE.1 * INCENTIVE.0
    }

    /// Adds a subnet that is registered in block `number`.
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

    /// The height of the last block.
    #[must_use]
    pub fn head(&self) -> BlockNumber {
        BlockNumber(u64::from(self.blocks.next().saturating_sub(1)))
    }

    /// Whether a subnet exists.
    #[must_use]
    pub fn exists(&self, netuid: NetUid) -> bool {
        self.subnets.contains_key(&netuid)
    }

    /// Queues an operation for the next block.
    pub fn queue(&mut self, operation: impl Into<Operation>) {
        self.queue.push(operation.into());
    }

    /// Makes the chain skip the next due epoch of a subnet, as it does where its input is inconsistent.
    pub fn skip_next_epoch(&mut self, netuid: NetUid) {
        if let Some(subnet) = self.subnets.get_mut(&netuid) {
            subnet.skip_next = true;
        }
    }

    /// Sets new code in the next block. The new runtime makes the block after that
    /// (docs/chain.md#the-runtime-that-made-a-block).
    pub fn upgrade(&mut self, to: Generation) {
        self.upgrade = Some(to).filter(|to| *to > self.code);
    }

    /// The runtime whose code is in the state of the last block.
    #[must_use]
    pub fn code(&self) -> Generation {
        self.code
    }

    /// Sets the weight of a miner, by which incentive is divided.
    pub fn set_weight(&mut self, netuid: NetUid, hotkey: Hotkey, weight: u64) {
        if let Some(subnet) = self.subnets.get_mut(&netuid) {
            subnet.weights.insert(hotkey, weight);
        }
    }

    /// Emits an event of the pallet `SubtensorModule`.
    pub(crate) fn emit(&mut self, phase: Phase, event: PalletEvent) {
        self.events.push(EventRecord {
            phase,
            event: RuntimeEvent::SubtensorModule(event),
            topics: Vec::new(),
        });
    }
}
