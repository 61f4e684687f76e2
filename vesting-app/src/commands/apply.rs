//! `vesting apply`.

use std::fmt;
use std::io::Read;
use std::path::Path;

use anyhow::Context;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use vesting_core::adjust::{WeightsInput, adjust};
use vesting_core::weights::to_u16;
use vesting_core::{BlockNumber, Hotkey, Uid};

use super::Session;
use crate::cli::ApplyArgs;
use crate::output::{short, table};
use crate::wiring;

/// More than any subnet's weights need; keeps a wrong file from filling the memory.
const LARGEST_INPUT: u64 = 16 * 1024 * 1024;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    uids: Option<Vec<u16>>,
    hotkeys: Option<Vec<String>>,
    weights: Weights,
}

/// A list, or a map by uid or by hotkey, in the order in which it is written.
#[derive(Deserialize)]
#[serde(untagged)]
enum Weights {
    List(Vec<f64>),
    #[serde(deserialize_with = "pairs")]
    Map(Vec<(String, f64)>),
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

#[derive(Serialize)]
struct Output {
    netuid: u16,
    uids: Vec<Option<u16>>,
    hotkeys: Vec<Option<String>>,
    weights: Vec<f64>,
    weights_u16: Vec<u16>,
    multipliers: Vec<String>,
    reasons: Vec<String>,
    unchanged: Option<String>,
    as_of: u64,
    policy_digest: String,
    state_digest: String,
}

pub async fn run(session: &mut Session, args: &ApplyArgs) -> anyhow::Result<()> {
    let input = input(&args.weights)?;
    let store = session.record()?;
    let netuid = wiring::shown(&session.config, store.as_ref()).await?;
    let policy = session.config.policy(netuid);
    let (report, state) = wiring::tracker(&store).state(netuid, policy, args.as_of.map(BlockNumber)).await?;
    let adjusted = adjust(&report, policy, &input).context("the weights cannot be adjusted")?;
    let output = Output {
        netuid: netuid.0,
        uids: adjusted.uids.iter().map(|uid| uid.map(|uid| uid.0)).collect(),
        hotkeys: adjusted.hotkeys.iter().map(|hotkey| hotkey.map(|hotkey| hotkey.to_string())).collect(),
        weights_u16: to_u16(&adjusted.weights)?,
        multipliers: adjusted.multipliers.iter().map(ToString::to_string).collect(),
        reasons: adjusted.reasons.iter().map(ToString::to_string).collect(),
        unchanged: adjusted.unchanged.map(|reason| reason.to_string()),
        as_of: report.window.as_of.block.number.0,
        policy_digest: policy.digest().to_string(),
        state_digest: state.summary().digest().to_string(),
        weights: adjusted.weights,
    };
    if session.json {
        return session.out.json(&output);
    }
    let mut rows = table(&[">uid", "hotkey", ">weight", ">multiplier", ">adjusted", "why"]);
    for (place, adjusted) in output.weights.iter().enumerate() {
        let text = |list: &[String]| list.get(place).cloned().unwrap_or_default();
        rows.add_row([
            output.uids.get(place).copied().flatten().map_or_else(String::new, |uid| uid.to_string()),
            output.hotkeys.get(place).cloned().flatten().map_or_else(String::new, short),
            input.weights.get(place).map_or_else(String::new, |weight| format!("{weight:.6}")),
            text(&output.multipliers),
            format!("{adjusted:.6}"),
            text(&output.reasons),
        ]);
    }
    session.out.line(rows.to_string())?;
    if let Some(reason) = &output.unchanged {
        session.out.line(format!("The weights are unchanged: {reason}."))?;
    }
    Ok(())
}

/// The weights in a file.
pub fn input(path: &Path) -> anyhow::Result<WeightsInput> {
    parse(&read(path)?)
}

fn read(path: &Path) -> anyhow::Result<String> {
    let mut text = String::new();
    if path == Path::new("-") {
        std::io::stdin().take(LARGEST_INPUT).read_to_string(&mut text).context("cannot read the weights from standard input")?;
    } else {
        let file = std::fs::File::open(path).with_context(|| format!("cannot read the weights from {}", path.display()))?;
        file.take(LARGEST_INPUT).read_to_string(&mut text).with_context(|| format!("cannot read the weights from {}", path.display()))?;
    }
    Ok(text)
}

fn parse(text: &str) -> anyhow::Result<WeightsInput> {
    let shape = r#"the weights are not understood; they should be {"uids": [0, 1], "hotkeys": ["5F…", "5G…"], "weights": [0.4, 0.6]}, or {"weights": {"0": 0.4, "1": 0.6}} by uid or by hotkey"#;
    let input: Input = serde_json::from_str(text).context(shape)?;
    let hotkey = |text: &String| text.parse::<Hotkey>().context("the weights name a hotkey that is none");
    match input.weights {
        Weights::List(weights) => Ok(WeightsInput {
            uids: input.uids.map(|uids| uids.into_iter().map(Uid).collect()),
            hotkeys: input.hotkeys.map(|hotkeys| hotkeys.iter().map(hotkey).collect()).transpose()?,
            weights,
        }),
        Weights::Map(_) if input.uids.is_some() || input.hotkeys.is_some() => {
            anyhow::bail!("a map of weights names them itself: leave `uids` and `hotkeys` out")
        }
        Weights::Map(pairs) => {
            let by_uid: Option<WeightsInput> =
                pairs.iter().map(|(name, weight)| name.parse().ok().map(|uid| (Uid(uid), *weight))).collect();
            by_uid.map_or_else(|| pairs.iter().map(|(name, weight)| Ok((hotkey(name)?, *weight))).collect(), Ok)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        ];
        for (text, word) in bad {
            let error = format!("{:#}", parse(text).unwrap_err());
            assert!(error.contains(word), "{text}: {error}");
        }
    }

    #[test]
    fn maps_keep_their_order_and_what_is_given_twice() {
        let input = parse(r#"{"weights": {"7": 0.4, "0": 0.6, "7": 0.1}}"#).unwrap();
        assert_eq!(input, [(Uid(7), 0.4), (Uid(0), 0.6), (Uid(7), 0.1)].into_iter().collect());
        let hotkey = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";
        let input = parse(&format!(r#"{{"weights": {{"{hotkey}": 1}}}}"#)).unwrap();
        assert_eq!(input, [(hotkey.parse::<Hotkey>().unwrap(), 1.0)].into_iter().collect());
    }
}
