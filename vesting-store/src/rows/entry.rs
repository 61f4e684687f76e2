//! Rows of `stake_transactions`, and their sums.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary};
use vesting_core::ports::StoreError;
use vesting_core::{Coldkey, Entry, Hotkey, NetUid, PositionKey, RaoDelta, Source};

use super::value::{Location, event_column, int, phase_column, same_subnet};
use super::wide_sum::{sum_columns, wide_sum};
use crate::schema::tables::stake_transactions;

/// An entry of the ledger.
#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = stake_transactions, treat_none_as_default_value = false)]
pub struct EntryRow {
    netuid: i32,
    block: i64,
    event_index: i64,
    kind: String,
    hotkey: Vec<u8>,
    coldkey: Vec<u8>,
    phase: i64,
    alpha: i64,
}

impl EntryRow {
    pub fn new(netuid: NetUid, entry: &Entry) -> Result<Self, StoreError> {
        Ok(Self {
            netuid: same_subnet(netuid, entry.netuid)?,
            block: int("block", entry.block.0)?,
            event_index: event_column(entry.source.map(|s| s.event_index)),
            kind: entry.kind.name().to_owned(),
            hotkey: entry.key.hotkey.0.to_vec(),
            coldkey: entry.key.coldkey.0.to_vec(),
            phase: phase_column(entry.source.map(|s| s.phase)),
            alpha: int("alpha of an entry", entry.alpha.0)?,
        })
    }

    pub fn read(&self, netuid: NetUid) -> Result<Entry, StoreError> {
        let at = Location { table: "stake_transactions", netuid: self.netuid, block: self.block };
        let id = at.entry_id(self.block, self.event_index, &self.kind, &self.hotkey)?;
        let source = match (id.event_index, at.phase(self.phase)?) {
            (Some(event_index), Some(phase)) => Some(Source { event_index, phase }),
            (None, None) => None,
            _ => return Err(at.corrupt("an event without a phase, or a phase without an event")),
        };
        let key = PositionKey { hotkey: id.hotkey, coldkey: Coldkey(at.bytes(&self.coldkey)?) };
        Ok(Entry { netuid, block: id.block, source, key, kind: id.kind, alpha: RaoDelta(self.alpha.into()) })
    }
}

/// The sum of a position's entries up to a block.
#[derive(QueryableByName)]
pub struct EntrySumRow {
    #[diesel(sql_type = Binary)]
    hotkey: Vec<u8>,
    #[diesel(sql_type = Binary)]
    coldkey: Vec<u8>,
    #[diesel(sql_type = BigInt)]
    high: i64,
    #[diesel(sql_type = BigInt)]
    low: i64,
}

impl EntrySumRow {
    pub fn query(netuid: NetUid, block: i64) -> String {
        let sum = sum_columns("alpha");
        format!(
            "SELECT hotkey, coldkey, {sum} FROM stake_transactions WHERE netuid = {netuid} \
             AND block <= {block} GROUP BY hotkey, coldkey"
        )
    }

    pub fn read(&self, netuid: NetUid) -> Result<(PositionKey, RaoDelta), StoreError> {
        let at = Location { table: "stake_transactions", netuid: netuid.0.into(), block: -1 };
        let key = PositionKey {
            hotkey: Hotkey(at.bytes(&self.hotkey)?),
            coldkey: Coldkey(at.bytes(&self.coldkey)?),
        };
        Ok((key, wide_sum(self.high, self.low)))
    }
}
