//! The blocks of an interval in which something happened, found without reading the others.
//!
//! A position's shares change with every credit and debit. What a holder does and undoes leaves them as they
//! were, but not its account: every extrinsic raises the nonce of whoever signs it, and every trade moves
//! TAO. So an interval is halved until each block is found in which shares or an account became another. On
//! the older runtimes `LastColdkeyHotkeyStakeBlock` names some of these blocks at once. A hotkey lost from
//! `StakingHotkeys` tells of a swapped key, `SubnetEpochIndex` of a skipped epoch, and the first block of a
//! runtime is read for its migrations.
//!
//! What leaves all of these as they were cannot be seen (see `docs/chain.md`). Its sum is nothing, so
//! balances stay exact.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::future::{try_join, try_join_all};
use futures_util::{FutureExt, TryStreamExt, stream::FuturesUnordered};

use crate::block::BlockFacts;
use crate::flow::classify::{Flows, SwappedKeys, classify};
use crate::ports::{
    Ask, ChainError, ChainPort, ColdkeyTrace, PositionTrace, ReadChain, SubnetAsk, SubnetState, TraceKeys,
};
use crate::record::agreed::{agreed_block, agreed_glance, two_answers};
use crate::units::{BlockNumber, Coldkey, Hotkey, NetUid};

/// A block with one subnet in the state after it.
#[derive(Debug, Clone)]
pub(crate) struct View {
    pub(crate) facts: BlockFacts,
    pub(crate) state: SubnetState,
}

impl View {
    pub(crate) fn number(&self) -> BlockNumber {
        self.facts.block.number
    }
}

/// A block in which something happened.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) facts: BlockFacts,
    /// What its events say about the subnet.
    pub(crate) flows: Flows,
    /// The version of the runtime that made its parent.
    pub(crate) spec_before: u32,
    /// The time of its parent.
    pub(crate) time_before: crate::units::Millis,
}

impl Found {
    fn new(netuid: NetUid, parent: &BlockFacts, facts: BlockFacts) -> Self {
        let flows = classify(netuid, &facts);
        Self { facts, flows, spec_before: parent.spec_version, time_before: parent.time }
    }
}

/// Searches intervals of one subnet.
pub(crate) struct Search<'a> {
    pub(crate) chain: &'a dyn ChainPort,
    pub(crate) netuid: NetUid,
}

/// A part of an interval that is still to be looked into.
struct Part {
    low: Arc<View>,
    high: Arc<View>,
    keys: Keys,
}

/// What is compared.
#[derive(Debug, Clone, Default)]
struct Keys {
    traces: TraceKeys,
    /// Whether epochs were skipped.
    skips: bool,
    /// Whether the runtime became another.
    runtime: bool,
}

impl Keys {
    /// Whether there is nothing to look for.
    fn is_empty(&self) -> bool {
        self.traces == TraceKeys::default() && !self.skips && !self.runtime
    }
}

/// What a look into a part gave.
#[derive(Default)]
struct Looked {
    found: Vec<Found>,
    parts: Vec<Part>,
}

