//! Rows of `skipped_slots`.

use diesel::prelude::*;
use vesting_core::ports::StoreError;
use vesting_core::{Millis, NetUid, SkippedSlot};

use super::value::{Location, int};
use crate::schema::tables::skipped_slots;

/// A slot whose epoch was skipped.
#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = skipped_slots, treat_none_as_default_value = false)]
pub struct SkippedRow {
    netuid: i32,
    block: i64,
    time: i64,
}

impl SkippedRow {
    pub fn new(netuid: NetUid, slot: &SkippedSlot) -> Result<Self, StoreError> {
        Ok(Self {
            netuid: netuid.0.into(),
            block: int("block", slot.block.0)?,
            time: int("time", slot.time.0)?,
        })
    }

    pub fn read(&self) -> Result<SkippedSlot, StoreError> {
        let at = Location { table: "skipped_slots", netuid: self.netuid, block: self.block };
        Ok(SkippedSlot { block: at.block(self.block)?, time: Millis(at.number(self.time)?) })
    }
}
