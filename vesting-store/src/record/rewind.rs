//! Takes a record back to an earlier block, inside the transaction of the caller. The statements are the same
//! for both databases. They are built as text, which is safe: only numbers are put into them.

use diesel::prelude::*;
use vesting_core::ports::Watermark;
use vesting_core::{NetUid, rewind};

use super::exits::EXITS_OF_TRANCHE;
use super::read;
use super::write;
use crate::database::AnyConnection;
use crate::error::Fault;
use crate::rows::{StateRow, block_bound};
use crate::schema::tables::blockchain_state;

/// As [`vesting_core::ports::WholeRecord::rewind`] says.
pub fn rewind(conn: &mut AnyConnection, netuid: NetUid, to: Option<Watermark>) -> Result<(), Fault> {
    let Some(to) = to else { return forget(conn, netuid) };
    let record = read::watermark(conn, netuid)?;
    let epoch = read::epoch_list(conn, netuid, to.block.number, to.block.number)?.pop();
    let (watermark, interval) = rewind::rewound(netuid, record, epoch.as_ref(), &to)?;
    let state = StateRow::new(netuid, &watermark, &interval)?;
    for statement in statements(netuid, block_bound(to.block.number)) {
        diesel::sql_query(statement).execute(conn)?;
    }
    diesel::update(blockchain_state::table.find(state.netuid)).set(&state).execute(conn)?;
    write::operations(conn, netuid, &interval)
}

/// The statements that take the tables of a record back to the end of the block `at`, in order.
#[must_use]
pub fn statements(netuid: NetUid, at: i64) -> Vec<String> {
    let of = format!("netuid = {netuid}");
    // The holders followed from `at` on. That was only found out after `at`.
    let later = format!("(SELECT h.coldkey FROM holders h WHERE h.netuid = {netuid} AND h.since >= {at})");
    vec![
        format!(
            "UPDATE stake_tranches \
             SET remaining = remaining \
             + (SELECT CAST(SUM(e.amount) AS BIGINT) {EXITS_OF_TRANCHE} AND e.block > {at}) \
             WHERE {of} AND block <= {at} AND remaining < initial \
             AND EXISTS (SELECT 1 {EXITS_OF_TRANCHE} AND e.block > {at})"
        ),
        format!("DELETE FROM tranche_exits WHERE {of} AND block > {at}"),
        format!("DELETE FROM stake_tranches WHERE {of} AND block > {at}"),
        format!("DELETE FROM stake_tranches WHERE {of} AND block = {at} AND coldkey IN {later}"),
        format!("DELETE FROM stake_transactions WHERE {of} AND block > {at}"),
        format!("DELETE FROM stake_transactions WHERE {of} AND block = {at} AND coldkey IN {later}"),
        format!("DELETE FROM block_times WHERE {of} AND block > {at}"),
        // Only a block with entries has a time.
        format!(
            "DELETE FROM block_times WHERE {of} AND block = {at} AND NOT EXISTS \
             (SELECT 1 FROM stake_transactions e WHERE e.netuid = {netuid} AND e.block = {at})"
        ),
        format!(
            "DELETE FROM stake_snapshots \
             WHERE {of} AND (block > {at} OR (block = {at} AND coldkey IN {later}))"
        ),
        format!("DELETE FROM holders WHERE {of} AND since >= {at}"),
        format!("DELETE FROM epoch_boundaries WHERE {of} AND block > {at}"),
        format!("DELETE FROM stake_changes WHERE {of} AND block > {at}"),
        format!("DELETE FROM stake_balance_changes WHERE {of} AND to_block >= {at} AND from_block >= {at}"),
        format!("DELETE FROM stake_locks WHERE {of} AND block > {at}"),
        format!("DELETE FROM neurons WHERE {of} AND block > {at}"),
        format!("DELETE FROM skipped_slots WHERE {of} AND block > {at}"),
        format!("DELETE FROM successions WHERE {of} AND block > {at}"),
    ]
}

/// Every table whose rows belong to a subnet.
const SUBNET_TABLES: [&str; 15] = [
    "tranche_exits",
    "stake_tranches",
    "stake_transactions",
    "block_times",
    "stake_snapshots",
    "holders",
    "epoch_boundaries",
    "stake_changes",
    "stake_balance_changes",
    "stake_locks",
    "neurons",
    "skipped_slots",
    "successions",
    "open_interval",
    "blockchain_state",
];

/// Removes all rows of a subnet.
fn forget(conn: &mut AnyConnection, netuid: NetUid) -> Result<(), Fault> {
    for table in SUBNET_TABLES {
        diesel::sql_query(format!("DELETE FROM {table} WHERE netuid = {netuid}")).execute(conn)?;
    }
    Ok(())
}
