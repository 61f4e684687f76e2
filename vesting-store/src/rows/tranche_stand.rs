//! Tranches with the sums of their exits.

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use vesting_core::NetUid;
use vesting_core::ports::{StoreError, TrancheStand};

use super::tranche::TrancheRow;
use super::value::Location;
use super::wide_sum::{filtered_sum_columns, wide_sum};

/// A tranche with the sums of its exits up to a block, and after it.
#[derive(QueryableByName)]
pub struct TrancheStandRow {
    #[diesel(embed)]
    tranche: TrancheRow,
    #[diesel(sql_type = BigInt)]
    exits: i64,
    #[diesel(sql_type = BigInt)]
    taken_high: i64,
    #[diesel(sql_type = BigInt)]
    taken_low: i64,
    #[diesel(sql_type = BigInt)]
    later_high: i64,
    #[diesel(sql_type = BigInt)]
    later_low: i64,
}

impl TrancheStandRow {
    /// The query for the tranches opened in `from` ≤ block ≤ `to`, with the exits up to and after `as_of`.
    pub fn query(netuid: NetUid, from: i64, to: i64, as_of: i64) -> String {
        let up_to = format!("FILTER (WHERE e.block <= {as_of})");
        let (taken, later) = (
            filtered_sum_columns("e.amount", &up_to, "taken_"),
            filtered_sum_columns("e.amount", &format!("FILTER (WHERE e.block > {as_of})"), "later_"),
        );
        let columns = [
            "netuid",
            "coldkey",
            "block",
            "event_index",
            "kind",
            "hotkey",
            "time",
            "origin",
            "initial",
            "remaining",
        ];
        let columns = columns.map(|column| format!("t.{column}")).join(", ");
        format!(
            "SELECT {columns}, COUNT(e.amount) {up_to} AS exits, {taken}, {later} FROM stake_tranches t \
             LEFT JOIN tranche_exits e ON e.netuid = t.netuid AND e.coldkey = t.coldkey \
             AND e.tranche_block = t.block \
             AND e.tranche_event_index = t.event_index AND e.tranche_kind = t.kind \
             AND e.tranche_hotkey = t.hotkey \
             WHERE t.netuid = {netuid} AND t.block BETWEEN {from} AND {to} \
             GROUP BY t.netuid, t.block, t.event_index, t.kind, t.hotkey, t.coldkey"
        )
    }

    pub fn read(&self, netuid: NetUid) -> Result<TrancheStand, StoreError> {
        let open = self.tranche.read(netuid)?;
        let at = Location { table: "tranche_exits", netuid: netuid.0.into(), block: -1 };
        Ok(TrancheStand {
            tranche: open.tranche,
            exits: at.number(self.exits)?,
            taken: wide_sum(self.taken_high, self.taken_low),
            remaining: open.remaining.delta() + wide_sum(self.later_high, self.later_low),
        })
    }
}
