//! Rows of `stake_tranches` and `tranche_exits`.

use diesel::prelude::*;
use vesting_core::ports::StoreError;
use vesting_core::{Coldkey, Exit, Millis, NetUid, OpenTranche, Origin, Rao, Tranche};

use super::value::{Location, event_column, int, same_subnet};
use crate::schema::tables::{stake_tranches, tranche_exits};

/// A tranche with what is left of it at the watermark.
#[derive(Queryable, QueryableByName, Selectable, Insertable)]
#[diesel(table_name = stake_tranches, treat_none_as_default_value = false)]
pub struct TrancheRow {
    netuid: i32,
    coldkey: Vec<u8>,
    block: i64,
    event_index: i64,
    kind: String,
    hotkey: Vec<u8>,
    time: i64,
    origin: String,
    initial: i64,
    remaining: i64,
}

impl TrancheRow {
    pub fn new(netuid: NetUid, tranche: &Tranche) -> Result<Self, StoreError> {
        let initial = int("amount of a tranche", tranche.initial.0)?;
        Ok(Self {
            netuid: same_subnet(netuid, tranche.netuid)?,
            coldkey: tranche.coldkey.0.to_vec(),
            block: int("block", tranche.id.block.0)?,
            event_index: event_column(tranche.id.event_index),
            kind: tranche.id.kind.name().to_owned(),
            hotkey: tranche.id.hotkey.0.to_vec(),
            time: int("time", tranche.time.0)?,
            origin: tranche.origin.name().to_owned(),
            initial,
            remaining: initial,
        })
    }

    pub fn read(&self, netuid: NetUid) -> Result<OpenTranche, StoreError> {
        let at = Location { table: "stake_tranches", netuid: self.netuid, block: self.block };
        let unknown = || at.corrupt(format_args!("the origin `{}` is unknown", self.origin));
        let tranche = Tranche {
            netuid,
            coldkey: Coldkey(at.bytes(&self.coldkey)?),
            id: at.entry_id(self.block, self.event_index, &self.kind, &self.hotkey)?,
            time: Millis(at.number(self.time)?),
            origin: Origin::from_name(&self.origin).ok_or_else(unknown)?,
            initial: Rao(at.number(self.initial)?),
        };
        Ok(OpenTranche { tranche, remaining: Rao(at.number(self.remaining)?) })
    }
}

/// An exit from a tranche.
#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = tranche_exits, treat_none_as_default_value = false)]
pub struct ExitRow {
    netuid: i32,
    coldkey: Vec<u8>,
    tranche_block: i64,
    tranche_event_index: i64,
    tranche_kind: String,
    tranche_hotkey: Vec<u8>,
    block: i64,
    event_index: i64,
    kind: String,
    hotkey: Vec<u8>,
    amount: i64,
}

impl ExitRow {
    pub fn new(netuid: NetUid, exit: &Exit) -> Result<Self, StoreError> {
        Ok(Self {
            netuid: same_subnet(netuid, exit.netuid)?,
            coldkey: exit.coldkey.0.to_vec(),
            tranche_block: int("block", exit.tranche.block.0)?,
            tranche_event_index: event_column(exit.tranche.event_index),
            tranche_kind: exit.tranche.kind.name().to_owned(),
            tranche_hotkey: exit.tranche.hotkey.0.to_vec(),
            block: int("block", exit.by.block.0)?,
            event_index: event_column(exit.by.event_index),
            kind: exit.by.kind.name().to_owned(),
            hotkey: exit.by.hotkey.0.to_vec(),
            amount: int("amount of an exit", exit.amount.0)?,
        })
    }

    pub fn read(&self, netuid: NetUid) -> Result<Exit, StoreError> {
        let at = Location { table: "tranche_exits", netuid: self.netuid, block: self.block };
        Ok(Exit {
            netuid,
            coldkey: Coldkey(at.bytes(&self.coldkey)?),
            tranche: at.entry_id(
                self.tranche_block,
                self.tranche_event_index,
                &self.tranche_kind,
                &self.tranche_hotkey,
            )?,
            by: at.entry_id(self.block, self.event_index, &self.kind, &self.hotkey)?,
            amount: Rao(at.number(self.amount)?),
        })
    }
}
