//! Rows of `block_times`.

use diesel::prelude::*;
use vesting_core::ports::StoreError;
use vesting_core::{BlockNumber, Millis, NetUid};

use super::value::{Location, int};
use crate::schema::tables::block_times;

/// The time of a block with entries.
#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = block_times, treat_none_as_default_value = false)]
pub struct TimeRow {
    netuid: i32,
    block: i64,
    time: i64,
}

impl TimeRow {
    pub fn new(netuid: NetUid, block: BlockNumber, time: Millis) -> Result<Self, StoreError> {
        Ok(Self { netuid: netuid.0.into(), block: int("block", block.0)?, time: int("time", time.0)? })
    }

    pub fn read(&self) -> Result<(BlockNumber, Millis), StoreError> {
        let at = Location { table: "block_times", netuid: self.netuid, block: self.block };
        Ok((at.block(self.block)?, Millis(at.number(self.time)?)))
    }
}
