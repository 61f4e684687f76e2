//! Whether a record is consistent in itself: the conservation law over all of it, and everything in it
//! that follows from something else in it.
//!
//! Takes from `units`, `block`, `ledger`, `ports` and `store`.

mod condensed;
mod conservation;
mod error;
mod left;
mod tranches;
mod walk;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::ledger::{Entry, Kind};
use crate::ports::{Commit, LedgerState, Watermark};
use crate::units::{BlockNumber, Coldkey, NetUid, PositionKey, Rao};

pub use error::CheckError;
pub use walk::{Walk, check_beside, check_parts, check_store};

/// What was looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Checked {
    /// Entries.
    pub entries: u64,
    /// Epochs.
    pub epochs: u64,
    /// Blocks at which the sums of entries were compared with the snapshots.
    pub boundaries: u64,
    /// Positions compared there, each time counted.
    pub positions: u64,
    /// Rows of `stake_changes` and `stake_balance_changes`.
    pub changes: u64,
    /// Tranches.
    pub tranches: u64,
    /// Exits from them.
    pub exits: u64,
}

/// The first thing found wrong. Reaction: trust nothing that follows from this record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Inconsistency {
    /// The subnet.
    pub netuid: NetUid,
    /// The table.
    pub table: &'static str,
    /// The block of the row.
    pub block: BlockNumber,
    /// Whose row it is, where it is somebody's.
    pub whose: Option<Whose>,
    /// What is wrong.
    pub what: String,
}

/// A position, or a holder with all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// A position.
    Position(PositionKey),
    /// A holder.
    Holder(Coldkey),
}

impl fmt::Display for Inconsistency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "subnet {}, {} at block {}", self.netuid, self.table, self.block)?;
        match self.whose {
            Some(Whose::Position(key)) => write!(f, ", hotkey {} of coldkey {}", key.hotkey, key.coldkey)?,
            Some(Whose::Holder(coldkey)) => write!(f, ", coldkey {coldkey}")?,
            None => {}
        }
        write!(f, ": {}", self.what)
    }
}

