//! Pruning a record, inside one transaction of its caller. The statements are the same for every database;
//! the numbers in them are ours.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary};
use vesting_core::ports::{Pruned, StoreError};
use vesting_core::{BlockNumber, Coldkey, NetUid, PositionKey, RaoDelta, Successions, prune};

use super::insert::add_all;
use super::read;
use crate::database::Link;
use crate::error::Fault;
use crate::rows::{At, EntryRow, Sum, TrancheRow, bound, in_parts, int, whole};

type Conn = Link;

/// As [`vesting_core::ports::WholeRecord::prune`] says.
pub fn prune(conn: &mut Conn, netuid: NetUid, base: BlockNumber) -> Result<Pruned, Fault> {
    let state = read::state(conn, netuid)?
        .map(|row| Ok::<_, StoreError>((row.read()?, row.interval(BTreeMap::new())?)))
        .transpose()?;
    let record = state.as_ref().map(|(watermark, interval)| (*watermark, interval));
    let epoch = read::epoch_list(conn, netuid, base, base)?.pop();
    let condensed = prune::condensed(netuid, record, epoch.as_ref(), base)?;
    let (first_block, first_time) =
        (int("block", condensed.first_block.0)?, int("time", condensed.first_time.0)?);
    // All of it from the record as it is: the sums first.
    let at = bound(base);
    let sums = sums(conn, netuid, at)?;
    let mut go = |statement: String| -> Result<u64, Fault> {
        let rows = diesel::sql_query(statement).execute(conn)?;
        Ok(u64::try_from(rows).unwrap_or(u64::MAX))
    };
    let mut pruned = Pruned {
        entries: go(format!("DELETE FROM stake_transactions WHERE netuid = {netuid} AND block <= {at}"))?,
        times: go(format!("DELETE FROM block_times WHERE netuid = {netuid} AND block < {at}"))?,
        changes: go(format!("DELETE FROM stake_changes WHERE netuid = {netuid} AND block <= {at}"))?,
        balance_changes: go(format!("DELETE FROM stake_balance_changes WHERE netuid = {netuid} AND to_block <= {at}"))?,
        // One statement for what is not the newest, one for what is nothing: neither sees what the other
        // removes.
        snapshots: go(format!(
            "DELETE FROM stake_snapshots WHERE netuid = {netuid} AND block < {at} AND block < (SELECT MAX(s.block) FROM stake_snapshots s \
             WHERE s.netuid = {netuid} AND s.hotkey = stake_snapshots.hotkey AND s.coldkey = stake_snapshots.coldkey \
             AND s.block <= {at})"
        ))?
        .saturating_add(go(format!("DELETE FROM stake_snapshots WHERE netuid = {netuid} AND block <= {at} AND alpha = 0"))?),
        locks: go(format!(
            "DELETE FROM stake_locks WHERE netuid = {netuid} AND block < {at} AND block < (SELECT MAX(l.block) FROM stake_locks l \
             WHERE l.netuid = {netuid} AND l.coldkey = stake_locks.coldkey AND l.block <= {at})"
        ))?,
        exits: go(format!("DELETE FROM tranche_exits WHERE netuid = {netuid} AND block <= {at}"))?,
        tranches: go(format!(
            "DELETE FROM stake_tranches WHERE netuid = {netuid} AND block <= {at} AND remaining = 0 AND NOT EXISTS (SELECT 1 {LATER})"
        ))?,
        openings: 0,
    };
    // What remains now with what left since is what was left then, and no more than it was at first.
    go(format!(
        "UPDATE stake_tranches SET initial = remaining + COALESCE((SELECT CAST(SUM(e.amount) AS BIGINT) {LATER}), 0) \
         WHERE netuid = {netuid} AND block <= {at} AND initial <> remaining"
    ))?;
    go(format!(
        "INSERT INTO block_times (netuid, block, time) SELECT e.netuid, e.block, e.time FROM epoch_boundaries e \
         WHERE e.netuid = {netuid} AND e.block = {at} \
         AND NOT EXISTS (SELECT 1 FROM block_times t WHERE t.netuid = e.netuid AND t.block = e.block)"
    ))?;
    go(format!("UPDATE holders SET since = {at} WHERE netuid = {netuid} AND since < {at}"))?;
    go(format!(
        "UPDATE blockchain_state SET first_block = {first_block}, first_time = {first_time} WHERE netuid = {netuid}"
    ))?;
    let openings = prune::openings(netuid, base, &sums, &held(conn, netuid, base)?);
    pruned.openings = u64::try_from(openings.len()).unwrap_or(u64::MAX);
    add_all!(conn, stake_transactions, openings.iter().map(|entry| EntryRow::new(netuid, entry)));
    Ok(pruned)
}

