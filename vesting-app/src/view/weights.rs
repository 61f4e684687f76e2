//! A validator's weights, as they are given and as they come back.

use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;
use utoipa::openapi::schema::{AnyOfBuilder, ArrayBuilder, ObjectBuilder, Schema, Type};
use vesting_core::adjust::{AdjustedWeights, WeightGroups, WeightsInput, adjust};
use vesting_core::digest::Digest;
use vesting_core::policy::Policy;
use vesting_core::weights::{WeightsError, to_u16};
use vesting_core::{Hotkey, Report, Uid};

use super::text::{Address, Factor, Hash};

/// More than any subnet's weights need; keeps a wrong file or body from filling the memory.
pub const LARGEST: usize = 16 * 1024 * 1024;

/// Weights to adjust.
#[derive(Debug)]
pub struct Request {
    pub weights: WeightsInput,
    /// The subnet and the block that were given with them.
    pub netuid: Option<u16>,
    pub as_of: Option<u64>,
}

/// Weights in one of three shapes: a list with `uids`, `hotkeys` or both; a map by uid; a map by hotkey.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Weights)]
pub struct Input {
    #[schema(nullable = false)]
    netuid: Option<u16>,
    #[schema(nullable = false)]
    as_of: Option<u64>,
    /// Each once.
    #[schema(nullable = false)]
    uids: Option<Vec<u16>>,
    /// Beside `uids`: whose multiplier each weight has; each once.
    #[schema(nullable = false, value_type = Option<Vec<Address>>)]
    hotkeys: Option<Vec<String>>,
    #[schema(schema_with = list_or_map)]
    weights: Weights,
    /// Weight moves inside each group only, so that each keeps its sum.
    #[schema(schema_with = lists_or_labels)]
    groups: Option<Groups>,
}

/// Groups of weights: the uids of each, or a label for each weight.
#[derive(Deserialize)]
#[serde(untagged)]
enum Groups {
    Uids(Vec<Vec<u16>>),
    Labels(Vec<Label>),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Label {
    Text(String),
    Number(i64),
}

impl From<Groups> for WeightGroups {
    fn from(groups: Groups) -> Self {
        let label = |label| match label {
            Label::Text(text) => text,
            Label::Number(number) => number.to_string(),
        };
        match groups {
            Groups::Uids(groups) => {
                Self::Uids(groups.into_iter().map(|uids| uids.into_iter().map(Uid).collect()).collect())
            }
            Groups::Labels(labels) => Self::Labels(labels.into_iter().map(label).collect()),
        }
    }
}

/// The schema of [`Groups`].
fn lists_or_labels() -> Schema {
    let uid = || ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0)).maximum(Some(u16::MAX));
    let label = AnyOfBuilder::new()
        .item(ObjectBuilder::new().schema_type(Type::String))
        .item(ObjectBuilder::new().schema_type(Type::Integer));
    let text = "Weight moves inside each group only, so that each keeps its sum: the uids of each group, each uid \
        once (all others are one more group), or a label for each weight. Not with `redistribution = burn`.";
    AnyOfBuilder::new()
        .description(Some(text))
        .item(ArrayBuilder::new().items(ArrayBuilder::new().items(uid())))
        .item(ArrayBuilder::new().items(label))
        .build()
        .into()
}

/// A list, or a map by uid or by hotkey, in the order in which it is written.
#[derive(Deserialize)]
#[serde(untagged)]
enum Weights {
    List(Vec<f64>),
    #[serde(deserialize_with = "pairs")]
    Map(Vec<(String, f64)>),
}

/// The schema of [`Weights`].
fn list_or_map() -> Schema {
    let weight = || ObjectBuilder::new().schema_type(Type::Number).minimum(Some(0));
    let name = ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some("^([0-9]{1,5}|5[1-9A-HJ-NP-Za-km-z]{47})$"));
    let text = "Each finite and not negative, together no more than a double holds. In a map by uid or by \
        hotkey, leave `uids` and `hotkeys` out.";
    AnyOfBuilder::new()
        .description(Some(text))
        .item(ArrayBuilder::new().items(weight()))
        .item(ObjectBuilder::new().additional_properties(Some(weight())).property_names(Some(name)))
        .build()
        .into()
}

/// The pairs of a map, with those given twice.
fn pairs<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<(String, f64)>, D::Error> {
    struct Pairs;
    impl<'de> Visitor<'de> for Pairs {
        type Value = Vec<(String, f64)>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a map of weights")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut pairs = Vec::new();
            while let Some(pair) = map.next_entry()? {
                pairs.push(pair);
            }
            Ok(pairs)
        }
    }
    deserializer.deserialize_map(Pairs)
}

