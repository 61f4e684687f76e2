//! Another policy, asked for by its keys after `?`.

use utoipa::openapi::path::Parameter;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use vesting_core::formula::{TierStake, built_in};
use vesting_core::policy::{BelowMinimum, DurationRule, Redistribution, UnattributedRule};

use super::parameters::{one_of, optional, whole};
use super::problem::Problem;
use super::query::{Pairs, Parameters};
use crate::config::policy_keys;

/// The keys of the policy that are to be changed, with their values as they are written.
pub struct PolicyChanges(pub Vec<(&'static str, String)>);

impl Parameters for PolicyChanges {
    fn described() -> Vec<Parameter> {
        policy_keys().map(described).collect()
    }

    fn read(pairs: &Pairs) -> Result<Self, Problem> {
        let changes = policy_keys().filter_map(|key| pairs.text(key).map(|value| (key, value.to_owned())));
        Ok(Self(changes.collect()))
    }
}

fn described(key: &'static str) -> Parameter {
    let decimal = || ObjectBuilder::new().schema_type(Type::Number);
    let (more, schema) = match key {
        "minimum_stake" => (
            " In alpha. A decimal with at most nine places.",
            decimal().minimum(Some(0)).exclusive_maximum(Some(10_000_000_000_u64)),
        ),
        "opening_cap" => (PLACES, decimal().minimum(Some(0)).maximum(Some(1_000))),
        "retention_window_days" => (PLACES, decimal().minimum(Some(0.000_000_012)).maximum(Some(3_650))),
        "retention_target" => (PLACES, decimal().exclusive_minimum(Some(0)).maximum(Some(1))),
        "max_multiplier" => (PLACES, decimal().minimum(Some(1)).maximum(Some(1_000))),
        "threshold_factor" => (PLACES, decimal().minimum(Some(0)).maximum(Some(1_000))),
        "absolute_threshold" => {
            (PLACES, decimal().minimum(Some(0)).exclusive_maximum(Some(10_000_000_000_u64)))
        }
        "formula" => ("", one_of(built_in().map(|formula| formula.name()))),
        "duration_scale_days" => (PLACES, decimal().minimum(Some(0.000_000_012)).maximum(Some(3_650))),
        "stake_tiers" => (TIERS, table()),
        "stake_tiers_on" => ("", one_of(TierStake::ALL.map(TierStake::name))),
        "duration_rule" => ("", one_of(DurationRule::ALL.map(DurationRule::name))),
        "below_minimum" => ("", one_of(BelowMinimum::ALL.map(BelowMinimum::name))),
        "redistribution" => ("", one_of(Redistribution::NAMES)),
        "unattributed" => ("", one_of(UnattributedRule::ALL.map(UnattributedRule::name))),
        "burn_uid" => ("", whole(0, u16::MAX.into())),
        "effective_from_block" => ("", whole(0, u64::MAX)),
        "shadow" => ("", ObjectBuilder::new().schema_type(Type::Boolean)),
        _ => ("", ObjectBuilder::new().schema_type(Type::String)),
    };
    optional(key, &format!("The other policy's `{key}`.{more}"), schema)
}

/// A table of stake.
fn table() -> ObjectBuilder {
    let line = r"\d+(\.\d{1,9})?:\d+(\.\d{1,9})?";
    ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some(format!("^{line}(, ?{line})*$")))
        .examples(["1000:1.1,5000:1.3"])
}

/// How a table is written.
const TIERS: &str = " Lines as `1000:1.2`, of alpha and a factor, with commas between.";
const PLACES: &str = " A decimal with at most nine places.";
