//! The chain's state, and how a block changes it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock};

use codec::Encode;
use vesting_core::ports::{ColdkeyTrace, Fingerprint, PositionTrace};
use vesting_core::share_pool::SafeFloat;
use vesting_core::{BlockHash, BlockNumber, Coldkey, Hotkey, Millis, NetUid, Neuron, PositionKey, SubnetCounters, SubnetOwner, Uid};

use super::account::Accounts;
use super::encode::{self, Changed, Encoder};
use super::event::{self, AlphaBalance, EventRecord, NetUidStorageIndex, PalletEvent, Phase, RuntimeEvent, SystemEvent, TaoBalance};
use super::generation::Generation;
use super::operation::{Call, Operation};
use super::pool::{Pool, Row, Rules};
use super::versions::Versions;
use crate::history::History;

/// What is emitted on a subnet in each block, in rao of alpha: one alpha, as on the real chain.
const EMISSION: u64 = 1_000_000_000;
/// The parts of it: owner's cut 18 %, incentive and dividends 41 % each.
const OWNER_CUT: (u64, u64) = (18, 100);
const INCENTIVE: (u64, u64) = (41, 100);
/// A removal pays about 0.05 % on top (docs/chain.md#removals-and-their-fee).
const FEE: u64 = 2_000;
/// Who signs what is made for nobody.
const SUDO: Coldkey = Coldkey([0xfe; 32]);
/// Epochs in one block beyond which one is put off to the next.
const EPOCHS_A_BLOCK: usize = 1;

/// A subnet to begin with.
#[derive(Debug, Clone)]
pub struct SubnetConfig {
    /// Its netuid.
    pub netuid: NetUid,
    /// Blocks between epochs.
    pub tempo: u16,
    /// Who gets the owner's cut.
    pub owner: (Coldkey, Hotkey),
    /// Neurons by uid: coldkey, hotkey, weight of its incentive, whether it validates, stake at genesis.
    pub neurons: Vec<(Coldkey, Hotkey, u64, bool, u64)>,
    /// The most neurons; registering beyond it replaces the one with the least weight.
    pub capacity: usize,
}

#[derive(Debug, Clone)]
pub(crate) struct Subnet {
    pub(crate) counters: SubnetCounters,
    pub(crate) last_epoch: u64,
    pub(crate) pending: Option<u64>,
    pub(crate) owner: (Coldkey, Hotkey),
    pub(crate) neurons: Vec<Hotkey>,
    pub(crate) weights: BTreeMap<Hotkey, u64>,
    pub(crate) validators: BTreeSet<Hotkey>,
    pub(crate) auto_stake: BTreeMap<Coldkey, Hotkey>,
    /// How much each coldkey has locked, and on which hotkey it began; it does not decay here.
    pub(crate) locks: BTreeMap<Coldkey, (Hotkey, u64)>,
    pub(crate) pools: BTreeMap<Hotkey, Pool>,
    pub(crate) capacity: usize,
    pub(crate) skip_next: bool,
}

impl Subnet {
    /// Its counters as they stand, as far as a generation has them.
    fn counters(&self, generation: Generation) -> SubnetCounters {
        let counts = generation.counts_epochs();
        SubnetCounters {
            last_epoch_block: counts.then_some(BlockNumber(self.last_epoch)),
            epoch_index: self.counters.epoch_index.filter(|_| counts),
            ..self.counters
        }
    }
}

/// A block that is done.
#[derive(Debug, Clone)]
pub(crate) struct Sealed {
    pub(crate) hash: BlockHash,
    pub(crate) parent_hash: BlockHash,
    pub(crate) time: Millis,
    pub(crate) events: Vec<EventRecord>,
    pub(crate) counters: Vec<(NetUid, SubnetCounters)>,
    /// The runtime that made it.
    pub(crate) generation: Generation,
    /// The runtime whose code is in its state.
    pub(crate) code: Generation,
}

/// What changed in the block that is being made, for whoever writes it down.
#[derive(Debug, Default)]
pub(crate) struct Dirty {
    pub(crate) pools: BTreeSet<(NetUid, Hotkey)>,
    pub(crate) gone: BTreeSet<(NetUid, PositionKey)>,
    pub(crate) staking: BTreeSet<Coldkey>,
    pub(crate) neurons: BTreeSet<NetUid>,
    pub(crate) schedules: BTreeSet<NetUid>,
    pub(crate) auto_stake: BTreeSet<(Coldkey, NetUid)>,
    pub(crate) locks: BTreeSet<(Coldkey, NetUid, Hotkey)>,
    pub(crate) pointers: BTreeSet<(Coldkey, Hotkey)>,
    /// Hotkeys that nobody owns any more.
    pub(crate) disowned: BTreeSet<Hotkey>,
    /// The runtime before, where another one makes blocks from here on.
    pub(crate) migrated: Option<Generation>,
    /// How many uids a dissolved subnet had.
    pub(crate) vacated: BTreeMap<NetUid, usize>,
}

