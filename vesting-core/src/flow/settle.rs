//! What one block did to positions, where the states before and after it are known.
//!
//! Events explain most of it. The states tell what they do not say: the rest of an epoch's emission,
//! root claims, where the stake of a swapped key went, amounts that old runtimes leave out.

use std::collections::{BTreeMap, BTreeSet};

use crate::block::{BlockFacts, Phase, StakeChange};
use crate::flow::classify::{Flows, Leg, Order, Swap, SwappedKeys};
use crate::flow::emission::{EpochSetting, incentives};
use crate::ledger::{Entry, Flow, Kind, Source, Succession};
use crate::units::{BlockNumber, Coldkey, Hotkey, NetUid, PositionKey, Rao, RaoDelta, Uid};

/// Swaps of one block whose outcome is tried in every combination; beyond, all are taken to have
/// carried their stake.
const SWAPS_TRIED: usize = 8;

/// Ways in which the orders of one trader may have fallen on its positions that are tried at most; beyond,
/// each order is placed for itself.
const PLACINGS_TRIED: usize = 4_096;

/// Removals of one position of which it is tried whether their fees are inside.
const FEES_TRIED: usize = 6;

/// A block with the states around it.
pub struct BlockStates<'a> {
    /// The subnet.
    pub netuid: NetUid,
    /// The block.
    pub facts: &'a BlockFacts,
    /// What its events say about the subnet.
    pub flows: &'a Flows,
    /// The coldkeys followed.
    pub holders: &'a BTreeSet<Coldkey>,
    /// The coldkeys whose positions were read: at least what [`affected`] names.
    pub coldkeys: &'a BTreeSet<Coldkey>,
    /// Their positions in the state of the parent.
    pub before: &'a BTreeMap<PositionKey, Rao>,
    /// Their positions in the state of the block; empty where the block dissolved the subnet.
    pub after: &'a BTreeMap<PositionKey, Rao>,
    /// The ledger's balances at the parent: those of `before`, but for the open interval's rounding.
    pub balances: &'a BTreeMap<PositionKey, RaoDelta>,
    /// For an epoch's block: what its announcements mean.
    pub epoch: Option<&'a EpochSetting>,
    /// Whether the runtime changed here.
    pub runtime_changed: bool,
}

/// What a block did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settled {
    /// The entries of the holders, those that become holders here included, in ledger order.
    pub entries: Vec<Entry>,
    /// Coldkeys that took over from a holder, in order of events.
    pub successions: Vec<Succession>,
    /// Of an epoch: a row for each position of the holders that it touched.
    pub rows: Vec<StakeChange>,
    /// Events by which a holder received the stake of a coldkey that was none.
    pub received: BTreeSet<u32>,
    /// Operations on hotkeys that no event names: swapped keys take and give, root claims give, orders do
    /// either.
    pub unnamed: BTreeMap<Hotkey, u64>,
    /// Hotkeys whose stake went to another hotkey, in order of events: rounding goes with it.
    pub renamed: Vec<(Hotkey, Hotkey)>,
}

/// The coldkeys whose positions must be read around a block to settle it: none where events say all.
#[must_use]
pub fn affected(
    flows: &Flows,
    holders: &BTreeSet<Coldkey>,
    balances: &BTreeMap<PositionKey, RaoDelta>,
) -> BTreeSet<Coldkey> {
    let mut found = BTreeSet::new();
    let mut held: BTreeSet<Coldkey> = holders.clone();
    for swap in &flows.swaps {
        match swap.keys {
            SwappedKeys::Hotkey(old, new) => {
                let staked = balances
                    .iter()
                    .filter(|(key, alpha)| (key.hotkey == old || key.hotkey == new) && !alpha.is_zero());
                found.extend(staked.map(|(key, _)| key.coldkey));
                let legs = flows.legs.iter().filter(|leg| leg.key.hotkey == old || leg.key.hotkey == new);
                found.extend(legs.map(|leg| leg.key.coldkey).filter(|coldkey| held.contains(coldkey)));
            }
            SwappedKeys::Coldkey(old, new) if held.contains(&old) || held.contains(&new) => {
                found.extend([old, new]);
                held.extend([old, new]);
            }
            SwappedKeys::Coldkey(..) => {}
        }
    }
    // Stake that is swapped to a name that is swapped again is followed on.
    for swap in &flows.swaps {
        if let SwappedKeys::Coldkey(old, new) = swap.keys
            && (found.contains(&old) || found.contains(&new))
        {
            found.extend([old, new]);
        }
    }
    found.extend(flows.claims.iter().map(|(_, coldkey)| *coldkey).filter(|coldkey| held.contains(coldkey)));
    let untold = flows.legs.iter().filter(|leg| flows.doubted || leg.alpha.is_none());
    found.extend(untold.map(|leg| leg.key.coldkey).filter(|coldkey| held.contains(coldkey)));
    found.extend(flows.orders.iter().map(|order| order.trader).filter(|coldkey| held.contains(coldkey)));
    if !flows.reconciled.is_empty() {
        // It may have given worth to shares that had none.
        found.extend(held);
    }
    found
}

/// Settles a block.
#[must_use]
pub fn settle(states: &BlockStates<'_>) -> Settled {
    let mut work = Work::new(states);
    work.find_swaps();
    if work.place_orders() {
        work.find_swaps();
    }
    work.find_rest();
    work.write()
}

fn of(positions: &BTreeMap<PositionKey, Rao>, key: &PositionKey) -> RaoDelta {
    positions.get(key).copied().unwrap_or_default().delta()
}

/// A block being settled.
struct Work<'a> {
    states: &'a BlockStates<'a>,
    number: BlockNumber,
    incentives: BTreeMap<(PositionKey, Source), RaoDelta>,
    legs: Vec<Leg>,
    /// The swaps that carried their stake.
    swaps: Vec<Swap>,
    keys: BTreeSet<PositionKey>,
    /// Emission beyond what was announced.
    rest: BTreeMap<PositionKey, RaoDelta>,
    claimed: BTreeMap<PositionKey, (Source, RaoDelta)>,
    /// What reconciled pools made of positions.
    corrected: BTreeMap<PositionKey, (Source, RaoDelta)>,
}

impl<'a> Work<'a> {
    fn new(states: &'a BlockStates<'a>) -> Self {
        let incentives =
            states.epoch.map(|setting| incentives(states.netuid, states.facts, setting)).unwrap_or_default();
        let read = |key: &PositionKey| states.coldkeys.contains(&key.coldkey);
        let incentives: BTreeMap<_, _> = incentives.into_iter().filter(|((key, _), _)| read(key)).collect();
        let legs: Vec<Leg> = states.flows.legs.iter().filter(|leg| read(&leg.key)).copied().collect();
        let mut keys: BTreeSet<PositionKey> =
            states.before.keys().chain(states.after.keys()).copied().collect();
        keys.extend(incentives.keys().map(|(key, _)| *key));
        keys.extend(legs.iter().map(|leg| leg.key));
        keys.extend(
            states.balances.iter().filter(|(key, alpha)| read(key) && !alpha.is_zero()).map(|(key, _)| *key),
        );
        Self {
            states,
            number: states.facts.block.number,
            incentives,
            legs,
            swaps: Vec::new(),
            keys,
            rest: BTreeMap::new(),
            claimed: BTreeMap::new(),
            corrected: BTreeMap::new(),
        }
    }

