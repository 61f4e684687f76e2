//! A record that was pruned, and what it keeps of the time before.

use std::collections::{BTreeMap, BTreeSet};

use super::{At, Inconsistency};
use crate::ports::Commit;
use crate::{BlockNumber, Coldkey, Kind, Rao, RaoDelta, Successions, Tranche};

/// The epoch at whose end the record begins; `None` for one that was not pruned, which has no epoch before its
/// first block.
pub(super) fn base(record: &Commit) -> Option<BlockNumber> {
    let base = record.watermark.first_block.parent();
    record.epochs.iter().map(|epoch| epoch.epoch.block.number).find(|block| *block == base)
}

/// The tranches of the time before.
pub(super) fn tranches(record: &Commit) -> impl Iterator<Item = &Tranche> {
    let base = base(record);
    record.tranches.iter().filter(move |tranche| Some(tranche.id.block) <= base)
}

/// Checks that of the time before nothing is left but what stands for it, and that tranches hold what opens.
pub(super) fn check(record: &Commit) -> Result<(), Inconsistency> {
    let Some(base) = base(record) else { return Ok(()) };
    let at = |table, block| At(record.netuid, table, block);
    if let Some(entry) = record.entries.iter().find(|e| e.block == base && !matches!(e.kind, Kind::Opening | Kind::Rounding)) {
        return Err(at("stake_transactions", base).position(entry.key, format!("{} where the record opens", entry.kind.name())));
    }
    if let Some(change) = record.balance_changes.iter().find(|change| change.to <= base) {
        return Err(at("stake_balance_changes", change.to).position(change.key, "it is of an interval before the record"));
    }
    if let Some(exit) = record.exits.iter().find(|exit| exit.by.block <= base) {
        return Err(at("tranche_exits", exit.by.block).holder(exit.coldkey, "it left before the record"));
    }
    let before = record.epochs.iter().filter(|epoch| epoch.epoch.block.number <= base);
    if let Some((block, change)) = before.flat_map(|e| e.changes.iter().map(|change| (e.epoch.block.number, change))).next() {
        return Err(at("stake_changes", block).position(change.key, "it is of an epoch before the record"));
    }
    let mut seen = BTreeSet::new();
    if let Some(row) = record.snapshots.iter().find(|row| row.block <= base && (row.alpha == Rao::ZERO || !seen.insert(row.key))) {
        return Err(at("stake_snapshots", row.block).position(row.key, "it tells nothing of where the record begins"));
    }
    let mut seen = BTreeSet::new();
    if let Some(row) = record.locks.iter().find(|row| row.block <= base && !seen.insert(row.coldkey)) {
        return Err(at("stake_locks", row.block).holder(row.coldkey, "it is there twice before the record"));
    }
    held(record, base)
}

/// Tranches entered before hold what their holders open with.
fn held(record: &Commit, base: BlockNumber) -> Result<(), Inconsistency> {
    let epochs: BTreeSet<BlockNumber> = record.epochs.iter().map(|epoch| epoch.epoch.block.number).collect();
    let successions = Successions::new(record.successions.clone());
    let mut held: BTreeMap<Coldkey, RaoDelta> = BTreeMap::new();
    for tranche in tranches(record) {
        let earned = matches!(tranche.id.kind, Kind::Incentive | Kind::DividendOrOther);
        if tranche.initial == Rao::ZERO || (earned && !epochs.contains(&tranche.id.block)) {
            let at = At(record.netuid, "stake_tranches", tranche.id.block);
            return Err(at.holder(tranche.coldkey, format!("{} rao ({}) did not come in there", tranche.initial, tranche.id.kind.name())));
        }
        *held.entry(successions.holder_of(tranche.coldkey, &tranche.id, base)).or_default() += tranche.initial.delta();
    }
    let mut opens: BTreeMap<Coldkey, RaoDelta> = BTreeMap::new();
    for entry in record.entries.iter().filter(|entry| entry.block == base && entry.kind == Kind::Opening) {
        *opens.entry(entry.key.coldkey).or_default() += entry.alpha;
    }
    for coldkey in held.keys().chain(opens.keys()) {
        let of = |sums: &BTreeMap<Coldkey, RaoDelta>| sums.get(coldkey).copied().unwrap_or_default();
        let (held, opens) = (of(&held), of(&opens));
        if held != opens {
            let what = format!("{held} rao of before are in its tranches, but it opens with {opens}");
            return Err(At(record.netuid, "stake_tranches", base).holder(*coldkey, what));
        }
    }
    Ok(())
}
