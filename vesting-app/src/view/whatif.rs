//! The same epoch under two policies, as `whatif` tells it.

use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::{Object, ObjectBuilder, Type};
use vesting_core::Report;
use vesting_core::policy::Policy;
use vesting_core::weights::AdjustedWeights;
use vesting_core::whatif::{Change, changes};

use super::text::{Address, Factor, Hash};

/// The neurons under the policy and under another one; `shadow` is left out of account.
#[derive(Serialize, ToSchema)]
pub struct Whatif {
    netuid: u16,
    as_of: u64,
    policy_digest: Hash,
    other_policy_digest: Hash,
    /// Where the record begins, if that is inside the window: then every multiplier is 1.
    incomplete_since: Option<u64>,
    /// Where the record begins, if that is inside the window: then every multiplier is 1.
    other_incomplete_since: Option<u64>,
    neurons: Vec<Neuron>,
    #[schema(schema_with = no_weights)]
    weights: Option<Weights>,
}

/// A neuron under two policies.
#[derive(Serialize, ToSchema)]
#[schema(as = OtherPolicy)]
struct Neuron {
    uid: u16,
    hotkey: Address,
    coldkey: Address,
    multiplier: Factor,
    reason: String,
    other_multiplier: Factor,
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

/// The schema of `weights` in answers of the API.
fn no_weights() -> Object {
    let text = "Weights are compared by `vesting whatif --weights` only.";
    ObjectBuilder::new().schema_type(Type::Null).description(Some(text)).build()
}

impl From<&Change> for Neuron {
    fn from(change: &Change) -> Self {
        Self {
            uid: change.neuron.uid.0,
            hotkey: change.neuron.hotkey.into(),
            coldkey: change.neuron.coldkey.into(),
            multiplier: change.before.multiplier.factor.into(),
            reason: change.before.reason.to_string(),
            other_multiplier: change.after.multiplier.factor.into(),
            other_reason: change.after.reason.to_string(),
            differs: change.differs(),
        }
    }
}

impl From<&AdjustedWeights> for Adjusted {
    fn from(adjusted: &AdjustedWeights) -> Self {
        Self {
            uids: adjusted.each.iter().map(|each| each.uid.map(|uid| uid.0)).collect(),
            hotkeys: adjusted.each.iter().map(|each| each.hotkey.map(|hotkey| hotkey.to_string())).collect(),
            weights: adjusted.weights(),
            unchanged: adjusted.unchanged.map(|reason| reason.to_string()),
        }
    }
}

impl Whatif {
    pub fn of(
        [ours, theirs]: [&Report; 2],
        [now, then]: [&Policy; 2],
        weights: Option<&[AdjustedWeights; 2]>,
    ) -> Self {
        Self {
            netuid: ours.netuid.0,
            as_of: ours.window.as_of.block.number.0,
            policy_digest: now.digest().into(),
            other_policy_digest: then.digest().into(),
            incomplete_since: ours.window.incomplete_since.map(|block| block.0),
            other_incomplete_since: theirs.window.incomplete_since.map(|block| block.0),
            neurons: changes(ours, theirs).iter().map(Neuron::from).collect(),
            weights: weights.map(|[ours, theirs]| Weights { now: ours.into(), other: theirs.into() }),
        }
    }
}