    /// Finds the positions that orders of a group changed: the event names only the trader. Gives whether
    /// there were any.
    fn place_orders(&mut self) -> bool {
        let mut by_trader: BTreeMap<Coldkey, Vec<Order>> = BTreeMap::new();
        for order in
            self.states.flows.orders.iter().filter(|order| self.states.coldkeys.contains(&order.trader))
        {
            by_trader.entry(order.trader).or_default().push(*order);
        }
        let any = !by_trader.is_empty();
        let groups = if any { self.groups() } else { Vec::new() };
        for (trader, orders) in by_trader {
            // A position that takes another name in the block is one with it, whichever name the order finds.
            let (mut keys, mut rest, mut noise) = (Vec::new(), Vec::new(), Vec::new());
            for group in &groups {
                if let Some(key) = self.traded(group, trader, &orders) {
                    keys.push(key);
                    rest.push(self.unexplained(group));
                    noise.push(self.noise(group));
                }
            }
            let places = self.placing(&orders, &rest, &noise);
            self.legs.extend(orders.iter().zip(places).filter_map(|(order, place)| {
                let kind = if order.sells { Kind::StakeRemoved } else { Kind::StakeAdded };
                Some(Leg {
                    source: order.source,
                    key: *keys.get(place)?,
                    kind,
                    incoming: !order.sells,
                    alpha: Some(order.alpha),
                    fee: RaoDelta::ZERO,
                })
            }));
        }
        self.legs.sort_by_key(|leg| leg.source.event_index);
        any
    }

    /// Which position of a group orders of a trader found. Where there are two, a hotkey took another name in
    /// the block: the one that changed more, unless it was given up before the orders and nothing is left
    /// there.
    fn traded(&self, group: &[PositionKey], trader: Coldkey, orders: &[Order]) -> Option<PositionKey> {
        let first = orders.iter().map(|order| order.source.event_index).min()?;
        let given_up = |key: &PositionKey| {
            let before = |swap: &&Swap| swap.source.event_index < first;
            of(self.states.after, key).is_zero()
                && self.swaps.iter().filter(before).any(|swap| swap.keys.renamed(key).is_some())
        };
        let own = || group.iter().copied().filter(|key| key.coldkey == trader);
        let changed = |key: &PositionKey| {
            (self.unexplained(std::slice::from_ref(key)).magnitude(), std::cmp::Reverse(*key))
        };
        own().filter(|key| !given_up(key)).max_by_key(changed).or_else(|| own().next())
    }

    /// On which of the positions, whose changes are unexplained by `rest`, each order fell: so that least is
    /// left. What is at most its `noise` is rounding.
    fn placing(&self, orders: &[Order], rest: &[RaoDelta], noise: &[u128]) -> Vec<usize> {
        let all = u32::try_from(orders.len())
            .ok()
            .and_then(|orders| rest.len().checked_pow(orders))
            .unwrap_or(usize::MAX);
        if all > PLACINGS_TRIED {
            // One order after the other, each where it fits best.
            let mut rest = rest.to_vec();
            let mut places = Vec::with_capacity(orders.len());
            for order in orders {
                let place = self.placing(std::slice::from_ref(order), &rest, noise).pop().unwrap_or_default();
                if let Some(rest) = rest.get_mut(place) {
                    *rest = *rest - order.alpha;
                }
                places.push(place);
            }
            return places;
        }
        let placings = (0..all).map(|mut choice| {
            let digits = orders.iter().map(|_| {
                let place = choice % rest.len();
                choice /= rest.len();
                place
            });
            digits.collect::<Vec<usize>>()
        });
        let left = |places: &Vec<usize>| {
            let mut rest = rest.to_vec();
            for (order, place) in orders.iter().zip(places) {
                rest[*place] = rest[*place] - order.alpha;
            }
            let sum = |wanted: fn(&RaoDelta) -> bool| {
                rest.iter().copied().filter(wanted).map(RaoDelta::magnitude).fold(0, u128::saturating_add)
            };
            // In an epoch's block dividends may have come to any of them, but nothing else left.
            let short = if self.states.epoch.is_some() { sum(|rest| rest.0 < 0) } else { 0 };
            // A dividend, a claim or a reconciled pool changes a position as well; an amount that fits
            // another one is an order.
            let touched = rest.iter().zip(noise).filter(|(rest, noise)| rest.magnitude() > **noise).count();
            (short, touched, sum(|_| true))
        };
        placings.min_by_key(left).unwrap_or_default()
    }

    /// A position's balance at the parent: the ledger's where it is followed, else the chain's.
    fn start(&self, key: &PositionKey) -> RaoDelta {
        if self.states.holders.contains(&key.coldkey) {
            self.states.balances.get(key).copied().unwrap_or_default()
        } else {
            of(self.states.before, key)
        }
    }

    /// Which swaps carried their stake, by whatever comes nearest to the state after the block.
    fn find_swaps(&mut self) {
        let swaps: Vec<Swap> = self.states.flows.swaps.clone();
        // A position may have been credited and renamed within the block, so that neither state shows it.
        for swap in swaps.iter().rev() {
            let origins: Vec<PositionKey> =
                self.keys.iter().filter_map(|key| swap.keys.origin(key)).collect();
            self.keys.extend(origins.into_iter().filter(|key| self.states.coldkeys.contains(&key.coldkey)));
        }
        for swap in &swaps {
            let renamed: Vec<PositionKey> =
                self.keys.iter().filter_map(|key| swap.keys.renamed(key)).collect();
            self.keys.extend(renamed.into_iter().filter(|key| self.states.coldkeys.contains(&key.coldkey)));
        }
        // A coldkey never leaves its stake behind.
        let open: Vec<usize> =
            (0..swaps.len()).filter(|i| matches!(swaps[*i].keys, SwappedKeys::Hotkey(..))).collect();
        let mut best: Option<((u128, u128), Vec<Swap>)> = None;
        let tried = if open.len() > SWAPS_TRIED { 1 } else { 1usize << open.len() };
        for choice in 0..tried {
            // The first choice carries everything, so that a tie means that the stake went along.
            let stays = |i: usize| {
                open.iter()
                    .position(|o| *o == i)
                    .is_some_and(|bit| bit < SWAPS_TRIED && choice & (1 << bit) != 0)
            };
            let carried: Vec<Swap> = (0..swaps.len()).filter(|i| !stays(*i)).map(|i| swaps[i]).collect();
            let off = self.distance(&carried);
            if best.as_ref().is_none_or(|(least, _)| off < *least) {
                best = Some((off, carried));
            }
        }
        self.swaps = best.map(|(_, carried)| carried).unwrap_or_default();
    }

