//! `vesting apply`.

use std::io::Read;
use std::path::Path;

use anyhow::Context;
use serde::{Deserialize, Serialize};
use vesting_core::adjust::{WeightsInput, adjust};
use vesting_core::{BlockNumber, Uid};

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
    hotkeys: Vec<String>,
    weights: Vec<f64>,
}

#[derive(Serialize)]
struct Output {
    netuid: u16,
    weights: Vec<f64>,
    multipliers: Vec<String>,
    reasons: Vec<String>,
    unchanged: Option<String>,
    as_of: u64,
}

pub async fn run(session: &mut Session, args: &ApplyArgs) -> anyhow::Result<()> {
    let input = parse(&read(&args.weights)?)?;
    let store = session.record()?;
    let netuid = wiring::shown(&session.config, store.as_ref()).await?;
    let policy = &session.config.policy;
    let report = wiring::tracker(&store).report(netuid, policy, args.as_of.map(BlockNumber)).await?;
    let adjusted = adjust(&report, policy, &input).context("the weights cannot be adjusted")?;
    let output = Output {
        netuid: netuid.0,
        multipliers: adjusted.multipliers.iter().map(ToString::to_string).collect(),
        reasons: adjusted.reasons.iter().map(ToString::to_string).collect(),
        unchanged: adjusted.unchanged.map(|reason| reason.to_string()),
        as_of: report.window.as_of.block.number.0,
        weights: adjusted.weights,
    };
    if session.json {
        return session.out.json(&output);
    }
    let mut rows = table(&[">uid", "hotkey", ">weight", ">multiplier", ">adjusted", "why"]);
    for (place, hotkey) in input.hotkeys.iter().flatten().enumerate() {
        let text = |list: &[String]| list.get(place).cloned().unwrap_or_default();
        let number = |list: &[f64]| list.get(place).map_or_else(String::new, |w| format!("{w:.6}"));
        let uid = input.uids.as_ref().and_then(|uids| uids.get(place)).map_or_else(String::new, ToString::to_string);
        rows.add_row([
            uid,
            short(hotkey),
            number(&input.weights),
            text(&output.multipliers),
            number(&output.weights),
            text(&output.reasons),
        ]);
    }
    session.out.line(rows.to_string())?;
    if let Some(reason) = &output.unchanged {
        session.out.line(format!("The weights are unchanged: {reason}."))?;
    }
    Ok(())
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
    let shape = r#"the weights are not understood; they should be {"uids": [0, 1], "hotkeys": ["5F…", "5G…"], "weights": [0.4, 0.6]}"#;
    let input: Input = serde_json::from_str(text).context(shape)?;
    let hotkeys =
        input.hotkeys.iter().map(|text| text.parse()).collect::<Result<_, _>>().context("the weights name a hotkey that is none")?;
    Ok(WeightsInput { uids: input.uids.map(|uids| uids.into_iter().map(Uid).collect()), hotkeys: Some(hotkeys), weights: input.weights })
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
        ];
        for (text, word) in bad {
            let error = format!("{:#}", parse(text).unwrap_err());
            assert!(error.contains(word), "{text}: {error}");
        }
    }
}
