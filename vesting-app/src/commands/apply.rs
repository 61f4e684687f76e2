//! `vesting apply`.

use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use vesting_core::BlockNumber;
use vesting_core::adjust::WeightsInput;

use super::session::Session;
use crate::output::{short, table};
use crate::view::weights::{Adjusted, LARGEST, Request};
use crate::wiring;

/// `apply`.
#[derive(Debug, Args)]
pub struct ApplyArgs {
    /// The weights as JSON; - is standard input.
    #[arg(long, default_value = "-", value_name = "FILE|-")]
    pub weights: PathBuf,
    /// As of the last epoch at or before this block [default: the last recorded].
    #[arg(long, value_name = "BLOCK")]
    pub as_of: Option<u64>,
}

pub async fn run(session: &mut Session, args: &ApplyArgs) -> anyhow::Result<()> {
    let input = input(&args.weights)?;
    let store = session.open_record()?;
    let netuid = wiring::subnet_to_show(&session.config, store.as_ref()).await?;
    let policy = session.config.policy(netuid);
    let (report, state) = wiring::tracker(&store).state(netuid, policy, args.as_of.map(BlockNumber)).await?;
    let output = Adjusted::of(&report, state.summary().digest(), policy, &input)
        .context("the weights cannot be adjusted")?;
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
    for warning in &output.warnings {
        session.out.line(format!("Warning: {warning}."))?;
    }
    if let Some(reason) = &output.unchanged {
        session.out.line(format!("The weights are unchanged: {reason}."))?;
    }
    Ok(())
}

/// Reads the weights from a file.
pub fn input(path: &Path) -> anyhow::Result<WeightsInput> {
    let request = Request::parse(&read(path)?)?;
    if request.netuid.is_some() || request.as_of.is_some() {
        anyhow::bail!(
            "`netuid` and `as_of` do not belong into the weights here: give them as `--netuid N` and \
             `--as-of BLOCK`"
        );
    }
    Ok(request.weights)
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let mut text = Vec::new();
    let limit = u64::try_from(LARGEST).unwrap_or(u64::MAX);
    if path == Path::new("-") {
        std::io::stdin()
            .take(limit)
            .read_to_end(&mut text)
            .context("cannot read the weights from standard input")?;
    } else {
        let file = std::fs::File::open(path)
            .with_context(|| format!("cannot read the weights from {}", path.display()))?;
        file.take(limit)
            .read_to_end(&mut text)
            .with_context(|| format!("cannot read the weights from {}", path.display()))?;
    }
    // Some editors begin a file with a byte-order mark.
    if text.starts_with(b"\xef\xbb\xbf") {
        text.drain(..3);
    }
    Ok(text)
}
