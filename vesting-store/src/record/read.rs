//! The queries.

use std::collections::{BTreeMap, BTreeSet};

use diesel::expression::SqlLiteral;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use vesting_core::ports::{
    BalanceChange, Commit, End, Holder, LedgerState, NeuronRow, StoreError, TranchePage, TrancheStand,
    Watermark,
};
use vesting_core::{
    BlockHash, BlockNumber, Coldkey, Entry, Epoch, EpochRecord, Exit, Hotkey, Millis, NetUid, OpenTranche,
    PositionKey, Rao, SkippedSlot, StakeChange, Succession, Uid, sort_entries,
};

use crate::database::Link;
use crate::error::Fault;
use crate::rows::{At, bound};
use crate::rows::{
    BalanceRow, ChangeRow, EntryRow, EpochRow, ExitRow, HolderRow, LockColumns, NeuronColumns, Newest,
    OperationsRow, SkippedRow, SnapshotRow, StandRow, StateRow, SuccessionRow, TimeRow, TrancheRow,
};
use crate::schema::tables::{
    block_times, blockchain_state, chain, epoch_boundaries, holders, neurons, open_interval, skipped_slots,
    stake_balance_changes, stake_changes, stake_locks, stake_snapshots, stake_tranches, stake_transactions,
    successions, tranche_exits,
};

type Conn = Link;

fn id(netuid: NetUid) -> i32 {
    netuid.0.into()
}

fn all<R, T>(rows: Vec<R>, read: impl FnMut(R) -> Result<T, StoreError>) -> Result<Vec<T>, Fault> {
    Ok(rows.into_iter().map(read).collect::<Result<_, _>>()?)
}

pub fn genesis(conn: &mut Conn) -> Result<Option<BlockHash>, Fault> {
    let stored: Option<Vec<u8>> = chain::table.select(chain::genesis).first(conn).optional()?;
    let at = At { table: "chain", netuid: -1, block: 0 };
    Ok(stored.map(|bytes| at.bytes(&bytes)).transpose()?.map(BlockHash))
}

pub fn netuids(conn: &mut Conn) -> Result<Vec<NetUid>, Fault> {
    let rows: Vec<(i32, i64)> = blockchain_state::table
        .select((blockchain_state::netuid, blockchain_state::block))
        .order(blockchain_state::netuid)
        .load(conn)?;
    all(rows, |(netuid, block)| {
        At { table: "blockchain_state", netuid, block }.number(netuid.into()).map(NetUid)
    })
}

pub fn state(conn: &mut Conn, netuid: NetUid) -> Result<Option<StateRow>, Fault> {
    Ok(blockchain_state::table.find(id(netuid)).select(StateRow::as_select()).first(conn).optional()?)
}

pub fn watermark(conn: &mut Conn, netuid: NetUid) -> Result<Option<Watermark>, Fault> {
    Ok(state(conn, netuid)?.map(|row| row.read()).transpose()?)
}

pub fn ledger_state(conn: &mut Conn, netuid: NetUid) -> Result<Option<LedgerState>, Fault> {
    let Some(state) = state(conn, netuid)? else { return Ok(None) };
    let by_uid: BTreeMap<Uid, NeuronRow> =
        neurons(conn, netuid, BlockNumber(u64::MAX))?.into_iter().map(|row| (row.uid, row)).collect();
    let operations = operations(conn, netuid)?;
    Ok(Some(LedgerState {
        watermark: state.read()?,
        holders: holders(conn, netuid)?,
        observed: newest(conn, netuid, BlockNumber(u64::MAX))?,
        locks: locks_at(conn, netuid, BlockNumber(u64::MAX))?,
        neurons: by_uid.into_values().collect(),
        successions: successions(conn, netuid, BlockNumber(u64::MAX))?,
        interval: state.interval(operations)?,
    }))
}

