//! `vesting epochs`.

use serde::Serialize;
use vesting_core::{BlockNumber, EpochRecord, NetUid, RaoDelta, StakeChange};

use super::Session;
use crate::cli::RangeArgs;
use crate::output::{alpha, table, time};
use crate::wiring;

#[derive(Serialize)]
struct Line {
    netuid: u16,
    block: u64,
    pre_block: u64,
    epoch_index: Option<u64>,
    tempo: u16,
    time: String,
    changes: Vec<Change>,
}

#[derive(Serialize)]
struct Change {
    uid: Option<u16>,
    hotkey: String,
    coldkey: String,
    stake_before: String,
    stake_after: String,
    manual_add_stake: String,
    manual_remove_stake: String,
    neutral: String,
    true_emission: String,
    incentive: String,
    rounding: String,
    unattributed: String,
}

impl From<&StakeChange> for Change {
    fn from(change: &StakeChange) -> Self {
        Self {
            uid: change.uid.map(|uid| uid.0),
            hotkey: change.hotkey().to_string(),
            coldkey: change.coldkey().to_string(),
            stake_before: change.before.to_string(),
            stake_after: change.after.to_string(),
            manual_add_stake: change.manual_add.to_string(),
            manual_remove_stake: change.manual_remove.to_string(),
            neutral: change.neutral.to_string(),
            true_emission: change.true_emission.to_string(),
            incentive: change.incentive.to_string(),
            rounding: change.rounding.to_string(),
            unattributed: change.unattributed.to_string(),
        }
    }
}

fn line(netuid: NetUid, record: &EpochRecord) -> Line {
    Line {
        netuid: netuid.0,
        block: record.epoch.block.number.0,
        pre_block: record.epoch.pre_block.number.0,
        epoch_index: record.epoch.index,
        tempo: record.epoch.tempo,
        time: time(record.epoch.time),
        changes: record.changes.iter().map(Change::from).collect(),
    }
}

pub async fn run(session: &mut Session, args: &RangeArgs) -> anyhow::Result<()> {
    let store = session.record()?;
    let netuid = wiring::shown(&session.config, store.as_ref()).await?;
    let Some(watermark) = store.watermark(netuid).await? else {
        anyhow::bail!("there is no record of subnet {netuid}: run `vesting catch-up --netuid {netuid}` first");
    };
    let to = args.to.map_or(watermark.block.number, BlockNumber);
    let epochs = store.epochs(netuid, BlockNumber(args.from), to).await?;
    if session.json {
        for record in &epochs {
            session.out.json(&line(netuid, record))?;
        }
        return Ok(());
    }
    let mut rows = table(&[">block", "time", ">index", ">tempo", ">positions", ">emission", ">incentive", ">unattributed"]);
    for record in &epochs {
        let sum = |part: fn(&StakeChange) -> RaoDelta| alpha(record.changes.iter().map(part).sum::<RaoDelta>());
        rows.add_row([
            record.epoch.block.number.to_string(),
            time(record.epoch.time),
            record.epoch.index.map_or_else(String::new, |index| index.to_string()),
            record.epoch.tempo.to_string(),
            record.changes.len().to_string(),
            sum(|c| c.true_emission),
            sum(|c| c.incentive),
            sum(|c| c.unattributed),
        ]);
    }
    session.out.line(rows.to_string())
}
