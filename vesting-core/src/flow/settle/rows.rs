//! The rows of an epoch: what it did to each position.

use std::collections::{BTreeMap, BTreeSet};

use super::work::Work;
use crate::block::StakeChange;
use crate::ledger::{Entry, Flow, Kind};
use crate::units::{Coldkey, PositionKey, Rao, RaoDelta, Uid};

impl Work<'_> {
    pub(super) fn rows(&self, entries: &[Entry], holders: &BTreeSet<Coldkey>) -> Vec<StakeChange> {
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
