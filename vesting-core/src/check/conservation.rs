//! The conservation law: the entries of a position add up to the alpha that was read of it.

use std::collections::{BTreeMap, BTreeSet};

use super::checked::{Checked, count};
use super::condensed;
use super::inconsistency::{Inconsistency, RowPlace};
use crate::block::EpochRecord;
use crate::ledger::{Entry, Flow, Kind};
use crate::ports::{BalanceChange, Commit};
use crate::units::{BlockNumber, PositionKey, Rao, RaoDelta};

/// Checks entries against snapshots and the rows of epochs and intervals.
pub(super) fn check(record: &Commit, checked: &mut Checked) -> Result<(), Inconsistency> {
    let mut epochs: BTreeMap<BlockNumber, &EpochRecord> = BTreeMap::new();
    // The blocks at which every position was read: both ends of every interval.
    let mut boundaries: BTreeSet<BlockNumber> = BTreeSet::new();
    // A pruned record has no changes of the epochs before its first block.
    for epoch in record.epochs.iter().filter(|epoch| epoch.epoch.block.number >= record.watermark.first_block)
    {
        epochs.insert(epoch.epoch.block.number, epoch);
        boundaries.extend([epoch.epoch.pre_block.number, epoch.epoch.block.number]);
    }
    let base = condensed::base(record);
    boundaries.extend(base);
    let mut intervals: BTreeMap<BlockNumber, Vec<&BalanceChange>> = BTreeMap::new();
    for change in &record.balance_changes {
        intervals.entry(change.to).or_default().push(change);
        boundaries.extend([change.from, change.to]);
    }
    let mut entries: Vec<&Entry> = record.entries.iter().collect();
    entries.sort_by_key(|entry| entry.order());
    let mut snapshots = record.snapshots.clone();
    snapshots.sort_unstable();
    let (mut entries, mut snapshots) = (entries.into_iter().peekable(), snapshots.into_iter().peekable());
    let mut sums = RunningSums {
        record,
        balances: BTreeMap::new(),
        seen: BTreeMap::new(),
        between: Vec::new(),
        since: None,
    };
    for block in boundaries {
        // `pre` is the state before the block, `own` are the entries of the block itself.
        let pre = sums.balances.clone();
        let mut own: Vec<&Entry> = Vec::new();
        while let Some(entry) = entries.next_if(|entry| entry.block <= block) {
            if entry.block == block {
                own.push(entry);
            }
            sums.add(entry);
        }
        while let Some(snapshot) = snapshots.next_if(|snapshot| snapshot.block <= block) {
            sums.seen.insert(snapshot.key, snapshot.alpha);
        }
        let positions = sums.compare(block)?;
        // The boundary at which a pruned record begins is compared, but not counted.
        if Some(block) != base {
            checked.positions = checked.positions.saturating_add(positions);
            checked.boundaries = checked.boundaries.saturating_add(1);
        }
        let rows = intervals.get(&block).map_or(&[][..], Vec::as_slice);
        checked.changes = checked.changes.saturating_add(count(rows.len()));
        // If an interval ends here without rows, it must have no entries. No interval ends in an epoch's own
        // block, before the first epoch, or where the subnet was dissolved in between.
        let ends =
            epochs.contains_key(&block.child()) && !epochs.contains_key(&block) && sums.since.is_some();
        if !rows.is_empty() || (ends && !sums.between.iter().any(|entry| entry.kind == Kind::Dissolved)) {
            sums.interval(block, rows)?;
        }
        if let Some(epoch) = epochs.get(&block) {
            checked.changes = checked.changes.saturating_add(count(epoch.changes.len()));
            changes(record, epoch, &pre, &own)?;
        }
        sums.since = Some((block, sums.balances.clone()));
        sums.between.clear();
    }
    Ok(())
}

/// The sums of a record up to the present boundary.
struct RunningSums<'a> {
    record: &'a Commit,
    /// Σ entries.
    balances: BTreeMap<PositionKey, RaoDelta>,
    /// The newest snapshots.
    seen: BTreeMap<PositionKey, Rao>,
    /// The entries since the last boundary.
    between: Vec<&'a Entry>,
    /// The last boundary, and the balances there.
    since: Option<(BlockNumber, BTreeMap<PositionKey, RaoDelta>)>,
}

impl<'a> RunningSums<'a> {
    fn add(&mut self, entry: &'a Entry) {
        *self.balances.entry(entry.key).or_default() += entry.alpha;
        self.between.push(entry);
    }