    /// How far from the state after the block the known flows lead if these swaps carried stake; and how much
    /// of that is under names that were given up, where nothing can be that came before.
    fn distance(&self, swaps: &[Swap]) -> (u128, u128) {
        let mut running: BTreeMap<PositionKey, RaoDelta> =
            self.keys.iter().map(|key| (*key, self.start(key))).collect();
        for ((key, _), alpha) in &self.incentives {
            *running.entry(*key).or_default() += *alpha;
        }
        for step in steps(&self.legs, swaps) {
            match step {
                Step::Leg(leg) => *running.entry(leg.key).or_default() += leg.alpha.unwrap_or_default(),
                Step::Swap(swap) => {
                    carry(&mut running, &swap.keys);
                }
            }
        }
        let given_up = |key: &PositionKey| swaps.iter().any(|swap| swap.keys.renamed(key).is_some());
        let off = |wanted: &dyn Fn(&PositionKey) -> bool| {
            let wanted = running.iter().filter(|(key, _)| wanted(key));
            wanted
                .map(|(key, alpha)| (of(self.states.after, key) - *alpha).magnitude())
                .fold(0, u128::saturating_add)
        };
        (off(&|_| true), off(&given_up))
    }

    /// The positions that swaps join into one, each group in order.
    fn groups(&self) -> Vec<Vec<PositionKey>> {
        let mut group: BTreeMap<PositionKey, PositionKey> =
            self.keys.iter().map(|key| (*key, *key)).collect();
        for swap in &self.swaps {
            for key in &self.keys {
                let Some(renamed) = swap.keys.renamed(key).filter(|renamed| self.keys.contains(renamed))
                else {
                    continue;
                };
                let (Some(a), Some(b)) = (group.get(key).copied(), group.get(&renamed).copied()) else {
                    continue;
                };
                group.values_mut().filter(|name| **name == b).for_each(|name| *name = a);
            }
        }
        let mut groups: BTreeMap<PositionKey, Vec<PositionKey>> = BTreeMap::new();
        for (key, name) in group {
            groups.entry(name).or_default().push(key);
        }
        groups.into_values().collect()
    }

    /// What events with amounts do not explain: amounts left out, emission, root claims, rounding.
    fn find_rest(&mut self) {
        let groups = self.groups();
        // What a subnet leaves when it is dissolved bears nothing out.
        if self.states.flows.doubted && self.states.flows.dissolved.is_none() {
            groups.iter().for_each(|group| self.bear_out(group));
        }
        self.fill_in(&groups);
        for group in groups {
            let rest = self.unexplained(&group);
            if self.states.flows.dissolved.is_some() || rest.is_zero() {
                // What a dissolved subnet leaves is taken by the dissolution.
                continue;
            }
            // In an epoch's block what a pool's correction added cannot be told from dividends. Both are no
            // purchase.
            let correction = self.correction(&group).filter(|_| rest.0 < 0 || self.states.epoch.is_none());
            if let Some(source) = correction {
                self.corrected.insert(self.earner(&group), (source, rest));
            } else if self.states.epoch.is_some() {
                // What is missing is found position by position in the end.
                if rest.0 > 0 {
                    self.rest.insert(self.earner(&group), rest);
                }
            } else if let Some((source, key)) = self.claim(&group, rest) {
                self.claimed.insert(key, (source, rest));
            }
            // Anything else between epochs waits for the end of the interval.
        }
    }

    /// The event by which a pool of the group was reconciled.
    fn correction(&self, group: &[PositionKey]) -> Option<Source> {
        let of_group = |hotkey: &Hotkey| group.iter().any(|key| key.hotkey == *hotkey);
        self.states.flows.reconciled.iter().find(|(_, hotkey)| of_group(hotkey)).map(|(source, _)| *source)
    }

    /// How a group changed beyond the amounts known.
    fn unexplained(&self, group: &[PositionKey]) -> RaoDelta {
        let sum = |of: &dyn Fn(&PositionKey) -> RaoDelta| group.iter().map(of).sum::<RaoDelta>();
        let change = sum(&|key| of(self.states.after, key)) - sum(&|key| of(self.states.before, key));
        let first = Source { event_index: 0, phase: Phase::Initialization };
        let earned: RaoDelta = group
            .iter()
            .flat_map(|key| self.incentives.range((*key, first)..).take_while(move |((of, _), _)| of == key))
            .map(|(_, alpha)| *alpha)
            .sum();
        let told: RaoDelta =
            self.legs.iter().filter(|leg| group.contains(&leg.key)).filter_map(|leg| leg.alpha).sum();
        change - earned - told
    }

    /// Compares the amounts told of a group with its balances, on a runtime of which it is not known what
    /// they mean. Fees may be inside the amounts or on top: what fits is taken. If nothing fits, balances
    /// tell the amounts. A move brings what it takes in any case.
    fn bear_out(&mut self, group: &[PositionKey]) {
        let is_told = |leg: &Leg| leg.alpha.is_some() && leg.kind != Kind::Moved && group.contains(&leg.key);
        let told: Vec<usize> = (0..self.legs.len()).filter(|place| is_told(&self.legs[*place])).collect();
        let fees: Vec<usize> =
            told.iter().copied().filter(|place| self.legs[*place].fee.0 > 0).take(FEES_TRIED).collect();
        let claimed = self
            .states
            .flows
            .claims
            .iter()
            .any(|(_, claimer)| group.iter().any(|key| key.coldkey == *claimer));
        let (rest, noise, more) =
            (self.unexplained(group), self.noise(group), self.states.epoch.is_some() || claimed);
        let left = |choice: usize| {
            let inside = fees.iter().enumerate().filter(|(bit, _)| choice & (1 << bit) != 0);
            rest - inside.map(|(_, place)| self.legs[*place].fee).sum::<RaoDelta>()
        };
        // Dividends and claims may be left, and nothing tells how much.
        let fits = |left: RaoDelta| left.magnitude() <= noise || (more && left.0 > 0);
        let best = (0..1usize << fees.len())
            .min_by_key(|choice| (!fits(left(*choice)), left(*choice).magnitude(), *choice));
        let best = best
            .filter(|choice| fits(left(*choice)) && (left(*choice).is_zero() || !more || !fits(rest)))
            .or(fits(rest).then_some(0));
        match best {
            Some(choice) => {
                for (_, place) in fees.iter().enumerate().filter(|(bit, _)| choice & (1 << bit) != 0) {
                    let leg = &mut self.legs[*place];
                    leg.alpha = leg.alpha.map(|alpha| alpha + leg.fee);
                }
            }
            None => told.iter().for_each(|place| self.legs[*place].alpha = None),
        }
    }

    /// The most by which other operations may have rounded a group in a block between epochs.
    fn noise(&self, group: &[PositionKey]) -> u128 {
        let flows = self.states.flows;
        let operations: u64 =
            group.iter().map(|key| flows.operations.get(&key.hotkey).copied().unwrap_or(0)).sum();
        u128::from(operations.saturating_add(flows.anywhere()))
            .saturating_add(u128::from(self.states.runtime_changed))
    }

