//! Rows of `blockchain_state`.

use std::collections::BTreeMap;

use diesel::prelude::*;
use vesting_core::ports::{OpenInterval, StoreError, Watermark};
use vesting_core::{BlockHash, BlockRef, Hotkey, Millis, NetUid};

use super::value::{Location, int};
use crate::schema::tables::blockchain_state;

/// How far the record of a subnet goes, and its open interval.
#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = blockchain_state, primary_key(netuid))]
#[diesel(treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct StateRow {
    pub netuid: i32,
    block: i64,
    hash: Vec<u8>,
    time: i64,
    first_block: i64,
    first_time: i64,
    observed: i64,
    spec_version: i64,
    runtime_changed: bool,
    interval_from: Option<i64>,
    anywhere: i64,
}

impl StateRow {
    pub fn new(netuid: NetUid, watermark: &Watermark, interval: &OpenInterval) -> Result<Self, StoreError> {
        Ok(Self {
            netuid: netuid.0.into(),
            block: int("block", watermark.block.number.0)?,
            hash: watermark.block.hash.0.to_vec(),
            time: int("time", watermark.time.0)?,
            first_block: int("first block", watermark.first_block.0)?,
            first_time: int("first time", watermark.first_time.0)?,
            observed: int("observed block", watermark.observed.0)?,
            spec_version: watermark.spec_version.into(),
            runtime_changed: interval.runtime_changed,
            interval_from: interval.from.map(|block| int("start of an interval", block.0)).transpose()?,
            anywhere: int("operations", interval.anywhere)?,
        })
    }

    /// The open interval, with the operations on each hotkey.
    pub fn interval(&self, operations: BTreeMap<Hotkey, u64>) -> Result<OpenInterval, StoreError> {
        let at = Location { table: "blockchain_state", netuid: self.netuid, block: self.block };
        Ok(OpenInterval {
            from: self.interval_from.map(|block| at.block(block)).transpose()?,
            operations,
            anywhere: at.number(self.anywhere)?,
            runtime_changed: self.runtime_changed,
        })
    }

    pub fn read(&self) -> Result<Watermark, StoreError> {
        let at = Location { table: "blockchain_state", netuid: self.netuid, block: self.block };
        Ok(Watermark {
            block: BlockRef { number: at.block(self.block)?, hash: BlockHash(at.bytes(&self.hash)?) },
            time: Millis(at.number(self.time)?),
            first_block: at.block(self.first_block)?,
            first_time: Millis(at.number(self.first_time)?),
            observed: at.block(self.observed)?,
            spec_version: at.number(self.spec_version)?,
        })
    }
}
