//! What if: the same epochs under another policy.

use std::collections::BTreeMap;

use crate::report::{MinerReport, Reason, Report};
use crate::score::multiplier::Multiplier;
use crate::units::{Neuron, Uid};

/// One neuron under two policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// The neuron.
    pub neuron: Neuron,
    /// Its multiplier under the policy that is, and why.
    pub before: (Multiplier, Reason),
    /// Under the other one.
    pub after: (Multiplier, Reason),
}

impl Change {
    /// Whether it gets another factor, or a weight where it got none or the other way round.
    #[must_use]
    pub fn differs(&self) -> bool {
        let given = |(multiplier, _): &(Multiplier, Reason)| (multiplier.factor, multiplier.zero_weight);
        given(&self.before) != given(&self.after)
    }
}

/// Every neuron under two policies, by uid, from two reports as of the same epoch.
#[must_use]
pub fn changes(before: &Report, after: &Report) -> Vec<Change> {
    let others: BTreeMap<Uid, &MinerReport> =
        after.miners.iter().map(|miner| (miner.neuron.uid, miner)).collect();
    let pairs =
        before.miners.iter().filter_map(|miner| others.get(&miner.neuron.uid).map(|other| (miner, other)));
    pairs
        .map(|(miner, other)| Change {
            neuron: miner.neuron,
            before: (miner.multiplier, miner.reason),
            after: (other.multiplier, other.reason),
        })
        .collect()
}
