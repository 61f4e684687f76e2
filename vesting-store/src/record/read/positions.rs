//! The alpha of positions, and what is locked of it, at a block.

use std::collections::BTreeMap;

use diesel::prelude::*;
use vesting_core::{BlockNumber, Coldkey, NetUid, PositionKey, Rao};

use super::rows::all;
use crate::database::Link;
use crate::error::Fault;
use crate::rows::{LockColumns, Newest, bound};

/// The newest snapshot of each position up to `block`.
pub fn newest(
    conn: &mut Link,
    netuid: NetUid,
    block: BlockNumber,
) -> Result<BTreeMap<PositionKey, Rao>, Fault> {
    let rows: Vec<Newest> = diesel::sql_query(Newest::query(netuid, bound(block))).load(conn)?;
    Ok(all(rows, |row| row.read(netuid))?.into_iter().collect())
}

pub fn positions_at(
    conn: &mut Link,
    netuid: NetUid,
    block: BlockNumber,
) -> Result<BTreeMap<PositionKey, Rao>, Fault> {
    let mut positions = newest(conn, netuid, block)?;
    positions.retain(|_, alpha| *alpha > Rao::ZERO);
    Ok(positions)
}

/// How much of each holder's stake is locked, by its newest row up to `block`.
pub fn locks_at(
    conn: &mut Link,
    netuid: NetUid,
    block: BlockNumber,
) -> Result<BTreeMap<Coldkey, Rao>, Fault> {
    let rows: Vec<LockColumns> = diesel::sql_query(LockColumns::newest(netuid, bound(block))).load(conn)?;
    Ok(all(rows, |row| row.read())?.into_iter().map(|row| (row.coldkey, row.locked)).collect())
}
