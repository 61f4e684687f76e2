//! A subnet's history of a few blocks, and a mocked chain that tells it.
//!
//! A test writes down what happened, block by block. The history then answers whatever is asked about a
//! block, as a chain would.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Range, RangeInclusive};
use std::sync::{Arc, Mutex};

use futures_util::FutureExt;

use crate::block::{BlockFacts, ChainEvent, Phase, StakeEvent, SubnetCounters};
use crate::ports::{
    Ask, BlockState, ChainError, ColdkeyTrace, Fingerprint, MockChainPort, NeuronsAsk, PositionTrace,
    SubnetAsk, SubnetState,
};
use crate::units::{
    BlockHash, BlockNumber, BlockRef, Coldkey, Hotkey, Millis, NetUid, Neuron, PositionKey, Rao, Uid,
};

/// The subnet of every history.
pub(crate) const NETUID: NetUid = NetUid(2);
/// The position of the subnet's only miner.
pub(crate) const MINER: PositionKey = position(1, 2);
/// Stake on the miner's hotkey of somebody who owns no neuron.
pub(crate) const NOMINATOR: PositionKey = position(1, 7);
/// The version of the runtime that makes every block.
pub(crate) const RUNTIME: u32 = 1;

/// A position named by two small numbers.
pub(crate) const fn position(hotkey: u8, coldkey: u8) -> PositionKey {
    PositionKey { hotkey: Hotkey([hotkey; 32]), coldkey: Coldkey([coldkey; 32]) }
}

/// The result of a future that never has to wait: here a chain answers at once.
pub(crate) fn now<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().expect("nothing to wait for")
}

/// What happened on a subnet.
#[derive(Debug, Clone)]
pub(crate) struct History {
    last: u64,
    /// From each registration up to the first block without the subnet.
    lives: Vec<Range<u64>>,
    counts_registrations: bool,
    epochs: BTreeSet<u64>,
    events: BTreeMap<u64, Vec<StakeEvent>>,
    changes: Vec<(u64, PositionKey, i64)>,
    neurons: BTreeMap<u64, Neuron>,
    touched: Vec<(u64, PositionKey)>,
    signed: Vec<(u64, Coldkey)>,
}

impl History {
    /// Blocks up to `last`, in which nothing happened yet. The miner has the only neuron, and no stake.
    pub(crate) fn up_to(last: u64) -> Self {
        Self {
            last,
            lives: vec![0..u64::MAX],
            counts_registrations: false,
            epochs: BTreeSet::new(),
            events: BTreeMap::new(),
            changes: Vec::new(),
            neurons: BTreeMap::from([(0, neuron(MINER))]),
            touched: Vec::new(),
            signed: Vec::new(),
        }
    }

    /// An epoch that gives the miner so much.
    pub(crate) fn epoch(mut self, block: u64, alpha: i64) -> Self {
        self.epochs.insert(block);
        self.change(block, MINER, alpha)
    }

    /// A position that changes, whatever the events say.
    pub(crate) fn change(mut self, block: u64, key: PositionKey, alpha: i64) -> Self {
        self.changes.push((block, key, alpha));
        self
    }

    /// An event.
    pub(crate) fn event(mut self, block: u64, event: StakeEvent) -> Self {
        self.events.entry(block).or_default().push(event);
        self
    }

    /// A sale, with its event.
    pub(crate) fn sale(self, block: u64, key: PositionKey, alpha: u32) -> Self {
        self.change(block, key, -i64::from(alpha)).signed(block, key.coldkey).event(block, sold(key, alpha))
    }

    /// A coldkey that takes over all that the miner has, with its event and the miner's neuron.
    pub(crate) fn coldkey_swap(self, block: u64, new: PositionKey) -> Self {
        let held = i64::try_from(self.alpha(block, &MINER).0).unwrap();
        let swapped = StakeEvent::ColdkeySwapped { old: MINER.coldkey, new: new.coldkey };
        let mut swapped = self.change(block, MINER, -held).change(block, new, held).event(block, swapped);
        swapped.neurons.insert(block, neuron(new));
        swapped
    }

    /// A subnet that is there in these blocks only, registered in the first of each range.
    pub(crate) fn lives(mut self, lives: &[Range<u64>]) -> Self {
        self.lives = lives.to_vec();
        self
    }