/// A simulated chain. Blocks are made one by one with [`SimChain::step`].
pub struct SimChain {
    pub(crate) seed: u64,
    /// The runtime that makes blocks.
    pub(crate) generation: Generation,
    /// Code that is to be set in the next block, and code set in the last one.
    upgrade: Option<Generation>,
    pub(crate) code: Generation,
    start: Millis,
    block_ms: u64,
    pub(crate) subnets: BTreeMap<NetUid, Subnet>,
    pub(crate) owners: BTreeMap<Hotkey, Coldkey>,
    pub(crate) staking: BTreeMap<Coldkey, BTreeSet<Hotkey>>,
    queue: Vec<Operation>,
    pub(crate) events: Vec<EventRecord>,
    pub(crate) dirty: Dirty,
    pub(crate) accounts: Accounts,
    /// The first block of a runtime with another arithmetic of shares.
    pub(crate) converting_since: Option<u64>,
    pub(crate) blocks: Vec<Sealed>,
    alphas: Versions<(NetUid, PositionKey), u64>,
    shares: Versions<(NetUid, PositionKey), Row>,
    totals: Versions<(NetUid, Hotkey), (u64, SafeFloat, u64)>,
    locks: Versions<(NetUid, Coldkey), u64>,
    pointers: Versions<(Coldkey, Hotkey), u64>,
    stakings: Versions<Coldkey, BTreeSet<Hotkey>>,
    neurons: Versions<NetUid, Vec<Neuron>>,
    subnet_owners: Versions<NetUid, Option<SubnetOwner>>,
    encoder: Option<Encoder>,
}

impl SimChain {
    /// A chain with these subnets in its genesis. With a `history` every block is written into it,
    /// for a node to serve.
    #[must_use]
    pub fn new(seed: u64, subnets: &[SubnetConfig], history: Option<Arc<RwLock<History>>>) -> Self {
        Self::of_generation(Generation::Present, seed, subnets, history)
    }