    /// Works out amounts that the runtime leaves out, from where they are the only unknown on. A move brings
    /// as much as it takes (docs/chain.md#moves-transfers-swaps); if the two positions tell otherwise by a
    /// rao, that is rounding.
    fn fill_in(&mut self, groups: &[Vec<PositionKey>]) {
        // A move between positions that are one tells nothing, and changes nothing.
        for place in 0..self.legs.len() {
            let leg = self.legs[place];
            let Some(other) = self.other_end(place).filter(|_| leg.alpha.is_none()) else { continue };
            let key = self.legs[other].key;
            if groups.iter().any(|group| group.contains(&leg.key) && group.contains(&key)) {
                self.fill(place, RaoDelta::ZERO);
            }
        }
        // What leaves first: dividends of the same block may have come to where it went.
        let mut progress = true;
        while progress {
            progress = [false, true]
                .into_iter()
                .any(|incoming| groups.iter().any(|group| self.fill_only(group, incoming)));
        }
        // Several unknowns of one position in one block cannot be told apart: the last one gets it all. In
        // an epoch's block neither can dividends, and what goes out is then less by them.
        if self.legs.iter().all(|leg| leg.alpha.is_some()) {
            return;
        }
        for group in groups {
            let rest = self.unexplained(group);
            let last = (0..self.legs.len()).rev().find(|place| {
                let leg = &self.legs[*place];
                leg.alpha.is_none() && leg.incoming == (rest.0 > 0) && group.contains(&leg.key)
            });
            if let Some(place) = last.filter(|_| !rest.is_zero()) {
                self.fill(place, rest);
            }
        }
    }

    /// Fills in the only amount of a group that is left out, if it went in this direction.
    fn fill_only(&mut self, group: &[PositionKey], incoming: bool) -> bool {
        let mut untold = (0..self.legs.len())
            .filter(|place| self.legs[*place].alpha.is_none() && group.contains(&self.legs[*place].key));
        let (Some(place), None) = (untold.next(), untold.next()) else { return false };
        let rest = self.unexplained(group);
        let fits = self.legs[place].incoming == incoming && (rest.is_zero() || incoming == (rest.0 > 0));
        if fits {
            self.fill(place, rest);
        }
        fits
    }

    /// Gives a leg its amount, and the other end of a move the same.
    fn fill(&mut self, place: usize, alpha: RaoDelta) {
        let other = self.other_end(place);
        self.legs[place].alpha = Some(alpha);
        if let Some(other) = other {
            self.legs[other].alpha = Some(-alpha);
        }
    }

    /// The other end of a move, if its amount is left out too.
    fn other_end(&self, place: usize) -> Option<usize> {
        let leg = self.legs[place];
        let fits = |other: &Leg| {
            other.kind == Kind::Moved
                && other.incoming != leg.incoming
                && other.source.phase == leg.source.phase
                && other.alpha.is_none()
        };
        match (leg.kind, leg.incoming) {
            (Kind::Moved, true) => (0..place).rev().find(|place| fits(&self.legs[*place])),
            (Kind::Moved, false) => (place + 1..self.legs.len()).find(|place| fits(&self.legs[*place])),
            _ => None,
        }
    }

    /// The position of a group that emission came to: the one with most stake before.
    fn earner(&self, group: &[PositionKey]) -> PositionKey {
        group
            .iter()
            .copied()
            .max_by_key(|key| (of(self.states.before, key), std::cmp::Reverse(*key)))
            .unwrap_or_else(|| group[0])
    }

    /// The root claim that explains a rise, and the position it came to. A rise of no more than what
    /// other operations may have rounded is none.
    fn claim(&self, group: &[PositionKey], rest: RaoDelta) -> Option<(Source, PositionKey)> {
        if rest.0 <= 0 {
            return None;
        }
        let flows = self.states.flows;
        let (source, claimer) =
            flows.claims.iter().find(|(_, coldkey)| group.iter().any(|key| key.coldkey == *coldkey))?;
        let own =
            flows.claims.iter().filter(|(_, coldkey)| coldkey == claimer).fold(0u128, |count, _| count + 1);
        if rest.magnitude() <= self.noise(group).saturating_sub(own) {
            return None;
        }
        let mut key = *group
            .iter()
            .filter(|key| key.coldkey == *claimer)
            .max_by_key(|key| of(self.states.before, key))?;
        for swap in self.swaps.iter().filter(|swap| swap.source.event_index < source.event_index) {
            key = swap.keys.renamed(&key).filter(|renamed| group.contains(renamed)).unwrap_or(key);
        }
        Some((*source, key))
    }

    fn entry(&self, source: Option<Source>, key: PositionKey, kind: Kind, alpha: RaoDelta) -> Entry {
        Entry { netuid: self.states.netuid, block: self.number, source, key, kind, alpha }
    }

    fn write(self) -> Settled {
        let states = self.states;
        let mut holders: BTreeSet<Coldkey> = states.holders.clone();
        let mut entries: Vec<Entry> = Vec::new();
        let mut successions = Vec::new();
        let mut renamed = Vec::new();
        let mut received = BTreeSet::new();
        let mut unnamed: BTreeMap<Hotkey, u64> = BTreeMap::new();
        let is_order = |leg: &&Leg| states.flows.orders.iter().any(|order| order.source == leg.source);
        for key in self.claimed.keys().copied().chain(self.legs.iter().filter(is_order).map(|leg| leg.key)) {
            *unnamed.entry(key.hotkey).or_default() += 1;
        }
        for ((key, source), alpha) in &self.incentives {
            entries.push(self.entry(Some(*source), *key, Kind::Incentive, *alpha));
        }
        for (key, alpha) in &self.rest {
            // A runtime that announces nothing pays incentive all the same: then all of it counts as such.
            let kind = if states.facts.announces_incentive { Kind::DividendOrOther } else { Kind::Incentive };
            entries.push(self.entry(None, *key, kind, *alpha));
        }
        for (key, (source, alpha)) in &self.corrected {
            entries.push(self.entry(Some(*source), *key, Kind::Corrected, *alpha));
        }
        let mut running: BTreeMap<PositionKey, RaoDelta> =
            self.keys.iter().map(|key| (*key, self.start(key))).collect();
        for entry in &entries {
            *running.entry(entry.key).or_default() += entry.alpha;
        }
        let mut claims: Vec<(Source, Entry)> = self
            .claimed
            .iter()
            .map(|(key, (source, alpha))| (*source, self.entry(Some(*source), *key, Kind::RootClaim, *alpha)))
            .collect();
        claims.sort_by_key(|(source, entry)| (source.event_index, entry.key));
        let mut claims = claims.into_iter().peekable();
        let mut post =
            |entries: &mut Vec<Entry>, running: &mut BTreeMap<PositionKey, RaoDelta>, before: u32| {
                while let Some((_, claim)) = claims.next_if(|(source, _)| source.event_index < before) {
                    *running.entry(claim.key).or_default() += claim.alpha;
                    entries.push(claim);
                }
            };
        for step in steps(&self.legs, &self.swaps) {
            post(&mut entries, &mut running, step.source().event_index);
            self.dissolve(&mut entries, &mut running, Some(step.source().event_index));
            match step {
                Step::Leg(leg) => {
                    *running.entry(leg.key).or_default() += leg.alpha.unwrap_or_default();
                    entries.extend(Flows::entry(states.netuid, self.number, leg));
                }
                Step::Swap(swap) => {
                    if let SwappedKeys::Hotkey(old, new) = swap.keys {
                        renamed.push((old, new));
                    }
                    if let SwappedKeys::Coldkey(old, new) = swap.keys {
                        let event_index = swap.source.event_index;
                        if holders.contains(&old) {
                            holders.insert(new);
                            successions.push(Succession { block: self.number, event_index, old, new });
                        } else {
                            received.insert(event_index);
                        }
                    }
                    for (from, to, alpha) in carry(&mut running, &swap.keys) {
                        // Taken from one position and given to the other.
                        *unnamed.entry(to.hotkey).or_default() += 2;
                        entries.push(self.entry(Some(swap.source), from, Kind::KeySwap, -alpha));
                        entries.push(self.entry(Some(swap.source), to, Kind::KeySwap, alpha));
                    }
                }
            }
        }
        post(&mut entries, &mut running, u32::MAX);
        self.dissolve(&mut entries, &mut running, None);
        let off = |key: &PositionKey| of(states.after, key) - running.get(key).copied().unwrap_or_default();
        let left = self
            .keys
            .iter()
            .map(|key| (key, off(key)))
            .filter(|(_, alpha)| states.epoch.is_some() && !alpha.is_zero());
        for (key, alpha) in left {
            let kind = if alpha.magnitude() <= u128::from(self.bound(&key.hotkey)) {
                Kind::Rounding
            } else {
                Kind::Unattributed
            };
            entries.push(self.entry(None, *key, kind, alpha));
        }
        entries.retain(|entry| holders.contains(&entry.key.coldkey) && !entry.alpha.is_zero());
        entries.sort_by_key(Entry::order);
        let rows = self.rows(&entries, &holders);
        Settled { entries, successions, rows, received, unnamed, renamed }
    }

