//! A subnet's miners as of an epoch.

use std::collections::BTreeMap;

use crate::report::figures::PositionFigures;
use crate::report::judged::{JudgedMiner, ScoredHolder};
use crate::report::reason::Reason;
use crate::score::holding::Holding;
use crate::score::multiplier::Multiplier;
use crate::units::{Coldkey, NetUid, Neuron, Rao};
use crate::window::Window;

/// One neuron as of an epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct MinerReport {
    /// The neuron.
    pub neuron: Neuron,
    /// Its position: its owner's stake on its hotkey.
    pub stake: Rao,
    /// The part of it that the holder had when its history in the window began.
    pub opening_stake: Rao,
    /// The part of it that was earned in the window and kept.
    pub earned_stake: Rao,
    /// The rest: bought, moved in, received.
    pub manual_stake: Rao,
    /// The part of it that locks or collateral hold; `None` where the record does not say. Locks are the
    /// holder's, so each of its positions has its share of them.
    pub locked_stake: Option<Rao>,
    /// What came and went on this position in the window.
    pub figures: PositionFigures,
    /// Its holder's holding.
    pub holding: Option<Holding>,
    /// Its holder's multiplier.
    pub multiplier: Multiplier,
    /// Why.
    pub reason: Reason,
}

impl MinerReport {
    /// A neuron without stake and of no holder, with this multiplier for this reason. Set what else is known
    /// of it.
    #[must_use]
    pub fn new(neuron: Neuron, multiplier: Multiplier, reason: Reason) -> Self {
        Self {
            neuron,
            stake: Rao::ZERO,
            opening_stake: Rao::ZERO,
            earned_stake: Rao::ZERO,
            manual_stake: Rao::ZERO,
            locked_stake: None,
            figures: PositionFigures::default(),
            holding: None,
            multiplier,
            reason,
        }
    }

    /// Its holder's holding, its multiplier, and why it has that one.
    #[must_use]
    pub const fn judged(&self) -> JudgedMiner {
        JudgedMiner { holding: self.holding, multiplier: self.multiplier, reason: self.reason }
    }
}

/// A subnet as of an epoch, under a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// The subnet.
    pub netuid: NetUid,
    /// The window.
    pub window: Window,
    /// The holders of the window.
    pub holders: BTreeMap<Coldkey, ScoredHolder>,
    /// The neurons at `as_of`, by uid.
    pub miners: Vec<MinerReport>,
}

impl Report {
    /// A report of these miners, and of no holder. [`StakeTracker::report`](crate::StakeTracker::report)
    /// makes one from a record.
    #[must_use]
    pub const fn new(netuid: NetUid, window: Window, miners: Vec<MinerReport>) -> Self {
        Self { netuid, window, holders: BTreeMap::new(), miners }
    }

    /// A coldkey with its multiplier. `None` for a coldkey that is no holder of the window and owns no
    /// neuron.
    #[must_use]
    pub fn holder(&self, coldkey: Coldkey) -> Option<JudgedMiner> {
        let known = self.holders.contains_key(&coldkey) || self.is_registered(coldkey);
        known.then(|| self.judged(coldkey))
    }

    /// Any coldkey with its multiplier.
    pub(crate) fn judged(&self, coldkey: Coldkey) -> JudgedMiner {
        let incomplete = self.window.incomplete_since.is_some();
        JudgedMiner::new(self.holders.get(&coldkey), incomplete, self.is_registered(coldkey))
    }

    fn is_registered(&self, coldkey: Coldkey) -> bool {
        self.miners.iter().any(|miner| miner.neuron.coldkey == coldkey)
    }
}