impl Search<'_> {
    /// The blocks after `low` up to `high` in which something happened to the coldkeys that `low` holds.
    pub(crate) async fn between(&self, low: &Arc<View>, high: &Arc<View>) -> Result<Vec<Found>, ChainError> {
        let (mut all, mut low, mut high) = (Vec::new(), Arc::clone(low), Arc::clone(high));
        loop {
            let mut found = self.once(&low, &high).await?;
            let Some(place) =
                found.iter().position(|found| swaps_a_key(&found.flows, &low.state, &high.state))
            else {
                all.extend(found);
                return Ok(all);
            };
            // A swapped key changes what must be looked at: the lists before it may name hotkeys that those
            // at the ends do not, and from its block on there may be another coldkey to follow.
            let swap = found.swap_remove(place);
            let at = swap.facts.block.number;
            let mut expected = low.state.roster();
            expected.positions.extend(high.state.traces.positions.keys());
            let followed = low.state.traces.coldkeys.keys().copied().collect();
            let ask = |coldkeys| Ask::of(self.netuid, SubnetAsk::positions(coldkeys, expected.clone()));
            if at.parent() > low.number() {
                let before = Arc::new(self.view(at.parent(), &ask(followed)).await?);
                all.extend(Box::pin(self.between(&low, &before)).await?);
            }
            let ask = ask(followed_after(&swap.flows, &low.state));
            all.push(swap);
            if at == high.number() {
                return Ok(all);
            }
            let (after, end) = try_join(self.view(at, &ask), self.view(high.number(), &ask)).await?;
            (low, high) = (Arc::new(after), Arc::new(end));
        }
    }

    pub(crate) async fn view(&self, number: BlockNumber, ask: &Ask) -> Result<View, ChainError> {
        let mut read = self.chain.read(number, ask).await?;
        let state = read.take(self.netuid);
        Ok(View { facts: read.facts, state })
    }

    /// A block with its events and one subnet in the state after it, where another answer says the same of
    /// the block.
    pub(crate) async fn agreed_view(&self, number: BlockNumber, ask: &Ask) -> Result<View, ChainError> {
        let view = self.view(number, ask);
        let (view, again) = try_join(view, self.chain.block(number, &[self.netuid])).await?;
        if view.facts == again {
            return Ok(view);
        }
        let facts = agreed_block(self.chain, number, &[self.netuid], Some(again)).await?;
        if view.facts == facts {
            return Ok(view);
        }
        Err(two_answers(format_args!("block {number}")))
    }

    /// A block of which it is known that something happened there.
    pub(crate) async fn found(&self, number: BlockNumber) -> Result<Found, ChainError> {
        let (parent, facts) = try_join(
            agreed_glance(self.chain, number.parent(), &[]),
            agreed_block(self.chain, number, &[self.netuid], None),
        )
        .await?;
        Ok(Found::new(self.netuid, &parent, facts))
    }

    async fn once(&self, low: &Arc<View>, high: &Arc<View>) -> Result<Vec<Found>, ChainError> {
        let keys = self.different(low, high, &self.all_keys(low, high));
        let mut found = Vec::new();
        let mut looks = FuturesUnordered::new();
        looks.push(self.look(Part { low: Arc::clone(low), high: Arc::clone(high), keys }).boxed());
        while let Some(looked) = looks.try_next().await? {
            found.extend(looked.found);
            looks.extend(looked.parts.into_iter().map(|part| self.look(part).boxed()));
        }
        found.sort_by_key(|found: &Found| found.facts.block.number);
        found.dedup_by_key(|found| found.facts.block.number);
        Ok(found)
    }

    /// Everything to compare: what belongs to the coldkeys followed at the low end. Others become holders
    /// at an epoch only.
    fn all_keys(&self, low: &View, high: &View) -> Keys {
        let coldkeys: BTreeSet<Coldkey> = low.state.traces.coldkeys.keys().copied().collect();
        let positions = low.state.traces.positions.keys().chain(high.state.traces.positions.keys());
        let positions = positions.filter(|key| coldkeys.contains(&key.coldkey)).copied().collect();
        Keys { traces: TraceKeys { positions, pools: BTreeSet::new(), coldkeys }, skips: true, runtime: true }
    }

    /// Those of the keys that tell the two ends apart.
    fn different(&self, low: &View, high: &View, keys: &Keys) -> Keys {
        let none = PositionTrace::default();
        let (at_low, at_high) = (&low.state.traces, &high.state.traces);
        let positions = keys.traces.positions.iter().filter(|key| {
            let (before, after) =
                (at_low.positions.get(key).unwrap_or(&none), at_high.positions.get(key).unwrap_or(&none));
            before.shares != after.shares || after.touched > low.number()
        });
        let nothing = ColdkeyTrace::default();
        let coldkeys = keys.traces.coldkeys.iter().filter(|key| {
            let (before, after) =
                (at_low.coldkeys.get(key).unwrap_or(&nothing), at_high.coldkeys.get(key).unwrap_or(&nothing));
            before.account != after.account || !before.staking.is_subset(&after.staking)
        });
        let slots = |view: &View| {
            view.facts.subnets.get(&self.netuid).and_then(|counters| counters.epoch_index).unwrap_or(0)
        };
        Keys {
            traces: TraceKeys {
                positions: positions.copied().collect(),
                pools: BTreeSet::new(),
                coldkeys: coldkeys.copied().collect(),
            },
            skips: keys.skips && slots(low) != slots(high),
            runtime: keys.runtime && low.facts.spec_version != high.facts.spec_version,
        }
    }

    /// Looks into a part: where pointers name blocks, at those and their parents; else in the middle.
    async fn look(&self, part: Part) -> Result<Looked, ChainError> {
        let (from, to) = (part.low.number(), part.high.number());
        let mut looked = Looked::default();
        if from >= to || part.keys.is_empty() {
            return Ok(looked);
        }
        let ask = |events| {
            let subnet = SubnetAsk { traces: part.keys.traces.clone(), ..SubnetAsk::default() };
            Ask { events, ..Ask::of(self.netuid, subnet) }
        };
        let mut blocks = self.pointers(&part);
        if to == from.child() {
            blocks = BTreeSet::from([to]);
        }
        // The ends between which something may still be.
        let mut ends: Vec<(Arc<View>, Arc<View>)> = Vec::new();
        if blocks.is_empty() {
            let middle = Arc::new(self.view(BlockNumber(from.0.midpoint(to.0)), &ask(false)).await?);
            ends.extend([(Arc::clone(&part.low), Arc::clone(&middle)), (middle, Arc::clone(&part.high))]);
        } else {
            let reads = blocks.iter().map(|number| async {
                let parent = async {
                    if number.parent() == from {
                        Ok(Arc::clone(&part.low))
                    } else {
                        self.view(number.parent(), &ask(false)).await.map(Arc::new)
                    }
                };
                let block = async {
                    if *number == to {
                        // Its state is known.
                        let facts = agreed_block(self.chain, *number, &[self.netuid], None).await?;
                        return Ok(Arc::new(View { facts, state: part.high.state.clone() }));
                    }
                    self.agreed_view(*number, &ask(true)).await.map(Arc::new)
                };
                try_join(parent, block).await
            });
            let mut low = Arc::clone(&part.low);
            for (parent, block) in try_join_all(reads).await? {
                looked.found.push(Found::new(self.netuid, &parent.facts, block.facts.clone()));
                ends.push((low, parent));
                low = block;
            }
            ends.push((low, Arc::clone(&part.high)));
        }
        for (low, high) in ends {
            let keys = self.different(&low, &high, &part.keys);
            looked.parts.push(Part { low, high, keys });
        }
        Ok(looked)
    }

    /// The blocks inside a part that pointers in its last state name.
    fn pointers(&self, part: &Part) -> BTreeSet<BlockNumber> {
        let traces = &part.high.state.traces.positions;
        let touched =
            part.keys.traces.positions.iter().filter_map(|key| traces.get(key)).map(|trace| trace.touched);
        let slot = part.high.facts.subnets.get(&self.netuid).and_then(|counters| counters.last_epoch_block);
        let slot = slot.filter(|_| part.keys.skips);
        touched
            .chain(slot)
            .filter(|number| *number > part.low.number() && *number <= part.high.number())
            .collect()
    }
}

/// Whether a block swaps a key that is followed at either end.
fn swaps_a_key(flows: &Flows, low: &SubnetState, high: &SubnetState) -> bool {
    let hotkeys: BTreeSet<&Hotkey> = [low, high]
        .into_iter()
        .flat_map(|state| state.traces.positions.keys())
        .map(|key| &key.hotkey)
        .collect();
    flows.swaps.iter().any(|swap| match swap.keys {
        SwappedKeys::Coldkey(old, new) => [old, new].iter().any(|key| low.traces.coldkeys.contains_key(key)),
        SwappedKeys::Hotkey(old, new) => hotkeys.contains(&old) || hotkeys.contains(&new),
    })
}

/// The coldkeys followed after a block.
fn followed_after(flows: &Flows, state: &SubnetState) -> BTreeSet<Coldkey> {
    let mut coldkeys: BTreeSet<Coldkey> = state.traces.coldkeys.keys().copied().collect();
    for swap in &flows.swaps {
        if let SwappedKeys::Coldkey(old, new) = swap.keys
            && coldkeys.contains(&old)
        {
            coldkeys.insert(new);
        }
    }
    coldkeys
}
