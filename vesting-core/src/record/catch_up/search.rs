//! Searching an interval for the blocks in which something happened, without reading the others.
//!
//! A position's shares change with every credit and debit. A holder may undo a change of its shares, but not
//! that of its account: every extrinsic raises the nonce of its signer, and every trade moves TAO. So an
//! interval is halved until each block is found in which shares or an account changed.
//!
//! On the older runtimes `LastColdkeyHotkeyStakeBlock` names some of these blocks at once. A hotkey removed
//! from `StakingHotkeys` shows a swapped key, and `SubnetEpochIndex` shows a skipped epoch. The first block
//! of a runtime is read for its migrations.
//!
//! What changes none of these cannot be found (see `docs/chain.md`). Its sum is 0, so balances stay exact.

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
pub(crate) struct FoundBlock {
    pub(crate) facts: BlockFacts,
    /// What its events say about the subnet.
    pub(crate) flows: Flows,
    /// The version of the runtime that made its parent.
    pub(crate) spec_before: u32,
    /// The time of its parent.
    pub(crate) time_before: crate::units::Millis,
}

impl FoundBlock {
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

/// A range of blocks that is still to be searched, with the differences between its two ends.
struct SearchRange {
    low: Arc<View>,
    high: Arc<View>,
    compared: Compared,
}

/// The storage and the counters that are compared.
#[derive(Debug, Clone, Default)]
struct Compared {
    traces: TraceKeys,
    /// Whether epochs were skipped.
    skips: bool,
    /// Whether the runtime became another.
    runtime: bool,
}

impl Compared {
    /// Whether there is nothing to search for.
    fn is_empty(&self) -> bool {
        self.traces == TraceKeys::default() && !self.skips && !self.runtime
    }
}

/// What the search of a range gave: blocks, and smaller ranges that are still to be searched.
#[derive(Default)]
struct RangeResult {
    found: Vec<FoundBlock>,
    ranges: Vec<SearchRange>,
}

impl Search<'_> {
    /// The blocks after `low` up to `high` in which something happened to the coldkeys that `low` has.
    pub(crate) async fn between(
        &self,
        low: &Arc<View>,
        high: &Arc<View>,
    ) -> Result<Vec<FoundBlock>, ChainError> {
        let (mut all, mut low, mut high) = (Vec::new(), Arc::clone(low), Arc::clone(high));
        loop {
            let mut found = self.search_between_swaps(&low, &high).await?;
            let Some(place) =
                found.iter().position(|found| swaps_a_key(&found.flows, &low.state, &high.state))
            else {
                all.extend(found);
                return Ok(all);
            };
            // A swapped key changes what must be compared. Before it, `StakingHotkeys` may have hotkeys that
            // are missing at both ends. From its block on, there may be another coldkey to follow.
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

    /// A block with its events, as two answers agree on it, and one subnet in the state after it.
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

    /// Reads a block in which something is known to have happened.
    pub(crate) async fn found(&self, number: BlockNumber) -> Result<FoundBlock, ChainError> {
        let (parent, facts) = try_join(
            agreed_glance(self.chain, number.parent(), &[]),
            agreed_block(self.chain, number, &[self.netuid], None),
        )
        .await?;
        Ok(FoundBlock::new(self.netuid, &parent, facts))
    }

    async fn search_between_swaps(
        &self,
        low: &Arc<View>,
        high: &Arc<View>,
    ) -> Result<Vec<FoundBlock>, ChainError> {
        let compared = self.differences(low, high, &self.everything(low, high));
        let mut found = Vec::new();
        let mut searches = FuturesUnordered::new();
        searches.push(
            self.search_range(SearchRange { low: Arc::clone(low), high: Arc::clone(high), compared }).boxed(),
        );
        while let Some(searched) = searches.try_next().await? {
            found.extend(searched.found);
            searches.extend(searched.ranges.into_iter().map(|range| self.search_range(range).boxed()));
        }
        found.sort_by_key(|found: &FoundBlock| found.facts.block.number);
        found.dedup_by_key(|found| found.facts.block.number);
        Ok(found)
    }

    /// Everything to compare: what belongs to the coldkeys that are followed at the low end. Others become
    /// holders only at an epoch.
    fn everything(&self, low: &View, high: &View) -> Compared {
        let coldkeys: BTreeSet<Coldkey> = low.state.traces.coldkeys.keys().copied().collect();
        let positions = low.state.traces.positions.keys().chain(high.state.traces.positions.keys());
        let positions = positions.filter(|key| coldkeys.contains(&key.coldkey)).copied().collect();
        Compared {
            traces: TraceKeys { positions, pools: BTreeSet::new(), coldkeys },
            skips: true,
            runtime: true,
        }
    }

    /// The part of `compared` that differs between two ends.
    fn differences(&self, low: &View, high: &View, compared: &Compared) -> Compared {
        let none = PositionTrace::default();
        let (at_low, at_high) = (&low.state.traces, &high.state.traces);
        let positions = compared.traces.positions.iter().filter(|key| {
            let (before, after) =
                (at_low.positions.get(key).unwrap_or(&none), at_high.positions.get(key).unwrap_or(&none));
            before.shares != after.shares || after.touched > low.number()
        });
        let nothing = ColdkeyTrace::default();
        let coldkeys = compared.traces.coldkeys.iter().filter(|key| {
            let (before, after) =
                (at_low.coldkeys.get(key).unwrap_or(&nothing), at_high.coldkeys.get(key).unwrap_or(&nothing));
            before.account != after.account || !before.staking.is_subset(&after.staking)
        });
        let slots = |view: &View| {
            view.facts.subnets.get(&self.netuid).and_then(|counters| counters.epoch_index).unwrap_or(0)
        };
        Compared {
            traces: TraceKeys {
                positions: positions.copied().collect(),
                pools: BTreeSet::new(),
                coldkeys: coldkeys.copied().collect(),
            },
            skips: compared.skips && slots(low) != slots(high),
            runtime: compared.runtime && low.facts.spec_version != high.facts.spec_version,
        }
    }

    /// Searches a range. If pointers name blocks, these and their parents are read; else the block in the
    /// middle.
    async fn search_range(&self, range: SearchRange) -> Result<RangeResult, ChainError> {
        let (from, to) = (range.low.number(), range.high.number());
        let mut searched = RangeResult::default();
        if from >= to || range.compared.is_empty() {
            return Ok(searched);
        }
        let ask = |events| {
            let subnet = SubnetAsk { traces: range.compared.traces.clone(), ..SubnetAsk::default() };
            Ask { events, ..Ask::of(self.netuid, subnet) }
        };
        let mut blocks = self.pointed_blocks(&range);
        if to == from.child() {
            blocks = BTreeSet::from([to]);
        }
        // The pairs of ends between which something may still be found.
        let mut ends: Vec<(Arc<View>, Arc<View>)> = Vec::new();
        if blocks.is_empty() {
            let middle = Arc::new(self.view(BlockNumber(from.0.midpoint(to.0)), &ask(false)).await?);
            ends.extend([(Arc::clone(&range.low), Arc::clone(&middle)), (middle, Arc::clone(&range.high))]);
        } else {
            let reads = blocks.iter().map(|number| async {
                let parent = async {
                    if number.parent() == from {
                        Ok(Arc::clone(&range.low))
                    } else {
                        self.view(number.parent(), &ask(false)).await.map(Arc::new)
                    }
                };
                let block = async {
                    if *number == to {
                        // The state of this block is known.
                        let facts = agreed_block(self.chain, *number, &[self.netuid], None).await?;
                        return Ok(Arc::new(View { facts, state: range.high.state.clone() }));
                    }
                    self.agreed_view(*number, &ask(true)).await.map(Arc::new)
                };
                try_join(parent, block).await
            });
            let mut low = Arc::clone(&range.low);
            for (parent, block) in try_join_all(reads).await? {
                searched.found.push(FoundBlock::new(self.netuid, &parent.facts, block.facts.clone()));
                ends.push((low, parent));
                low = block;
            }
            ends.push((low, Arc::clone(&range.high)));
        }
        for (low, high) in ends {
            let compared = self.differences(&low, &high, &range.compared);
            searched.ranges.push(SearchRange { low, high, compared });
        }
        Ok(searched)
    }

    /// The blocks inside a range that pointers in its last state name.
    fn pointed_blocks(&self, range: &SearchRange) -> BTreeSet<BlockNumber> {
        let traces = &range.high.state.traces.positions;
        let touched = range
            .compared
            .traces
            .positions
            .iter()
            .filter_map(|key| traces.get(key))
            .map(|trace| trace.touched);
        let slot = range.high.facts.subnets.get(&self.netuid).and_then(|counters| counters.last_epoch_block);
        let slot = slot.filter(|_| range.compared.skips);
        touched
            .chain(slot)
            .filter(|number| *number > range.low.number() && *number <= range.high.number())
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
