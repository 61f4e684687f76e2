//! Reads tranches, and the exits from them.

use std::collections::BTreeSet;

use diesel::expression::SqlLiteral;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use vesting_core::ports::{End, TranchePage, TrancheStand};
use vesting_core::{BlockNumber, Coldkey, Exit, NetUid, OpenTranche};

use super::rows::{netuid_column, read_all};
use crate::database::AnyConnection;
use crate::error::Fault;
use crate::rows::{ExitRow, TrancheRow, TrancheStandRow, block_bound};
use crate::schema::tables::{stake_tranches, tranche_exits};

/// The tranches opened in `from` ≤ block ≤ `to`, as they are at the watermark.
pub fn entered(
    conn: &mut AnyConnection,
    netuid: NetUid,
    from: BlockNumber,
    to: BlockNumber,
) -> Result<Vec<OpenTranche>, Fault> {
    let rows: Vec<TrancheRow> = stake_tranches::table
        .filter(stake_tranches::netuid.eq(netuid_column(netuid)))
        .filter(stake_tranches::block.between(block_bound(from), block_bound(to)))
        .select(TrancheRow::as_select())
        .load(conn)?;
    read_all(rows, |row| row.read(netuid))
}

/// The most coldkeys in one query: a database limits the number of bound values.
const COLDKEYS_PER_STATEMENT: usize = 500;

pub fn open_tranches(
    conn: &mut AnyConnection,
    netuid: NetUid,
    coldkeys: &BTreeSet<Coldkey>,
    page: &TranchePage,
) -> Result<Vec<OpenTranche>, Fault> {
    let coldkey_bytes: Vec<&[u8]> = coldkeys.iter().map(|coldkey| &coldkey.0[..]).collect();
    let (from, to) = if *page == TranchePage::ALL {
        (page.from, page.to)
    } else {
        page_bounds(conn, netuid, &coldkey_bytes, page)?
    };
    let mut open = Vec::new();
    for coldkey_bytes in coldkey_bytes.chunks(COLDKEYS_PER_STATEMENT) {
        let rows: Vec<TrancheRow> = stake_tranches::table
            .filter(stake_tranches::netuid.eq(netuid_column(netuid)))
            .filter(stake_tranches::coldkey.eq_any(coldkey_bytes.iter().copied()))
            .filter(stake_tranches::block.between(block_bound(from), block_bound(to)))
            .filter(still_open())
            .select(TrancheRow::as_select())
            .load(conn)?;
        open.extend(read_all(rows, |row| row.read(netuid))?);
    }
    open.sort_by_cached_key(|open| (open.tranche.coldkey, open.tranche.id.order(open.tranche.coldkey)));
    Ok(open)
}

/// A tranche that still holds something. The 0 is written out, since the index covers only these rows, and
/// the database cannot match it with a bound value.
fn still_open() -> SqlLiteral<Bool> {
    diesel::dsl::sql("remaining > 0")
}

/// The first and the last block of a page.
fn page_bounds(
    conn: &mut AnyConnection,
    netuid: NetUid,
    coldkey_bytes: &[&[u8]],
    page: &TranchePage,
) -> Result<(BlockNumber, BlockNumber), Fault> {
    let mut blocks: Vec<i64> = Vec::new();
    for coldkey_bytes in coldkey_bytes.chunks(COLDKEYS_PER_STATEMENT) {
        let open = stake_tranches::table
            .filter(stake_tranches::netuid.eq(netuid_column(netuid)))
            .filter(stake_tranches::coldkey.eq_any(coldkey_bytes.iter().copied()))
            .filter(stake_tranches::block.between(block_bound(page.from), block_bound(page.to)))
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
pub fn exits(
    conn: &mut AnyConnection,
    netuid: NetUid,
    from: BlockNumber,
    to: BlockNumber,
) -> Result<Vec<Exit>, Fault> {
    let rows: Vec<ExitRow> = tranche_exits::table
        .filter(tranche_exits::netuid.eq(netuid_column(netuid)))
        .filter(tranche_exits::block.between(block_bound(from), block_bound(to)))
        .select(ExitRow::as_select())
        .load(conn)?;
    read_all(rows, |row| row.read(netuid))
}

pub fn tranches(
    conn: &mut AnyConnection,
    netuid: NetUid,
    from: BlockNumber,
    to: BlockNumber,
    as_of: BlockNumber,
) -> Result<Vec<TrancheStand>, Fault> {
    let rows: Vec<TrancheStandRow> = diesel::sql_query(TrancheStandRow::query(
        netuid,
        block_bound(from),
        block_bound(to),
        block_bound(as_of),
    ))
    .load(conn)?;
    let mut stands = read_all(rows, |row| row.read(netuid))?;
    stands.sort_by_cached_key(|stand| (stand.tranche.coldkey, stand.tranche.id.order(stand.tranche.coldkey)));
    Ok(stands)
}
