//! Reads holders, the neurons of a subnet, and successions of coldkeys.

use diesel::prelude::*;
use vesting_core::ports::{Holder, NeuronRow};
use vesting_core::{BlockNumber, NetUid, Succession};

use super::rows::{netuid_column, read_all};
use crate::database::AnyConnection;
use crate::error::Fault;
use crate::rows::{HolderRow, NeuronColumns, SuccessionRow, block_bound};
use crate::schema::tables::{holders, neurons, successions};

pub fn successions(
    conn: &mut AnyConnection,
    netuid: NetUid,
    to: BlockNumber,
) -> Result<Vec<Succession>, Fault> {
    let rows: Vec<SuccessionRow> = successions::table
        .filter(successions::netuid.eq(netuid_column(netuid)))
        .filter(successions::block.le(block_bound(to)))
        .order((successions::block, successions::event_index))
        .select(SuccessionRow::as_select())
        .load(conn)?;
    read_all(rows, |row| row.read())
}

pub fn neurons(conn: &mut AnyConnection, netuid: NetUid, to: BlockNumber) -> Result<Vec<NeuronRow>, Fault> {
    let rows: Vec<NeuronColumns> = neurons::table
        .filter(neurons::netuid.eq(netuid_column(netuid)))
        .filter(neurons::block.le(block_bound(to)))
        .order((neurons::block, neurons::uid))
        .select(NeuronColumns::as_select())
        .load(conn)?;
    read_all(rows, |row| row.read())
}

pub fn holders(conn: &mut AnyConnection, netuid: NetUid) -> Result<Vec<Holder>, Fault> {
    let rows: Vec<HolderRow> = holders::table
        .filter(holders::netuid.eq(netuid_column(netuid)))
        .order(holders::coldkey)
        .select(HolderRow::as_select())
        .load(conn)?;
    read_all(rows, |row| row.read())
}
