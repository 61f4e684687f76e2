//! Blocks and times of rows against those of the watermark.

use crate::check::condensed;
use crate::check::inconsistency::{Inconsistency, RowPlace};
use crate::ledger::Kind;
use crate::ports::Commit;
use crate::units::BlockNumber;

/// Checks that every row is within the blocks recorded, and that times and blocks agree.
pub(super) fn stretch(record: &Commit) -> Result<(), Inconsistency> {
    let (netuid, mark) = (record.netuid, record.watermark);
    let last = mark.block.number;
    let state = RowPlace(netuid, "blockchain_state", last);
    if mark.first_block > last || mark.first_time > mark.time || mark.observed > last {
        let what =
            format!("blocks {} to {last}, positions read at {}: impossible", mark.first_block, mark.observed);
        return Err(state.wrong(None, what));
    }
    let newest = record.epochs.iter().map(|e| e.epoch.block.number).max();
    if record.interval.from.is_some_and(|from| from > last)
        || record.interval.from < newest
        || newest.is_some_and(|b| mark.observed < b)
    {
        return Err(state
            .wrong(None, "the open interval or the positions read do not begin at the last epoch or later"));
    }
    // A holder's record begins at the end of the block before.
    let first = mark.first_block.parent();
    let blocks = record.entries.iter().map(|e| ("stake_transactions", e.block));
    let blocks = blocks.chain(record.holders.iter().map(|h| ("holders", h.since)));
    let blocks = blocks.chain(
        record.balance_changes.iter().flat_map(|c| [c.from, c.to]).map(|b| ("stake_balance_changes", b)),
    );
    let blocks = blocks.chain(record.exits.iter().map(|e| ("tranche_exits", e.by.block)));
    let blocks = blocks.chain(record.times.keys().map(|b| ("block_times", *b)));
    let stay = record.epochs.iter().map(|e| ("epoch_boundaries", e.epoch.block.number));
    let stay = stay.chain(record.skipped.iter().map(|s| ("skipped_slots", s.block)));
    let stay = stay.chain(record.snapshots.iter().map(|s| ("stake_snapshots", s.block)));
    let stay = stay.chain(record.locks.iter().map(|l| ("stake_locks", l.block)));
    let stay = stay.chain(record.neurons.iter().map(|n| ("neurons", n.block)));
    let stay = stay.chain(record.successions.iter().map(|s| ("successions", s.block)));
    let stay = stay.chain(record.tranches.iter().map(|t| ("stake_tranches", t.id.block)));
    // A pruned record keeps some of these rows from before its first block.
    let earliest = if condensed::base(record).is_some() { BlockNumber(0) } else { first };
    let outside = |(_, block): &(_, BlockNumber), first| *block < first || *block > last;
    let found = blocks
        .clone()
        .find(|row| outside(row, first))
        .or_else(|| stay.clone().find(|row| outside(row, earliest)));
    if let Some((table, block)) = found {
        return Err(RowPlace(netuid, table, block)
            .wrong(None, format!("the record holds the blocks {} to {last}", mark.first_block)));
    }
    times(record)
}

/// Checks that later blocks have later times in all tables together, and that epochs agree with each other.
fn times(record: &Commit) -> Result<(), Inconsistency> {
    let (netuid, mark) = (record.netuid, record.watermark);
    let mut rows: Vec<(BlockNumber, u64, &'static str)> =
        record.times.iter().map(|(b, t)| (*b, t.0, "block_times")).collect();
    rows.extend(record.epochs.iter().map(|e| (e.epoch.block.number, e.epoch.time.0, "epoch_boundaries")));
    rows.extend(record.skipped.iter().map(|s| (s.block, s.time.0, "skipped_slots")));
    let first = condensed::base(record).unwrap_or(mark.first_block);
    rows.extend([
        (first, mark.first_time.0, "blockchain_state"),
        (mark.block.number, mark.time.0, "blockchain_state"),
    ]);
    rows.extend(
        condensed::tranches(record)
            .filter(|t| t.id.kind != Kind::Unattributed)
            .map(|t| (t.id.block, t.time.0, "stake_tranches")),
    );
    rows.sort_unstable();
    for ((block, time, _), (next, next_time, table)) in rows.iter().zip(rows.iter().skip(1)) {
        if next_time < time || (next == block && next_time != time) {
            let what = format!("its time {next_time} ms does not go with {time} ms of block {block}");
            return Err(RowPlace(netuid, table, *next).wrong(None, what));
        }
    }
    let mut before: Option<&crate::block::Epoch> = None;
    for epoch in record.epochs.iter().map(|record| &record.epoch) {
        let at = RowPlace(netuid, "epoch_boundaries", epoch.block.number);
        if epoch.pre_block.number != epoch.block.number.parent() {
            return Err(at.wrong(None, format!("block {} is not the one before it", epoch.pre_block.number)));
        }
        let differs = |other: crate::units::BlockRef, this: crate::units::BlockRef| {
            other.number == this.number && other.hash != this.hash
        };
        if before.is_some_and(|other| differs(other.block, epoch.pre_block))
            || differs(mark.block, epoch.block)
        {
            return Err(at.wrong(None, "the same block has two hashes"));
        }
        before = Some(epoch);
    }
    Ok(())
}
