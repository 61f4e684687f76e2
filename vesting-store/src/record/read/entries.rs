//! Reads entries, the times of their blocks, and the balance changes of intervals.

use std::collections::BTreeMap;

use diesel::prelude::*;
use vesting_core::ports::BalanceChange;
use vesting_core::{BlockNumber, Entry, Millis, NetUid, sort_entries};

use super::rows::{netuid_column, read_all};
use crate::database::AnyConnection;
use crate::error::Fault;
use crate::rows::{BalanceRow, EntryRow, TimeRow, block_bound};
use crate::schema::tables::{block_times, stake_balance_changes, stake_transactions};

pub fn entries(
    conn: &mut AnyConnection,
    netuid: NetUid,
    from: BlockNumber,
    to: BlockNumber,
) -> Result<Vec<Entry>, Fault> {
    let rows: Vec<EntryRow> = stake_transactions::table
        .filter(stake_transactions::netuid.eq(netuid_column(netuid)))
        .filter(stake_transactions::block.between(block_bound(from), block_bound(to)))
        .select(EntryRow::as_select())
        .load(conn)?;
    let mut entries = read_all(rows, |row| row.read(netuid))?;
    // The core defines the order of a ledger.
    sort_entries(&mut entries);
    Ok(entries)
}

pub fn block_times(
    conn: &mut AnyConnection,
    netuid: NetUid,
    from: BlockNumber,
    to: BlockNumber,
) -> Result<BTreeMap<BlockNumber, Millis>, Fault> {
    let rows: Vec<TimeRow> = block_times::table
        .filter(block_times::netuid.eq(netuid_column(netuid)))
        .filter(block_times::block.between(block_bound(from), block_bound(to)))
        .select(TimeRow::as_select())
        .load(conn)?;
    Ok(read_all(rows, |row| row.read())?.into_iter().collect())
}

pub fn balance_changes(
    conn: &mut AnyConnection,
    netuid: NetUid,
    from: BlockNumber,
    to: BlockNumber,
) -> Result<Vec<BalanceChange>, Fault> {
    let rows: Vec<BalanceRow> = stake_balance_changes::table
        .filter(stake_balance_changes::netuid.eq(netuid_column(netuid)))
        .filter(stake_balance_changes::to_block.between(block_bound(from), block_bound(to)))
        .order((
            stake_balance_changes::to_block,
            stake_balance_changes::hotkey,
            stake_balance_changes::coldkey,
        ))
        .select(BalanceRow::as_select())
        .load(conn)?;
    read_all(rows, |row| row.read())
}
