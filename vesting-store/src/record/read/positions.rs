//! Reads the alpha of positions at a block, and how much of it is locked.

use std::collections::BTreeMap;

use diesel::prelude::*;
use vesting_core::{BlockNumber, Coldkey, NetUid, PositionKey, Rao};

use super::rows::read_all;
use crate::database::AnyConnection;
use crate::error::Fault;
use crate::rows::{LockColumns, NewestSnapshotRow, block_bound};

/// The newest snapshot of each position up to `block`.
pub fn newest(
    conn: &mut AnyConnection,
    netuid: NetUid,
    block: BlockNumber,
) -> Result<BTreeMap<PositionKey, Rao>, Fault> {
    let rows: Vec<NewestSnapshotRow> =
        diesel::sql_query(NewestSnapshotRow::query(netuid, block_bound(block))).load(conn)?;
    Ok(read_all(rows, |row| row.read(netuid))?.into_iter().collect())
}

pub fn positions_at(
    conn: &mut AnyConnection,
    netuid: NetUid,
    block: BlockNumber,
) -> Result<BTreeMap<PositionKey, Rao>, Fault> {
    let mut positions = newest(conn, netuid, block)?;
    positions.retain(|_, alpha| *alpha > Rao::ZERO);
    Ok(positions)
}

/// How much of each holder's stake is locked: its newest row up to `block`.
pub fn locks_at(
    conn: &mut AnyConnection,
    netuid: NetUid,
    block: BlockNumber,
) -> Result<BTreeMap<Coldkey, Rao>, Fault> {
    let rows: Vec<LockColumns> =
        diesel::sql_query(LockColumns::newest(netuid, block_bound(block))).load(conn)?;
    Ok(read_all(rows, |row| row.read())?.into_iter().map(|row| (row.coldkey, row.locked)).collect())
}