/// The exits from a tranche; those up to the block are gone when it is asked.
const LATER: &str = "FROM tranche_exits e WHERE e.netuid = stake_tranches.netuid AND e.coldkey = stake_tranches.coldkey \
     AND e.tranche_block = stake_tranches.block AND e.tranche_event_index = stake_tranches.event_index \
     AND e.tranche_kind = stake_tranches.kind AND e.tranche_hotkey = stake_tranches.hotkey";

/// Σ of each position's entries up to a block, where that is 0 too.
fn sums(conn: &mut Conn, netuid: NetUid, block: i64) -> Result<BTreeMap<PositionKey, RaoDelta>, Fault> {
    let rows: Vec<Sum> = diesel::sql_query(Sum::query(netuid, block)).load(conn)?;
    Ok(rows.into_iter().map(|row| row.read(netuid)).collect::<Result<_, StoreError>>()?)
}

/// What the tranches of each holder that were entered up to `base` held at its end, which is their `initial`.
fn held(conn: &mut Conn, netuid: NetUid, base: BlockNumber) -> Result<BTreeMap<Coldkey, RaoDelta>, Fault> {
    let at = bound(base);
    // Of who took another name, each tranche tells whether it went along. There are few of them.
    let renamed = format!("(SELECT old_coldkey FROM successions WHERE netuid = {netuid} AND block <= {at})");
    let entered = format!("FROM stake_tranches WHERE netuid = {netuid} AND block <= {at}");
    let mut held: BTreeMap<Coldkey, RaoDelta> = BTreeMap::new();
    let sums: Vec<Held> = diesel::sql_query(format!(
        "SELECT coldkey, {} {entered} AND coldkey NOT IN {renamed} GROUP BY coldkey",
        in_parts("initial")
    ))
    .load(conn)?;
    for sum in sums {
        let (coldkey, sum) = sum.read(netuid)?;
        *held.entry(coldkey).or_default() += sum;
    }
    let rows: Vec<TrancheRow> = diesel::sql_query(format!(
        "SELECT netuid, coldkey, block, event_index, kind, hotkey, time, origin, initial, remaining {entered} AND coldkey IN {renamed}"
    ))
    .load(conn)?;
    let successions = Successions::new(read::successions(conn, netuid, base)?);
    for row in rows {
        let tranche = row.read(netuid)?.tranche;
        *held.entry(successions.holder_of(tranche.coldkey, &tranche.id, base)).or_default() +=
            tranche.initial.delta();
    }
    Ok(held)
}

/// What the tranches of a coldkey hold, in two parts.
#[derive(QueryableByName)]
struct Held {
    #[diesel(sql_type = Binary)]
    coldkey: Vec<u8>,
    #[diesel(sql_type = BigInt)]
    high: i64,
    #[diesel(sql_type = BigInt)]
    low: i64,
}

impl Held {
    fn read(&self, netuid: NetUid) -> Result<(Coldkey, RaoDelta), StoreError> {
        let at = At { table: "stake_tranches", netuid: netuid.0.into(), block: -1 };
        Ok((Coldkey(at.bytes(&self.coldkey)?), whole(self.high, self.low)))
    }
}