    /// A chain that counts how often a netuid was registered.
    pub(crate) fn counting_registrations(mut self) -> Self {
        self.counts_registrations = true;
        self
    }

    /// A chain that notes in its state that a position was staked or unstaked in this block.
    pub(crate) fn touched(mut self, block: u64, key: PositionKey) -> Self {
        self.touched.push((block, key));
        self
    }

    /// An extrinsic that a coldkey signed.
    pub(crate) fn signed(mut self, block: u64, coldkey: Coldkey) -> Self {
        self.signed.push((block, coldkey));
        self
    }

    /// The blocks after genesis.
    pub(crate) fn blocks(&self) -> RangeInclusive<u64> {
        1..=self.last
    }

    /// What a position holds at the end of a block.
    fn alpha(&self, block: u64, key: &PositionKey) -> Rao {
        let of = |(_, of, alpha): &(u64, PositionKey, i64)| if of == key { *alpha } else { 0 };
        let changes = self.changes.iter().filter(|(at, ..)| *at <= block);
        Rao(u64::try_from(changes.map(of).sum::<i64>()).unwrap())
    }

    fn counters(&self, block: u64) -> Option<SubnetCounters> {
        let life = self.lives.iter().find(|life| life.contains(&block))?;
        let last = self.epochs.range(life.start..=block).next_back().copied();
        Some(SubnetCounters {
            tempo: 4,
            blocks_since_last_step: block - last.unwrap_or(life.start),
            last_step_block: BlockNumber(last.unwrap_or(0)),
            last_epoch_block: None,
            epoch_index: None,
            registered_at: BlockNumber(life.start),
        })
    }

    /// A block with its events.
    pub(crate) fn facts(&self, block: u64) -> BlockFacts {
        let registrations = u64::try_from(self.lives.iter().filter(|life| life.start <= block).count());
        let events = self.events.get(&block).into_iter().flatten();
        let placed = (0..).zip(events).map(|(index, event)| {
            let before_all = matches!(event, StakeEvent::IncentiveEmitted { .. });
            let phase = if before_all { Phase::Initialization } else { Phase::Extrinsic(1) };
            ChainEvent { index, phase, event: event.clone() }
        });
        BlockFacts {
            block: block_ref(block),
            parent_hash: block_ref(block.saturating_sub(1)).hash,
            time: Millis(block * 12_000),
            spec_version: RUNTIME,
            measured: true,
            announces_incentive: true,
            counters_asked: false,
            subnets: self.counters(block).map(|counters| (NETUID, counters)).into_iter().collect(),
            registrations: match self.counts_registrations {
                true => BTreeMap::from([(NETUID, registrations.unwrap())]),
                false => BTreeMap::new(),
            },
            events: placed.collect(),
        }
    }

    /// The subnet at the end of a block, as far as it is asked for.
    pub(crate) fn state(&self, block: u64, ask: &SubnetAsk) -> SubnetState {
        let mut state = SubnetState::default();
        let neuron = self.neurons.range(..=block).next_back().map(|(_, neuron)| *neuron);
        let (mut coldkeys, mut positions) = (ask.coldkeys.clone(), ask.traces.positions.clone());
        if ask.neurons != NeuronsAsk::No {
            state.neurons.extend(neuron);
        }
        if ask.neurons == NeuronsAsk::WithPositions {
            coldkeys.extend(neuron.map(|neuron| neuron.coldkey));
        }
        let held: BTreeSet<PositionKey> = self
            .changes
            .iter()
            .map(|(_, key, _)| *key)
            .filter(|key| self.counters(block).is_some() && self.alpha(block, key) > Rao::ZERO)
            .collect();
        for key in held.iter().filter(|key| coldkeys.contains(&key.coldkey)) {
            state.positions.insert(*key, self.alpha(block, key));
            positions.insert(*key);
        }
        for key in positions {
            let touched = self.touched.iter().filter(|(at, of)| *at <= block && *of == key);
            let touched = touched.map(|(at, _)| *at).max().filter(|_| !ask.skip_pointers);
            let shares = Fingerprint(self.alpha(block, &key).0.to_be_bytes().to_vec());
            let trace = PositionTrace { shares, touched: BlockNumber(touched.unwrap_or(0)) };
            state.traces.positions.insert(key, trace);
        }
        for coldkey in coldkeys.union(&ask.traces.coldkeys) {
            let nonce = self.signed.iter().filter(|(at, who)| *at <= block && who == coldkey).count();
            let staking = held.iter().filter(|key| key.coldkey == *coldkey).map(|key| key.hotkey).collect();
            let account = Fingerprint(nonce.to_be_bytes().to_vec());
            state.traces.coldkeys.insert(*coldkey, ColdkeyTrace { staking, account });
        }
        for hotkey in &ask.traces.pools {
            let changes = self.changes.iter().filter(|(at, key, _)| *at <= block && key.hotkey == *hotkey);
            let pool = Fingerprint(changes.count().to_be_bytes().to_vec());
            state.traces.pools.insert(*hotkey, pool);
        }
        state.locks = ask.locks.then(BTreeMap::new);
        state
    }

