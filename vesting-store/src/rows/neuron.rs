//! Rows of `neurons` and `holders`.

use diesel::prelude::*;
use vesting_core::ports::{Holder, NeuronRow, StoreError};
use vesting_core::{Coldkey, Hotkey, NetUid, Uid};

use super::value::{Location, int};
use crate::schema::tables::{holders, neurons};

/// The keys that hold a uid.
#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = neurons, treat_none_as_default_value = false)]
pub struct NeuronColumns {
    netuid: i32,
    block: i64,
    uid: i32,
    hotkey: Option<Vec<u8>>,
    coldkey: Option<Vec<u8>>,
}

impl NeuronColumns {
    pub fn new(netuid: NetUid, row: &NeuronRow) -> Result<Self, StoreError> {
        Ok(Self {
            netuid: netuid.0.into(),
            block: int("block", row.block.0)?,
            uid: row.uid.0.into(),
            hotkey: row.holder.map(|(hotkey, _)| hotkey.0.to_vec()),
            coldkey: row.holder.map(|(_, coldkey)| coldkey.0.to_vec()),
        })
    }

    pub fn read(&self) -> Result<NeuronRow, StoreError> {
        let at = Location { table: "neurons", netuid: self.netuid, block: self.block };
        let holder = match (&self.hotkey, &self.coldkey) {
            (Some(hotkey), Some(coldkey)) => Some((Hotkey(at.bytes(hotkey)?), Coldkey(at.bytes(coldkey)?))),
            (None, None) => None,
            _ => return Err(at.corrupt(format_args!("uid {} has one key of two", self.uid))),
        };
        Ok(NeuronRow { uid: Uid(at.number(self.uid.into())?), block: at.block(self.block)?, holder })
    }
}

/// A coldkey that is followed.
#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = holders, treat_none_as_default_value = false)]
pub struct HolderRow {
    netuid: i32,
    coldkey: Vec<u8>,
    since: i64,
}

impl HolderRow {
    pub fn new(netuid: NetUid, holder: &Holder) -> Result<Self, StoreError> {
        Ok(Self {
            netuid: netuid.0.into(),
            coldkey: holder.coldkey.0.to_vec(),
            since: int("block", holder.since.0)?,
        })
    }

    pub fn read(&self) -> Result<Holder, StoreError> {
        let at = Location { table: "holders", netuid: self.netuid, block: self.since };
        Ok(Holder { coldkey: Coldkey(at.bytes(&self.coldkey)?), since: at.block(self.since)? })
    }
}
