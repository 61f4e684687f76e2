//! The same epoch under two policies, as `whatif` tells it.

use serde::Serialize;
use vesting_core::Report;
use vesting_core::adjust::WeightsOutput;
use vesting_core::policy::Policy;
use vesting_core::whatif::{Change, changes};

/// One epoch.
#[derive(Serialize)]
pub struct Line {
    netuid: u16,
    as_of: u64,
    policy_digest: String,
    other_policy_digest: String,
    incomplete_since: Option<u64>,
    other_incomplete_since: Option<u64>,
    neurons: Vec<Neuron>,
    weights: Option<Weights>,
}

#[derive(Serialize)]
struct Neuron {
    uid: u16,
    hotkey: String,
    coldkey: String,
    multiplier: String,
    reason: String,
    other_multiplier: String,
    other_reason: String,
    differs: bool,
}

#[derive(Serialize)]
struct Weights {
    now: Adjusted,
    other: Adjusted,
}

#[derive(Serialize)]
struct Adjusted {
    uids: Vec<Option<u16>>,
    hotkeys: Vec<Option<String>>,
    weights: Vec<f64>,
    unchanged: Option<String>,
}

impl From<&Change> for Neuron {
    fn from(change: &Change) -> Self {
        Self {
            uid: change.neuron.uid.0,
            hotkey: change.neuron.hotkey.to_string(),
            coldkey: change.neuron.coldkey.to_string(),
            multiplier: change.before.0.factor.to_string(),
            reason: change.before.1.to_string(),
            other_multiplier: change.after.0.factor.to_string(),
            other_reason: change.after.1.to_string(),
            differs: change.differs(),
        }
    }
}

impl From<&WeightsOutput> for Adjusted {
    fn from(output: &WeightsOutput) -> Self {
        Self {
            uids: output.uids.iter().map(|uid| uid.map(|uid| uid.0)).collect(),
            hotkeys: output.hotkeys.iter().map(|hotkey| hotkey.map(|hotkey| hotkey.to_string())).collect(),
            weights: output.weights.clone(),
            unchanged: output.unchanged.map(|reason| reason.to_string()),
        }
    }
}

impl Line {
    pub fn of(
        [ours, theirs]: [&Report; 2],
        [now, then]: [&Policy; 2],
        weights: Option<&[WeightsOutput; 2]>,
    ) -> Self {
        Self {
            netuid: ours.netuid.0,
            as_of: ours.window.as_of.block.number.0,
            policy_digest: now.digest().to_string(),
            other_policy_digest: then.digest().to_string(),
            incomplete_since: ours.window.incomplete_since.map(|block| block.0),
            other_incomplete_since: theirs.window.incomplete_since.map(|block| block.0),
            neurons: changes(ours, theirs).iter().map(Neuron::from).collect(),
            weights: weights.map(|[ours, theirs]| Weights { now: ours.into(), other: theirs.into() }),
        }
    }
}