    /// Takes what is left of a dissolved subnet, once its event is reached.
    fn dissolve(
        &self,
        entries: &mut Vec<Entry>,
        running: &mut BTreeMap<PositionKey, RaoDelta>,
        reached: Option<u32>,
    ) {
        let Some(source) = self
            .states
            .flows
            .dissolved
            .filter(|source| reached.is_none_or(|index| index > source.event_index))
        else {
            return;
        };
        let gone = |entry: &Entry| entry.kind == Kind::Dissolved;
        if entries.iter().any(gone) {
            return;
        }
        for (key, alpha) in running.iter_mut().filter(|(_, alpha)| !alpha.is_zero()) {
            entries.push(self.entry(Some(source), *key, Kind::Dissolved, -*alpha));
            *alpha = RaoDelta::ZERO;
        }
    }

    /// The most that rounding may take in an epoch's block: a rao for each operation on the hotkey,
    /// a credit of emission and the dividends being operations too, and claims and orders of which
    /// it is not known where they went.
    fn bound(&self, hotkey: &Hotkey) -> u64 {
        let flows = self.states.flows;
        let on = |hotkey: &Hotkey| {
            let credits = self.incentives.keys().filter(|(key, _)| key.hotkey == *hotkey).count();
            flows
                .operations
                .get(hotkey)
                .copied()
                .unwrap_or(0)
                .saturating_add(u64::try_from(credits).unwrap_or(u64::MAX))
        };
        // Each position of a renamed hotkey is taken from it and given to the new one.
        let carried = |old: &Hotkey| {
            let positions = self.keys.iter().filter(|key| key.hotkey == *old).count();
            u64::try_from(positions).unwrap_or(u64::MAX).saturating_mul(2)
        };
        let old = self.swaps.iter().filter_map(|swap| match swap.keys {
            SwappedKeys::Hotkey(old, new) if new == *hotkey => Some(on(&old).saturating_add(carried(&old))),
            SwappedKeys::Hotkey(..) => None,
            SwappedKeys::Coldkey(..) => Some(1),
        });
        let operations = on(hotkey).saturating_add(old.sum());
        let unnamed =
            u64::try_from(flows.claims.len().saturating_add(flows.orders.len())).unwrap_or(u64::MAX);
        operations
            .saturating_add(unnamed)
            .saturating_add(1)
            .saturating_add(u64::from(self.states.runtime_changed))
    }

    fn rows(&self, entries: &[Entry], holders: &BTreeSet<Coldkey>) -> Vec<StakeChange> {
        let Some(setting) = self.states.epoch else { return Vec::new() };
        let uids: BTreeMap<PositionKey, Uid> =
            setting.neurons.iter().map(|n| (n.position(), n.uid)).collect();
        let mut own: BTreeMap<PositionKey, Vec<&Entry>> = BTreeMap::new();
        for entry in entries {
            own.entry(entry.key).or_default().push(entry);
        }
        let mut rows = Vec::new();
        for key in self.keys.iter().filter(|key| holders.contains(&key.coldkey)) {
            let position =
                |positions: &BTreeMap<PositionKey, Rao>| positions.get(key).copied().unwrap_or_default();
            let (before, after) = (position(self.states.before), position(self.states.after));
            let own = own.get(key).map_or(&[][..], Vec::as_slice);
            if before == after && own.is_empty() {
                continue;
            }
            let sum = |wanted: &dyn Fn(&Entry) -> bool| {
                own.iter().filter(|e| wanted(e)).map(|e| e.alpha).sum::<RaoDelta>()
            };
            let flow = |flow: Flow| sum(&|e| e.flow() == flow);
            rows.push(StakeChange {
                uid: uids.get(key).copied(),
                key: *key,
                before,
                after,
                manual_add: flow(Flow::Inflow),
                manual_remove: -flow(Flow::Outflow),
                neutral: flow(Flow::Neutral) + flow(Flow::Corrected),
                true_emission: flow(Flow::Emission),
                incentive: sum(&|e| e.kind == Kind::Incentive),
                rounding: flow(Flow::Rounding),
                unattributed: flow(Flow::Unattributed),
            });
        }
        rows
    }
}

/// What happens in order of events.
enum Step<'a> {
    Leg(&'a Leg),
    Swap(&'a Swap),
}

impl Step<'_> {
    const fn source(&self) -> Source {
        match self {
            Self::Leg(leg) => leg.source,
            Self::Swap(swap) => swap.source,
        }
    }
}

fn steps<'a>(legs: &'a [Leg], swaps: &'a [Swap]) -> Vec<Step<'a>> {
    let mut steps: Vec<Step<'a>> = legs.iter().map(Step::Leg).chain(swaps.iter().map(Step::Swap)).collect();
    steps.sort_by_key(|step| step.source().event_index);
    steps
}