/// Weights that are not understood: the field, and what is wrong with it.
#[derive(Debug)]
pub struct Malformed {
    pub field: &'static str,
    pub why: String,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

impl std::error::Error for Malformed {}

impl Request {
    /// Reads them from JSON.
    pub fn parse(text: &[u8]) -> Result<Self, Malformed> {
        let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
        let input: Input = serde_json::from_slice(text)
            .map_err(|error| Malformed { field: "body", why: format!("{SHAPE}: {error}") })?;
        let hotkey = |field: &'static str, text: &str| {
            let wrong =
                |error| Malformed { field, why: format!("the weights name a hotkey that is none: {error}") };
            text.parse::<Hotkey>().map_err(wrong)
        };
        let mut weights = match input.weights {
            Weights::List(weights) => {
                let hotkeys =
                    input.hotkeys.map(|hotkeys| hotkeys.iter().map(|text| hotkey("hotkeys", text)).collect());
                WeightsInput {
                    uids: input.uids.map(|uids| uids.into_iter().map(Uid).collect()),
                    hotkeys: hotkeys.transpose()?,
                    weights,
                    groups: None,
                }
            }
            Weights::Map(_) if input.uids.is_some() || input.hotkeys.is_some() => {
                let field = if input.uids.is_some() { "uids" } else { "hotkeys" };
                return Err(Malformed {
                    field,
                    why: "a map of weights names them itself: leave `uids` and `hotkeys` out".to_owned(),
                });
            }
            Weights::Map(pairs) => {
                let by_uid: Option<WeightsInput> = pairs
                    .iter()
                    .map(|(name, weight)| name.parse().ok().map(|uid| (Uid(uid), *weight)))
                    .collect();
                let by_hotkey =
                    || pairs.iter().map(|(name, weight)| Ok((hotkey("weights", name)?, *weight))).collect();
                by_uid.map_or_else(by_hotkey, Ok)?
            }
        };
        weights.groups = input.groups.map(WeightGroups::from);
        Ok(Self { weights, netuid: input.netuid, as_of: input.as_of })
    }
}

/// What some editors put before UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

const SHAPE: &str = "the weights are not understood; they should be \
    {\"uids\": [0, 1], \"hotkeys\": [\"5F…\", \"5G…\"], \"weights\": [0.4, 0.6]}, or \
    {\"weights\": {\"0\": 0.4, \"1\": 0.6}} by uid or by hotkey";

/// Weights, multiplied.
#[derive(Serialize, ToSchema)]
pub struct Adjusted {
    pub netuid: u16,
    pub uids: Vec<Option<u16>>,
    #[schema(value_type = Vec<Option<Address>>)]
    pub hotkeys: Vec<Option<String>>,
    pub weights: Vec<f64>,
    pub weights_u16: Vec<u16>,
    #[schema(value_type = Vec<Factor>)]
    pub multipliers: Vec<String>,
    pub reasons: Vec<String>,
    /// Why they are unchanged.
    pub unchanged: Option<String>,
    /// What is to be looked at though the weights were adjusted, such as hotkeys given with the uids of
    /// others.
    pub warnings: Vec<String>,
    /// The block of the epoch.
    pub as_of: u64,
    pub policy_digest: Hash,
    pub state_digest: Hash,
    /// Whether the record's last block is older than it should be: newer sales are not known then. Without
    /// `as_of` only, otherwise false. The weights follow from the record, not from the clock. Only the API
    /// tells it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = bool, required = true)]
    pub stale: Option<bool>,
}

impl Adjusted {
    /// Adjusts weights under a report and the digest of the state it follows from.
    ///
    /// # Errors
    /// As [`adjust`].
    pub fn of(
        report: &Report,
        state_digest: Digest,
        policy: &Policy,
        input: &WeightsInput,
    ) -> Result<Self, WeightsError> {
        let adjusted = adjust(report, policy, input)?;
        let (each, weights) = (&adjusted.each, adjusted.weights());
        Ok(Self {
            netuid: report.netuid.0,
            uids: each.iter().map(|each| each.uid.map(|uid| uid.0)).collect(),
            hotkeys: each.iter().map(|each| each.hotkey.map(|hotkey| hotkey.to_string())).collect(),
            weights_u16: to_u16(&weights)?,
            multipliers: each.iter().map(|each| each.multiplier.to_string()).collect(),
            reasons: each.iter().map(|each| each.reason.to_string()).collect(),
            unchanged: adjusted.unchanged.map(|reason| reason.to_string()),
            warnings: warning(&adjusted).into_iter().collect(),
            as_of: report.window.as_of.block.number.0,
            policy_digest: policy.digest().into(),
            state_digest: state_digest.into(),
            stale: None,
            weights,
        })
    }
}

