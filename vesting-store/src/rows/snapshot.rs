//! Rows of `stake_snapshots`.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary};
use vesting_core::ports::{Snapshot, StoreError};
use vesting_core::{Coldkey, Hotkey, NetUid, PositionKey, Rao};

use super::value::{Location, int};
use crate::schema::tables::stake_snapshots;

/// The alpha of a position in a block's state.
#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = stake_snapshots, treat_none_as_default_value = false)]
pub struct SnapshotRow {
    netuid: i32,
    block: i64,
    hotkey: Vec<u8>,
    coldkey: Vec<u8>,
    alpha: i64,
}

impl SnapshotRow {
    pub fn new(netuid: NetUid, snapshot: &Snapshot) -> Result<Self, StoreError> {
        Ok(Self {
            netuid: netuid.0.into(),
            block: int("block", snapshot.block.0)?,
            hotkey: snapshot.key.hotkey.0.to_vec(),
            coldkey: snapshot.key.coldkey.0.to_vec(),
            alpha: int("alpha of a snapshot", snapshot.alpha.0)?,
        })
    }

    pub fn read(&self) -> Result<Snapshot, StoreError> {
        let at = Location { table: "stake_snapshots", netuid: self.netuid, block: self.block };
        let key = PositionKey {
            hotkey: Hotkey(at.bytes(&self.hotkey)?),
            coldkey: Coldkey(at.bytes(&self.coldkey)?),
        };
        Ok(Snapshot { block: at.block(self.block)?, key, alpha: Rao(at.number(self.alpha)?) })
    }
}

/// The newest alpha of a position.
#[derive(QueryableByName)]
pub struct NewestSnapshotRow {
    #[diesel(sql_type = BigInt)]
    block: i64,
    #[diesel(sql_type = Binary)]
    hotkey: Vec<u8>,
    #[diesel(sql_type = Binary)]
    coldkey: Vec<u8>,
    #[diesel(sql_type = BigInt)]
    alpha: i64,
}

impl NewestSnapshotRow {
    /// The query for the newest snapshot of each position up to a block. It steps through the index from one
    /// position to the next, and reads one row of each, so that a long history costs no more than a short
    /// one. Only numbers are put into its text, which is the same for both databases.
    pub fn query(netuid: NetUid, block: i64) -> String {
        // The next coldkey of this hotkey, or else the next hotkey. For `(hotkey, coldkey) > (…)`, SQLite
        // would search by the hotkey only, and read all its history.
        let next = |column: &str| {
            format!(
                "COALESCE((SELECT s.{column} FROM stake_snapshots s WHERE s.netuid = {netuid} \
                 AND s.hotkey = p.hotkey \
                 AND s.coldkey > p.coldkey ORDER BY s.coldkey LIMIT 1), \
                 (SELECT s.{column} FROM stake_snapshots s WHERE s.netuid = {netuid} AND s.hotkey > p.hotkey \
                 ORDER BY s.hotkey, s.coldkey LIMIT 1))"
            )
        };
        let newest = |column: &str| {
            format!(
                "(SELECT s.{column} FROM stake_snapshots s WHERE s.netuid = {netuid} \
                 AND s.hotkey = p.hotkey AND s.coldkey = p.coldkey \
                 AND s.block <= {block} ORDER BY s.block DESC LIMIT 1)"
            )
        };
        format!(
            "WITH RECURSIVE p (hotkey, coldkey) AS ( \
             SELECT hotkey, coldkey FROM (SELECT hotkey, coldkey FROM stake_snapshots \
             WHERE netuid = {netuid} \
             ORDER BY hotkey, coldkey LIMIT 1) AS first \
             UNION ALL SELECT {}, {} FROM p WHERE p.hotkey IS NOT NULL) \
             SELECT q.block, q.hotkey, q.coldkey, q.alpha FROM ( \
             SELECT p.hotkey, p.coldkey, {} AS block, {} AS alpha FROM p \
             WHERE p.hotkey IS NOT NULL) AS q WHERE q.block IS NOT NULL",
            next("hotkey"),
            next("coldkey"),
            newest("block"),
            newest("alpha")
        )
    }

    pub fn read(&self, netuid: NetUid) -> Result<(PositionKey, Rao), StoreError> {
        let at = Location { table: "stake_snapshots", netuid: netuid.0.into(), block: self.block };
        let key = PositionKey {
            hotkey: Hotkey(at.bytes(&self.hotkey)?),
            coldkey: Coldkey(at.bytes(&self.coldkey)?),
        };
        Ok((key, Rao(at.number(self.alpha)?)))
    }
}
