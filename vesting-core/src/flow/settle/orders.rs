//! Orders of a group: which position each of them traded.

use std::collections::BTreeMap;

use super::work::{Work, alpha_of};
use crate::flow::classify::{Leg, Order, Swap};
use crate::ledger::Kind;
use crate::units::{Coldkey, PositionKey, RaoDelta};

/// The most ways to place the orders of one trader on its positions. If there are more, each order is placed
/// by itself.
const PLACINGS_TRIED: usize = 4_096;

impl Work<'_> {
    /// Finds the positions that orders of a group changed, since the event names only the trader. Returns
    /// whether there were any orders.
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
            // Positions that a swap in this block joins are one group, whichever of them the order traded.
            let (mut keys, mut rest, mut noise) = (Vec::new(), Vec::new(), Vec::new());
            for group in &groups {
                if let Some(key) = self.traded(group, trader, &orders) {
                    keys.push(key);
                    rest.push(self.unexplained(group));
                    noise.push(self.rounding_limit(group));
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

    /// The position of a group that a trader's orders traded. There are two only if a hotkey was swapped in
    /// the block. Then it is the one that changed more. A position that was swapped away before the orders
    /// does not count if nothing is left on it.
    pub(super) fn traded(
        &self,
        group: &[PositionKey],
        trader: Coldkey,
        orders: &[Order],
    ) -> Option<PositionKey> {
        let first = orders.iter().map(|order| order.source.event_index).min()?;
        let swapped_away = |key: &PositionKey| {
            let before = |swap: &&Swap| swap.source.event_index < first;
            alpha_of(self.states.after, key).is_zero()
                && self.swaps.iter().filter(before).any(|swap| swap.keys.renamed(key).is_some())
        };
        let own = || group.iter().copied().filter(|key| key.coldkey == trader);
        let changed = |key: &PositionKey| {
            (self.unexplained(std::slice::from_ref(key)).magnitude(), std::cmp::Reverse(*key))
        };
        own().filter(|key| !swapped_away(key)).max_by_key(changed).or_else(|| own().next())
    }

    /// The position of each order, chosen so that the least remains unexplained. `rest` are the unexplained
    /// changes of the positions. A change of at most its `noise` is rounding.
    pub(super) fn placing(&self, orders: &[Order], rest: &[RaoDelta], noise: &[u128]) -> Vec<usize> {
        let all = u32::try_from(orders.len())
            .ok()
            .and_then(|orders| rest.len().checked_pow(orders))
            .unwrap_or(usize::MAX);
        if all > PLACINGS_TRIED {
            // Places one order after the other, each where it fits best.
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
            // In an epoch's block dividends may have credited any of them, but nothing else was debited.
            let short = if self.states.epoch.is_some() { sum(|rest| rest.0 < 0) } else { 0 };
            // A dividend, a claim or a reconciled pool may change another position too. So the best placing
            // leaves few positions changed.
            let touched = rest.iter().zip(noise).filter(|(rest, noise)| rest.magnitude() > **noise).count();
            (short, touched, sum(|_| true))
        };
        placings.min_by_key(left).unwrap_or_default()
    }
}