    /// A chain that begins with the runtime of this generation.
    #[must_use]
    pub fn of_generation(generation: Generation, seed: u64, subnets: &[SubnetConfig], history: Option<Arc<RwLock<History>>>) -> Self {
        let mut chain = Self {
            seed,
            generation,
            upgrade: None,
            code: generation,
            start: Millis(1_780_000_000_000),
            block_ms: 12_000,
            subnets: BTreeMap::new(),
            owners: BTreeMap::new(),
            staking: BTreeMap::new(),
            queue: Vec::new(),
            events: Vec::new(),
            dirty: Dirty::default(),
            accounts: Accounts::default(),
            converting_since: (generation.rules() == Rules::Epochs).then_some(0),
            blocks: Vec::new(),
            alphas: Versions::default(),
            shares: Versions::default(),
            totals: Versions::default(),
            locks: Versions::default(),
            pointers: Versions::default(),
            stakings: Versions::default(),
            neurons: Versions::default(),
            subnet_owners: Versions::default(),
            encoder: history.map(|history| Encoder::new(history, generation)),
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
    pub(super) fn add_subnet(&mut self, config: &SubnetConfig, number: u64) {
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

    /// Gives a hotkey without an owner one, as an older registration might have.
    pub fn own_hotkey(&mut self, hotkey: Hotkey, coldkey: Coldkey) {
        self.own(hotkey, coldkey);
    }

    pub(crate) fn own(&mut self, hotkey: Hotkey, coldkey: Coldkey) {
        self.owners.entry(hotkey).or_insert(coldkey);
        self.stakes_on(coldkey, hotkey);
    }

    fn stakes_on(&mut self, coldkey: Coldkey, hotkey: Hotkey) {
        if self.staking.entry(coldkey).or_default().insert(hotkey) {
            self.dirty.staking.insert(coldkey);
        }
    }

    /// The last block.
    #[must_use]
    pub fn head(&self) -> BlockNumber {
        BlockNumber(u64::try_from(self.blocks.len()).unwrap_or(1).saturating_sub(1))
    }

    /// The owner of a hotkey.
    #[must_use]
    pub fn owner_of(&self, hotkey: Hotkey) -> Option<Coldkey> {
        self.owners.get(&hotkey).copied()
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

    /// Sets new code in the next block; the one after is the first that it makes (docs/chain.md#the-runtime-that-made-a-block).
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

    /// Whether the runtime tells what locks leave available in the state of a block: not in one in which it
    /// was upgraded, whose answer is another runtime's.
    pub(crate) fn tells_locks(&self, block: BlockNumber) -> bool {
        let sealed = usize::try_from(block.0).ok().and_then(|number| self.blocks.get(number));
        // The two find the same shares where they lie.
        let alike = |sealed: &Sealed| (sealed.generation, sealed.code) == (Generation::Present, Generation::Today);
        sealed.is_some_and(|sealed| sealed.generation.tells_locks() && (sealed.generation == sealed.code || alike(sealed)))
    }

    /// The alpha of a position in the state of a block.
    #[must_use]
    pub fn alpha_at(&self, netuid: NetUid, key: PositionKey, block: BlockNumber) -> u64 {
        self.alphas.at(&(netuid, key), block).copied().unwrap_or(0)
    }

    /// The alpha of a position now.
    #[must_use]
    pub fn alpha(&self, netuid: NetUid, hotkey: Hotkey, coldkey: Coldkey) -> u64 {
        self.subnets.get(&netuid).and_then(|s| s.pools.get(&hotkey)).map_or(0, |pool| pool.alpha(&coldkey, self.generation.rules()))
    }

    /// Every position there ever was on a subnet.
    #[must_use]
    pub fn positions(&self, netuid: NetUid) -> Vec<PositionKey> {
        self.alphas.keys().filter(|(n, _)| *n == netuid).map(|(_, key)| *key).collect()
    }

    /// The neurons in the state of a block.
    #[must_use]
    pub fn neurons_at(&self, netuid: NetUid, block: BlockNumber) -> Vec<Neuron> {
        self.neurons.at(&netuid, block).cloned().unwrap_or_default()
    }

    /// The owner of a subnet in the state of a block.
    pub(crate) fn owner_at(&self, netuid: NetUid, block: BlockNumber) -> Option<SubnetOwner> {
        self.subnet_owners.at(&netuid, block).copied().flatten()
    }

    /// The traces of a position in the state of a block.
    pub(crate) fn trace_at(&self, netuid: NetUid, key: PositionKey, block: BlockNumber) -> PositionTrace {
        let row = self.shares.at(&(netuid, key), block).filter(|row| row.shares.mantissa > 0);
        let touched = self.pointers.at(&(key.coldkey, key.hotkey), block).filter(|_| self.maker(block).points_to_stake());
        PositionTrace {
            shares: Fingerprint(row.map(|row| (row.shares.mantissa, row.shares.exponent, row.epoch).encode()).unwrap_or_default()),
            touched: BlockNumber(touched.copied().unwrap_or(0)),
        }
    }

    /// The runtime that made a block.
    fn maker(&self, block: BlockNumber) -> Generation {
        let sealed = usize::try_from(block.0).ok().and_then(|number| self.blocks.get(number));
        sealed.map_or(self.generation, |sealed| sealed.generation)
    }

    /// Whether a subnet is there in the state of a block.
    pub(crate) fn existed(&self, netuid: NetUid, block: BlockNumber) -> bool {
        let sealed = usize::try_from(block.0).ok().and_then(|number| self.blocks.get(number));
        sealed.is_some_and(|sealed| sealed.counters.iter().any(|(there, _)| *there == netuid))
    }

    /// The hotkeys that a coldkey may have stake on, in the state of a block.
    fn staking_at(&self, coldkey: Coldkey, block: BlockNumber) -> BTreeSet<Hotkey> {
        self.stakings.at(&coldkey, block).cloned().unwrap_or_default()
    }

    /// The trace of a coldkey in the state of a block.
    pub(crate) fn coldkey_at(&self, coldkey: Coldkey, block: BlockNumber) -> ColdkeyTrace {
        ColdkeyTrace { staking: self.staking_at(coldkey, block), account: self.accounts.fingerprint(coldkey, block) }
    }

    /// How much a coldkey has locked, in the state of a block.
    pub(crate) fn locked_at(&self, netuid: NetUid, coldkey: Coldkey, block: BlockNumber) -> u64 {
        self.locks.at(&(netuid, coldkey), block).copied().unwrap_or(0)
    }

    /// The trace of a pool in the state of a block.
    pub(crate) fn pool_at(&self, netuid: NetUid, hotkey: Hotkey, block: BlockNumber) -> Fingerprint {
        let total = self.totals.at(&(netuid, hotkey), block);
        Fingerprint(total.map(|(alpha, shares, epoch)| (alpha, shares.mantissa, shares.exponent, epoch).encode()).unwrap_or_default())
    }

    pub(crate) fn emit(&mut self, phase: Phase, event: PalletEvent) {
        self.events.push(EventRecord { phase, event: RuntimeEvent::SubtensorModule(event), topics: Vec::new() });
    }

    pub(crate) fn credit(&mut self, netuid: NetUid, hotkey: Hotkey, coldkey: Coldkey, alpha: u64) {
        if let (Some(subnet), true) = (self.subnets.get_mut(&netuid), alpha > 0) {
            subnet.pools.entry(hotkey).or_default().credit(coldkey, alpha, self.generation.rules());
            self.dirty.pools.insert((netuid, hotkey));
            self.stakes_on(coldkey, hotkey);
        }
    }

    pub(crate) fn debit(&mut self, netuid: NetUid, hotkey: Hotkey, coldkey: Coldkey, alpha: u64) -> u64 {
        let Some(pool) = self.subnets.get_mut(&netuid).and_then(|s| s.pools.get_mut(&hotkey)) else { return 0 };
        let taken = pool.debit(coldkey, alpha, self.generation.rules());
        self.dirty.pools.insert((netuid, hotkey));
        self.dirty.gone.insert((netuid, PositionKey { hotkey, coldkey }));
        if self.generation.drops_empty_hotkeys() {
            self.drop_if_empty(coldkey, hotkey);
        }
        taken
    }

    /// Takes a hotkey off a coldkey's list once no shares are left there on any subnet, worth something or not.
    fn drop_if_empty(&mut self, coldkey: Coldkey, hotkey: Hotkey) {
        let has = |subnet: &Subnet| subnet.pools.get(&hotkey).is_some_and(|pool| pool.rows.contains_key(&coldkey));
        let listed = self.staking.get_mut(&coldkey).filter(|_| !self.subnets.values().any(has));
        if listed.is_some_and(|hotkeys| hotkeys.remove(&hotkey)) {
            self.dirty.staking.insert(coldkey);
        }
    }

    /// Makes the next block: emission, scheduled calls, extrinsics.
    pub fn step(&mut self) {
        let number = self.head().0 + 1;
        let mut ran = 0;
        if self.generation != self.code {
            // Migrations come before everything else.
            self.dirty.migrated = Some(self.generation);
            self.dirty.schedules.extend(self.subnets.keys().copied());
            if self.generation.rules() != self.code.rules() {
                self.converting_since = Some(number);
            }
            self.generation = self.code;
        }
        for netuid in self.subnets.keys().copied().collect::<Vec<_>>() {
            self.initialize(netuid, number, &mut ran);
        }
        let queue = std::mem::take(&mut self.queue);
        let (scheduled, signed): (Vec<Operation>, Vec<Operation>) = queue.into_iter().partition(|o| o.scheduled);
        for operation in scheduled {
            for call in operation.calls {
                self.call(Phase::Initialization, call);
            }
        }
        self.finish(Phase::ApplyExtrinsic(0), true);
        for (index, operation) in (1u32..).zip(signed) {
            self.extrinsic(Phase::ApplyExtrinsic(index), operation);
        }
        if let Some(code) = self.upgrade.take() {
            self.code = code;
        }
        self.seal();
    }

    fn initialize(&mut self, netuid: NetUid, number: u64, ran: &mut usize) {
        let Some(subnet) = self.subnets.get_mut(&netuid) else { return };
        subnet.counters.blocks_since_last_step += 1;
        let tempo = u64::from(subnet.counters.tempo);
        let due = tempo > 0 && (subnet.pending.is_some_and(|at| at <= number) || number >= subnet.last_epoch + tempo);
        if !due {
            return;
        }
        let id = event::NetUid(netuid.0);
        self.dirty.schedules.insert(netuid);
        if subnet.skip_next {
            subnet.skip_next = false;
            subnet.last_epoch = number;
            subnet.pending = None;
            subnet.counters.epoch_index = subnet.counters.epoch_index.map(|i| i + 1);
            self.emit(Phase::Initialization, PalletEvent::EpochSkipped { netuid: id, block: number });
        } else if *ran >= EPOCHS_A_BLOCK {
            subnet.pending = Some(number + 1);
            let deferred = PalletEvent::EpochDeferred { netuid: id, from_block: number, to_block: number + 1 };
            self.emit(Phase::Initialization, deferred);
        } else {
            *ran += 1;
            self.epoch(netuid, number);
        }
    }

    fn epoch(&mut self, netuid: NetUid, number: u64) {
        let Some(subnet) = self.subnets.get_mut(&netuid) else { return };
        let emission = subnet.counters.blocks_since_last_step * EMISSION;
        subnet.counters.blocks_since_last_step = 0;
        subnet.counters.last_step_block = BlockNumber(number);
        subnet.counters.epoch_index = subnet.counters.epoch_index.map(|i| i + 1);
        subnet.last_epoch = number;
        subnet.pending = None;
        let part = |(a, b): (u64, u64)| emission / b * a;
        let weight = |hotkey: &Hotkey| subnet.weights.get(hotkey).copied().unwrap_or(0);
        let all: u64 = subnet.neurons.iter().map(weight).sum::<u64>().max(1);
        let incentives: Vec<(Hotkey, u64)> =
            subnet.neurons.iter().map(|hotkey| (*hotkey, part(INCENTIVE) / all * weight(hotkey))).collect();
        let staked: u64 = subnet.validators.iter().filter_map(|v| subnet.pools.get(v)).map(|p| p.total / 1_000).sum::<u64>().max(1);
        let dividends: Vec<(Hotkey, u64)> = subnet
            .validators
            .iter()
            .filter_map(|v| subnet.pools.get(v).map(|pool| (*v, part(INCENTIVE) / staked * (pool.total / 1_000))))
            .collect();
        let (owner, destinations) = (subnet.owner, subnet.auto_stake.clone());
        let emissions = incentives.iter().map(|(_, alpha)| AlphaBalance(*alpha)).collect();
        self.emit(Phase::Initialization, PalletEvent::IncentiveAlphaEmittedToMiners { netuid: NetUidStorageIndex(netuid.0), emissions });
        for (hotkey, alpha) in incentives {
            let Some(coldkey) = self.owners.get(&hotkey).copied() else { continue };
            // The owner's incentive is burned, and that of the owner's hotkey whoever owns it (docs/chain.md#incentive-that-is-withheld).
            if coldkey == owner.0 || hotkey == owner.1 || alpha == 0 {
                continue;
            }
            let destination = destinations.get(&coldkey).copied();
            if let Some(destination) = destination {
                self.emit(
                    Phase::Initialization,
                    PalletEvent::AutoStakeAdded {
                        netuid: event::NetUid(netuid.0),
                        destination: destination.into(),
                        hotkey: hotkey.into(),
                        owner: coldkey.into(),
                        incentive: AlphaBalance(alpha),
                    },
                );
            }
            self.credit(netuid, destination.unwrap_or(hotkey), coldkey, alpha);
        }
        for (hotkey, alpha) in dividends {
            if let Some(pool) = self.subnets.get_mut(&netuid).and_then(|s| s.pools.get_mut(&hotkey)) {
                pool.pay(alpha, self.generation.rules());
                self.dirty.pools.insert((netuid, hotkey));
            }
        }
        self.credit(netuid, owner.1, owner.0, part(OWNER_CUT));
    }

    fn extrinsic(&mut self, phase: Phase, operation: Operation) {
        let signer = operation.signer.or_else(|| operation.calls.iter().find_map(Call::origin)).unwrap_or(SUDO);
        self.accounts.sign(signer, operation.fee.is_none());
        if let Some((payer, hotkey, netuid, alpha)) = operation.fee {
            let taken = self.debit(netuid, hotkey, payer, alpha);
            self.removed(phase, payer, hotkey, netuid, taken, 0);
        }
        let mut fine = true;
        for call in operation.calls {
            fine &= call.origin().is_none_or(|origin| self.accounts.may_act(signer, origin)) && self.call(phase, call);
        }
        if let Some((payer, _, netuid, alpha)) = operation.fee {
            let (alpha_fee, tao_amount) = (AlphaBalance(alpha), TaoBalance(alpha / 2));
            self.emit(
                phase,
                PalletEvent::TransactionFeePaidWithAlpha { who: payer.into(), netuid: event::NetUid(netuid.0), alpha_fee, tao_amount },
            );
        }
        self.finish(phase, fine);
    }

    fn lock(&mut self, netuid: NetUid, hotkey: Hotkey, coldkey: Coldkey, alpha: u64) {
        if let Some(subnet) = self.subnets.get_mut(&netuid) {
            let (on, locked) = subnet.locks.entry(coldkey).or_insert((hotkey, 0));
            *locked = locked.saturating_add(alpha);
            self.dirty.locks.insert((coldkey, netuid, *on));
        }
    }

    /// Whether so much of a position may leave its coldkey or its subnet: not what is locked.
    fn may_leave(&self, netuid: NetUid, hotkey: Hotkey, coldkey: Coldkey, alpha: u64) -> bool {
        let Some(subnet) = self.subnets.get(&netuid) else { return false };
        let locked = subnet.locks.get(&coldkey).map_or(0, |(_, locked)| *locked);
        if locked == 0 {
            return true;
        }
        let held = subnet.pools.values().fold(0u64, |sum, pool| sum.saturating_add(pool.alpha(&coldkey, self.generation.rules())));
        held.saturating_sub(alpha.min(self.alpha(netuid, hotkey, coldkey))) >= locked
    }

    fn finish(&mut self, phase: Phase, fine: bool) {
        let weight = 119_611_567;
        let event = if fine { SystemEvent::ExtrinsicSuccess { weight } } else { SystemEvent::ExtrinsicFailed { weight } };
        self.events.push(EventRecord { phase, event: RuntimeEvent::System(event), topics: Vec::new() });
    }

    fn removed(&mut self, phase: Phase, coldkey: Coldkey, hotkey: Hotkey, netuid: NetUid, taken: u64, fee: u64) {
        self.emit(
            phase,
            PalletEvent::StakeRemoved(
                coldkey.into(),
                hotkey.into(),
                TaoBalance(taken / 2),
                AlphaBalance(if self.generation == Generation::Older { taken } else { taken - fee }),
                event::NetUid(netuid.0),
                fee,
            ),
        );
        self.point(coldkey, hotkey);
    }

    fn added(&mut self, phase: Phase, coldkey: Coldkey, hotkey: Hotkey, netuid: NetUid, alpha: u64) {
        self.credit(netuid, hotkey, coldkey, alpha);
        self.emit(
            phase,
            PalletEvent::StakeAdded(coldkey.into(), hotkey.into(), TaoBalance(alpha / 2), AlphaBalance(alpha), event::NetUid(netuid.0), 0),
        );
        self.point(coldkey, hotkey);
    }

    fn point(&mut self, coldkey: Coldkey, hotkey: Hotkey) {
        if self.generation.points_to_stake() {
            self.dirty.pointers.insert((coldkey, hotkey));
        }
    }

    /// Buys alpha at the price of half a TAO.
    fn bought(&mut self, phase: Phase, coldkey: Coldkey, hotkey: Hotkey, netuid: NetUid, alpha: u64) {
        self.accounts.spend(coldkey, alpha / 2);
        self.added(phase, coldkey, hotkey, netuid, alpha);
    }

    /// Takes stake from one position to another; gives whether anything moved.
    fn carry(&mut self, phase: Phase, from: (NetUid, Hotkey, Coldkey), to: (NetUid, Hotkey, Coldkey), alpha: u64) -> bool {
        // From where to where it is already, it fails (`SameNetuid`).
        if !self.subnets.contains_key(&to.0) || from == to {
            return false;
        }
        if (from.0, from.2) != (to.0, to.2) && !self.may_leave(from.0, from.1, from.2, alpha) {
            return false;
        }
        let taken = self.debit(from.0, from.1, from.2, alpha);
        if taken == 0 {
            return false;
        }
        // Within a subnet no fee is paid (docs/chain.md#moves-transfers-swaps).
        let fee = if from.0 == to.0 { 0 } else { taken / FEE };
        self.removed(phase, from.2, from.1, from.0, taken, fee);
        self.added(phase, to.2, to.1, to.0, taken - fee);
        true
    }

    /// Runs a call; gives whether it succeeded. One that fails changes nothing.
    fn call(&mut self, phase: Phase, call: Call) -> bool {
        let id = |netuid: NetUid| event::NetUid(netuid.0);
        match call {
            Call::Fail => false,
            Call::RemoveStake { coldkey, hotkey, netuid, alpha }
            | Call::Recycle { coldkey, hotkey, netuid, alpha }
            | Call::Burn { coldkey, hotkey, netuid, alpha }
                if !self.may_leave(netuid, hotkey, coldkey, alpha) =>
            {
                false
            }
            Call::AddStake { coldkey, hotkey, netuid, alpha } => {
                let there = self.subnets.contains_key(&netuid) && self.owners.contains_key(&hotkey) && alpha > 0;
                if there {
                    self.bought(phase, coldkey, hotkey, netuid, alpha);
                }
                there
            }
            Call::RemoveStake { coldkey, hotkey, netuid, alpha } => {
                let taken = self.debit(netuid, hotkey, coldkey, alpha);
                if taken > 0 {
                    self.removed(phase, coldkey, hotkey, netuid, taken, taken / FEE);
                    self.accounts.earn(coldkey, taken / 2);
                }
                taken > 0
            }
            Call::MoveStake { coldkey, from, to, from_netuid, to_netuid, alpha } => {
                let done =
                    self.owners.contains_key(&to) && self.carry(phase, (from_netuid, from, coldkey), (to_netuid, to, coldkey), alpha);
                if done {
                    let event =
                        PalletEvent::StakeMoved(coldkey.into(), from.into(), id(from_netuid), to.into(), id(to_netuid), TaoBalance(0));
                    self.emit(phase, event);
                }
                done
            }
            Call::TransferStake { from, to, hotkey, from_netuid, to_netuid, alpha } => {
                let done = self.carry(phase, (from_netuid, hotkey, from), (to_netuid, hotkey, to), alpha);
                if done {
                    let event =
                        PalletEvent::StakeTransferred(from.into(), to.into(), hotkey.into(), id(from_netuid), id(to_netuid), TaoBalance(0));
                    self.emit(phase, event);
                }
                done
            }
            Call::SwapStake { coldkey, hotkey, from_netuid, to_netuid, alpha } => {
                let done = self.carry(phase, (from_netuid, hotkey, coldkey), (to_netuid, hotkey, coldkey), alpha);
                if done {
                    let event = PalletEvent::StakeSwapped(coldkey.into(), hotkey.into(), id(from_netuid), id(to_netuid), TaoBalance(0));
                    self.emit(phase, event);
                }
                done
            }
            Call::Recycle { coldkey, hotkey, netuid, alpha } => {
                let taken = self.debit(netuid, hotkey, coldkey, alpha);
                if taken > 0 {
                    self.emit(phase, PalletEvent::AlphaRecycled(coldkey.into(), hotkey.into(), AlphaBalance(taken), id(netuid)));
                }
                taken > 0
            }
            Call::Burn { coldkey, hotkey, netuid, alpha } => {
                let taken = self.debit(netuid, hotkey, coldkey, alpha);
                if taken > 0 {
                    self.emit(phase, PalletEvent::AlphaBurned(coldkey.into(), hotkey.into(), AlphaBalance(taken), id(netuid)));
                }
                taken > 0
            }
            Call::AddStakeBurn { coldkey, hotkey, netuid, alpha } => {
                let there = self.subnets.contains_key(&netuid) && self.owners.contains_key(&hotkey) && alpha > 0;
                if there {
                    self.bought(phase, coldkey, hotkey, netuid, alpha);
                    let burned = self.debit(netuid, hotkey, coldkey, alpha);
                    self.emit(phase, PalletEvent::AlphaBurned(coldkey.into(), hotkey.into(), AlphaBalance(burned), id(netuid)));
                }
                there
            }
            Call::ClaimRoot { coldkey, hotkey, netuid, alpha } => {
                self.credit(netuid, hotkey, coldkey, alpha);
                self.emit(phase, PalletEvent::RootClaimed { coldkey: coldkey.into() });
                true
            }
            Call::Lock { coldkey, hotkey, netuid, alpha } => {
                let there = self.generation > Generation::Older && self.alpha(netuid, hotkey, coldkey) >= alpha;
                if there {
                    self.lock(netuid, hotkey, coldkey, alpha);
                    let (coldkey, hotkey, amount) = (coldkey.into(), hotkey.into(), AlphaBalance(alpha));
                    self.emit(phase, PalletEvent::StakeLocked { coldkey, hotkey, netuid: id(netuid), amount });
                }
                there
            }
            Call::SilentEdit { coldkey, hotkey, netuid, alpha } => {
                self.credit(netuid, hotkey, coldkey, alpha);
                true
            }
            other => self.administer(phase, other),
        }
    }

    fn administer(&mut self, phase: Phase, call: Call) -> bool {
        let number = self.head().0 + 1;
        match call {
            Call::Register { coldkey, hotkey, netuid } => return self.register(phase, coldkey, hotkey, netuid),
            Call::SwapHotkey { coldkey, old, new, netuid, keep } => return self.swap_hotkey(phase, coldkey, (old, new), netuid, keep),
            Call::SwapColdkey { old, new } => return self.swap_coldkey(phase, old, new),
            Call::Dissolve { netuid } => return self.dissolve(phase, netuid),
            Call::RegisterNetwork { netuid, coldkey, hotkey, tempo } => return self.register_network(netuid, (coldkey, hotkey), tempo),
            Call::SetTempo { netuid, tempo } => {
                let Some(subnet) = self.subnets.get_mut(&netuid) else { return false };
                // Moves the cycle's start here without an epoch (docs/chain.md#the-epoch-test).
                subnet.counters.tempo = tempo;
                subnet.last_epoch = number;
                subnet.pending = None;
                self.dirty.schedules.insert(netuid);
            }
            Call::TriggerEpoch { netuid } => {
                let Some(subnet) = self.subnets.get_mut(&netuid) else { return false };
                let (at, owner) = (number + 3, subnet.owner.0);
                subnet.pending = Some(at);
                self.dirty.schedules.insert(netuid);
                self.emit(phase, PalletEvent::EpochTriggered { netuid: event::NetUid(netuid.0), by: owner.into(), fires_at: at });
            }
            Call::SetProxy { coldkey, delegate, may } => return self.accounts.set_proxy(coldkey, delegate, may),
            Call::SetAutoStake { coldkey, netuid, hotkey } => {
                let Some(subnet) = self.subnets.get_mut(&netuid) else { return false };
                subnet.auto_stake.insert(coldkey, hotkey);
                self.dirty.auto_stake.insert((coldkey, netuid));
            }
            _ => return false,
        }
        true
    }

    fn register(&mut self, phase: Phase, coldkey: Coldkey, hotkey: Hotkey, netuid: NetUid) -> bool {
        let Some(subnet) = self.subnets.get_mut(&netuid) else { return false };
        if subnet.neurons.contains(&hotkey) || self.owners.get(&hotkey).is_some_and(|owner| *owner != coldkey) {
            return false;
        }
        let uid = if subnet.neurons.len() < subnet.capacity {
            subnet.neurons.push(hotkey);
            subnet.neurons.len() - 1
        } else {
            // The least useful leaves; its stake stays where it is, and no event names it.
            let least =
                (0..subnet.neurons.len()).min_by_key(|i| subnet.weights.get(&subnet.neurons[*i]).copied().unwrap_or(0)).unwrap_or(0);
            subnet.neurons[least] = hotkey;
            least
        };
        self.dirty.neurons.insert(netuid);
        self.own(hotkey, coldkey);
        let uid = u16::try_from(uid).unwrap_or(u16::MAX);
        self.emit(phase, PalletEvent::NeuronRegistered(event::NetUid(netuid.0), uid, hotkey.into()));
        true
    }

    /// Ends the block: what changed becomes readable for ever.
    fn seal(&mut self) {
        let number = u64::try_from(self.blocks.len()).unwrap_or(u64::MAX);
        let mut touched: BTreeSet<(NetUid, PositionKey)> = std::mem::take(&mut self.dirty.gone);
        for (netuid, hotkey) in &self.dirty.pools {
            let pool = self.subnets.get(netuid).and_then(|s| s.pools.get(hotkey));
            let holders = pool.into_iter().flat_map(|p| p.rows.keys());
            touched.extend(holders.map(|coldkey| (*netuid, PositionKey { hotkey: *hotkey, coldkey: *coldkey })));
        }
        for (netuid, key) in &touched {
            let alpha = self.alpha(*netuid, key.hotkey, key.coldkey);
            let shares = self.subnets.get(netuid).and_then(|s| s.pools.get(&key.hotkey)).and_then(|pool| pool.rows.get(&key.coldkey));
            let shares = shares.copied().unwrap_or_default();
            self.alphas.set((*netuid, *key), number, alpha);
            self.shares.set((*netuid, *key), number, shares);
        }
        for (netuid, hotkey) in &self.dirty.pools {
            let pool = self.subnets.get(netuid).and_then(|s| s.pools.get(hotkey));
            self.totals.set((*netuid, *hotkey), number, pool.map(|p| (p.total, p.total_shares, p.epoch)).unwrap_or_default());
        }
        for (coldkey, netuid, _) in &self.dirty.locks {
            let locked = self.subnets.get(netuid).and_then(|subnet| subnet.locks.get(coldkey)).map_or(0, |(_, locked)| *locked);
            self.locks.set((*netuid, *coldkey), number, locked);
        }
        for pair in &self.dirty.pointers {
            self.pointers.set(*pair, number, number);
        }
        for coldkey in &self.dirty.staking {
            self.stakings.set(*coldkey, number, self.staking.get(coldkey).cloned().unwrap_or_default());
        }
        for netuid in &self.dirty.neurons {
            let neurons = (0u16..)
                .zip(self.subnets.get(netuid).into_iter().flat_map(|subnet| &subnet.neurons))
                .filter_map(|(uid, hotkey)| {
                    self.owners.get(hotkey).map(|coldkey| Neuron { uid: Uid(uid), hotkey: *hotkey, coldkey: *coldkey })
                })
                .collect();
            self.neurons.set(*netuid, number, neurons);
        }
        for netuid in &self.dirty.schedules {
            let owner = self.subnets.get(netuid).map(|subnet| subnet.owner);
            let owner = owner.map(|(coldkey, hotkey)| SubnetOwner { coldkey, hotkey: Some(hotkey) });
            self.subnet_owners.set(*netuid, number, owner);
        }
        let accounts = self.accounts.seal(number);
        let parent_hash = self.blocks.last().map_or(BlockHash::default(), |b| b.hash);
        let time = if number == 0 { Millis(0) } else { Millis(self.start.0 + number * self.block_ms) };
        let header = encode::header(self.seed, number, parent_hash);
        let sealed = Sealed {
            hash: encode::hash(&header),
            parent_hash,
            time,
            events: std::mem::take(&mut self.events),
            counters: self.subnets.iter().map(|(netuid, subnet)| (*netuid, subnet.counters(self.generation))).collect(),
            generation: self.generation,
            code: self.code,
        };
        if let Some(mut encoder) = self.encoder.take() {
            encoder.write(self, number, &sealed, header, &Changed { touched, accounts });
            self.encoder = Some(encoder);
        }
        self.blocks.push(sealed);
        self.dirty = Dirty::default();
    }
}

impl Encoder {
    /// Adds a block to the history.
    pub(crate) fn push(&self, block: crate::history::BlockData) {
        let mut history = self.history.write().unwrap_or_else(PoisonError::into_inner);
        // Blocks come from one chain in order, so none is refused.
        let pushed = history.push(block);
        debug_assert!(pushed.is_ok(), "{pushed:?}");
    }
}
