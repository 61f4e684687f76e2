//! Weights as a validator has them.

use std::collections::BTreeSet;

use super::{WeightGroups, WeightsError};
use crate::units::{Hotkey, Uid};

/// Weights as a validator has them: a list of weights, each for a hotkey, a uid, or both.
///
/// A map of weights by hotkey or by uid can be collected into it. A weight with a uid alone counts for the
/// hotkey that has this uid in the report.
#[derive(Debug, Clone, PartialEq)]
pub struct WeightsInput {
    /// The uids, if given. If hotkeys are given too, the hotkeys decide whose multiplier counts.
    pub uids: Option<Vec<Uid>>,
    /// The hotkeys, if given.
    pub hotkeys: Option<Vec<Hotkey>>,
    /// The weights.
    pub weights: Vec<f64>,
    /// Which of them belong together, if the sums of groups are to be kept.
    pub groups: Option<WeightGroups>,
}

impl FromIterator<(Uid, f64)> for WeightsInput {
    fn from_iter<T: IntoIterator<Item = (Uid, f64)>>(map: T) -> Self {
        let (uids, weights) = map.into_iter().unzip();
        Self { uids: Some(uids), hotkeys: None, weights, groups: None }
    }
}

impl FromIterator<(Hotkey, f64)> for WeightsInput {
    fn from_iter<T: IntoIterator<Item = (Hotkey, f64)>>(map: T) -> Self {
        let (hotkeys, weights) = map.into_iter().unzip();
        Self { uids: None, hotkeys: Some(hotkeys), weights, groups: None }
    }
}

impl WeightsInput {
    /// Checks that the lists are equally long and name nobody twice.
    pub(super) fn check(&self) -> Result<(), WeightsError> {
        let weights = self.weights.len();
        let length = |what, found: usize| {
            if found == weights { Ok(()) } else { Err(WeightsError::Length { what, found, weights }) }
        };
        if self.hotkeys.is_none() && self.uids.is_none() {
            return Err(WeightsError::Nameless);
        }
        self.hotkeys.as_ref().map_or(Ok(()), |hotkeys| length("hotkeys", hotkeys.len()))?;
        self.uids.as_ref().map_or(Ok(()), |uids| length("uids", uids.len()))?;
        let (mut hotkeys, mut uids) = (BTreeSet::new(), BTreeSet::new());
        if let Some(twice) = self.hotkeys.iter().flatten().find(|hotkey| !hotkeys.insert(**hotkey)) {
            return Err(WeightsError::DuplicateHotkey(twice.to_string()));
        }
        match self.uids.iter().flatten().find(|uid| !uids.insert(**uid)) {
            Some(twice) => Err(WeightsError::DuplicateUid(twice.0)),
            None => Ok(()),
        }
    }
}
