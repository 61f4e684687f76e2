//! Rows of `epoch_boundaries` and `stake_changes`.

use diesel::prelude::*;
use vesting_core::ports::StoreError;
use vesting_core::{
    BlockHash, BlockRef, Coldkey, Detection, Epoch, EpochRecord, Hotkey, Millis, NetUid, PositionKey, Rao,
    RaoDelta, StakeChange, Uid,
};

use super::value::{Location, int};
use crate::schema::tables::{epoch_boundaries, stake_changes};

/// An epoch.
#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = epoch_boundaries, treat_none_as_default_value = false)]
pub struct EpochRow {
    netuid: i32,
    pub block: i64,
    hash: Vec<u8>,
    pre_hash: Vec<u8>,
    time: i64,
    epoch_index: Option<i64>,
    tempo: i32,
    registered_at: i64,
    detected: String,
}

impl EpochRow {
    pub fn new(netuid: NetUid, record: &EpochRecord) -> Result<Self, StoreError> {
        let epoch = &record.epoch;
        if epoch.pre_block.number != epoch.block.number.parent() {
            let (pre, block) = (epoch.pre_block.number, epoch.block.number);
            return Err(StoreError::Unusable(format!(
                "nothing was written: block {pre} is not the one before the epoch at block {block}"
            )));
        }
        Ok(Self {
            netuid: netuid.0.into(),
            block: int("block", epoch.block.number.0)?,
            hash: epoch.block.hash.0.to_vec(),
            pre_hash: epoch.pre_block.hash.0.to_vec(),
            time: int("time", epoch.time.0)?,
            epoch_index: epoch.index.map(|index| int("epoch index", index)).transpose()?,
            tempo: epoch.tempo.into(),
            registered_at: int("block of registration", epoch.registered_at.0)?,
            detected: record.detected.name().to_owned(),
        })
    }

    pub fn read(&self) -> Result<Epoch, StoreError> {
        let at = Location { table: "epoch_boundaries", netuid: self.netuid, block: self.block };
        let number = at.block(self.block)?;
        Ok(Epoch {
            block: BlockRef { number, hash: BlockHash(at.bytes(&self.hash)?) },
            pre_block: BlockRef { number: number.parent(), hash: BlockHash(at.bytes(&self.pre_hash)?) },
            time: Millis(at.number(self.time)?),
            index: self.epoch_index.map(|index| at.number(index)).transpose()?,
            tempo: at.number(self.tempo.into())?,
            registered_at: at.block(self.registered_at)?,
        })
    }

    /// How the epoch was detected.
    pub fn detected(&self) -> Result<Detection, StoreError> {
        let at = Location { table: "epoch_boundaries", netuid: self.netuid, block: self.block };
        Detection::from_name(&self.detected)
            .ok_or_else(|| at.corrupt(format_args!("the detection `{}` is unknown", self.detected)))
    }
}

/// How the block of an epoch changed a position.
#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = stake_changes, treat_none_as_default_value = false)]
pub struct ChangeRow {
    netuid: i32,
    pub block: i64,
    hotkey: Vec<u8>,
    coldkey: Vec<u8>,
    uid: Option<i32>,
    stake_before: i64,
    stake_after: i64,
    manual_add_stake: i64,
    manual_remove_stake: i64,
    neutral: i64,
    true_emission: i64,
    incentive: i64,
    rounding: i64,
    unattributed: i64,
}

impl ChangeRow {
    pub fn new(netuid: NetUid, epoch: &Epoch, change: &StakeChange) -> Result<Self, StoreError> {
        let part = |what: &str, amount: RaoDelta| int(what, amount.0);
        Ok(Self {
            netuid: netuid.0.into(),
            block: int("block", epoch.block.number.0)?,
            hotkey: change.key.hotkey.0.to_vec(),
            coldkey: change.key.coldkey.0.to_vec(),
            uid: change.uid.map(|uid| uid.0.into()),
            stake_before: int("stake before an epoch", change.before.0)?,
            stake_after: int("stake after an epoch", change.after.0)?,
            manual_add_stake: part("stake added", change.manual_add)?,
            manual_remove_stake: part("stake removed", change.manual_remove)?,
            neutral: part("stake moved", change.neutral)?,
            true_emission: part("emission", change.true_emission)?,
            incentive: part("incentive", change.incentive)?,
            rounding: part("rounding", change.rounding)?,
            unattributed: part("unattributed change", change.unattributed)?,
        })
    }

    pub fn read(&self) -> Result<StakeChange, StoreError> {
        let at = Location { table: "stake_changes", netuid: self.netuid, block: self.block };
        Ok(StakeChange {
            uid: self.uid.map(|uid| at.number(uid.into()).map(Uid)).transpose()?,
            key: PositionKey {
                hotkey: Hotkey(at.bytes(&self.hotkey)?),
                coldkey: Coldkey(at.bytes(&self.coldkey)?),
            },
            before: Rao(at.number(self.stake_before)?),
            after: Rao(at.number(self.stake_after)?),
            manual_add: RaoDelta(self.manual_add_stake.into()),
            manual_remove: RaoDelta(self.manual_remove_stake.into()),
            neutral: RaoDelta(self.neutral.into()),
            true_emission: RaoDelta(self.true_emission.into()),
            incentive: RaoDelta(self.incentive.into()),
            rounding: RaoDelta(self.rounding.into()),
            unattributed: RaoDelta(self.unattributed.into()),
        })
    }
}
