//! Reads how far a record goes, and the state of the ledger there.

use std::collections::BTreeMap;

use diesel::prelude::*;
use vesting_core::ports::{LedgerState, NeuronRow, Watermark};
use vesting_core::{BlockHash, BlockNumber, Hotkey, NetUid, Uid};

use super::holders::{holders, neurons, successions};
use super::positions::{locks_at, newest};
use super::rows::{netuid_column, read_all};
use crate::database::AnyConnection;
use crate::error::Fault;
use crate::rows::{Location, OperationsRow, StateRow};
use crate::schema::tables::{blockchain_state, chain, open_interval};

pub fn genesis(conn: &mut AnyConnection) -> Result<Option<BlockHash>, Fault> {
    let stored: Option<Vec<u8>> = chain::table.select(chain::genesis).first(conn).optional()?;
    let at = Location { table: "chain", netuid: -1, block: 0 };
    Ok(stored.map(|bytes| at.bytes(&bytes)).transpose()?.map(BlockHash))
}

pub fn netuids(conn: &mut AnyConnection) -> Result<Vec<NetUid>, Fault> {
    let rows: Vec<(i32, i64)> = blockchain_state::table
        .select((blockchain_state::netuid, blockchain_state::block))
        .order(blockchain_state::netuid)
        .load(conn)?;
    read_all(rows, |(netuid, block)| {
        Location { table: "blockchain_state", netuid, block }.number(netuid.into()).map(NetUid)
    })
}

pub fn state(conn: &mut AnyConnection, netuid: NetUid) -> Result<Option<StateRow>, Fault> {
    Ok(blockchain_state::table
        .find(netuid_column(netuid))
        .select(StateRow::as_select())
        .first(conn)
        .optional()?)
}

pub fn watermark(conn: &mut AnyConnection, netuid: NetUid) -> Result<Option<Watermark>, Fault> {
    Ok(state(conn, netuid)?.map(|row| row.read()).transpose()?)
}

pub fn ledger_state(conn: &mut AnyConnection, netuid: NetUid) -> Result<Option<LedgerState>, Fault> {
    let Some(state) = state(conn, netuid)? else { return Ok(None) };
    let by_uid: BTreeMap<Uid, NeuronRow> =
        neurons(conn, netuid, BlockNumber(u64::MAX))?.into_iter().map(|row| (row.uid, row)).collect();
    let operations = operations(conn, netuid)?;
    Ok(Some(LedgerState {
        watermark: state.read()?,
        holders: holders(conn, netuid)?,
        observed: newest(conn, netuid, BlockNumber(u64::MAX))?,
        locks: locks_at(conn, netuid, BlockNumber(u64::MAX))?,
        neurons: by_uid.into_values().collect(),
        successions: successions(conn, netuid, BlockNumber(u64::MAX))?,
        interval: state.interval(operations)?,
    }))
}

/// The operations on each hotkey in the open interval.
pub fn operations(conn: &mut AnyConnection, netuid: NetUid) -> Result<BTreeMap<Hotkey, u64>, Fault> {
    let rows: Vec<OperationsRow> = open_interval::table
        .filter(open_interval::netuid.eq(netuid_column(netuid)))
        .select(OperationsRow::as_select())
        .load(conn)?;
    Ok(read_all(rows, |row| row.read())?.into_iter().collect())
}