/// What is to be said of hotkeys that were given with the uids of others.
fn warning(adjusted: &AdjustedWeights) -> Option<String> {
    let mut elsewhere = adjusted.elsewhere();
    let (place, first) = elsewhere.next()?;
    Some(warning_text(place, first.hotkey?, first.uid?, first.own_uid?, elsewhere.count()))
}

fn warning_text(place: usize, hotkey: Hotkey, given: Uid, own: Uid, more: usize) -> String {
    let more = match more {
        0 => String::new(),
        more => format!(", and so it is with {more} more"),
    };
    format!(
        "weight {place} is given for hotkey {hotkey} and uid {given}, but the hotkey has uid {own}{more}: \
        multipliers are those of the hotkeys; give `uids` and `hotkeys` in one order, of the newest metagraph"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weights(text: &str) -> Result<WeightsInput, Malformed> {
        Request::parse(text.as_bytes()).map(|request| request.weights)
    }

    #[test]
    fn malformed_weights_say_what_is_wrong() {
        let bad = [
            ("", "not understood"),
            ("[1, 2]", "not understood"),
            (r#"{"hotkeys": [], "weights": [NaN]}"#, "not understood"),
            (r#"{"hotkeys": ["5F"], "weights": [1]}"#, "hotkey"),
            (r#"{"hotkeys": [], "weights": [1e999]}"#, "not understood"),
            (r#"{"hotkeys": [], "weights": [], "weigths": []}"#, "not understood"),
            (r#"{"weights": {"0": 0.4, "5F": 0.6}}"#, "hotkey"),
            (r#"{"weights": {"0": "much"}}"#, "not understood"),
            (r#"{"uids": [0], "weights": {"0": 0.4}}"#, "leave `uids`"),
            (r#"{"uids": [0], "weights": [1], "groups": [[0], "a"]}"#, "not understood"),
            (r#"{"uids": [0], "weights": [1], "groups": [[65536]]}"#, "not understood"),
            (r#"{"uids": [0], "weights": [1], "groups": [1.5]}"#, "not understood"),
        ];
        for (text, word) in bad {
            let error = weights(text).unwrap_err().to_string();
            assert!(error.contains(word), "{text}: {error}");
        }
    }

    #[test]
    fn a_byte_order_mark_is_passed_over() {
        assert_eq!(
            weights("\u{feff}{\"weights\": {\"0\": 1}}").unwrap(),
            [(Uid(0), 1.0)].into_iter().collect()
        );
        assert!(weights("\u{feff}\u{feff}{\"weights\": {\"0\": 1}}").is_err());
    }

    #[test]
    fn one_warning_tells_of_all_hotkeys_with_other_uids() {
        let hotkey = Hotkey([1; 32]);
        let warned = |more| warning_text(3, hotkey, Uid(7), Uid(9), more);
        let told = warned(0);
        assert!(
            told.starts_with(&format!(
                "weight 3 is given for hotkey {hotkey} and uid 7, but the hotkey has uid 9: "
            )),
            "{told}"
        );
        assert!(warned(255).contains("has uid 9, and so it is with 255 more: "));
    }

    #[test]
    fn groups_are_lists_of_uids_or_labels() {
        let groups = |groups: &str| {
            weights(&format!(r#"{{"uids": [0, 7], "weights": [1, 2], "groups": {groups}}}"#)).unwrap().groups
        };
        let lists = vec![vec![Uid(7)], vec![Uid(0), Uid(9)]];
        assert_eq!(groups("[[7], [0, 9]]"), Some(WeightGroups::Uids(lists)));
        let labels = ["text", "-1"].map(str::to_owned).into();
        assert_eq!(groups(r#"["text", -1]"#), Some(WeightGroups::Labels(labels)));
        assert_eq!(groups("null"), None);
        let map = weights(r#"{"weights": {"7": 0.4, "0": 0.6}, "groups": ["a", "b"]}"#).unwrap();
        assert!(matches!(map.groups, Some(WeightGroups::Labels(labels)) if labels == ["a", "b"]));
    }

    #[test]
    fn maps_keep_their_order_and_what_is_given_twice() {
        let input = weights(r#"{"weights": {"7": 0.4, "0": 0.6, "7": 0.1}}"#).unwrap();
        assert_eq!(input, [(Uid(7), 0.4), (Uid(0), 0.6), (Uid(7), 0.1)].into_iter().collect());
        let hotkey = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";
        let input = weights(&format!(r#"{{"weights": {{"{hotkey}": 1}}}}"#)).unwrap();
        assert_eq!(input, [(hotkey.parse::<Hotkey>().unwrap(), 1.0)].into_iter().collect());
    }
}
