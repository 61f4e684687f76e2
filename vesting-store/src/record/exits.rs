//! Debits exits from their tranches, inside the transaction of the caller.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Binary, Integer, Text};
use vesting_core::ports::StoreError;
use vesting_core::{Coldkey, EntryId, Exit, NetUid};

use crate::database::AnyConnection;
use crate::error::Fault;
use crate::rows::{event_column, int, same_subnet};
use crate::schema::tables::stake_tranches::dsl;

/// The most tranches in one statement.
const TRANCHES_PER_STATEMENT: usize = 5000;

/// The exits from a row of `stake_tranches`, as the rest of a query.
pub const EXITS_OF_TRANCHE: &str = "FROM tranche_exits e WHERE e.netuid = stake_tranches.netuid \
     AND e.coldkey = stake_tranches.coldkey \
     AND e.tranche_block = stake_tranches.block AND e.tranche_event_index = stake_tranches.event_index \
     AND e.tranche_kind = stake_tranches.kind AND e.tranche_hotkey = stake_tranches.hotkey";

/// The sum of all exits of a commit from one tranche.
struct Debit {
    coldkey: Coldkey,
    tranche: EntryId,
    block: i64,
    amount: i64,
}

/// Debits exits from what remains of their tranches.
///
/// # Errors
/// If a tranche does not exist or holds less.
pub fn debit_exits(conn: &mut AnyConnection, netuid: NetUid, exits: &[Exit]) -> Result<(), Fault> {
    let debits = debits(netuid, exits)?;
    for debits in debits.chunks(TRANCHES_PER_STATEMENT) {
        let short = match conn {
            AnyConnection::Sqlite(conn) => one_by_one(conn, netuid, debits)?,
            AnyConnection::Postgres(conn) => at_once(conn, netuid, debits)?,
        };
        if let Some(short) = short {
            let why = format!(
                "the exits from the tranche of block {} of coldkey {} are more than it holds",
                short.block, short.coldkey
            );
            return Err(StoreError::Unusable(format!("nothing was written: {why}")).into());
        }
    }
    Ok(())
}

fn debits(netuid: NetUid, exits: &[Exit]) -> Result<Vec<Debit>, StoreError> {
    let mut amounts: BTreeMap<(Coldkey, EntryId), u64> = BTreeMap::new();
    for exit in exits {
        same_subnet(netuid, exit.netuid)?;
        let amount = amounts.entry((exit.coldkey, exit.tranche)).or_default();
        *amount = amount.saturating_add(exit.amount.0);
    }
    let row = |((coldkey, tranche), amount): ((Coldkey, EntryId), u64)| {
        Ok(Debit {
            coldkey,
            tranche,
            block: int("block", tranche.block.0)?,
            amount: int("amount of an exit", amount)?,
        })
    };
    amounts.into_iter().map(row).collect()
}

/// Runs one statement for each tranche, which is fastest on SQLite. Returns the first tranche that holds
/// less.
fn one_by_one<'a>(
    conn: &mut SqliteConnection,
    netuid: NetUid,
    debits: &'a [Debit],
) -> Result<Option<&'a Debit>, Fault> {
    for debit in debits {
        let tranche = dsl::stake_tranches.find((
            i32::from(netuid.0),
            debit.block,
            event_column(debit.tranche.event_index),
            debit.tranche.kind.name(),
            &debit.tranche.hotkey.0[..],
            &debit.coldkey.0[..],
        ));
        let holds = tranche.filter(dsl::remaining.ge(debit.amount));
        if diesel::update(holds).set(dsl::remaining.eq(dsl::remaining - debit.amount)).execute(conn)? != 1 {
            return Ok(Some(debit));
        }
    }
    Ok(None)
}

/// The place of a debited tranche in the list, from 1.
#[derive(QueryableByName)]
struct DebitedRow {
    #[diesel(sql_type = BigInt)]
    place: i64,
}

/// Runs one statement for all tranches, since every statement costs a round trip to the server. Returns a
/// tranche that holds less.
fn at_once<'a>(
    conn: &mut PgConnection,
    netuid: NetUid,
    debits: &'a [Debit],
) -> Result<Option<&'a Debit>, Fault> {
    let debited: Vec<DebitedRow> = diesel::sql_query(
        "UPDATE stake_tranches AS t SET remaining = t.remaining - e.amount \
         FROM UNNEST($2, $3, $4, $5, $6, $7) WITH ORDINALITY AS e (coldkey, block, event_index, kind, \
         hotkey, amount, place) \
         WHERE t.netuid = $1 AND t.block = e.block AND t.event_index = e.event_index \
         AND t.kind = e.kind COLLATE \"C\" \
         AND t.hotkey = e.hotkey AND t.coldkey = e.coldkey AND t.remaining >= e.amount RETURNING e.place",
    )
    .bind::<Integer, _>(i32::from(netuid.0))
    .bind::<Array<Binary>, _>(debits.iter().map(|t| &t.coldkey.0[..]).collect::<Vec<_>>())
    .bind::<Array<BigInt>, _>(debits.iter().map(|t| t.block).collect::<Vec<_>>())
    .bind::<Array<BigInt>, _>(debits.iter().map(|t| event_column(t.tranche.event_index)).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(debits.iter().map(|t| t.tranche.kind.name()).collect::<Vec<_>>())
    .bind::<Array<Binary>, _>(debits.iter().map(|t| &t.tranche.hotkey.0[..]).collect::<Vec<_>>())
    .bind::<Array<BigInt>, _>(debits.iter().map(|t| t.amount).collect::<Vec<_>>())
    .load(conn)?;
    let debited: BTreeSet<i64> = debited.into_iter().map(|row| row.place).collect();
    Ok((1..).zip(debits).find(|(place, _)| !debited.contains(place)).map(|(_, debit)| debit))
}
