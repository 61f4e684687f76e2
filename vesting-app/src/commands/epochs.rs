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
    /// How it was found: storage, runtime_api or catch_up.
    detected: &'static str,
    /// The blocks since the epoch before in which one was due and skipped: this one pays for them.
    skipped_slots: Vec<u64>,
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

fn line(netuid: NetUid, record: &EpochRecord, skipped_slots: Vec<u64>) -> Line {
    Line {
        netuid: netuid.0,
        block: record.epoch.block.number.0,
        pre_block: record.epoch.pre_block.number.0,
        epoch_index: record.epoch.index,
        tempo: record.epoch.tempo,
        time: time(record.epoch.time),
        detected: record.detected.name(),
        skipped_slots,
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
    let mut skipped = store.skipped_slots(netuid, BlockNumber(args.from), to).await?.into_iter().map(|slot| slot.block.0).peekable();
    let mut slots_before = |block: BlockNumber| std::iter::from_fn(|| skipped.next_if(|slot| *slot < block.0)).collect::<Vec<u64>>();
    if session.json {
        for record in &epochs {
            let slots = slots_before(record.epoch.block.number);
            session.out.json(&line(netuid, record, slots))?;
        }
        return Ok(());
    }
    let headings =
        [">block", "time", ">index", ">tempo", ">positions", ">emission", ">incentive", ">unattributed", "found by", "skipped before"];
    let mut rows = table(&headings);
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
            record.detected.name().to_owned(),
            slots_before(record.epoch.block.number).iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
        ]);
    }
    session.out.line(rows.to_string())
}
