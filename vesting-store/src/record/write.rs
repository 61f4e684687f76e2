//! Writes to a record, inside the transaction of the caller.

use diesel::prelude::*;
use vesting_core::ports::{Commit, OpenInterval, Snapshot, StoreError, Watermark};
use vesting_core::{BlockHash, BlockRef, NetUid};

use super::exits::debit_exits;
use super::insert::{insert_all, insert_missing, upsert_all};
use super::read;
use crate::database::AnyConnection;
use crate::error::Fault;
use crate::rows::{
    BalanceRow, ChangeRow, EntryRow, EpochRow, ExitRow, HolderRow, LockColumns, NeuronColumns, OperationsRow,
    SkippedRow, SnapshotRow, StateRow, SuccessionRow, TimeRow, TrancheRow,
};
use crate::schema::tables::{blockchain_state, chain, open_interval, stake_snapshots};

pub fn bind_chain(conn: &mut AnyConnection, genesis: BlockHash) -> Result<(), Fault> {
    match read::genesis(conn)? {
        None => {
            diesel::insert_into(chain::table)
                .values((chain::id.eq(1), chain::genesis.eq(&genesis.0[..])))
                .execute(conn)?;
            Ok(())
        }
        Some(stored) => Ok(StoreError::unless_same_chain(stored, genesis)?),
    }
}

/// Checks that a commit follows on the watermark, so that no block is counted twice or left out. Returns the
/// watermark.
fn check_parent(
    conn: &mut AnyConnection,
    netuid: NetUid,
    offered: Option<BlockRef>,
) -> Result<Option<Watermark>, Fault> {
    let stored = read::watermark(conn, netuid)?;
    StoreError::unless_next(netuid, stored.map(|watermark| watermark.block), offered)?;
    Ok(stored)
}

pub fn commit(conn: &mut AnyConnection, commit: &Commit) -> Result<(), Fault> {
    let netuid = commit.netuid;
    let stored = check_parent(conn, netuid, commit.parent)?;
    // The start of the record is the stored one, since pruning may have moved it.
    let (first_block, first_time) = stored
        .map_or((commit.watermark.first_block, commit.watermark.first_time), |w| {
            (w.first_block, w.first_time)
        });
    let state =
        StateRow::new(netuid, &Watermark { first_block, first_time, ..commit.watermark }, &commit.interval)?;
    match commit.parent {
        None => diesel::insert_into(blockchain_state::table).values(&state).execute(conn)?,
        Some(_) => diesel::update(blockchain_state::table.find(state.netuid)).set(&state).execute(conn)?,
    };
    insert_all!(conn, stake_transactions, commit.entries.iter().map(|entry| EntryRow::new(netuid, entry)));
    // Two commits may have entries of one block. Its time is the same in both.
    let times = commit.times.iter().map(|(block, time)| TimeRow::new(netuid, *block, *time));
    insert_missing!(conn, block_times, times);
    insert_all!(conn, holders, commit.holders.iter().map(|holder| HolderRow::new(netuid, holder)));
    for record in &commit.epochs {
        insert_all!(conn, epoch_boundaries, std::iter::once(EpochRow::new(netuid, record)));
        insert_all!(
            conn,
            stake_changes,
            record.changes.iter().map(|change| ChangeRow::new(netuid, &record.epoch, change))
        );
    }
    insert_all!(
        conn,
        stake_balance_changes,
        commit.balance_changes.iter().map(|change| BalanceRow::new(netuid, change))
    );
    insert_all!(
        conn,
        stake_snapshots,
        commit.snapshots.iter().map(|snapshot| SnapshotRow::new(netuid, snapshot))
    );
    insert_all!(conn, stake_locks, commit.locks.iter().map(|row| LockColumns::new(netuid, row)));
    insert_all!(conn, neurons, commit.neurons.iter().map(|row| NeuronColumns::new(netuid, row)));
    insert_all!(conn, skipped_slots, commit.skipped.iter().map(|slot| SkippedRow::new(netuid, slot)));
    insert_all!(
        conn,
        successions,
        commit.successions.iter().map(|succession| SuccessionRow::new(netuid, succession))
    );
    insert_all!(conn, stake_tranches, commit.tranches.iter().map(|tranche| TrancheRow::new(netuid, tranche)));
    insert_all!(conn, tranche_exits, commit.exits.iter().map(|exit| ExitRow::new(netuid, exit)));
    debit_exits(conn, netuid, &commit.exits)?;
    operations(conn, netuid, &commit.interval)
}

/// Replaces the operations of the open interval.
pub fn operations(conn: &mut AnyConnection, netuid: NetUid, interval: &OpenInterval) -> Result<(), Fault> {
    diesel::delete(open_interval::table.filter(open_interval::netuid.eq(i32::from(netuid.0))))
        .execute(conn)?;
    let operations = interval.operations.iter();
    insert_all!(
        conn,
        open_interval,
        operations.map(|(hotkey, count)| OperationsRow::new(netuid, *hotkey, *count))
    );
    Ok(())
}

pub fn observe(
    conn: &mut AnyConnection,
    netuid: NetUid,
    at: BlockRef,
    snapshots: &[Snapshot],
    interval: &OpenInterval,
) -> Result<(), Fault> {
    let watermark =
        check_parent(conn, netuid, Some(at))?.map(|watermark| Watermark { observed: at.number, ..watermark });
    // The same state may be read and written twice.
    upsert_all!(
        conn,
        stake_snapshots,
        (stake_snapshots::netuid, stake_snapshots::hotkey, stake_snapshots::coldkey, stake_snapshots::block),
        stake_snapshots::alpha,
        snapshots.iter().map(|row| SnapshotRow::new(netuid, row))
    );
    if let Some(watermark) = watermark {
        let state = StateRow::new(netuid, &watermark, interval)?;
        diesel::update(blockchain_state::table.find(i32::from(netuid.0))).set(&state).execute(conn)?;
    }
    operations(conn, netuid, interval)
}
