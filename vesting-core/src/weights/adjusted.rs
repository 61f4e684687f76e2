//! Weights adjusted.

use crate::report::Reason;
use crate::units::{Hotkey, Ppb, Uid};

/// One weight, adjusted.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct AdjustedWeight {
    /// The uid: as given, else as in the report.
    pub uid: Option<Uid>,
    /// The hotkey: as given, else as in the report.
    pub hotkey: Option<Hotkey>,
    /// The weight.
    pub weight: f64,
    /// The multiplier computed for it; 0 where the policy leaves no weight.
    pub multiplier: Ppb,
    /// Why it has that multiplier.
    pub reason: Reason,
    /// The uid that its hotkey has in the report, where another one was given with it. The multiplier is the
    /// hotkey's; on the chain the weight goes to who has the uid given.
    pub own_uid: Option<Uid>,
}

/// Weights adjusted, in the order of the input. With
/// [`Redistribution::Burn`](crate::score::policy::Redistribution::Burn) the burn uid comes last where it was
/// not among them and something is burned.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct AdjustedWeights {
    /// Each weight.
    pub each: Vec<AdjustedWeight>,
    /// Why the weights are the input's, if they are.
    pub unchanged: Option<Reason>,
}

impl AdjustedWeights {
    /// The weights alone.
    #[must_use]
    pub fn weights(&self) -> Vec<f64> {
        self.each.iter().map(|each| each.weight).collect()
    }

    /// Those of which a uid was given that is not their hotkey's, with their places from 0.
    pub fn elsewhere(&self) -> impl Iterator<Item = (usize, &AdjustedWeight)> {
        self.each.iter().enumerate().filter(|(_, each)| each.own_uid.is_some())
    }
}