    /// The answer to a question about a block.
    pub(crate) fn answer(&self, block: BlockNumber, ask: &Ask) -> Result<BlockState, ChainError> {
        if block.0 > self.last {
            return Err(ChainError::NoSuchBlock(block));
        }
        let mut facts = self.facts(block.0);
        facts.subnets.retain(|netuid, _| ask.subnets.contains_key(netuid));
        facts.registrations.retain(|netuid, _| ask.subnets.contains_key(netuid));
        if !ask.events {
            facts.events.clear();
        }
        let subnets = ask.subnets.iter().map(|(netuid, ask)| (*netuid, self.state(block.0, ask))).collect();
        Ok(BlockState { facts, subnets, unread: BTreeMap::new() })
    }

    /// A chain that tells this history.
    pub(crate) fn chain(&self) -> MockChainPort {
        let mut chain = MockChainPort::new();
        self.tell(&mut chain);
        chain
    }

    /// Makes a chain answer by this history. What a test expects of it already comes first, so that a chosen
    /// call fails or lies. Gives the blocks that the chain is asked about from here on.
    pub(crate) fn tell(&self, chain: &mut MockChainPort) -> Asked {
        let (asked, head) = (Asked::default(), block_ref(self.last));
        chain.expect_genesis().returning(|| Ok(BlockHash::default()));
        chain.expect_finalized_head().returning(move || Ok(head));
        let (history, log) = (self.clone(), asked.clone());
        chain.expect_read().returning(move |number, ask| {
            log.0.lock().unwrap().read.insert(number.0);
            history.answer(number, ask)
        });
        let (history, log) = (self.clone(), asked.clone());
        chain.expect_next_block().returning(move |number, netuids| {
            log.0.lock().unwrap().followed.push(number.0);
            Ok(history.answer(number, &Ask::events(netuids))?.facts)
        });
        asked
    }
}

/// The blocks that a chain was asked about.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asked(Arc<Mutex<Questions>>);

#[derive(Debug, Default)]
struct Questions {
    followed: Vec<u64>,
    read: BTreeSet<u64>,
}

impl Asked {
    /// The blocks read one after the other by a follower.
    pub(crate) fn followed(&self) -> Vec<u64> {
        self.0.lock().unwrap().followed.clone()
    }

    /// The blocks that were read in any other way, each once.
    pub(crate) fn read(&self) -> Vec<u64> {
        self.0.lock().unwrap().read.iter().copied().collect()
    }

    /// Forgets what was asked so far.
    pub(crate) fn forget(&self) {
        *self.0.lock().unwrap() = Questions::default();
    }
}

/// The event of a sale.
pub(crate) fn sold(key: PositionKey, alpha: u32) -> StakeEvent {
    StakeEvent::StakeRemoved {
        coldkey: key.coldkey,
        hotkey: key.hotkey,
        netuid: NETUID,
        alpha: Some(Rao(u64::from(alpha))),
        fee: Rao::ZERO,
    }
}

/// A block by its height.
pub(crate) fn block_ref(block: u64) -> BlockRef {
    BlockRef { number: BlockNumber(block), hash: BlockHash([u8::try_from(block).unwrap(); 32]) }
}

fn neuron(key: PositionKey) -> Neuron {
    Neuron { uid: Uid(0), hotkey: key.hotkey, coldkey: key.coldkey }
}
