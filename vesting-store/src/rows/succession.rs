//! Rows of `successions`.

use diesel::prelude::*;
use vesting_core::ports::StoreError;
use vesting_core::{Coldkey, NetUid, Succession};

use super::value::{Location, int};
use crate::schema::tables::successions;

/// A coldkey that took over from a holder.
#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = successions, treat_none_as_default_value = false)]
pub struct SuccessionRow {
    netuid: i32,
    block: i64,
    event_index: i64,
    old_coldkey: Vec<u8>,
    new_coldkey: Vec<u8>,
}

impl SuccessionRow {
    pub fn new(netuid: NetUid, succession: &Succession) -> Result<Self, StoreError> {
        Ok(Self {
            netuid: netuid.0.into(),
            block: int("block", succession.block.0)?,
            event_index: succession.event_index.into(),
            old_coldkey: succession.old.0.to_vec(),
            new_coldkey: succession.new.0.to_vec(),
        })
    }

    pub fn read(&self) -> Result<Succession, StoreError> {
        let at = Location { table: "successions", netuid: self.netuid, block: self.block };
        Ok(Succession {
            block: at.block(self.block)?,
            event_index: at.number(self.event_index)?,
            old: Coldkey(at.bytes(&self.old_coldkey)?),
            new: Coldkey(at.bytes(&self.new_coldkey)?),
        })
    }
}