/// Carries every balance of the old key to the new one; gives what went where.
fn carry(
    running: &mut BTreeMap<PositionKey, RaoDelta>,
    keys: &SwappedKeys,
) -> Vec<(PositionKey, PositionKey, RaoDelta)> {
    let moved: Vec<(PositionKey, PositionKey, RaoDelta)> = running
        .iter()
        .filter(|(_, alpha)| !alpha.is_zero())
        .filter_map(|(key, alpha)| keys.renamed(key).map(|renamed| (*key, renamed, *alpha)))
        .collect();
    for (from, to, alpha) in &moved {
        running.insert(*from, RaoDelta::ZERO);
        *running.entry(*to).or_default() += *alpha;
    }
    moved
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::{ChainEvent, Phase, StakeEvent};
    use crate::flow::classify::classify;
    use crate::units::{BlockHash, BlockRef, Millis, Neuron, SubnetOwner};

    const NETUID: NetUid = NetUid(2);
    const OWNER: Coldkey = Coldkey([9; 32]);
    const MINER: PositionKey = at(1, 2);

    const fn at(hotkey: u8, coldkey: u8) -> PositionKey {
        PositionKey { hotkey: Hotkey([hotkey; 32]), coldkey: Coldkey([coldkey; 32]) }
    }

    /// A block of which everything but the outcome is given.
    struct Case<'a> {
        events: &'a [StakeEvent],
        before: &'a [(PositionKey, u64)],
        after: &'a [(PositionKey, u64)],
        holders: &'a [u8],
        epoch: bool,
        announces: bool,
        measured: bool,
    }

    const CASE: Case<'static> = Case {
        events: &[],
        before: &[],
        after: &[],
        holders: &[2],
        epoch: false,
        announces: true,
        measured: true,
    };

    fn run(case: &Case<'_>) -> Settled {
        let neurons = [
            Neuron { uid: Uid(0), hotkey: Hotkey([8; 32]), coldkey: OWNER },
            Neuron { uid: Uid(1), hotkey: MINER.hotkey, coldkey: MINER.coldkey },
        ];
        let phase = |event: &StakeEvent| match event {
            StakeEvent::IncentiveEmitted { .. } | StakeEvent::RootClaimed { .. } => Phase::Initialization,
            _ => Phase::Extrinsic(1),
        };
        let events: Vec<ChainEvent> = (0u32..)
            .zip(case.events)
            .map(|(index, event)| ChainEvent { index, phase: phase(event), event: event.clone() })
            .collect();
        let facts = BlockFacts {
            block: BlockRef { number: BlockNumber(20), hash: BlockHash::default() },
            parent_hash: BlockHash::default(),
            time: Millis(0),
            spec_version: 425,
            measured: case.measured,
            announces_incentive: case.announces,
            counters_asked: false,
            subnets: BTreeMap::new(),
            registrations: BTreeMap::new(),
            events,
        };
        let positions = |list: &[(PositionKey, u64)]| {
            list.iter().map(|(key, alpha)| (*key, Rao(*alpha))).collect::<BTreeMap<_, _>>()
        };
        let (before, after) = (positions(case.before), positions(case.after));
        let holders: BTreeSet<Coldkey> = case.holders.iter().map(|n| Coldkey([*n; 32])).collect();
        let balances: BTreeMap<PositionKey, RaoDelta> = before
            .iter()
            .filter(|(key, _)| holders.contains(&key.coldkey))
            .map(|(key, alpha)| (*key, alpha.delta()))
            .collect();
        let flows = classify(NETUID, &facts);
        let mut coldkeys = affected(&flows, &holders, &balances);
        if case.epoch {
            coldkeys.extend(&holders);
        }
        let owner = Some(SubnetOwner { coldkey: OWNER, hotkey: None });
        let setting = EpochSetting::new((&neurons, owner), (&neurons, owner), flows.new_owner);
        let settled = settle(&BlockStates {
            netuid: NETUID,
            facts: &facts,
            flows: &flows,
            holders: &holders,
            coldkeys: &coldkeys,
            before: &before,
            after: &after,
            balances: &balances,
            epoch: case.epoch.then_some(&setting),
            runtime_changed: false,
        });
        assert!(settled.rows.iter().all(StakeChange::adds_up), "{:?}", settled.rows);
        settled
    }

    fn check(case: &Case<'_>, expected: &[(Kind, PositionKey, i128)]) {
        let found: Vec<_> = run(case).entries.iter().map(|e| (e.kind, e.key, e.alpha.0)).collect();
        assert_eq!(found, expected);
    }

    fn incentive(emissions: [u64; 2]) -> StakeEvent {
        StakeEvent::IncentiveEmitted { netuid: NETUID, mechanism: 0, emissions: emissions.map(Rao).to_vec() }
    }

    fn removed(key: PositionKey, alpha: Option<u64>) -> StakeEvent {
        StakeEvent::StakeRemoved {
            coldkey: key.coldkey,
            hotkey: key.hotkey,
            netuid: NETUID,
            alpha: alpha.map(Rao),
            fee: Rao::ZERO,
        }
    }

    fn hotkey_swapped(old: u8, new: u8) -> StakeEvent {
        StakeEvent::HotkeySwapped {
            coldkey: MINER.coldkey,
            old: Hotkey([old; 32]),
            new: Hotkey([new; 32]),
            netuid: None,
        }
    }

    fn coldkey_swapped(old: u8, new: u8) -> StakeEvent {
        StakeEvent::ColdkeySwapped { old: Coldkey([old; 32]), new: Coldkey([new; 32]) }
    }

    #[test]
    fn an_order_is_found_where_its_trader_takes_another_name_in_the_block() {
        let sold = |trader: u8, alpha| StakeEvent::OrderExecuted {
            trader: Coldkey([trader; 32]),
            netuid: NETUID,
            sells: true,
            alpha: Rao(alpha),
        };
        let grouped = StakeEvent::OrdersGrouped { netuid: NETUID, orders: 1 };
        let before = [(at(1, 2), 500), (at(3, 2), 900)];
        // Before the swap.
        let case = Case { before: &before, after: &[(at(1, 5), 500), (at(3, 5), 200)], ..CASE };
        check(
            &Case { events: &[sold(2, 700), grouped.clone(), coldkey_swapped(2, 5)], ..case },
            &[
                (Kind::StakeRemoved, at(3, 2), -700),
                (Kind::KeySwap, at(1, 2), -500),
                (Kind::KeySwap, at(1, 5), 500),
                (Kind::KeySwap, at(3, 2), -200),
                (Kind::KeySwap, at(3, 5), 200),
            ],
        );
        // After it.
        check(
            &Case { events: &[coldkey_swapped(2, 5), sold(5, 700), grouped.clone()], ..case },
            &[
                (Kind::KeySwap, at(1, 2), -500),
                (Kind::KeySwap, at(1, 5), 500),
                (Kind::KeySwap, at(3, 2), -900),
                (Kind::KeySwap, at(3, 5), 900),
                (Kind::StakeRemoved, at(3, 5), -700),
            ],
        );
        // Of a hotkey that takes another name and leaves the stake behind.
        check(
            &Case {
                events: &[sold(2, 700), grouped.clone(), hotkey_swapped(3, 1)],
                before: &before,
                after: &[(at(1, 2), 500), (at(3, 2), 200)],
                ..CASE
            },
            &[(Kind::StakeRemoved, at(3, 2), -700)],
        );
        check(
            &Case {
                events: &[hotkey_swapped(3, 1), sold(2, 700), grouped],
                before: &before,
                after: &[(at(1, 2), 500), (at(3, 2), 200)],
                ..CASE
            },
            &[(Kind::StakeRemoved, at(3, 2), -700)],
        );
    }

    #[test]
    fn incentive_and_dividends_are_told_apart_and_the_owner_gets_none() {
        let case = Case {
            events: &[incentive([500, 70])],
            before: &[(MINER, 100)],
            after: &[(MINER, 200)],
            epoch: true,
            ..CASE
        };
        check(&case, &[(Kind::Incentive, MINER, 70), (Kind::DividendOrOther, MINER, 30)]);
    }

    #[test]
    fn what_is_earned_and_sold_in_one_block_is_seen() {
        let case = Case { events: &[incentive([0, 70]), removed(MINER, Some(70))], epoch: true, ..CASE };
        check(&case, &[(Kind::Incentive, MINER, 70), (Kind::StakeRemoved, MINER, -70)]);
        assert_eq!(run(&case).rows.len(), 1, "a position that reads 0 before and after");
    }

    #[test]
    fn a_rao_too_little_is_rounding_and_more_is_not_hidden() {
        let case = Case {
            events: &[incentive([0, 70])],
            before: &[(MINER, 100)],
            after: &[(MINER, 169)],
            epoch: true,
            ..CASE
        };
        check(&case, &[(Kind::Incentive, MINER, 70), (Kind::Rounding, MINER, -1)]);
        let case = Case { after: &[(MINER, 100)], ..case };
        check(&case, &[(Kind::Incentive, MINER, 70), (Kind::Unattributed, MINER, -70)]);
    }

    #[test]
    fn without_announcements_all_emission_is_reward() {
        let case =
            Case { before: &[(MINER, 100)], after: &[(MINER, 150)], epoch: true, announces: false, ..CASE };
        check(&case, &[(Kind::Incentive, MINER, 50)]);
    }

    #[test]
    fn a_hotkey_swap_carries_what_it_finds_at_its_index() {
        let case = Case {
            events: &[
                incentive([0, 70]),
                removed(MINER, Some(20)),
                hotkey_swapped(1, 5),
                removed(at(5, 2), Some(50)),
            ],
            before: &[(MINER, 100)],
            after: &[(at(5, 2), 107)],
            epoch: true,
            ..CASE
        };
        let expected = [
            (Kind::Incentive, MINER, 70),
            (Kind::DividendOrOther, MINER, 7),
            (Kind::StakeRemoved, MINER, -20),
            (Kind::KeySwap, MINER, -157),
            (Kind::KeySwap, at(5, 2), 157),
            (Kind::StakeRemoved, at(5, 2), -50),
        ];
        check(&case, &expected);
    }

    #[test]
    fn a_hotkey_swap_may_leave_the_stake_behind() {
        let case =
            Case { events: &[hotkey_swapped(1, 5)], before: &[(MINER, 100)], after: &[(MINER, 100)], ..CASE };
        check(&case, &[]);
        let case = Case { after: &[(at(5, 2), 100)], ..case };
        check(&case, &[(Kind::KeySwap, MINER, -100), (Kind::KeySwap, at(5, 2), 100)]);
        assert_eq!(run(&case).renamed, [(Hotkey([1; 32]), Hotkey([5; 32]))]);
        // What was earned in the block itself shows which it was.
        let events = [incentive([0, 0]), hotkey_swapped(1, 5)];
        let case = Case { events: &events, before: &[], after: &[(MINER, 30)], epoch: true, ..CASE };
        check(&case, &[(Kind::DividendOrOther, MINER, 30)]);
        let case = Case { after: &[(at(5, 2), 30)], ..case };
        check(
            &case,
            &[(Kind::DividendOrOther, MINER, 30), (Kind::KeySwap, MINER, -30), (Kind::KeySwap, at(5, 2), 30)],
        );
    }

    #[test]
    fn a_holder_goes_on_under_its_new_coldkey() {
        let case = Case {
            events: &[coldkey_swapped(2, 4), removed(at(1, 4), Some(30))],
            before: &[(MINER, 100), (at(7, 4), 11)],
            after: &[(at(1, 4), 70), (at(7, 4), 11)],
            ..CASE
        };
        check(
            &case,
            &[
                (Kind::KeySwap, MINER, -100),
                (Kind::KeySwap, at(1, 4), 100),
                (Kind::StakeRemoved, at(1, 4), -30),
            ],
        );
        let settled = run(&case);
        let expected =
            Succession { block: BlockNumber(20), event_index: 0, old: MINER.coldkey, new: Coldkey([4; 32]) };
        assert_eq!((settled.successions, settled.received), (vec![expected], BTreeSet::new()));
    }

    #[test]
    fn what_a_holder_receives_from_a_stranger_by_swap_is_not_its_own_history() {
        let case = Case {
            events: &[coldkey_swapped(4, 2)],
            before: &[(at(1, 4), 10), (MINER, 5)],
            after: &[(MINER, 15)],
            ..CASE
        };
        check(&case, &[(Kind::KeySwap, MINER, 10)]);
        let settled = run(&case);
        assert_eq!((settled.successions, settled.received), (vec![], BTreeSet::from([0])));
    }

    #[test]
    fn what_is_claimed_and_renamed_in_one_block_is_found_though_no_state_shows_it() {
        let claimed = StakeEvent::RootClaimed { coldkey: Coldkey([4; 32]) };
        let case = Case { events: &[claimed.clone(), coldkey_swapped(4, 2)], after: &[(MINER, 15)], ..CASE };
        check(&case, &[(Kind::KeySwap, MINER, 15)]);
        // The same of the holder itself.
        let case = Case { holders: &[4], ..case };
        check(
            &case,
            &[(Kind::RootClaim, at(1, 4), 15), (Kind::KeySwap, MINER, 15), (Kind::KeySwap, at(1, 4), -15)],
        );
    }

    #[test]
    fn a_rise_that_only_a_root_claim_explains_is_one() {
        let claimed = |n| StakeEvent::RootClaimed { coldkey: Coldkey([n; 32]) };
        let case = Case { events: &[claimed(2)], before: &[(MINER, 100)], after: &[(MINER, 101)], ..CASE };
        check(&case, &[(Kind::RootClaim, MINER, 1)]);
        // Another's claim may have rounded by a rao; nobody's claim explains nothing.
        check(&Case { events: &[claimed(2), claimed(3)], ..case }, &[]);
        check(&Case { events: &[claimed(2), coldkey_swapped(5, 6)], ..case }, &[]);
        check(&Case { events: &[claimed(3)], after: &[(MINER, 200)], ..case }, &[]);
    }

    #[test]
    fn amounts_left_out_are_told_by_balances() {
        let case =
            Case { events: &[removed(MINER, None)], before: &[(MINER, 100)], after: &[(MINER, 60)], ..CASE };
        check(&case, &[(Kind::StakeRemoved, MINER, -40)]);
        let case = Case { events: &[incentive([0, 70]), removed(MINER, None)], epoch: true, ..case };
        check(&case, &[(Kind::Incentive, MINER, 70), (Kind::StakeRemoved, MINER, -110)]);
    }

    #[test]
    fn rounding_is_booked_where_it_was_also_among_renamed_positions() {
        let added = StakeEvent::StakeAdded {
            coldkey: MINER.coldkey,
            hotkey: MINER.hotkey,
            netuid: NETUID,
            alpha: Some(Rao(50)),
        };
        let burned = StakeEvent::AlphaBurned {
            coldkey: MINER.coldkey,
            hotkey: MINER.hotkey,
            netuid: NETUID,
            alpha: Rao(49),
        };
        let case = Case { events: &[coldkey_swapped(2, 4), added, burned], epoch: true, ..CASE };
        check(
            &case,
            &[(Kind::StakeAdded, MINER, 50), (Kind::Burned, MINER, -49), (Kind::Rounding, MINER, -1)],
        );
    }

    #[test]
    fn a_move_without_an_amount_takes_as_much_as_it_brings() {
        let moved = StakeEvent::StakeMoved {
            coldkey: MINER.coldkey,
            from_hotkey: MINER.hotkey,
            from_netuid: NETUID,
            to_hotkey: Hotkey([5; 32]),
            to_netuid: NETUID,
        };
        let added = StakeEvent::StakeAdded {
            coldkey: MINER.coldkey,
            hotkey: Hotkey([5; 32]),
            netuid: NETUID,
            alpha: None,
        };
        // A rao was lost on the way: it is left to the interval's rounding.
        let case = Case {
            events: &[removed(MINER, None), added, moved],
            before: &[(MINER, 100)],
            after: &[(MINER, 40), (at(5, 2), 59)],
            ..CASE
        };
        check(&case, &[(Kind::Moved, MINER, -60), (Kind::Moved, at(5, 2), 60)]);
        // Where something was sold besides, the other end tells them apart.
        let sold = [&[removed(MINER, None)], case.events].concat();
        let case = Case { events: &sold, after: &[(MINER, 30), (at(5, 2), 60)], ..case };
        check(
            &case,
            &[(Kind::StakeRemoved, MINER, -10), (Kind::Moved, MINER, -60), (Kind::Moved, at(5, 2), 60)],
        );
    }

    #[test]
    fn a_dissolved_subnet_takes_what_is_left() {
        let case = Case {
            events: &[
                removed(MINER, Some(30)),
                StakeEvent::NetworkRemoved { netuid: NETUID },
                coldkey_swapped(2, 4),
            ],
            before: &[(MINER, 100)],
            ..CASE
        };
        check(&case, &[(Kind::StakeRemoved, MINER, -30), (Kind::Dissolved, MINER, -70)]);
    }

    fn order(sells: bool, alpha: u64) -> StakeEvent {
        StakeEvent::OrderExecuted { trader: MINER.coldkey, netuid: NETUID, sells, alpha: Rao(alpha) }
    }

    #[test]
    fn orders_of_a_group_fall_where_the_balances_say() {
        let grouped = |orders| StakeEvent::OrdersGrouped { netuid: NETUID, orders };
        let events = [order(true, 40), order(false, 7), grouped(2)];
        let case = Case {
            events: &events,
            before: &[(MINER, 100), (at(5, 2), 50)],
            after: &[(MINER, 107), (at(5, 2), 10)],
            ..CASE
        };
        check(&case, &[(Kind::StakeRemoved, at(5, 2), -40), (Kind::StakeAdded, MINER, 7)]);
        // In an epoch's block dividends are what is left.
        let events = [incentive([0, 70]), order(true, 40), grouped(1)];
        let case = Case { events: &events, after: &[(MINER, 170), (at(5, 2), 13)], epoch: true, ..case };
        check(
            &case,
            &[
                (Kind::Incentive, MINER, 70),
                (Kind::DividendOrOther, at(5, 2), 3),
                (Kind::StakeRemoved, at(5, 2), -40),
            ],
        );
        // A position bought and sold in one block shows in no state.
        let events = [order(false, 7), order(true, 7), grouped(2)];
        let case = Case { events: &events, before: &[], after: &[], epoch: false, ..case };
        check(&case, &[]);
    }

    #[test]
    fn an_order_is_found_beside_a_reconciled_pool() {
        let reconciled = StakeEvent::PoolReconciled { hotkey: MINER.hotkey, netuid: NETUID };
        let events = [reconciled, order(false, 70), StakeEvent::OrdersGrouped { netuid: NETUID, orders: 1 }];
        // Whichever has it, as much is left in all.
        let case = Case {
            events: &events,
            before: &[(MINER, 1_000), (at(5, 2), 50)],
            after: &[(MINER, 1_250), (at(5, 2), 119)],
            ..CASE
        };
        check(&case, &[(Kind::Corrected, MINER, 250), (Kind::StakeAdded, at(5, 2), 70)]);
    }

    #[test]
    fn what_a_reconciled_pool_makes_of_a_position_is_no_sale() {
        let events = [StakeEvent::PoolReconciled { hotkey: MINER.hotkey, netuid: NETUID }];
        let case = Case { events: &events, before: &[(MINER, 100)], after: &[(MINER, 90)], ..CASE };
        check(&case, &[(Kind::Corrected, MINER, -10)]);
        check(&Case { after: &[(MINER, 110)], ..case }, &[(Kind::Corrected, MINER, 10)]);
        let events = [events[0].clone(), incentive([0, 70])];
        let case = Case { events: &events, after: &[(MINER, 160)], epoch: true, ..case };
        check(&case, &[(Kind::Incentive, MINER, 70), (Kind::Corrected, MINER, -10)]);
    }

    #[test]
    fn on_a_runtime_not_measured_balances_bear_amounts_out() {
        let sold = |alpha, fee| StakeEvent::StakeRemoved {
            coldkey: MINER.coldkey,
            hotkey: MINER.hotkey,
            netuid: NETUID,
            alpha: Some(Rao(alpha)),
            fee: Rao(fee),
        };
        let events = [sold(50, 5)];
        let case =
            Case { events: &events, before: &[(MINER, 100)], after: &[(MINER, 50)], measured: false, ..CASE };
        check(&case, &[(Kind::StakeRemoved, MINER, -50)]);
        // The fee is inside; what is told is something else.
        check(&Case { after: &[(MINER, 55)], ..case }, &[(Kind::StakeRemoved, MINER, -45)]);
        check(&Case { after: &[(MINER, 20)], ..case }, &[(Kind::StakeRemoved, MINER, -80)]);
        let events = [sold(50, 5), sold(20, 2)];
        check(
            &Case { events: &events, after: &[(MINER, 32)], ..case },
            &[(Kind::StakeRemoved, MINER, -50), (Kind::StakeRemoved, MINER, -18)],
        );
        // In an epoch's block as well, where nothing else is left.
        let events = [incentive([0, 70]), sold(50, 5)];
        let case = Case { events: &events, epoch: true, ..case };
        check(
            &Case { after: &[(MINER, 125)], ..case },
            &[(Kind::Incentive, MINER, 70), (Kind::StakeRemoved, MINER, -45)],
        );
        check(
            &Case { after: &[(MINER, 120)], ..case },
            &[(Kind::Incentive, MINER, 70), (Kind::StakeRemoved, MINER, -50)],
        );
        // Where it was measured, what the amounts leave is told.
        check(
            &Case { after: &[(MINER, 100)], measured: true, ..case },
            &[
                (Kind::Incentive, MINER, 70),
                (Kind::StakeRemoved, MINER, -50),
                (Kind::Unattributed, MINER, -20),
            ],
        );
    }
}
