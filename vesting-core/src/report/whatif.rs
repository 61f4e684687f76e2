//! The same epoch under another policy.

use std::collections::BTreeMap;

use crate::report::{JudgedMiner, MinerReport, Report};
use crate::units::{Neuron, Uid};

/// One neuron under two policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// The neuron.
    pub neuron: Neuron,
    /// Its multiplier under the present policy, and why.
    pub before: JudgedMiner,
    /// Its multiplier under the other policy, and why.
    pub after: JudgedMiner,
}

impl Change {
    /// Whether its factor changes, or whether its weight changes to or from zero.
    #[must_use]
    pub fn differs(&self) -> bool {
        let given = |judged: &JudgedMiner| (judged.multiplier.factor, judged.multiplier.zero_weight);
        given(&self.before) != given(&self.after)
    }
}

/// Every neuron under two policies, by uid. Both reports are as of the same epoch.
#[must_use]
pub fn changes(before: &Report, after: &Report) -> Vec<Change> {
    let others: BTreeMap<Uid, &MinerReport> =
        after.miners.iter().map(|miner| (miner.neuron.uid, miner)).collect();
    let pairs =
        before.miners.iter().filter_map(|miner| others.get(&miner.neuron.uid).map(|other| (miner, other)));
    pairs
        .map(|(miner, other)| Change { neuron: miner.neuron, before: miner.judged(), after: other.judged() })
        .collect()
}
