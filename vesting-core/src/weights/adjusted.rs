//! Adjusted weights.

use crate::report::Reason;
use crate::units::{Hotkey, Ppb, Uid};

/// One adjusted weight.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct AdjustedWeight {
    /// The uid that was given, else the one in the report.
    pub uid: Option<Uid>,
    /// The hotkey that was given, else the one in the report.
    pub hotkey: Option<Hotkey>,
    /// The weight.
    pub weight: f64,
    /// Its multiplier; 0 where the policy leaves no weight.
    pub multiplier: Ppb,
    /// Why it has that multiplier.
    pub reason: Reason,
    /// The uid of its hotkey in the report, if another uid was given with it. The multiplier is the hotkey's,
    /// but on the chain the weight goes to the given uid.
    pub own_uid: Option<Uid>,
}

/// Adjusted weights in the order of the input. With
/// [`Redistribution::Burn`](crate::score::policy::Redistribution::Burn) the burn uid is appended if it is not
/// among them and something is burned.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct AdjustedWeights {
    /// Each weight.
    pub each: Vec<AdjustedWeight>,
    /// Why the weights are unchanged, if they are.
    pub unchanged: Option<Reason>,
}

impl AdjustedWeights {
    /// The weights alone.
    #[must_use]
    pub fn weights(&self) -> Vec<f64> {
        self.each.iter().map(|each| each.weight).collect()
    }

    /// The weights whose given uid is not their hotkey's, each with its place, from 0.
    pub fn elsewhere(&self) -> impl Iterator<Item = (usize, &AdjustedWeight)> {
        self.each.iter().enumerate().filter(|(_, each)| each.own_uid.is_some())
    }
}
