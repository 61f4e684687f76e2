//! What events with amounts do not explain: emission, root claims and corrections.

use super::work::{Work, alpha_of};
use crate::block::Phase;
use crate::ledger::Source;
use crate::units::{Hotkey, PositionKey, RaoDelta};

impl Work<'_> {
    /// Finds what events with amounts do not explain: unknown amounts, emission, root claims and corrections.
    pub(super) fn find_unannounced(&mut self) {
        let groups = self.groups();
        // In a block that dissolves the subnet, balances confirm no amount.
        if self.states.flows.doubted && self.states.flows.dissolved.is_none() {
            groups.iter().for_each(|group| self.check_amounts(group));
        }
        self.fill_in(&groups);
        for group in groups {
            let rest = self.unexplained(&group);
            if self.states.flows.dissolved.is_some() || rest.is_zero() {
                // The dissolution debits what a dissolved subnet leaves.
                continue;
            }
            // In an epoch's block a credit by a pool's correction looks like dividends. Neither is a
            // purchase.
            let correction = self.correction(&group).filter(|_| rest.0 < 0 || self.states.epoch.is_none());
            if let Some(source) = correction {
                self.corrected.insert(self.earner(&group), (source, rest));
            } else if self.states.epoch.is_some() {
                // A debit is settled position by position at the end.
                if rest.0 > 0 {
                    self.rest.insert(self.earner(&group), rest);
                }
            } else if let Some((source, key)) = self.claim(&group, rest) {
                self.claimed.insert(key, (source, rest));
            }
            // Between epochs, any other residual waits for the end of the interval.
        }
    }

    /// The event by which a pool of the group was reconciled.
    pub(super) fn correction(&self, group: &[PositionKey]) -> Option<Source> {
        let of_group = |hotkey: &Hotkey| group.iter().any(|key| key.hotkey == *hotkey);
        self.states.flows.reconciled.iter().find(|(_, hotkey)| of_group(hotkey)).map(|(source, _)| *source)
    }

    /// How a group changed beyond the known amounts.
    pub(super) fn unexplained(&self, group: &[PositionKey]) -> RaoDelta {
        let sum = |of: &dyn Fn(&PositionKey) -> RaoDelta| group.iter().map(of).sum::<RaoDelta>();
        let change =
            sum(&|key| alpha_of(self.states.after, key)) - sum(&|key| alpha_of(self.states.before, key));
        let first = Source { event_index: 0, phase: Phase::Initialization };
        let earned: RaoDelta = group
            .iter()
            .flat_map(|key| {
                self.incentives.range((*key, first)..).take_while(move |((earner, _), _)| earner == key)
            })
            .map(|(_, alpha)| *alpha)
            .sum();
        let stated: RaoDelta =
            self.legs.iter().filter(|leg| group.contains(&leg.key)).filter_map(|leg| leg.alpha).sum();
        change - earned - stated
    }

    /// The most by which other operations may have rounded a group in a block between epochs.
    pub(super) fn rounding_limit(&self, group: &[PositionKey]) -> u128 {
        let flows = self.states.flows;
        let operations: u64 =
            group.iter().map(|key| flows.operations.get(&key.hotkey).copied().unwrap_or(0)).sum();
        u128::from(operations.saturating_add(flows.anywhere()))
            .saturating_add(u128::from(self.states.runtime_changed))
    }

    /// The position of a group that emission is credited to: the one with the most stake before.
    pub(super) fn earner(&self, group: &[PositionKey]) -> PositionKey {
        group
            .iter()
            .copied()
            .max_by_key(|key| (alpha_of(self.states.before, key), std::cmp::Reverse(*key)))
            .unwrap_or_else(|| group[0])
    }

    /// The root claim that explains a credit, and the position that got it. A credit that other operations'
    /// rounding may explain is no claim.
    pub(super) fn claim(&self, group: &[PositionKey], rest: RaoDelta) -> Option<(Source, PositionKey)> {
        if rest.0 <= 0 {
            return None;
        }
        let flows = self.states.flows;
        let (source, claimer) =
            flows.claims.iter().find(|(_, coldkey)| group.iter().any(|key| key.coldkey == *coldkey))?;
        let own =
            flows.claims.iter().filter(|(_, coldkey)| coldkey == claimer).fold(0u128, |count, _| count + 1);
        if rest.magnitude() <= self.rounding_limit(group).saturating_sub(own) {
            return None;
        }
        let mut key = *group
            .iter()
            .filter(|key| key.coldkey == *claimer)
            .max_by_key(|key| alpha_of(self.states.before, key))?;
        for swap in self.swaps.iter().filter(|swap| swap.source.event_index < source.event_index) {
            key = swap.keys.renamed(&key).filter(|renamed| group.contains(renamed)).unwrap_or(key);
        }
        Some((*source, key))
    }
}
