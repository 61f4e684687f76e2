//! `vesting miners`.

use vesting_core::window::Window;
use vesting_core::{BlockNumber, MinerReport, NetUid, Reason, Report};

use super::args::AsOfArgs;
use super::session::Session;
use crate::output::{Out, alpha_short, days, percent, short, table, time};
use crate::view::miner::Miner;
use crate::wiring;

pub async fn run(session: &mut Session, args: &AsOfArgs) -> anyhow::Result<()> {
    let store = session.open_record()?;
    let netuid = wiring::subnet_to_show(&session.config, store.as_ref()).await?;
    let report = wiring::tracker(&store)
        .report(netuid, session.config.policy(netuid), args.as_of.map(BlockNumber))
        .await?;
    if session.json {
        return print_json(&mut session.out, &report);
    }
    heading(&mut session.out, &report)?;
    print(&mut session.out, &report, |_| None)
}

/// Prints a line of JSON for each neuron.
pub fn print_json(out: &mut Out, report: &Report) -> anyhow::Result<()> {
    report.miners.iter().try_for_each(|miner| out.json(&Miner::of(report, miner)))
}

/// Prints the heading of the table.
pub fn heading(out: &mut Out, report: &Report) -> anyhow::Result<()> {
    window_heading(out, report.netuid, &report.window)
}

/// Prints the subnet and the window.
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
            "The record begins at block {since}, inside the window: it is incomplete, and all multipliers \
             are 1 until it covers it."
        ))?;
    }
    Ok(())
}

/// Prints the table of miners, with a first column of names if there are any.
pub fn print(
    out: &mut Out,
    report: &Report,
    name: impl Fn(&MinerReport) -> Option<String>,
) -> anyhow::Result<()> {
    let named = report.miners.iter().any(|miner| name(miner).is_some());
    let mut columns =
        vec![">uid", "hotkey", "coldkey", ">stake", ">earned", ">held", ">days", ">multiplier", "why"];
    if named {
        columns.insert(0, "who");
    }
    let mut rows = table(&columns);
    for miner in &report.miners {
        let held = miner.holding.and_then(|h| h.percentage()).map_or_else(|| "–".to_owned(), percent);
        let duration = miner
            .holding
            .and_then(|h| h.duration_ms())
            .map_or_else(|| "–".to_owned(), |ms| format!("{:.2}", days(ms)));
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

/// The reason, short enough for a table.
pub fn why(reason: &Reason) -> String {
    match reason {
        Reason::Formula(limit) => limit.name().replace('_', " "),
        other => other.to_string(),
    }
}
