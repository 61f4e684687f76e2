//! Prunes a record, inside the transaction of the caller. The statements are the same for both databases.
//! They are built as text, which is safe: only numbers are put into them.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary};
use vesting_core::ports::{Pruned, StoreError};
use vesting_core::{BlockNumber, Coldkey, NetUid, PositionKey, RaoDelta, Successions, prune};

use super::exits::EXITS_OF_TRANCHE;
use super::insert::insert_all;
use super::read;
use crate::database::AnyConnection;
use crate::error::Fault;
use crate::rows::{EntryRow, EntrySumRow, Location, TrancheRow, block_bound, int, sum_columns, wide_sum};

/// As [`vesting_core::ports::WholeRecord::prune`] says.
pub fn prune(conn: &mut AnyConnection, netuid: NetUid, base: BlockNumber) -> Result<Pruned, Fault> {
    let state = read::state(conn, netuid)?
        .map(|row| Ok::<_, StoreError>((row.read()?, row.interval(BTreeMap::new())?)))
        .transpose()?;
    let record = state.as_ref().map(|(watermark, interval)| (*watermark, interval));
    let epoch = read::epoch_list(conn, netuid, base, base)?.pop();
    let condensed = prune::condensed(netuid, record, epoch.as_ref(), base)?;
    let (first_block, first_time) =
        (int("block", condensed.first_block.0)?, int("time", condensed.first_time.0)?);
    // The sums come first, while all entries are still there.
    let at = block_bound(base);
    let sums = entry_sums(conn, netuid, at)?;
    let mut run = |statement: String| -> Result<u64, Fault> {
        let rows = diesel::sql_query(statement).execute(conn)?;
        Ok(u64::try_from(rows).unwrap_or(u64::MAX))
    };
    let mut pruned = Pruned {
        entries: run(format!("DELETE FROM stake_transactions WHERE netuid = {netuid} AND block <= {at}"))?,
        times: run(format!("DELETE FROM block_times WHERE netuid = {netuid} AND block < {at}"))?,
        changes: run(format!("DELETE FROM stake_changes WHERE netuid = {netuid} AND block <= {at}"))?,
        balance_changes: run(format!(
            "DELETE FROM stake_balance_changes WHERE netuid = {netuid} AND to_block <= {at}"
        ))?,
        // One statement removes the rows that are not the newest, and one those of zero. In a single
        // statement, one condition could depend on rows that the other removes.
        snapshots: run(format!(
            "DELETE FROM stake_snapshots WHERE netuid = {netuid} AND block < {at} \
             AND block < (SELECT MAX(s.block) FROM stake_snapshots s \
             WHERE s.netuid = {netuid} AND s.hotkey = stake_snapshots.hotkey \
             AND s.coldkey = stake_snapshots.coldkey \
             AND s.block <= {at})"
        ))?
        .saturating_add(run(format!(
            "DELETE FROM stake_snapshots WHERE netuid = {netuid} AND block <= {at} AND alpha = 0"
        ))?),
        locks: run(format!(
            "DELETE FROM stake_locks WHERE netuid = {netuid} AND block < {at} \
             AND block < (SELECT MAX(l.block) FROM stake_locks l \
             WHERE l.netuid = {netuid} AND l.coldkey = stake_locks.coldkey AND l.block <= {at})"
        ))?,
        exits: run(format!("DELETE FROM tranche_exits WHERE netuid = {netuid} AND block <= {at}"))?,
        tranches: run(format!(
            "DELETE FROM stake_tranches WHERE netuid = {netuid} AND block <= {at} AND remaining = 0 \
             AND NOT EXISTS (SELECT 1 {EXITS_OF_TRANCHE})"
        ))?,
        openings: 0,
    };
    // What a tranche held at `base` is what remains now and what has left it since. The exits up to `base`
    // are gone by now, so all exits left are later ones.
    run(format!(
        "UPDATE stake_tranches \
         SET initial = remaining + COALESCE((SELECT CAST(SUM(e.amount) AS BIGINT) {EXITS_OF_TRANCHE}), 0) \
         WHERE netuid = {netuid} AND block <= {at} AND initial <> remaining"
    ))?;
    run(format!(
        "INSERT INTO block_times (netuid, block, time) SELECT e.netuid, e.block, e.time \
         FROM epoch_boundaries e \
         WHERE e.netuid = {netuid} AND e.block = {at} \
         AND NOT EXISTS (SELECT 1 FROM block_times t WHERE t.netuid = e.netuid AND t.block = e.block)"
    ))?;
    run(format!("UPDATE holders SET since = {at} WHERE netuid = {netuid} AND since < {at}"))?;
    run(format!(
        "UPDATE blockchain_state SET first_block = {first_block}, first_time = {first_time} \
         WHERE netuid = {netuid}"
    ))?;
    let openings = prune::openings(netuid, base, &sums, &tranche_sums(conn, netuid, base)?);
    pruned.openings = u64::try_from(openings.len()).unwrap_or(u64::MAX);
    insert_all!(conn, stake_transactions, openings.iter().map(|entry| EntryRow::new(netuid, entry)));
    Ok(pruned)
}

