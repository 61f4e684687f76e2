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
pub struct MinerReport {
    /// The neuron.
    pub neuron: Neuron,
    /// Its position: its owner's stake on its hotkey.
    pub stake: Rao,
    /// The part of it that was there when the holder's history in the window starts.
    pub opening_stake: Rao,
    /// The part earned in the window and kept.
    pub earned_stake: Rao,
    /// The rest: bought, moved in, received.
    pub manual_stake: Rao,
    /// The part of it that cannot be moved, by locks or as collateral; `None` where that is not known. As
    /// with what was earned, a position has its holder's part in proportion.
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
    /// Its holder's holding, its multiplier, and why it has that one.
    #[must_use]
    pub const fn judged(&self) -> JudgedMiner {
        JudgedMiner { holding: self.holding, multiplier: self.multiplier, reason: self.reason }
    }
}

/// A subnet as of an epoch, under a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// A coldkey with its multiplier; `None` for one that is neither a holder of the window nor owns a
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
