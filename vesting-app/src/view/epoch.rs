//! An epoch with what it did to every position.

use serde::Serialize;
use vesting_core::ports::Watermark;
use vesting_core::{EpochRecord, NetUid, SkippedSlot, StakeChange};

use crate::output::time;

#[derive(Serialize)]
pub struct Epoch {
    netuid: u16,
    block: u64,
    pre_block: u64,
    epoch_index: Option<u64>,
    tempo: u16,
    time: String,
    /// How it was found: storage, runtime_api or catch_up.
    detected: &'static str,
    /// The blocks since the epoch before in which one was due and skipped: this one pays for them.
    pub skipped_slots: Vec<u64>,
    /// `None` where they were pruned, which is not the same as none.
    changes: Option<Vec<Change>>,
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

/// Whether it is known what an epoch did: a record begins with its first block.
pub fn is_told(watermark: &Watermark, record: &EpochRecord) -> bool {
    record.epoch.block.number >= watermark.first_block
}

/// Epochs in order, each with those of the `skipped` slots that came before it.
pub fn epochs(
    watermark: Watermark,
    netuid: NetUid,
    records: &[EpochRecord],
    skipped: Vec<SkippedSlot>,
) -> impl Iterator<Item = Epoch> {
    let mut skipped = skipped.into_iter().map(|slot| slot.block).peekable();
    records.iter().map(move |record| {
        let block = record.epoch.block.number;
        Epoch {
            netuid: netuid.0,
            block: block.0,
            pre_block: record.epoch.pre_block.number.0,
            epoch_index: record.epoch.index,
            tempo: record.epoch.tempo,
            time: time(record.epoch.time),
            detected: record.detected.name(),
            skipped_slots: std::iter::from_fn(|| skipped.next_if(|slot| *slot < block))
                .map(|slot| slot.0)
                .collect(),
            changes: is_told(&watermark, record).then(|| record.changes.iter().map(Change::from).collect()),
        }
    })
}
