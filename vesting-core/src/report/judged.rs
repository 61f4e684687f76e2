//! Holders and miners under a policy: what each holds, the multiplier that follows, and why.

use super::Reason;
use crate::score::holding::Holding;
use crate::score::multiplier::{LimitedBy, Multiplier, multiplier};
use crate::score::policy::Policy;
use crate::units::Ppb;

/// A holder of a window, with the multiplier that follows from what it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ScoredHolder {
    /// What it holds, and for how long.
    pub holding: Holding,
    /// Its multiplier.
    pub multiplier: Multiplier,
}

impl ScoredHolder {
    /// The holder of that holding, under a policy.
    pub(crate) fn new(holding: Holding, policy: &Policy) -> Self {
        Self { holding, multiplier: multiplier(&holding, policy) }
    }
}

/// A miner or any other coldkey with its multiplier, and why it has that multiplier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct JudgedMiner {
    /// What it holds, and for how long. `None` if it is no holder of the window.
    pub holding: Option<Holding>,
    /// Its multiplier.
    pub multiplier: Multiplier,
    /// Why.
    pub reason: Reason,
}

impl JudgedMiner {
    /// Judges a coldkey. `holder` is its holding if it is a holder of the window. `registered` says whether
    /// it owns a neuron, and `incomplete` whether the record covers only a part of the window.
    pub(crate) fn new(holder: Option<&ScoredHolder>, incomplete: bool, registered: bool) -> Self {
        let one = Multiplier { factor: Ppb::ONE, zero_weight: false, limited_by: LimitedBy::NothingEarned };
        let (multiplier, reason) = match holder {
            _ if incomplete => (one, Reason::Incomplete),
            Some(ScoredHolder { multiplier, .. }) => (*multiplier, Reason::Formula(multiplier.limited_by)),
            None if registered => (one, Reason::Newcomer),
            None => (one, Reason::NoHolder),
        };
        Self { holding: holder.map(|holder| holder.holding), multiplier, reason }
    }
}