/// The operations of the open interval.
fn operations(conn: &mut Conn, netuid: NetUid) -> Result<BTreeMap<Hotkey, u64>, Fault> {
    let rows: Vec<OperationsRow> = open_interval::table
        .filter(open_interval::netuid.eq(id(netuid)))
        .select(OperationsRow::as_select())
        .load(conn)?;
    Ok(all(rows, |row| row.read())?.into_iter().collect())
}

pub fn entries(
    conn: &mut Conn,
    netuid: NetUid,
    from: BlockNumber,
    to: BlockNumber,
) -> Result<Vec<Entry>, Fault> {
    let rows: Vec<EntryRow> = stake_transactions::table
        .filter(stake_transactions::netuid.eq(id(netuid)))
        .filter(stake_transactions::block.between(bound(from), bound(to)))
        .select(EntryRow::as_select())
        .load(conn)?;
    let mut entries = all(rows, |row| row.read(netuid))?;
    // A ledger's order is the core's to know.
    sort_entries(&mut entries);
    Ok(entries)
}

fn epoch_rows(
    conn: &mut Conn,
    netuid: NetUid,
    from: BlockNumber,
    to: BlockNumber,
) -> Result<Vec<EpochRow>, Fault> {
    Ok(epoch_boundaries::table
        .filter(epoch_boundaries::netuid.eq(id(netuid)))
        .filter(epoch_boundaries::block.between(bound(from), bound(to)))
        .order(epoch_boundaries::block)
        .select(EpochRow::as_select())
        .load(conn)?)
}

pub fn epoch_list(
    conn: &mut Conn,
    netuid: NetUid,
    from: BlockNumber,
    to: BlockNumber,
) -> Result<Vec<Epoch>, Fault> {
    all(epoch_rows(conn, netuid, from, to)?, |row| row.read())
}

pub fn epochs(
    conn: &mut Conn,
    netuid: NetUid,
    from: BlockNumber,
    to: BlockNumber,
) -> Result<Vec<EpochRecord>, Fault> {
    let rows: Vec<ChangeRow> = stake_changes::table
        .filter(stake_changes::netuid.eq(id(netuid)))
        .filter(stake_changes::block.between(bound(from), bound(to)))
        .order((stake_changes::block, stake_changes::hotkey, stake_changes::coldkey))
        .select(ChangeRow::as_select())
        .load(conn)?;
    let mut changes: BTreeMap<i64, Vec<StakeChange>> = BTreeMap::new();
    for row in rows {
        changes.entry(row.block).or_default().push(row.read()?);
    }
    all(epoch_rows(conn, netuid, from, to)?, |row| {
        Ok(EpochRecord {
            epoch: row.read()?,
            detected: row.detected()?,
            changes: changes.remove(&row.block).unwrap_or_default(),
        })
    })
}

pub fn skipped_slots(
    conn: &mut Conn,
    netuid: NetUid,
    from: BlockNumber,
    to: BlockNumber,
) -> Result<Vec<SkippedSlot>, Fault> {
    let rows: Vec<SkippedRow> = skipped_slots::table
        .filter(skipped_slots::netuid.eq(id(netuid)))
        .filter(skipped_slots::block.between(bound(from), bound(to)))
        .order(skipped_slots::block)
        .select(SkippedRow::as_select())
        .load(conn)?;
    all(rows, |row| row.read())
}

pub fn successions(conn: &mut Conn, netuid: NetUid, to: BlockNumber) -> Result<Vec<Succession>, Fault> {
    let rows: Vec<SuccessionRow> = successions::table
        .filter(successions::netuid.eq(id(netuid)))
        .filter(successions::block.le(bound(to)))
        .order((successions::block, successions::event_index))
        .select(SuccessionRow::as_select())
        .load(conn)?;
    all(rows, |row| row.read())
}

pub fn neurons(conn: &mut Conn, netuid: NetUid, to: BlockNumber) -> Result<Vec<NeuronRow>, Fault> {
    let rows: Vec<NeuronColumns> = neurons::table
        .filter(neurons::netuid.eq(id(netuid)))
        .filter(neurons::block.le(bound(to)))
        .order((neurons::block, neurons::uid))
        .select(NeuronColumns::as_select())
        .load(conn)?;
    all(rows, |row| row.read())
}

