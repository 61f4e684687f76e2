//! Reads epochs, their stake changes, and skipped slots.

use std::collections::BTreeMap;

use diesel::prelude::*;
use vesting_core::{BlockNumber, Epoch, EpochRecord, NetUid, SkippedSlot, StakeChange};

use super::rows::{netuid_column, read_all};
use crate::database::AnyConnection;
use crate::error::Fault;
use crate::rows::{ChangeRow, EpochRow, SkippedRow, block_bound};
use crate::schema::tables::{epoch_boundaries, skipped_slots, stake_changes};

fn epoch_rows(
    conn: &mut AnyConnection,
    netuid: NetUid,
    from: BlockNumber,
    to: BlockNumber,
) -> Result<Vec<EpochRow>, Fault> {
    Ok(epoch_boundaries::table
        .filter(epoch_boundaries::netuid.eq(netuid_column(netuid)))
        .filter(epoch_boundaries::block.between(block_bound(from), block_bound(to)))
        .order(epoch_boundaries::block)
        .select(EpochRow::as_select())
        .load(conn)?)
}

pub fn epoch_list(
    conn: &mut AnyConnection,
    netuid: NetUid,
    from: BlockNumber,
    to: BlockNumber,
) -> Result<Vec<Epoch>, Fault> {
    read_all(epoch_rows(conn, netuid, from, to)?, |row| row.read())
}

pub fn epochs(
    conn: &mut AnyConnection,
    netuid: NetUid,
    from: BlockNumber,
    to: BlockNumber,
) -> Result<Vec<EpochRecord>, Fault> {
    let rows: Vec<ChangeRow> = stake_changes::table
        .filter(stake_changes::netuid.eq(netuid_column(netuid)))
        .filter(stake_changes::block.between(block_bound(from), block_bound(to)))
        .order((stake_changes::block, stake_changes::hotkey, stake_changes::coldkey))
        .select(ChangeRow::as_select())
        .load(conn)?;
    let mut changes: BTreeMap<i64, Vec<StakeChange>> = BTreeMap::new();
    for row in rows {
        changes.entry(row.block).or_default().push(row.read()?);
    }
    read_all(epoch_rows(conn, netuid, from, to)?, |row| {
        Ok(EpochRecord {
            epoch: row.read()?,
            detected: row.detected()?,
            changes: changes.remove(&row.block).unwrap_or_default(),
        })
    })
}

pub fn skipped_slots(
    conn: &mut AnyConnection,
    netuid: NetUid,
    from: BlockNumber,
    to: BlockNumber,
) -> Result<Vec<SkippedSlot>, Fault> {
    let rows: Vec<SkippedRow> = skipped_slots::table
        .filter(skipped_slots::netuid.eq(netuid_column(netuid)))
        .filter(skipped_slots::block.between(block_bound(from), block_bound(to)))
        .order(skipped_slots::block)
        .select(SkippedRow::as_select())
        .load(conn)?;
    read_all(rows, |row| row.read())
}
