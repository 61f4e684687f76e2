//! Reads a part of a record.

use diesel::prelude::*;
use vesting_core::ports::{Commit, StoreError};
use vesting_core::{BlockNumber, NetUid};

use super::entries::{balance_changes, block_times, entries};
use super::epochs::{epoch_list, epochs, skipped_slots};
use super::holders::{holders, neurons, successions};
use super::rows::{netuid_column, read_all};
use super::state::{operations, state};
use super::tranches::{entered, exits};
use crate::database::AnyConnection;
use crate::error::Fault;
use crate::rows::{LockColumns, SnapshotRow, block_bound};
use crate::schema::tables::{stake_locks, stake_snapshots};

/// A part of the record, as the commit that would write it.
pub fn part(
    conn: &mut AnyConnection,
    netuid: NetUid,
    after: Option<BlockNumber>,
    to: Option<BlockNumber>,
) -> Result<Option<Commit>, Fault> {
    let Some(state) = state(conn, netuid)? else { return Ok(None) };
    let mut epoch = |block| match epoch_list(conn, netuid, block, block)?.pop() {
        Some(epoch) => Ok(epoch),
        None => Err(Fault::from(StoreError::no_epoch(netuid, block))),
    };
    let (begin, end) = (after.map(&mut epoch).transpose()?, to.map(&mut epoch).transpose()?);
    // Rows of the block `after` may belong to this part: some are recorded later than their block.
    // `begin_after` removes the others.
    let (first, last) = (after.unwrap_or_default(), to.unwrap_or(BlockNumber(u64::MAX)));
    let snapshots: Vec<SnapshotRow> = stake_snapshots::table
        .filter(stake_snapshots::netuid.eq(netuid_column(netuid)))
        .filter(stake_snapshots::block.between(block_bound(first), block_bound(last)))
        .select(SnapshotRow::as_select())
        .load(conn)?;
    let locks: Vec<LockColumns> = stake_locks::table
        .filter(stake_locks::netuid.eq(netuid_column(netuid)))
        .filter(stake_locks::block.between(block_bound(first), block_bound(last)))
        .select(LockColumns::as_select())
        .load(conn)?;
    let mut commit = Commit {
        netuid,
        parent: None,
        watermark: state.read()?,
        entries: entries(conn, netuid, first, last)?,
        times: block_times(conn, netuid, first, last)?,
        holders: holders(conn, netuid)?,
        epochs: epochs(conn, netuid, first, last)?,
        balance_changes: balance_changes(conn, netuid, first, last)?,
        skipped: skipped_slots(conn, netuid, first, last)?,
        snapshots: read_all(snapshots, |row| row.read())?,
        locks: read_all(locks, |row| row.read())?,
        neurons: neurons(conn, netuid, last)?,
        successions: successions(conn, netuid, last)?,
        tranches: entered(conn, netuid, first, last)?.into_iter().map(|open| open.tranche).collect(),
        exits: exits(conn, netuid, first, last)?,
        interval: state.interval(operations(conn, netuid)?)?,
    };
    if let Some(begin) = begin {
        commit.begin_after(begin.block);
    }
    if let Some(end) = end {
        commit.end_with(&end);
    }
    commit.sort();
    Ok(Some(commit))
}
