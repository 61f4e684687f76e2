//! A block without an epoch.

use std::collections::BTreeMap;

use super::Recorder;
use crate::flow::classify::Flows;
use crate::flow::settle::{BlockStates, Settled, settle};
use crate::ledger::Entry;
use crate::record::error::MonitorError;
use crate::record::plan::BlockPlan;
use crate::record::recorded::Recorded;
use crate::record::states_around::{StatesAround, of_coldkeys};

impl Recorder<'_> {
    /// Records a block without an epoch.
    pub(super) async fn record_between(
        &mut self,
        plan: &BlockPlan<'_>,
        mut around: StatesAround,
    ) -> Result<Recorded, MonitorError> {
        let (facts, flows) = (plan.facts, plan.flows);
        let (netuid, number) = (self.netuid(), facts.block.number);
        let (holders, affected) = (&plan.holders, &plan.affected);
        let mut settled = Settled::default();
        let mut before = BTreeMap::new();
        if !affected.is_empty() {
            self.read_missing_positions(number, &mut around, affected).await?;
            before = of_coldkeys(&around.before.positions, affected);
            settled = settle(&BlockStates {
                netuid,
                facts,
                flows,
                holders,
                coldkeys: affected,
                before: &before,
                after: &of_coldkeys(&around.after.positions, affected),
                balances: self.ledger.balances(),
                epoch: None,
                runtime_changed: plan.runtime_changed,
            });
        }
        // The events say everything about the other holders.
        let told = flows
            .legs
            .iter()
            .filter(|leg| holders.contains(&leg.key.coldkey) && !affected.contains(&leg.key.coldkey));
        settled.entries.extend(told.filter_map(|leg| Flows::entry(netuid, number, leg)));
        settled.entries.sort_by_key(Entry::order);
        self.open_successors(&settled, number.parent(), &before).await?;
        self.ledger.count(flows, &settled, plan.runtime_changed);
        let recorded = Recorded::entries(settled.entries.len());
        self.write(settled, facts.time).await?;
        Ok(recorded)
    }
}