pub fn holders(conn: &mut Conn, netuid: NetUid) -> Result<Vec<Holder>, Fault> {
    let rows: Vec<HolderRow> = holders::table
        .filter(holders::netuid.eq(id(netuid)))
        .order(holders::coldkey)
        .select(HolderRow::as_select())
        .load(conn)?;
    all(rows, |row| row.read())
}

/// The newest snapshot of each position up to `block`.
fn newest(conn: &mut Conn, netuid: NetUid, block: BlockNumber) -> Result<BTreeMap<PositionKey, Rao>, Fault> {
    let rows: Vec<Newest> = diesel::sql_query(Newest::query(netuid, bound(block))).load(conn)?;
    Ok(all(rows, |row| row.read(netuid))?.into_iter().collect())
}

pub fn positions_at(
    conn: &mut Conn,
    netuid: NetUid,
    block: BlockNumber,
) -> Result<BTreeMap<PositionKey, Rao>, Fault> {
    let mut positions = newest(conn, netuid, block)?;
    positions.retain(|_, alpha| *alpha > Rao::ZERO);
    Ok(positions)
}

/// How much of each holder's stake is locked, by its newest row up to `block`.
pub fn locks_at(
    conn: &mut Conn,
    netuid: NetUid,
    block: BlockNumber,
) -> Result<BTreeMap<Coldkey, Rao>, Fault> {
    let rows: Vec<LockColumns> = diesel::sql_query(LockColumns::newest(netuid, bound(block))).load(conn)?;
    Ok(all(rows, |row| row.read())?.into_iter().map(|row| (row.coldkey, row.locked)).collect())
}

/// The tranches entered in `from` ≤ block ≤ `to`, as they stand at the watermark.
fn entered(
    conn: &mut Conn,
    netuid: NetUid,
    from: BlockNumber,
    to: BlockNumber,
) -> Result<Vec<OpenTranche>, Fault> {
    let rows: Vec<TrancheRow> = stake_tranches::table
        .filter(stake_tranches::netuid.eq(id(netuid)))
        .filter(stake_tranches::block.between(bound(from), bound(to)))
        .select(TrancheRow::as_select())
        .load(conn)?;
    all(rows, |row| row.read(netuid))
}

/// Coldkeys that one statement asks for: a database binds only so many values.
const NAMES: usize = 500;

pub fn open_tranches(
    conn: &mut Conn,
    netuid: NetUid,
    coldkeys: &BTreeSet<Coldkey>,
    page: &TranchePage,
) -> Result<Vec<OpenTranche>, Fault> {
    let names: Vec<&[u8]> = coldkeys.iter().map(|coldkey| &coldkey.0[..]).collect();
    let (from, to) =
        if *page == TranchePage::ALL { (page.from, page.to) } else { bounds(conn, netuid, &names, page)? };
    let mut open = Vec::new();
    for names in names.chunks(NAMES) {
        let rows: Vec<TrancheRow> = stake_tranches::table
            .filter(stake_tranches::netuid.eq(id(netuid)))
            .filter(stake_tranches::coldkey.eq_any(names.iter().copied()))
            .filter(stake_tranches::block.between(bound(from), bound(to)))
            .filter(still_open())
            .select(TrancheRow::as_select())
            .load(conn)?;
        open.extend(all(rows, |row| row.read(netuid))?);
    }
    open.sort_by_cached_key(|open| (open.tranche.coldkey, open.tranche.id.order(open.tranche.coldkey)));
    Ok(open)
}

/// Written out, since the index is one of these rows only, which a bound value does not tell.
fn still_open() -> SqlLiteral<Bool> {
    diesel::dsl::sql("remaining > 0")
}

