//! An epoch with what it did to every position.

use serde::Serialize;
use utoipa::ToSchema;
use vesting_core::ports::Watermark;
use vesting_core::{Detection, EpochRecord, NetUid, SkippedSlot, StakeChange};

use super::text::{Address, Amount, Time};

/// An epoch.
#[derive(Serialize, ToSchema)]
pub struct Epoch {
    netuid: u16,
    block: u64,
    /// The block before it.
    pre_block: u64,
    epoch_index: Option<u64>,
    tempo: u16,
    time: Time,
    /// How it was found.
    detected: Detected,
    /// The blocks since the epoch before in which an epoch was due and skipped. This one pays for them.
    pub skipped_slots: Vec<u64>,
    /// What it did to every position; null where that was pruned.
    changes: Option<Vec<Change>>,
}

/// How an epoch was found.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Detected {
    Storage,
    RuntimeApi,
    CatchUp,
}

impl From<Detection> for Detected {
    fn from(detection: Detection) -> Self {
        match detection {
            Detection::Storage => Self::Storage,
            Detection::RuntimeApi => Self::RuntimeApi,
            Detection::CatchUp => Self::CatchUp,
        }
    }
}

/// What an epoch's block did to a position.
#[derive(Serialize, ToSchema)]
struct Change {
    uid: Option<u16>,
    hotkey: Address,
    coldkey: Address,
    stake_before: Amount,
    stake_after: Amount,
    manual_add_stake: Amount,
    manual_remove_stake: Amount,
    neutral: Amount,
    true_emission: Amount,
    incentive: Amount,
    rounding: Amount,
    unattributed: Amount,
}

impl From<&StakeChange> for Change {
    fn from(change: &StakeChange) -> Self {
        Self {
            uid: change.uid.map(|uid| uid.0),
            hotkey: change.hotkey().into(),
            coldkey: change.coldkey().into(),
            stake_before: change.before.into(),
            stake_after: change.after.into(),
            manual_add_stake: change.manual_add.into(),
            manual_remove_stake: change.manual_remove.into(),
            neutral: change.neutral.into(),
            true_emission: change.true_emission.into(),
            incentive: change.incentive.into(),
            rounding: change.rounding.into(),
            unattributed: change.unattributed.into(),
        }
    }
}

/// Whether the record tells what an epoch did. It does so from its first block on.
pub fn is_told(watermark: &Watermark, record: &EpochRecord) -> bool {
    record.epoch.block.number >= watermark.first_block
}

/// Epochs in order, each with the `skipped` slots since the epoch before.
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
            time: record.epoch.time.into(),
            detected: record.detected.into(),
            skipped_slots: std::iter::from_fn(|| skipped.next_if(|slot| *slot < block))
                .map(|slot| slot.0)
                .collect(),
            changes: is_told(&watermark, record).then(|| record.changes.iter().map(Change::from).collect()),
        }
    })
}
