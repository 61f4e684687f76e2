//! Rows of `open_interval`.

use diesel::prelude::*;
use vesting_core::ports::StoreError;
use vesting_core::{Hotkey, NetUid};

use super::value::{Location, int};
use crate::schema::tables::open_interval;

/// The number of operations on a hotkey since the last epoch.
#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = open_interval, treat_none_as_default_value = false)]
pub struct OperationsRow {
    netuid: i32,
    hotkey: Vec<u8>,
    operations: i64,
}

impl OperationsRow {
    pub fn new(netuid: NetUid, hotkey: Hotkey, operations: u64) -> Result<Self, StoreError> {
        Ok(Self {
            netuid: netuid.0.into(),
            hotkey: hotkey.0.to_vec(),
            operations: int("operations", operations)?,
        })
    }

    pub fn read(&self) -> Result<(Hotkey, u64), StoreError> {
        let at = Location { table: "open_interval", netuid: self.netuid, block: -1 };
        Ok((Hotkey(at.bytes(&self.hotkey)?), at.number(self.operations)?))
    }
}
