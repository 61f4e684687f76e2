//! What leaves tranches, inside one transaction of its caller.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Binary, Integer, Text};
use vesting_core::ports::StoreError;
use vesting_core::{Coldkey, EntryId, Exit, NetUid};

use crate::database::Link;
use crate::error::Fault;
use crate::rows::{event, int, same_subnet};
use crate::schema::tables::stake_tranches::dsl;

/// Tranches of one statement.
const CHUNK: usize = 5000;

/// What all exits of a commit take from one tranche.
struct Taken {
    coldkey: Coldkey,
    tranche: EntryId,
    block: i64,
    amount: i64,
}

/// Takes exits from what remains of their tranches, which must be there and hold as much.
pub fn leave(conn: &mut Link, netuid: NetUid, exits: &[Exit]) -> Result<(), Fault> {
    let taken = taken(netuid, exits)?;
    for taken in taken.chunks(CHUNK) {
        let short = match conn {
            Link::Sqlite(conn) => one_by_one(conn, netuid, taken)?,
            Link::Postgres(conn) => at_once(conn, netuid, taken)?,
        };
        if let Some(short) = short {
            let why = format!(
                "what leaves the tranche of block {} of coldkey {} is more than it holds",
                short.block, short.coldkey
            );
            return Err(StoreError::Unusable(format!("nothing was written: {why}")).into());
        }
    }
    Ok(())
}

fn taken(netuid: NetUid, exits: &[Exit]) -> Result<Vec<Taken>, StoreError> {
    let mut amounts: BTreeMap<(Coldkey, EntryId), u64> = BTreeMap::new();
    for exit in exits {
        same_subnet(netuid, exit.netuid)?;
        let amount = amounts.entry((exit.coldkey, exit.tranche)).or_default();
        *amount = amount.saturating_add(exit.amount.0);
    }
    let row = |((coldkey, tranche), amount): ((Coldkey, EntryId), u64)| {
        Ok(Taken {
            coldkey,
            tranche,
            block: int("block", tranche.block.0)?,
            amount: int("amount of an exit", amount)?,
        })
    };
    amounts.into_iter().map(row).collect()
}

/// A statement each, which is how SQLite is fastest. Gives the first tranche that holds less.
fn one_by_one<'a>(
    conn: &mut SqliteConnection,
    netuid: NetUid,
    taken: &'a [Taken],
) -> Result<Option<&'a Taken>, Fault> {
    for taken in taken {
        let tranche = dsl::stake_tranches.find((
            i32::from(netuid.0),
            taken.block,
            event(taken.tranche.event_index),
            taken.tranche.kind.name(),
            &taken.tranche.hotkey.0[..],
            &taken.coldkey.0[..],
        ));
        let holds = tranche.filter(dsl::remaining.ge(taken.amount));
        if diesel::update(holds).set(dsl::remaining.eq(dsl::remaining - taken.amount)).execute(conn)? != 1 {
            return Ok(Some(taken));
        }
    }
    Ok(None)
}

/// A row of what was taken, by its place.
#[derive(QueryableByName)]
struct Done {
    #[diesel(sql_type = BigInt)]
    place: i64,
}

/// One statement for all of them: on the way to a server each would take as long. Gives a tranche that holds
/// less.
fn at_once<'a>(
    conn: &mut PgConnection,
    netuid: NetUid,
    taken: &'a [Taken],
) -> Result<Option<&'a Taken>, Fault> {
    let done: Vec<Done> = diesel::sql_query(
        "UPDATE stake_tranches AS t SET remaining = t.remaining - e.amount \
         FROM UNNEST($2, $3, $4, $5, $6, $7) WITH ORDINALITY AS e (coldkey, block, event_index, kind, hotkey, amount, place) \
         WHERE t.netuid = $1 AND t.block = e.block AND t.event_index = e.event_index AND t.kind = e.kind COLLATE \"C\" \
         AND t.hotkey = e.hotkey AND t.coldkey = e.coldkey AND t.remaining >= e.amount RETURNING e.place",
    )
    .bind::<Integer, _>(i32::from(netuid.0))
    .bind::<Array<Binary>, _>(taken.iter().map(|t| &t.coldkey.0[..]).collect::<Vec<_>>())
    .bind::<Array<BigInt>, _>(taken.iter().map(|t| t.block).collect::<Vec<_>>())
    .bind::<Array<BigInt>, _>(taken.iter().map(|t| event(t.tranche.event_index)).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(taken.iter().map(|t| t.tranche.kind.name()).collect::<Vec<_>>())
    .bind::<Array<Binary>, _>(taken.iter().map(|t| &t.tranche.hotkey.0[..]).collect::<Vec<_>>())
    .bind::<Array<BigInt>, _>(taken.iter().map(|t| t.amount).collect::<Vec<_>>())
    .load(conn)?;
    let done: BTreeSet<i64> = done.into_iter().map(|row| row.place).collect();
    Ok((1..).zip(taken).find(|(place, _)| !done.contains(place)).map(|(_, taken)| taken))
}
