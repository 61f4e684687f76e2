//! `vesting history`.

use clap::Args;
use vesting_core::{BlockNumber, HolderQuery};

use super::miners::why;
use super::session::Session;
use crate::output::{alpha_short, alpha_sum, days, percent, table, time};
use crate::view::history::Point;
use crate::wiring;

pub const EXAMPLES: &str = "Examples:
  vesting history uid:5 --netuid 2
  vesting history 5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY --epochs 600 --json";

/// `history`.
#[derive(Debug, Args)]
pub struct HistoryArgs {
    /// An SS58 hotkey or coldkey, or a uid as in uid:5. A hotkey that lost its uid is still known.
    #[arg(value_name = "HOTKEY|COLDKEY|uid:N")]
    pub whom: HolderQuery,
    /// Up to the last epoch at or before this block [default: the last recorded].
    #[arg(long, value_name = "BLOCK")]
    pub as_of: Option<u64>,
    /// The number of epochs, counted from the last.
    #[arg(
        long, value_name = "N", default_value_t = 30,
        value_parser = clap::value_parser!(u32).range(1..=100_000)
    )]
    pub epochs: u32,
}

pub async fn run(session: &mut Session, args: &HistoryArgs) -> anyhow::Result<()> {
    let store = session.open_record()?;
    let netuid = wiring::subnet_to_show(&session.config, store.as_ref()).await?;
    let policy = session.config.policy(netuid);
    let epochs = usize::try_from(args.epochs)?;
    let points = wiring::tracker(&store)
        .history(netuid, policy, args.whom, args.as_of.map(BlockNumber), epochs)
        .await?;
    if session.json {
        return points.iter().try_for_each(|point| session.out.json(&Point::of(netuid, point)));
    }
    if let Some(last) = points.last() {
        session.out.line(format!(
            "Coldkey {} on subnet {netuid}, as of the last {} epochs",
            last.coldkey,
            points.len()
        ))?;
    }
    let mut rows =
        table(&[">epoch", "time", ">multiplier", ">held", ">days", ">stake", ">earned", ">sold", "why"]);
    let none = || "–".to_owned();
    for point in &points {
        rows.add_row([
            point.epoch.block.number.to_string(),
            time(point.epoch.time),
            point.multiplier.factor.to_string(),
            point.holding.and_then(|h| h.percentage()).map_or_else(none, percent),
            point.holding.and_then(|h| h.duration_ms()).map_or_else(none, |ms| format!("{:.2}", days(ms))),
            point.holding.map_or_else(none, |h| alpha_short(h.stake())),
            alpha_sum(point.earned),
            alpha_sum(point.sold),
            why(&point.reason),
        ]);
    }
    session.out.line(rows.to_string())
}
