//! A block whose events are classified once for each subnet that records it.

use std::collections::BTreeMap;

use crate::block::BlockFacts;
use crate::flow::classify::{Flows, classify};
use crate::record::plan::leaves_a_trace;
use crate::record::subnet_ledger::SubnetLedger;
use crate::units::NetUid;

/// A block with what its events say about each subnet.
pub(crate) struct ClassifiedBlock {
    pub(crate) facts: BlockFacts,
    pub(crate) flows: BTreeMap<NetUid, Flows>,
}

impl ClassifiedBlock {
    pub(crate) fn new(facts: BlockFacts, netuids: &[NetUid]) -> Self {
        let flows = netuids.iter().map(|netuid| (*netuid, classify(*netuid, &facts))).collect();
        Self { facts, flows }
    }

    /// Whether this ledger records more of the block than that it exists.
    pub(crate) fn leaves_a_trace(&self, ledger: &SubnetLedger) -> bool {
        self.flows.get(&ledger.netuid()).is_some_and(|flows| leaves_a_trace(ledger, &self.facts, flows))
    }
}
