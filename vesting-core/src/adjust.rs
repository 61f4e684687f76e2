//! A validator's weights under a report: matched by hotkey, since a uid may have changed hands.

use std::collections::BTreeMap;

use crate::policy::Policy;
use crate::weights::{Factor, WeightsError, normalise};
use crate::{Hotkey, Ppb, Reason, Report, Uid};

/// Weights as a validator has them.
#[derive(Debug, Clone, PartialEq)]
pub struct WeightsInput {
    /// The uids, if given; checked against the chain.
    pub uids: Option<Vec<Uid>>,
    /// The hotkeys, one a weight.
    pub hotkeys: Vec<Hotkey>,
    /// The weights.
    pub weights: Vec<f64>,
}

/// Weights adjusted, in the same order.
#[derive(Debug, Clone, PartialEq)]
pub struct WeightsOutput {
    /// The weights.
    pub weights: Vec<f64>,
    /// The multiplier computed for each.
    pub multipliers: Vec<Ppb>,
    /// Why.
    pub reasons: Vec<Reason>,
    /// Why the weights are the input's, if they are.
    pub unchanged: Option<Reason>,
}

/// Multiplies weights by their holders' multipliers and normalises them. An incomplete record, a
/// policy in shadow or not in effect yet return them unchanged, with the reason.
///
/// # Errors
/// For lists of different lengths, weights that are no weights, and a hotkey or uid given twice.
pub fn adjust(report: &Report, policy: &Policy, input: &WeightsInput) -> Result<WeightsOutput, WeightsError> {
    let length =
        |what, found: usize| (found != input.weights.len()).then_some(WeightsError::Length { what, found, weights: input.weights.len() });
    if let Some(error) = length("hotkeys", input.hotkeys.len()).or_else(|| input.uids.as_ref().and_then(|uids| length("uids", uids.len())))
    {
        return Err(error);
    }
    let mut seen = BTreeMap::new();
    for hotkey in &input.hotkeys {
        if seen.insert(*hotkey, ()).is_some() {
            return Err(WeightsError::DuplicateHotkey(hotkey.to_string()));
        }
    }
    let mut uids = BTreeMap::new();
    for uid in input.uids.iter().flatten() {
        if uids.insert(*uid, ()).is_some() {
            return Err(WeightsError::DuplicateUid(uid.0));
        }
    }
    let miners: BTreeMap<Hotkey, _> = report.miners.iter().map(|m| (m.neuron.hotkey, m)).collect();
    let mut factors: Vec<Factor> = Vec::with_capacity(input.weights.len());
    let mut reasons = Vec::with_capacity(input.weights.len());
    for (place, hotkey) in input.hotkeys.iter().enumerate() {
        let given = input.uids.as_ref().and_then(|uids| uids.get(place)).copied();
        let (factor, reason) = match miners.get(hotkey) {
            None => (Some(Ppb::ONE), Reason::UnknownHotkey),
            Some(miner) if given.is_some_and(|uid| uid != miner.neuron.uid) => (Some(Ppb::ONE), Reason::UidMismatch(miner.neuron.uid)),
            Some(miner) => ((!miner.multiplier.zero_weight).then_some(miner.multiplier.factor), miner.reason),
        };
        factors.push(factor);
        reasons.push(reason);
    }
    // Computed in any case, so that bad weights are refused however the policy stands.
    let adjusted = normalise(&input.weights, &factors)?;
    let unchanged = match policy.effective_from_block {
        _ if report.window.incomplete_since.is_some() => Some(Reason::Incomplete),
        Some(block) if report.window.as_of.block.number < block => Some(Reason::NotEffective(block)),
        _ if policy.shadow => Some(Reason::Shadow),
        _ => None,
    };
    let multipliers = factors.iter().map(|factor| factor.unwrap_or(Ppb(0))).collect();
    let weights = if unchanged.is_some() { input.weights.clone() } else { adjusted };
    Ok(WeightsOutput { weights, multipliers, reasons, unchanged })
}