/// The sum of each position's entries up to a block, sums of 0 included.
fn entry_sums(
    conn: &mut AnyConnection,
    netuid: NetUid,
    block: i64,
) -> Result<BTreeMap<PositionKey, RaoDelta>, Fault> {
    let rows: Vec<EntrySumRow> = diesel::sql_query(EntrySumRow::query(netuid, block)).load(conn)?;
    Ok(rows.into_iter().map(|row| row.read(netuid)).collect::<Result<_, StoreError>>()?)
}

/// What the tranches opened up to `base` held at its end, for each holder. By now that is their `initial`.
fn tranche_sums(
    conn: &mut AnyConnection,
    netuid: NetUid,
    base: BlockNumber,
) -> Result<BTreeMap<Coldkey, RaoDelta>, Fault> {
    let at = block_bound(base);
    // A succession may move only some tranches of a coldkey, so those are assigned one by one. They are few.
    let renamed = format!("(SELECT old_coldkey FROM successions WHERE netuid = {netuid} AND block <= {at})");
    let entered = format!("FROM stake_tranches WHERE netuid = {netuid} AND block <= {at}");
    let mut sums_by_holder: BTreeMap<Coldkey, RaoDelta> = BTreeMap::new();
    let sums: Vec<TrancheSumRow> = diesel::sql_query(format!(
        "SELECT coldkey, {} {entered} AND coldkey NOT IN {renamed} GROUP BY coldkey",
        sum_columns("initial")
    ))
    .load(conn)?;
    for sum in sums {
        let (coldkey, sum) = sum.read(netuid)?;
        *sums_by_holder.entry(coldkey).or_default() += sum;
    }
    let rows: Vec<TrancheRow> = diesel::sql_query(format!(
        "SELECT netuid, coldkey, block, event_index, kind, hotkey, time, origin, initial, remaining \
        {entered} AND coldkey IN {renamed}"
    ))
    .load(conn)?;
    let successions = Successions::new(read::successions(conn, netuid, base)?);
    for row in rows {
        let tranche = row.read(netuid)?.tranche;
        *sums_by_holder.entry(successions.holder_of(tranche.coldkey, &tranche.id, base)).or_default() +=
            tranche.initial.delta();
    }
    Ok(sums_by_holder)
}

/// The sum of what the tranches of a coldkey hold, in two parts.
#[derive(QueryableByName)]
struct TrancheSumRow {
    #[diesel(sql_type = Binary)]
    coldkey: Vec<u8>,
    #[diesel(sql_type = BigInt)]
    high: i64,
    #[diesel(sql_type = BigInt)]
    low: i64,
}

impl TrancheSumRow {
    fn read(&self, netuid: NetUid) -> Result<(Coldkey, RaoDelta), StoreError> {
        let at = Location { table: "stake_tranches", netuid: netuid.0.into(), block: -1 };
        Ok((Coldkey(at.bytes(&self.coldkey)?), wide_sum(self.high, self.low)))
    }
}
