//! Rows of `stake_locks`.

use diesel::prelude::*;
use vesting_core::ports::{LockRow, StoreError};
use vesting_core::{Coldkey, NetUid, Rao};

use super::value::{Location, int};
use crate::schema::tables::stake_locks;

/// How much of a holder's stake is locked.
#[derive(Queryable, QueryableByName, Selectable, Insertable)]
#[diesel(table_name = stake_locks, treat_none_as_default_value = false)]
pub struct LockColumns {
    netuid: i32,
    block: i64,
    coldkey: Vec<u8>,
    locked: i64,
}

impl LockColumns {
    pub fn new(netuid: NetUid, row: &LockRow) -> Result<Self, StoreError> {
        Ok(Self {
            netuid: netuid.0.into(),
            block: int("block", row.block.0)?,
            coldkey: row.coldkey.0.to_vec(),
            locked: int("locked part", row.locked.0)?,
        })
    }

    /// The query for the newest row of each holder up to a block. It is built like
    /// [`NewestSnapshotRow::query`](super::NewestSnapshotRow::query).
    pub fn newest(netuid: NetUid, block: i64) -> String {
        let newest = |column: &str| {
            format!(
                "(SELECT l.{column} FROM stake_locks l WHERE l.netuid = {netuid} \
                 AND l.coldkey = c.coldkey AND l.block <= {block} \
                 ORDER BY l.block DESC LIMIT 1)"
            )
        };
        format!(
            "WITH RECURSIVE c (coldkey) AS ( \
             SELECT coldkey FROM (SELECT coldkey FROM stake_locks WHERE netuid = {netuid} \
             ORDER BY coldkey LIMIT 1) AS first \
             UNION ALL SELECT (SELECT l.coldkey FROM stake_locks l WHERE l.netuid = {netuid} \
             AND l.coldkey > c.coldkey \
             ORDER BY l.coldkey LIMIT 1) FROM c WHERE c.coldkey IS NOT NULL) \
             SELECT {netuid} AS netuid, q.block, q.coldkey, q.locked FROM ( \
             SELECT c.coldkey, {} AS block, {} AS locked FROM c WHERE c.coldkey IS NOT NULL) AS q \
             WHERE q.block IS NOT NULL",
            newest("block"),
            newest("locked")
        )
    }

    pub fn read(&self) -> Result<LockRow, StoreError> {
        let at = Location { table: "stake_locks", netuid: self.netuid, block: self.block };
        Ok(LockRow {
            block: at.block(self.block)?,
            coldkey: Coldkey(at.bytes(&self.coldkey)?),
            locked: Rao(at.number(self.locked)?),
        })
    }
}