/// The first and the last block of a page.
fn bounds(
    conn: &mut Conn,
    netuid: NetUid,
    names: &[&[u8]],
    page: &TranchePage,
) -> Result<(BlockNumber, BlockNumber), Fault> {
    let mut blocks: Vec<i64> = Vec::new();
    for names in names.chunks(NAMES) {
        let open = stake_tranches::table
            .filter(stake_tranches::netuid.eq(id(netuid)))
            .filter(stake_tranches::coldkey.eq_any(names.iter().copied()))
            .filter(stake_tranches::block.between(bound(page.from), bound(page.to)))
            .filter(still_open())
            .select(stake_tranches::block)
            .limit(page.least.into());
        blocks.extend(match page.first {
            End::Newest => open.order(stake_tranches::block.desc()).load::<i64>(conn)?,
            End::Oldest => open.order(stake_tranches::block.asc()).load::<i64>(conn)?,
        });
    }
    Ok(page.bounds(blocks.into_iter().map(|block| BlockNumber(u64::try_from(block).unwrap_or(0))).collect()))
}

/// The exits with `from` ≤ block ≤ `to`.
fn exits(conn: &mut Conn, netuid: NetUid, from: BlockNumber, to: BlockNumber) -> Result<Vec<Exit>, Fault> {
    let rows: Vec<ExitRow> = tranche_exits::table
        .filter(tranche_exits::netuid.eq(id(netuid)))
        .filter(tranche_exits::block.between(bound(from), bound(to)))
        .select(ExitRow::as_select())
        .load(conn)?;
    all(rows, |row| row.read(netuid))
}

pub fn tranches(
    conn: &mut Conn,
    netuid: NetUid,
    from: BlockNumber,
    to: BlockNumber,
    as_of: BlockNumber,
) -> Result<Vec<TrancheStand>, Fault> {
    let rows: Vec<StandRow> =
        diesel::sql_query(StandRow::query(netuid, bound(from), bound(to), bound(as_of))).load(conn)?;
    let mut stands = all(rows, |row| row.read(netuid))?;
    stands.sort_by_cached_key(|stand| (stand.tranche.coldkey, stand.tranche.id.order(stand.tranche.coldkey)));
    Ok(stands)
}

pub fn block_times(
    conn: &mut Conn,
    netuid: NetUid,
    from: BlockNumber,
    to: BlockNumber,
) -> Result<BTreeMap<BlockNumber, Millis>, Fault> {
    let rows: Vec<TimeRow> = block_times::table
        .filter(block_times::netuid.eq(id(netuid)))
        .filter(block_times::block.between(bound(from), bound(to)))
        .select(TimeRow::as_select())
        .load(conn)?;
    Ok(all(rows, |row| row.read())?.into_iter().collect())
}

pub fn balance_changes(
    conn: &mut Conn,
    netuid: NetUid,
    from: BlockNumber,
    to: BlockNumber,
) -> Result<Vec<BalanceChange>, Fault> {
    let rows: Vec<BalanceRow> = stake_balance_changes::table
        .filter(stake_balance_changes::netuid.eq(id(netuid)))
        .filter(stake_balance_changes::to_block.between(bound(from), bound(to)))
        .order((
            stake_balance_changes::to_block,
            stake_balance_changes::hotkey,
            stake_balance_changes::coldkey,
        ))
        .select(BalanceRow::as_select())
        .load(conn)?;
    all(rows, |row| row.read())
}

/// A part of the record, as the commit that would make it.
pub fn part(
    conn: &mut Conn,
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
    // What is recorded later than it is dated is of the block of `after`.
    let (first, last) = (after.unwrap_or_default(), to.unwrap_or(BlockNumber(u64::MAX)));
    let snapshots: Vec<SnapshotRow> = stake_snapshots::table
        .filter(stake_snapshots::netuid.eq(id(netuid)))
        .filter(stake_snapshots::block.between(bound(first), bound(last)))
        .select(SnapshotRow::as_select())
        .load(conn)?;
    let locks: Vec<LockColumns> = stake_locks::table
        .filter(stake_locks::netuid.eq(id(netuid)))
        .filter(stake_locks::block.between(bound(first), bound(last)))
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
        snapshots: all(snapshots, |row| row.read())?,
        locks: all(locks, |row| row.read())?,
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
