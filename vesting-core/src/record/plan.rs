//! The plan of a block: everything that follows from its events and the ledger before it, worked out once.
//!
//! A reader of blocks makes the plan, asks the chain for what the plan names, and passes both to the
//! recorder.

use std::collections::BTreeSet;

use super::subnet_ledger::SubnetLedger;
use crate::block::{BlockFacts, SubnetCounters, is_epoch};
use crate::flow::classify::Flows;
use crate::flow::settle::affected;
use crate::ports::{NeuronsAsk, OwnWord, Roster, SubnetAsk};
use crate::units::{Coldkey, PositionKey};

/// The role of a block in the ledger of a subnet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BlockRole {
    /// An epoch, with the counters after it.
    Epoch(SubnetCounters),
    /// The end of the subnet.
    End,
    /// The subnet does not exist. Nobody has stake there, and no holder continues under another coldkey.
    Absent,
    /// A block between epochs.
    Between,
}

impl BlockRole {
    fn of(ledger: &SubnetLedger, facts: &BlockFacts, flows: &Flows) -> Self {
        match facts.subnets.get(&ledger.netuid()).filter(|counters| is_epoch(facts.block.number, counters)) {
            Some(counters) => Self::Epoch(*counters),
            None if flows.dissolved.is_some() && ledger.interval().from.is_some() => Self::End,
            None if !facts.subnets.contains_key(&ledger.netuid()) => Self::Absent,
            None => Self::Between,
        }
    }

    /// Whether the block ends an interval.
    pub(crate) const fn is_boundary(self) -> bool {
        matches!(self, Self::Epoch(_) | Self::End)
    }
}

/// The plan of a block for the ledger that stands at its parent.
pub(crate) struct BlockPlan<'a> {
    pub(crate) facts: &'a BlockFacts,
    /// What its events say about the subnet.
    pub(crate) flows: &'a Flows,
    pub(crate) role: BlockRole,
    /// The holders before the block.
    pub(crate) holders: BTreeSet<Coldkey>,
    /// The holders whose positions must be read around the block, because its events do not say everything.
    pub(crate) affected: BTreeSet<Coldkey>,
    /// Whether another runtime made the parent.
    pub(crate) runtime_changed: bool,
}

impl<'a> BlockPlan<'a> {
    /// Plans the block after the one that the ledger stands at.
    pub(crate) fn new(ledger: &SubnetLedger, facts: &'a BlockFacts, flows: &'a Flows) -> Self {
        let role = BlockRole::of(ledger, facts, flows);
        let holders = ledger.holders();
        let affected = affected(flows, &holders, ledger.balances());
        let runtime_changed =
            ledger.watermark().is_some_and(|watermark| watermark.spec_version != facts.spec_version);
        Self { facts, flows, role, holders, affected, runtime_changed }
    }

    /// What must be read in the states before and after the block; `None` where its events say everything.
    /// `ledger` is the one that the plan was made for.
    pub(crate) fn ask(&self, ledger: &SubnetLedger) -> Option<SubnetAsk> {
        let some = |coldkeys| SubnetAsk {
            coldkeys,
            recorded: true,
            expected: self.expected(ledger),
            ..SubnetAsk::default()
        };
        let all = || SubnetAsk {
            own_word: OwnWord::ComparedSince(ledger.interval().from.unwrap_or_default()),
            ..some(self.affected.union(&self.holders).copied().collect())
        };
        match self.role {
            BlockRole::Epoch(_) => Some(SubnetAsk { neurons: NeuronsAsk::WithPositions, ..all() }),
            BlockRole::End => Some(all()),
            BlockRole::Between if !self.affected.is_empty() => Some(some(self.affected.clone())),
            BlockRole::Between | BlockRole::Absent => None,
        }
    }

    /// The positions and neurons to expect around the block: those the ledger knows, and those the block's
    /// events name.
    fn expected(&self, ledger: &SubnetLedger) -> Roster {
        let mut expected = ledger.roster();
        expected.positions.extend(self.flows.legs.iter().map(|leg| leg.key));
        for swap in &self.flows.swaps {
            let renamed: Vec<PositionKey> =
                expected.positions.iter().filter_map(|key| swap.keys.renamed(key)).collect();
            expected.positions.extend(renamed);
        }
        expected
    }
}

/// Whether more of a block is recorded than that it exists. So it is where the block begins the record, is an
/// epoch, has an operation of a holder, or the subnet does not exist. The ledger may be at an earlier block.
pub(crate) fn leaves_a_trace(ledger: &SubnetLedger, facts: &BlockFacts, flows: &Flows) -> bool {
    let Some(counters) = facts.subnets.get(&ledger.netuid()).filter(|_| ledger.watermark().is_some()) else {
        return true;
    };
    if is_epoch(facts.block.number, counters) {
        return true;
    }
    let concerned = flows.legs.iter().map(|leg| leg.key.coldkey);
    let concerned = concerned
        .chain(flows.claims.iter().map(|(_, coldkey)| *coldkey))
        .chain(flows.orders.iter().map(|order| order.trader));
    let of_all = !flows.swaps.is_empty() || !flows.reconciled.is_empty() || flows.new_owner.is_some();
    of_all
        || flows.dissolved.is_some()
        || flows.skipped
        || concerned.into_iter().any(|coldkey| ledger.is_holder(&coldkey))
}
