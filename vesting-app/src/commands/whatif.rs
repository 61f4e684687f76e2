//! `vesting whatif`.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use vesting_core::adjust::{AdjustedWeight, AdjustedWeights, WeightsInput, adjust};
use vesting_core::policy::Policy;
use vesting_core::whatif::{Change, changes};
use vesting_core::{BlockNumber, JudgedMiner, Ppb, Report};

use super::apply;
use super::miners::why;
use super::session::Session;
use crate::config::Config;
use crate::output::{Out, days, difference, say, short, table, time};
use crate::view::whatif::Whatif;
use crate::wiring;

pub const EXAMPLES: &str = "Examples:
  vesting whatif --set max_multiplier=2 --set retention_target=0.8
  vesting whatif --set formula=tiered --set retention_window_days=90 --weights weights.json
  vesting whatif --set duration_rule=since_last_sale --epochs 60";

/// `whatif`.
#[derive(Debug, Args)]
pub struct WhatifArgs {
    /// A key of the policy and its value in the other policy; may be given several times.
    #[arg(long = "set", value_name = "KEY=VALUE", required = true)]
    pub set: Vec<String>,
    /// As of the last epoch at or before this block [default: the last recorded].
    #[arg(long, value_name = "BLOCK")]
    pub as_of: Option<u64>,
    /// Compare as of each of this many epochs, counted from the last.
    #[arg(
        long, value_name = "N", default_value_t = 1,
        value_parser = clap::value_parser!(u32).range(1..=10_000)
    )]
    pub epochs: u32,
    /// Weights as JSON, as `apply` reads them, adjusted under both policies; - is standard input.
    #[arg(long, value_name = "FILE|-", conflicts_with = "epochs")]
    pub weights: Option<PathBuf>,
}

pub async fn run(session: &mut Session, other: &Config, args: &WhatifArgs) -> anyhow::Result<()> {
    let input = args.weights.as_deref().map(apply::input).transpose()?;
    let store = session.open_record()?;
    let netuid = wiring::subnet_to_show(&session.config, store.as_ref()).await?;
    let plain = |config: &Config| Policy { shadow: false, ..config.policy(netuid).clone() };
    let policies = [plain(&session.config), plain(other)];
    let [now, then] = &policies;
    then.warnings().iter().for_each(|warning| say(format!("warning: the other policy: {warning}")));
    let epochs = usize::try_from(args.epochs)?;
    let reports =
        wiring::tracker(&store).compare(netuid, [now, then], args.as_of.map(BlockNumber), epochs).await?;
    let weights = match (&input, reports.last()) {
        (Some(input), Some([ours, theirs])) => {
            let adjusted = |report: &Report, policy: &Policy| {
                adjust(report, policy, input).context("the weights cannot be adjusted")
            };
            Some([adjusted(ours, now)?, adjusted(theirs, then)?])
        }
        _ => None,
    };
    if session.json {
        return reports.iter().try_for_each(|pair| {
            session.out.json(&Whatif::of([&pair[0], &pair[1]], [now, then], weights.as_ref()))
        });
    }
    if now == then {
        session.out.line("The other policy is the present one.")?;
    }
    if let [pair] = reports.as_slice() {
        one(&mut session.out, pair)?;
    } else {
        many(&mut session.out, &reports)?;
    }
    if let (Some(input), Some([ours, theirs])) = (&input, &weights) {
        compare(&mut session.out, input, ours, theirs)?;
    }
    Ok(())
}

/// Prints which policy's window the record does not cover.
fn incomplete(out: &mut Out, [ours, theirs]: &[Report; 2]) -> anyhow::Result<()> {
    for (whose, report) in [("present", ours), ("other", theirs)] {
        if let Some(since) = report.window.incomplete_since {
            let length = days(report.window.length.0);
            out.line(format!(
                "As of epoch {} the record, which begins at block {since}, does not cover the {whose} \
                 policy's window of {length:.2} days, and all its multipliers are 1. Record more into \
                 another database: `vesting catch-up --days N --database-url …`.",
                report.window.as_of.block.number
            ))?;
        }
    }
    Ok(())
}

