//! The stake operations of the open interval, which bound its rounding.

use crate::flow::classify::Flows;
use crate::flow::settle::Settled;
use crate::record::subnet_ledger::ledger::SubnetLedger;
use crate::units::Hotkey;

impl SubnetLedger {
    /// Counts the stake operations of a block, which bound the interval's rounding. When a hotkey is swapped,
    /// its count goes to the new one.
    pub fn count(&mut self, flows: &Flows, settled: &Settled, runtime_changed: bool) {
        let counts = &mut self.interval.operations;
        for (hotkey, count) in flows.operations.iter().chain(&settled.unnamed) {
            let counted = counts.entry(*hotkey).or_default();
            *counted = counted.saturating_add(*count);
        }
        for (old, new) in &settled.renamed {
            let before = counts.get(old).copied().unwrap_or(0);
            let counted = counts.entry(*new).or_default();
            *counted = counted.saturating_add(before);
        }
        self.interval.anywhere = self.interval.anywhere.saturating_add(flows.anywhere());
        self.interval.runtime_changed |= runtime_changed;
    }

    /// Notes that there were at least so many operations on a hotkey in the open interval.
    pub fn operated_on(&mut self, hotkey: Hotkey, operations: u64) {
        let counted = self.interval.operations.entry(hotkey).or_default();
        *counted = (*counted).max(operations);
    }
}
