//! `vesting epochs`.

use vesting_core::{BlockNumber, RaoDelta, StakeChange};

use super::args::RangeArgs;
use super::session::Session;
use crate::output::{alpha, table, time};
use crate::view::epoch;
use crate::wiring;

pub async fn run(session: &mut Session, args: &RangeArgs) -> anyhow::Result<()> {
    let store = session.open_record()?;
    let netuid = wiring::subnet_to_show(&session.config, store.as_ref()).await?;
    let Some(watermark) = store.watermark(netuid).await? else {
        anyhow::bail!(
            "there is no record of subnet {netuid}: run `vesting catch-up --netuid {netuid}` first"
        );
    };
    let to = args.to.map_or(watermark.block.number, BlockNumber);
    let epochs = store.epochs(netuid, BlockNumber(args.from), to).await?;
    let skipped = store.skipped_slots(netuid, BlockNumber(args.from), to).await?;
    let mut lines = epoch::epochs(watermark, netuid, &epochs, skipped);
    if session.json {
        return lines.try_for_each(|line| session.out.json(&line));
    }
    let headings = [
        ">block",
        "time",
        ">index",
        ">tempo",
        ">positions",
        ">emission",
        ">incentive",
        ">unattributed",
        "found by",
        "skipped before",
    ];
    let mut rows = table(&headings);
    for (record, line) in epochs.iter().zip(lines) {
        // What a prune removed is unknown, not 0.
        let told = epoch::is_told(&watermark, record);
        let sum = |part: fn(&StakeChange) -> RaoDelta| {
            if told { alpha(record.changes.iter().map(part).sum::<RaoDelta>()) } else { String::new() }
        };
        rows.add_row([
            record.epoch.block.number.to_string(),
            time(record.epoch.time),
            record.epoch.index.map_or_else(String::new, |index| index.to_string()),
            record.epoch.tempo.to_string(),
            if told { record.changes.len().to_string() } else { String::new() },
            sum(|c| c.true_emission),
            sum(|c| c.incentive),
            sum(|c| c.unattributed),
            record.detected.name().to_owned(),
            line.skipped_slots.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
        ]);
    }
    session.out.line(rows.to_string())
}
