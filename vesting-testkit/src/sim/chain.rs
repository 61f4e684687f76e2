//! The chain's state, and how a block changes it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, PoisonError, RwLock};

use codec::Encode;
use vesting_core::ports::{ColdkeyTrace, Fingerprint, PositionTrace};
use vesting_core::share_pool::SafeFloat;
use vesting_core::{
    BlockHash, BlockNumber, Coldkey, Hotkey, Millis, NetUid, Neuron, PositionKey, SubnetCounters,
    SubnetOwner, Uid,
};

use super::account::Accounts;
use super::collateral::Collateral;
use super::encode::{self, Changed, Encoder};
use super::epoch::Lease;
use super::event::{EventRecord, PalletEvent, Phase, RuntimeEvent};
use super::generation::Generation;
use super::operation::Operation;
use super::pool::{Pool, Row, Rules};
use super::versions::Versions;
use crate::blocks::Blocks;
use crate::history::History;

/// What is emitted on a subnet in each block, in rao of alpha: one alpha, as on the real chain.
pub(super) const EMISSION: u64 = 1_000_000_000;
/// The parts of it: owner's cut 18 %, incentive and dividends 41 % each.
pub(super) const OWNER_CUT: (u64, u64) = (18, 100);
pub(super) const INCENTIVE: (u64, u64) = (41, 100);
/// A removal pays about 0.05 % on top (docs/chain.md#removals-and-their-fee).
pub(super) const FEE: u64 = 2_000;

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
    /// Who becomes its owner in the block of the next epoch.
    pub(crate) next_owner: Option<(Coldkey, Hotkey)>,
    pub(crate) lease: Option<Lease>,
    pub(crate) collateral: BTreeMap<(Hotkey, Coldkey), Collateral>,
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
    /// How often each netuid was registered so far, where the runtime counts that.
    pub(crate) registrations: Option<BTreeMap<NetUid, u64>>,
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
    pub(crate) collateral: BTreeSet<(NetUid, Hotkey, Coldkey)>,
    /// Hotkeys that have no uid any more.
    pub(crate) unregistered: BTreeSet<(NetUid, Hotkey)>,
    /// Pools cleared away of a subnet that was dissolved before, with whose rows were in them.
    pub(crate) cleared: Vec<(NetUid, Hotkey, Vec<Coldkey>)>,
    /// How many uids a dissolved or trimmed subnet had.
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
    /// What a nominator leaves on a hotkey below this, in rao of alpha, is removed as well.
    pub(crate) least_nomination: u64,
    start: Millis,
    block_ms: u64,
    pub(crate) subnets: BTreeMap<NetUid, Subnet>,
    /// Those that are dissolved and not cleared away yet, in order.
    pub(crate) dissolving: VecDeque<(NetUid, Subnet)>,
    /// Subnets that wait for their netuid: owner and tempo.
    pub(crate) awaited: BTreeMap<NetUid, ((Coldkey, Hotkey), u16)>,
    /// How often each netuid was registered since that is counted.
    pub(crate) registrations: BTreeMap<NetUid, u64>,
    pub(crate) owners: BTreeMap<Hotkey, Coldkey>,
    pub(crate) staking: BTreeMap<Coldkey, BTreeSet<Hotkey>>,
    queue: Vec<Operation>,
    pub(crate) events: Vec<EventRecord>,
    pub(crate) dirty: Dirty,
    pub(crate) accounts: Accounts,
    /// The first block of a runtime with another arithmetic of shares.
    pub(crate) converting_since: Option<u64>,
    pub(crate) blocks: Blocks<Sealed>,
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
            converting_since: (generation.rules() == Rules::Epochs).then_some(0),
            blocks: Blocks::default(),
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

    /// Gives a hotkey without an owner one, as an older registration might have.
    pub fn own_hotkey(&mut self, hotkey: Hotkey, coldkey: Coldkey) {
        self.own(hotkey, coldkey);
    }

    pub(crate) fn own(&mut self, hotkey: Hotkey, coldkey: Coldkey) {
        self.owners.entry(hotkey).or_insert(coldkey);
        self.stakes_on(coldkey, hotkey);
    }

    pub(super) fn stakes_on(&mut self, coldkey: Coldkey, hotkey: Hotkey) {
        if self.staking.entry(coldkey).or_default().insert(hotkey) {
            self.dirty.staking.insert(coldkey);
        }
    }

    /// The last block.
    #[must_use]
    pub fn head(&self) -> BlockNumber {
        BlockNumber(u64::from(self.blocks.next().saturating_sub(1)))
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

    /// Whether the runtime tells what locks leave available in the state of a block: not in one in which it
    /// was upgraded, whose answer is another runtime's.
    pub(crate) fn tells_locks(&self, block: BlockNumber) -> bool {
        let sealed = self.block(block);
        sealed.is_some_and(|sealed| {
            sealed.generation.tells_locks() && sealed.code.finds_shares_of(sealed.generation)
        })
    }

    /// The alpha of a position in the state of a block.
    #[must_use]
    pub fn alpha_at(&self, netuid: NetUid, key: PositionKey, block: BlockNumber) -> u64 {
        self.alphas.at(&(netuid, key), block).copied().unwrap_or(0)
    }

    /// The alpha of a position now.
    #[must_use]
    pub fn alpha(&self, netuid: NetUid, hotkey: Hotkey, coldkey: Coldkey) -> u64 {
        self.subnets
            .get(&netuid)
            .and_then(|s| s.pools.get(&hotkey))
            .map_or(0, |pool| pool.alpha(&coldkey, self.generation.rules()))
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
        let touched = self
            .pointers
            .at(&(key.coldkey, key.hotkey), block)
            .filter(|_| self.maker(block).points_to_stake());
        PositionTrace {
            shares: Fingerprint(
                row.map(|row| (row.shares.mantissa, row.shares.exponent, row.epoch).encode())
                    .unwrap_or_default(),
            ),
            touched: BlockNumber(touched.copied().unwrap_or(0)),
        }
    }

    /// A block that is done.
    pub(crate) fn block(&self, number: BlockNumber) -> Option<&Sealed> {
        self.blocks.get(u32::try_from(number.0).ok()?)
    }

    /// The runtime that made a block.
    fn maker(&self, block: BlockNumber) -> Generation {
        let sealed = self.block(block);
        sealed.map_or(self.generation, |sealed| sealed.generation)
    }

    /// Whether a subnet is there in the state of a block.
    pub(crate) fn existed(&self, netuid: NetUid, block: BlockNumber) -> bool {
        let sealed = self.block(block);
        sealed.is_some_and(|sealed| sealed.counters.iter().any(|(there, _)| *there == netuid))
    }

    /// The hotkeys that a coldkey may have stake on, in the state of a block.
    fn staking_at(&self, coldkey: Coldkey, block: BlockNumber) -> BTreeSet<Hotkey> {
        self.stakings.at(&coldkey, block).cloned().unwrap_or_default()
    }

    /// The trace of a coldkey in the state of a block.
    pub(crate) fn coldkey_at(&self, coldkey: Coldkey, block: BlockNumber) -> ColdkeyTrace {
        ColdkeyTrace {
            staking: self.staking_at(coldkey, block),
            account: self.accounts.fingerprint(coldkey, block),
        }
    }

    /// How much a coldkey has locked, in the state of a block.
    pub(crate) fn locked_at(&self, netuid: NetUid, coldkey: Coldkey, block: BlockNumber) -> u64 {
        self.locks.at(&(netuid, coldkey), block).copied().unwrap_or(0)
    }

    /// The trace of a pool in the state of a block.
    pub(crate) fn pool_at(&self, netuid: NetUid, hotkey: Hotkey, block: BlockNumber) -> Fingerprint {
        let total = self.totals.at(&(netuid, hotkey), block);
        Fingerprint(
            total
                .map(|(alpha, shares, epoch)| (alpha, shares.mantissa, shares.exponent, epoch).encode())
                .unwrap_or_default(),
        )
    }

    pub(crate) fn emit(&mut self, phase: Phase, event: PalletEvent) {
        self.events.push(EventRecord {
            phase,
            event: RuntimeEvent::SubtensorModule(event),
            topics: Vec::new(),
        });
    }

    pub(crate) fn credit(&mut self, netuid: NetUid, hotkey: Hotkey, coldkey: Coldkey, alpha: u64) {
        if let (Some(subnet), true) = (self.subnets.get_mut(&netuid), alpha > 0) {
            subnet.pools.entry(hotkey).or_default().credit(coldkey, alpha, self.generation.rules());
            self.dirty.pools.insert((netuid, hotkey));
            self.stakes_on(coldkey, hotkey);
        }
    }

    pub(crate) fn debit(&mut self, netuid: NetUid, hotkey: Hotkey, coldkey: Coldkey, alpha: u64) -> u64 {
        let Some(pool) = self.subnets.get_mut(&netuid).and_then(|s| s.pools.get_mut(&hotkey)) else {
            return 0;
        };
        let taken = pool.debit(coldkey, alpha, self.generation.rules());
        self.dirty.pools.insert((netuid, hotkey));
        self.dirty.gone.insert((netuid, PositionKey { hotkey, coldkey }));
        if self.generation.drops_empty_hotkeys() {
            self.drop_if_empty(coldkey, hotkey);
        }
        taken
    }

    /// Takes a hotkey off a coldkey's list once no shares are left there on any subnet, worth something or
    /// not.
    fn drop_if_empty(&mut self, coldkey: Coldkey, hotkey: Hotkey) {
        let has =
            |subnet: &Subnet| subnet.pools.get(&hotkey).is_some_and(|pool| pool.rows.contains_key(&coldkey));
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
            if self.converting_since == Some(number) {
                self.reconcile();
            }
        }
        for netuid in self.subnets.keys().copied().collect::<Vec<_>>() {
            self.initialize(netuid, number, &mut ran);
        }
        let queue = std::mem::take(&mut self.queue);
        let (scheduled, signed): (Vec<Operation>, Vec<Operation>) =
            queue.into_iter().partition(|o| o.scheduled);
        for operation in scheduled {
            for call in operation.calls {
                self.call(Phase::Initialization, call);
            }
        }
        self.finish(Phase::ApplyExtrinsic(0), true);
        for (index, operation) in (1u32..).zip(signed) {
            self.extrinsic(Phase::ApplyExtrinsic(index), operation);
        }
        self.finalize(number);
        if let Some(code) = self.upgrade.take() {
            self.code = code;
        }
        self.seal();
    }

    /// Forgets the blocks before this one but genesis, and the states before it, as a node does that is no
    /// archive.
    pub fn forget_before(&mut self, block: BlockNumber) {
        let number = u32::try_from(block.0).unwrap_or(u32::MAX);
        drop(self.blocks.forget_before(number));
        let first = BlockNumber(self.blocks.first().into());
        self.accounts.forget_before(first);
        self.alphas.forget_before(first);
        self.shares.forget_before(first);
        self.totals.forget_before(first);
        self.locks.forget_before(first);
        self.pointers.forget_before(first);
        self.stakings.forget_before(first);
        self.neurons.forget_before(first);
        self.subnet_owners.forget_before(first);
        if let Some(encoder) = &self.encoder {
            encoder.history.write().unwrap_or_else(PoisonError::into_inner).forget_before(number);
        }
    }

    /// Ends the block: what changed becomes readable for ever.
    fn seal(&mut self) {
        let number = u64::from(self.blocks.next());
        let mut touched: BTreeSet<(NetUid, PositionKey)> = std::mem::take(&mut self.dirty.gone);
        for (netuid, hotkey) in &self.dirty.pools {
            let pool = self.subnets.get(netuid).and_then(|s| s.pools.get(hotkey));
            let holders = pool.into_iter().flat_map(|p| p.rows.keys());
            touched
                .extend(holders.map(|coldkey| (*netuid, PositionKey { hotkey: *hotkey, coldkey: *coldkey })));
        }
        for (netuid, key) in &touched {
            let alpha = self.alpha(*netuid, key.hotkey, key.coldkey);
            let shares = self
                .subnets
                .get(netuid)
                .and_then(|s| s.pools.get(&key.hotkey))
                .and_then(|pool| pool.rows.get(&key.coldkey));
            let shares = shares.copied().unwrap_or_default();
            self.alphas.set((*netuid, *key), number, alpha);
            self.shares.set((*netuid, *key), number, shares);
        }
        for (netuid, hotkey) in &self.dirty.pools {
            let pool = self.subnets.get(netuid).and_then(|s| s.pools.get(hotkey));
            self.totals.set(
                (*netuid, *hotkey),
                number,
                pool.map(|p| (p.total, p.total_shares, p.epoch)).unwrap_or_default(),
            );
        }
        let collateral = self.dirty.collateral.iter().map(|(netuid, _, coldkey)| (*coldkey, *netuid));
        let locks: BTreeSet<(Coldkey, NetUid)> = self
            .dirty
            .locks
            .iter()
            .map(|(coldkey, netuid, _)| (*coldkey, *netuid))
            .chain(collateral)
            .collect();
        for (coldkey, netuid) in locks {
            let locked = self
                .subnets
                .get(&netuid)
                .and_then(|subnet| subnet.locks.get(&coldkey))
                .map_or(0, |(_, locked)| *locked);
            self.locks.set(
                (netuid, coldkey),
                number,
                locked.saturating_add(self.collateral_of(netuid, coldkey)),
            );
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
                    self.owners.get(hotkey).map(|coldkey| Neuron {
                        uid: Uid(uid),
                        hotkey: *hotkey,
                        coldkey: *coldkey,
                    })
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
        let parent_hash = self.blocks.newest().map_or(BlockHash::default(), |b| b.hash);
        let time = if number == 0 { Millis(0) } else { Millis(self.start.0 + number * self.block_ms) };
        let header = encode::header(self.seed, number, parent_hash);
        let sealed = Sealed {
            hash: encode::hash(&header),
            parent_hash,
            time,
            events: std::mem::take(&mut self.events),
            counters: self
                .subnets
                .iter()
                .map(|(netuid, subnet)| (*netuid, subnet.counters(self.generation)))
                .collect(),
            registrations: self
                .generation
                .stores("RegisteredSubnetCounter")
                .then(|| self.registrations.clone()),
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
