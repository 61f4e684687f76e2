//! `vesting history`.

use vesting_core::BlockNumber;

use super::Session;
use super::miners::why;
use crate::cli::HistoryArgs;
use crate::output::{alpha_short, alpha_sum, days, percent, table, time};
use crate::view::history::Point;
use crate::wiring;

pub async fn run(session: &mut Session, args: &HistoryArgs) -> anyhow::Result<()> {
    let store = session.record()?;
    let netuid = wiring::shown(&session.config, store.as_ref()).await?;
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
