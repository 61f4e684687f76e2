//! The holders that rows belong to.

use std::collections::BTreeMap;

use crate::check::condensed;
use crate::check::inconsistency::{Inconsistency, RowPlace};
use crate::ledger::{Entry, Kind};
use crate::ports::Commit;
use crate::units::{BlockNumber, Coldkey};

/// Checks that every row belongs to a holder at its block, and that openings are where their holders' records
/// begin.
pub(super) fn owned(record: &Commit) -> Result<(), Inconsistency> {
    let netuid = record.netuid;
    let holders: BTreeMap<Coldkey, BlockNumber> =
        record.holders.iter().map(|h| (h.coldkey, h.since)).collect();
    // In a pruned record, no holder's record begins before the base.
    let base = condensed::base(record).unwrap_or_default();
    let rows = record.entries.iter().map(|e| ("stake_transactions", e.block, e.key.coldkey));
    let rows = rows.chain(record.snapshots.iter().map(|s| ("stake_snapshots", s.block, s.key.coldkey)));
    let rows = rows.chain(record.locks.iter().map(|l| ("stake_locks", l.block, l.coldkey)));
    let rows = rows.chain(
        record
            .successions
            .iter()
            .flat_map(|s| [(s.block, s.old), (s.block, s.new)])
            .map(|(b, c)| ("successions", b, c)),
    );
    let mut rows = rows.chain(record.tranches.iter().map(|t| ("stake_tranches", t.id.block, t.coldkey)));
    if let Some((table, block, coldkey)) =
        rows.find(|(_, block, coldkey)| holders.get(coldkey).is_none_or(|since| *since > base.max(*block)))
    {
        return Err(RowPlace(netuid, table, block).holder(coldkey, "it is no holder there"));
    }
    let opens =
        |entry: &&Entry| entry.kind == Kind::Opening && holders.get(&entry.key.coldkey) != Some(&entry.block);
    if let Some(entry) = record.entries.iter().find(opens) {
        return Err(RowPlace(netuid, "stake_transactions", entry.block)
            .position(entry.key, "an opening that is not where its holder's record begins"));
    }
    let foreign = record.entries.iter().map(|e| (e.netuid, e.block));
    let foreign = foreign.chain(record.tranches.iter().map(|t| (t.netuid, t.id.block)));
    let mut foreign = foreign.chain(record.exits.iter().map(|e| (e.netuid, e.by.block)));
    match foreign.find(|(other, _)| *other != netuid) {
        Some((other, block)) => {
            Err(RowPlace(netuid, "stake_transactions", block).wrong(None, format!("a row of subnet {other}")))
        }
        None => Ok(()),
    }
}