/// Prints the neurons that differ as of one epoch.
fn one(out: &mut Out, pair: &[Report; 2]) -> anyhow::Result<()> {
    let [ours, theirs] = pair;
    let as_of = &ours.window.as_of;
    let all = changes(ours, theirs);
    let differing: Vec<&Change> = all.iter().filter(|change| change.differs()).collect();
    out.line(format!(
        "Subnet {} as of epoch {} ({}): {} of {} multipliers differ",
        ours.netuid,
        as_of.block.number,
        time(as_of.time),
        differing.len(),
        all.len()
    ))?;
    incomplete(out, pair)?;
    if differing.is_empty() {
        return Ok(());
    }
    let mut rows = table(&[">uid", "hotkey", ">now", ">other", ">change", "why now", "why then"]);
    let shown = |judged: &JudgedMiner| match judged.multiplier.zero_weight {
        true => "weight 0".to_owned(),
        false => judged.multiplier.factor.to_string(),
    };
    for change in differing {
        rows.add_row([
            change.neuron.uid.to_string(),
            short(change.neuron.hotkey),
            shown(&change.before),
            shown(&change.after),
            difference(change.before.multiplier.factor, change.after.multiplier.factor),
            why(&change.before.reason),
            why(&change.after.reason),
        ]);
    }
    out.line(rows.to_string())
}

/// Prints how much differs as of each epoch.
fn many(out: &mut Out, reports: &[[Report; 2]]) -> anyhow::Result<()> {
    for pair in [reports.first(), reports.last()].into_iter().flatten() {
        incomplete(out, pair)?;
    }
    let mut rows = table(&[
        ">epoch",
        "time",
        ">differ",
        ">of",
        ">mean now",
        ">mean other",
        ">largest rise",
        ">largest fall",
    ]);
    for [ours, theirs] in reports {
        let all = changes(ours, theirs);
        let before: Vec<Ppb> = all.iter().map(|change| change.before.multiplier.factor).collect();
        let after: Vec<Ppb> = all.iter().map(|change| change.after.multiplier.factor).collect();
        rows.add_row([
            ours.window.as_of.block.number.to_string(),
            time(ours.window.as_of.time),
            all.iter().filter(|change| change.differs()).count().to_string(),
            all.len().to_string(),
            mean(&before).to_string(),
            mean(&after).to_string(),
            format!("+{}", largest_rise(&before, &after)),
            format!("-{}", largest_rise(&after, &before)),
        ]);
    }
    out.line(rows.to_string())
}

/// The mean, floored; 1 if there is none.
fn mean(factors: &[Ppb]) -> Ppb {
    let count = u64::try_from(factors.len()).unwrap_or(u64::MAX);
    let sum = factors.iter().fold(0u64, |sum, factor| sum.saturating_add(factor.0));
    sum.checked_div(count).map_or(Ppb::ONE, Ppb)
}

fn largest_rise(from: &[Ppb], to: &[Ppb]) -> Ppb {
    Ppb(from.iter().zip(to).map(|(from, to)| to.0.saturating_sub(from.0)).max().unwrap_or_default())
}

/// Prints the weights under both policies.
fn compare(
    out: &mut Out,
    input: &WeightsInput,
    ours: &AdjustedWeights,
    theirs: &AdjustedWeights,
) -> anyhow::Result<()> {
    let mut rows = table(&[">uid", "hotkey", ">weight", ">now", ">other", ">change"]);
    let longer = if theirs.each.len() > ours.each.len() { theirs } else { ours };
    for (place, AdjustedWeight { uid, hotkey, .. }) in longer.each.iter().enumerate() {
        let at_place = |adjusted: &AdjustedWeights| adjusted.each.get(place).map(|each| each.weight);
        let shown = |weight: Option<f64>| weight.map_or_else(String::new, |weight| format!("{weight:.6}"));
        let (now, then) = (at_place(ours), at_place(theirs));
        rows.add_row([
            uid.map_or_else(String::new, |uid| uid.to_string()),
            hotkey.map_or_else(String::new, short),
            shown(input.weights.get(place).copied()),
            shown(now),
            shown(then),
            format!("{:+.6}", then.unwrap_or_default() - now.unwrap_or_default()),
        ]);
    }
    out.line(rows.to_string())?;
    for (whose, output) in [("present", ours), ("other", theirs)] {
        if let Some(reason) = output.unchanged {
            out.line(format!("Under the {whose} policy the weights are unchanged: {reason}."))?;
        }
    }
    Ok(())
}