    /// Compares the sums of entries with the snapshots.
    fn compare(&mut self, block: BlockNumber) -> Result<u64, Inconsistency> {
        self.balances.retain(|_, sum| !sum.is_zero());
        self.seen.retain(|_, alpha| *alpha > Rao::ZERO);
        let sums = self.balances.iter().map(|(key, sum)| (*key, *sum));
        let seen = self.seen.iter().map(|(key, alpha)| (*key, alpha.delta()));
        if !sums.eq(seen) {
            for key in self.balances.keys().chain(self.seen.keys()) {
                let sum = self.balances.get(key).copied().unwrap_or_default();
                let alpha = self.seen.get(key).copied().unwrap_or_default();
                if sum != alpha.delta() {
                    let what =
                        format!("{alpha} rao were read there, but the entries up to it sum up to {sum}");
                    return Err(RowPlace(self.record.netuid, "stake_snapshots", block).position(*key, what));
                }
            }
        }
        Ok(count(self.balances.len()))
    }

    /// Compares the changes of the interval that ends here with its entries.
    fn interval(&self, to: BlockNumber, rows: &[&BalanceChange]) -> Result<(), Inconsistency> {
        let at = RowPlace(self.record.netuid, "stake_balance_changes", to);
        let mut by_position: BTreeMap<PositionKey, BTreeMap<Flow, RaoDelta>> = BTreeMap::new();
        let nothing = BTreeMap::new();
        let (from, start) =
            self.since.as_ref().map_or((BlockNumber(0), &nothing), |(block, balances)| (*block, balances));
        // What opens at the end is after the interval.
        for entry in self.between.iter().filter(|entry| entry.kind != Kind::Opening || entry.block < to) {
            *by_position.entry(entry.key).or_default().entry(entry.flow()).or_default() += entry.alpha;
        }
        for row in rows {
            if row.from != from {
                return Err(at.position(
                    row.key,
                    format!("it begins at block {}, but the epoch before is at block {from}", row.from),
                ));
            }
            let entries = by_position.remove(&row.key).unwrap_or_default();
            let start = start.get(&row.key).copied().unwrap_or_default();
            let end = entries.values().copied().fold(start, |sum, alpha| sum + alpha);
            if row.by_flow != entries || row.start.delta() != start || row.end.delta() != end {
                return Err(at.position(
                    row.key,
                    format!(
                        "from {} to {} rao, but its entries go from {start} to {end}, or by other flows",
                        row.start, row.end
                    ),
                ));
            }
        }
        match by_position.pop_first() {
            Some((key, _)) => Err(at.position(key, "the row of its entries is missing")),
            None => Ok(()),
        }
    }
}

/// Compares the rows of an epoch with its entries and with the states around it.
fn changes(
    record: &Commit,
    epoch: &EpochRecord,
    pre: &BTreeMap<PositionKey, RaoDelta>,
    own: &[&Entry],
) -> Result<(), Inconsistency> {
    let at = RowPlace(record.netuid, "stake_changes", epoch.epoch.block.number);
    let mut by_position: BTreeMap<PositionKey, Vec<&Entry>> = BTreeMap::new();
    // What opens here opens after all that the block did.
    for entry in own.iter().filter(|entry| entry.kind != Kind::Opening) {
        by_position.entry(entry.key).or_default().push(entry);
    }
    for row in &epoch.changes {
        let entries = by_position.remove(&row.key).unwrap_or_default();
        let sum = |wanted: &dyn Fn(&Entry) -> bool| {
            entries.iter().filter(|e| wanted(e)).map(|e| e.alpha).sum::<RaoDelta>()
        };
        let flow = |flow: Flow| sum(&|e| e.flow() == flow);
        let before = pre.get(&row.key).copied().unwrap_or_default();
        let after = before + sum(&|_| true);
        if !row.adds_up() {
            return Err(at.position(
                row.key,
                format!("its parts do not add up to the change from {} to {} rao", row.before, row.after),
            ));
        }
        if (row.before.delta(), row.after.delta()) != (before, after) {
            let what = format!(
                "from {} to {} rao, but by the entries from {before} to {after}",
                row.before, row.after
            );
            return Err(at.position(row.key, what));
        }
        let rows = [row.manual_add, -row.manual_remove, row.true_emission, row.rounding, row.unattributed];
        let flows = [Flow::Inflow, Flow::Outflow, Flow::Emission, Flow::Rounding, Flow::Unattributed];
        let neutral = flow(Flow::Neutral) + flow(Flow::Corrected);
        if rows != flows.map(flow)
            || row.neutral != neutral
            || row.incentive != sum(&|e| e.kind == Kind::Incentive)
        {
            return Err(at.position(row.key, "its parts are not the entries of its block"));
        }
    }
    match by_position.pop_first() {
        Some((key, _)) => Err(at.position(key, "the row of its entries is missing")),
        None => Ok(()),
    }
}
