//! `vesting miners`.

use serde::Serialize;
use vesting_core::holding::Holding;
use vesting_core::window::Window;
use vesting_core::{BlockNumber, MinerReport, NetUid, Reason, Report};

use super::Session;
use crate::cli::AsOfArgs;
use crate::output::{Out, alpha_short, days, percent, short, table, time};
use crate::wiring;

#[derive(Serialize)]
struct Line {
    netuid: u16,
    uid: u16,
    hotkey: String,
    coldkey: String,
    stake: String,
    opening_stake: String,
    manual_stake: String,
    earned_stake: String,
    locked_stake: Option<String>,
    /// What was earned on this hotkey in the window, what is left of it, and what left the position.
    rewards: String,
    rewards_kept: String,
    other: String,
    other_kept: String,
    sold: String,
    holder: Option<Holder>,
    holding_percentage: Option<f64>,
    holding_duration: Option<f64>,
    multiplier: String,
    limited_by: &'static str,
    reason: String,
    as_of: u64,
    incomplete_since: Option<u64>,
}

/// What is the holder's: of all its positions on the subnet.
#[derive(Serialize)]
pub struct Holder {
    start: u64,
    stake: String,
    opening_kept: String,
    rewards: String,
    rewards_kept: String,
    other: String,
    other_kept: String,
    manual_kept: String,
    sold: String,
}

impl From<&Holding> for Holder {
    fn from(holding: &Holding) -> Self {
        Self {
            start: holding.start.0,
            stake: holding.stake().to_string(),
            opening_kept: holding.opening.to_string(),
            rewards: holding.rewards.to_string(),
            rewards_kept: holding.rewards_kept.to_string(),
            other: holding.other.to_string(),
            other_kept: holding.other_kept.to_string(),
            manual_kept: holding.manual_kept.to_string(),
            sold: holding.sold.to_string(),
        }
    }
}

pub async fn run(session: &mut Session, args: &AsOfArgs) -> anyhow::Result<()> {
    let store = session.record()?;
    let netuid = wiring::shown(&session.config, store.as_ref()).await?;
    let report = wiring::tracker(&store).report(netuid, session.config.policy(netuid), args.as_of.map(BlockNumber)).await?;
    if session.json {
        return print_json(&mut session.out, &report);
    }
    heading(&mut session.out, &report)?;
    print(&mut session.out, &report, |_| None)
}

fn line(report: &Report, miner: &MinerReport) -> Line {
    Line {
        netuid: report.netuid.0,
        uid: miner.neuron.uid.0,
        hotkey: miner.neuron.hotkey.to_string(),
        coldkey: miner.neuron.coldkey.to_string(),
        stake: miner.stake.to_string(),
        opening_stake: miner.opening_stake.to_string(),
        manual_stake: miner.manual_stake.to_string(),
        earned_stake: miner.earned_stake.to_string(),
        locked_stake: miner.locked_stake.map(|locked| locked.to_string()),
        rewards: miner.figures.rewards.to_string(),
        rewards_kept: miner.figures.rewards_kept.to_string(),
        other: miner.figures.other.to_string(),
        other_kept: miner.figures.other_kept.to_string(),
        sold: miner.figures.sold.to_string(),
        holder: miner.holding.as_ref().map(Holder::from),
        holding_percentage: miner.holding.and_then(|h| h.percentage()).map(|h| h.as_f64()),
        holding_duration: miner.holding.and_then(|h| h.duration_ms()).map(days),
        multiplier: miner.multiplier.factor.to_string(),
        limited_by: miner.multiplier.limited_by.name(),
        reason: miner.reason.to_string(),
        as_of: report.window.as_of.block.number.0,
        incomplete_since: report.window.incomplete_since.map(|block| block.0),
    }
}

/// Prints a line of JSON for each neuron.
pub fn print_json(out: &mut Out, report: &Report) -> anyhow::Result<()> {
    report.miners.iter().try_for_each(|miner| out.json(&line(report, miner)))
}

/// Prints what the table is about.
pub fn heading(out: &mut Out, report: &Report) -> anyhow::Result<()> {
    window_heading(out, report.netuid, &report.window)
}

/// Prints which window of which subnet it is about.
pub fn window_heading(out: &mut Out, netuid: NetUid, window: &Window) -> anyhow::Result<()> {
    let as_of = &window.as_of;
    out.line(format!(
        "Subnet {} as of epoch {} ({}), window of {:.2} days from block {}, {} epochs",
        netuid,
        as_of.block.number,
        time(as_of.time),
        days(window.length.0),
        window.start,
        window.epochs.len()
    ))?;
    if let Some(since) = window.incomplete_since {
        out.line(format!(
            "The record begins at block {since}, inside the window: it is incomplete, and all multipliers are 1 until it covers it."
        ))?;
    }
    Ok(())
}

/// Prints the table of miners, with a name in front where there is one.
pub fn print(out: &mut Out, report: &Report, name: impl Fn(&MinerReport) -> Option<String>) -> anyhow::Result<()> {
    let named = report.miners.iter().any(|miner| name(miner).is_some());
    let mut columns = vec![">uid", "hotkey", "coldkey", ">stake", ">earned", ">held", ">days", ">multiplier", "why"];
    if named {
        columns.insert(0, "who");
    }
    let mut rows = table(&columns);
    for miner in &report.miners {
        let held = miner.holding.and_then(|h| h.percentage()).map_or_else(|| "–".to_owned(), percent);
        let duration = miner.holding.and_then(|h| h.duration_ms()).map_or_else(|| "–".to_owned(), |ms| format!("{:.2}", days(ms)));
        let mut row = vec![
            miner.neuron.uid.to_string(),
            short(miner.neuron.hotkey),
            short(miner.neuron.coldkey),
            alpha_short(miner.stake),
            alpha_short(miner.earned_stake),
            held,
            duration,
            miner.multiplier.factor.to_string(),
            why(&miner.reason),
        ];
        if named {
            row.insert(0, name(miner).unwrap_or_default());
        }
        rows.add_row(row);
    }
    out.line(rows.to_string())
}

/// Why, in the words of a table.
pub fn why(reason: &Reason) -> String {
    match reason {
        Reason::Formula(limit) => limit.name().replace('_', " "),
        other => other.to_string(),
    }
}
