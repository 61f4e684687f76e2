//! Orders of a group: on which position each of them fell.

use std::collections::BTreeMap;

use super::work::{Work, of};
use crate::flow::classify::{Leg, Order, Swap};
use crate::ledger::Kind;
use crate::units::{Coldkey, PositionKey, RaoDelta};

/// Ways in which the orders of one trader may have fallen on its positions that are tried at most; beyond,
/// each order is placed for itself.
const PLACINGS_TRIED: usize = 4_096;

impl Work<'_> {
    /// Finds the positions that orders of a group changed: the event names only the trader. Gives whether
    /// there were any.
    pub(super) fn place_orders(&mut self) -> bool {
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
    pub(super) fn traded(
        &self,
        group: &[PositionKey],
        trader: Coldkey,
        orders: &[Order],
    ) -> Option<PositionKey> {
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
    pub(super) fn placing(&self, orders: &[Order], rest: &[RaoDelta], noise: &[u128]) -> Vec<usize> {
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
}