/// Where something is looked at, to say what is wrong there.
#[derive(Clone, Copy)]
struct At(NetUid, &'static str, BlockNumber);

impl At {
    fn wrong(self, whose: Option<Whose>, what: impl fmt::Display) -> Inconsistency {
        Inconsistency { netuid: self.0, table: self.1, block: self.2, whose, what: what.to_string() }
    }

    fn position(self, key: PositionKey, what: impl fmt::Display) -> Inconsistency {
        self.wrong(Some(Whose::Position(key)), what)
    }

    fn holder(self, coldkey: Coldkey, what: impl fmt::Display) -> Inconsistency {
        self.wrong(Some(Whose::Holder(coldkey)), what)
    }
}

fn count(rows: usize) -> u64 {
    u64::try_from(rows).unwrap_or(u64::MAX)
}

/// Checks a whole record, as [`WholeRecord::record`](crate::ports::WholeRecord::record) gives it.
///
/// For every epoch and position the entries sum up to the snapshots and to `stake_changes` at B−1 and at B;
/// `stake_balance_changes` are the entries between; every row belongs to a holder and to the stretch that the
/// watermark tells; keys are unique; tranches are what entries brought, and exits what they took. What is
/// consistent need not be true: that the chain says so too is only known from it, or from who has read it.
///
/// Of a record that was pruned, what came before is compared with the openings that stand for it: sums with
/// the snapshots, and what tranches still held with what their holders open with.
///
/// # Errors
/// The first thing found wrong.
pub fn check(record: &Commit) -> Result<Checked, Inconsistency> {
    unique(record)?;
    stretch(record)?;
    owned(record)?;
    condensed::check(record)?;
    let mut checked = Checked {
        entries: count(record.entries.len()),
        epochs: count(record.epochs.len()),
        ..Checked::default()
    };
    conservation::check(record, &mut checked)?;
    tranches::check(record, &mut checked)?;
    Ok(checked)
}

/// Checks the newest snapshots as a store finds them, by which a recorder goes on.
///
/// # Errors
/// The first thing found wrong.
pub fn check_state(record: &Commit, state: &LedgerState) -> Result<(), Inconsistency> {
    let at = |table| At(record.netuid, table, record.watermark.block.number);
    let stands = |mark: &Watermark| (mark.block, mark.time, mark.observed, mark.spec_version);
    if (stands(&state.watermark), &state.interval) != (stands(&record.watermark), &record.interval) {
        return Err(
            at("blockchain_state").wrong(None, "the record was written to while it was read: check again")
        );
    }
    let newest: BTreeMap<PositionKey, Rao> =
        record.snapshots.iter().map(|row| (row.key, row.alpha)).collect();
    for key in newest.keys().chain(state.observed.keys()) {
        // Without a snapshot there is nothing.
        let of = |snapshots: &BTreeMap<PositionKey, Rao>| snapshots.get(key).copied().unwrap_or_default();
        if of(&newest) != of(&state.observed) {
            let what = format!(
                "its newest snapshot is {} rao, the store finds {} rao",
                of(&newest),
                of(&state.observed)
            );
            return Err(at("stake_snapshots").position(*key, what));
        }
    }
    Ok(())
}

/// No two rows of a table have one key.
fn unique(record: &Commit) -> Result<(), Inconsistency> {
    fn table<T, K: Ord>(
        netuid: NetUid,
        name: &'static str,
        rows: &[T],
        key: impl Fn(&T) -> (BlockNumber, Option<Whose>, K),
    ) -> Result<(), Inconsistency> {
        let mut seen = BTreeSet::new();
        for row in rows {
            let (block, whose, key) = key(row);
            if !seen.insert(key) {
                return Err(At(netuid, name, block).wrong(whose, "a row is there twice"));
            }
        }
        Ok(())
    }
    let position = |key: PositionKey| Some(Whose::Position(key));
    let holder = |coldkey: Coldkey| Some(Whose::Holder(coldkey));
    let n = record.netuid;
    table(n, "stake_transactions", &record.entries, |e| (e.block, position(e.key), e.order()))?;
    table(n, "holders", &record.holders, |h| (h.since, holder(h.coldkey), h.coldkey))?;
    table(n, "epoch_boundaries", &record.epochs, |e| (e.epoch.block.number, None, e.epoch.block.number))?;
    for epoch in &record.epochs {
        table(n, "stake_changes", &epoch.changes, |c| (epoch.epoch.block.number, position(c.key), c.key))?;
    }
    table(n, "stake_balance_changes", &record.balance_changes, |c| (c.to, position(c.key), (c.to, c.key)))?;
    table(n, "skipped_slots", &record.skipped, |s| (s.block, None, s.block))?;
    table(n, "stake_snapshots", &record.snapshots, |s| (s.block, position(s.key), (s.block, s.key)))?;
    table(n, "stake_locks", &record.locks, |l| (l.block, holder(l.coldkey), (l.block, l.coldkey)))?;
    table(n, "neurons", &record.neurons, |r| (r.block, None, (r.block, r.uid)))?;
    table(n, "successions", &record.successions, |s| (s.block, holder(s.old), (s.block, s.event_index)))?;
    table(n, "stake_tranches", &record.tranches, |t| (t.id.block, holder(t.coldkey), (t.coldkey, t.id)))?;
    table(n, "tranche_exits", &record.exits, |e| {
        (e.by.block, holder(e.coldkey), (e.coldkey, e.tranche, e.by))
    })
}

/// Every row lies within the stretch recorded, and times and blocks agree.
fn stretch(record: &Commit) -> Result<(), Inconsistency> {
    let (netuid, mark) = (record.netuid, record.watermark);
    let last = mark.block.number;
    let state = At(netuid, "blockchain_state", last);
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
    // A holder's record opens at the end of the block before.
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
    // Of these a record that was pruned keeps some from before.
    let earliest = if condensed::base(record).is_some() { BlockNumber(0) } else { first };
    let outside = |(_, block): &(_, BlockNumber), first| *block < first || *block > last;
    let found = blocks
        .clone()
        .find(|row| outside(row, first))
        .or_else(|| stay.clone().find(|row| outside(row, earliest)));
    if let Some((table, block)) = found {
        return Err(At(netuid, table, block)
            .wrong(None, format!("the record holds the blocks {} to {last}", mark.first_block)));
    }
    times(record)
}

/// Later blocks have later times, whatever table tells of them, and epochs follow one another.
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
            return Err(At(netuid, table, *next).wrong(None, what));
        }
    }
    let mut before: Option<&crate::block::Epoch> = None;
    for epoch in record.epochs.iter().map(|record| &record.epoch) {
        let at = At(netuid, "epoch_boundaries", epoch.block.number);
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

/// Every row belongs to a holder of its time, and opens where its holder's record does.
fn owned(record: &Commit) -> Result<(), Inconsistency> {
    let netuid = record.netuid;
    let holders: BTreeMap<Coldkey, BlockNumber> =
        record.holders.iter().map(|h| (h.coldkey, h.since)).collect();
    // Nobody's record opens before one that was pruned.
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
        return Err(At(netuid, table, block).holder(coldkey, "it is no holder there"));
    }
    let opens =
        |entry: &&Entry| entry.kind == Kind::Opening && holders.get(&entry.key.coldkey) != Some(&entry.block);
    if let Some(entry) = record.entries.iter().find(opens) {
        return Err(At(netuid, "stake_transactions", entry.block)
            .position(entry.key, "an opening that is not where its holder's record begins"));
    }
    let foreign = record.entries.iter().map(|e| (e.netuid, e.block));
    let foreign = foreign.chain(record.tranches.iter().map(|t| (t.netuid, t.id.block)));
    let mut foreign = foreign.chain(record.exits.iter().map(|e| (e.netuid, e.by.block)));
    match foreign.find(|(other, _)| *other != netuid) {
        Some((other, block)) => {
            Err(At(netuid, "stake_transactions", block).wrong(None, format!("a row of subnet {other}")))
        }
        None => Ok(()),
    }
}
