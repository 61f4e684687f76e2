//! Tranches and exits against the entries that opened and consumed them.

use std::collections::{BTreeMap, BTreeSet};

use super::checked::{Checked, count};
use super::condensed;
use super::inconsistency::{Inconsistency, RowPlace};
use crate::ledger::{Entry, EntryId, Flow, Kind, Successions, Tranche};
use crate::ports::Commit;
use crate::units::{Coldkey, Rao, RaoDelta};

/// Identifies a tranche on a subnet.
type TrancheKey = (Coldkey, EntryId);

/// What remains of each tranche.
fn left(record: &Commit) -> Result<BTreeMap<TrancheKey, Rao>, Inconsistency> {
    let mut left: BTreeMap<TrancheKey, Rao> =
        record.tranches.iter().map(|t| ((t.coldkey, t.id), t.initial)).collect();
    for exit in &record.exits {
        let at = RowPlace(record.netuid, "tranche_exits", exit.by.block);
        let Some(remaining) = left.get_mut(&(exit.coldkey, exit.tranche)) else {
            return Err(at.holder(
                exit.coldkey,
                format!("an exit from a tranche of block {} that is not there", exit.tranche.block),
            ));
        };
        match remaining.0.checked_sub(exit.amount.0) {
            Some(less) => remaining.0 = less,
            None => {
                return Err(at.holder(
                    exit.coldkey,
                    format!("more leaves the tranche of block {} than it holds", exit.tranche.block),
                ));
            }
        }
    }
    Ok(left)
}

/// Checks tranches and exits against entries and successions.
pub(super) fn check(record: &Commit, checked: &mut Checked) -> Result<(), Inconsistency> {
    let left = left(record)?;
    let entries: BTreeMap<TrancheKey, &Entry> =
        record.entries.iter().map(|e| ((e.key.coldkey, EntryId::of(e)), e)).collect();
    // A pruned record has openings in place of earlier entries.
    let base = condensed::base(record);
    for tranche in &record.tranches {
        let at = RowPlace(record.netuid, "stake_tranches", tranche.id.block);
        if Some(tranche.id.block) > base
            && !brought(record, tranche, entries.get(&(tranche.coldkey, tranche.id)).copied())
        {
            return Err(at.holder(
                tranche.coldkey,
                format!("{} rao ({}) are not what came in there", tranche.initial, tranche.id.kind.name()),
            ));
        }
        if record.times.get(&tranche.id.block).is_some_and(|time| *time != tranche.time) {
            return Err(at.holder(tranche.coldkey, "its time is not that of its block"));
        }
    }
    let tranches: BTreeSet<TrancheKey> = record.tranches.iter().map(|t| (t.coldkey, t.id)).collect();
    // The deficit may use up all that these entries credit.
    let enters = |e: &&Entry| {
        e.alpha.0 > 0 && !matches!(e.flow(), Flow::Neutral | Flow::Rounding | Flow::Unattributed)
    };
    if let Some(entry) = record
        .entries
        .iter()
        .filter(|e| Some(e.block) > base)
        .filter(enters)
        .find(|e| !tranches.contains(&(e.key.coldkey, EntryId::of(e))))
    {
        let at = RowPlace(record.netuid, "stake_tranches", entry.block);
        return Err(at.position(
            entry.key,
            format!("the tranche of {} rao ({}) is missing", entry.alpha, entry.kind.name()),
        ));
    }
    let paid_in_full = exits(record)?;
    // What holders have, each under its present coldkey.
    let successions = Successions::new(record.successions.clone());
    let end = record.watermark.block.number;
    let mut held: BTreeMap<Coldkey, RaoDelta> = BTreeMap::new();
    for ((coldkey, id), remaining) in &left {
        *held.entry(successions.holder_of(*coldkey, id, end)).or_default() += remaining.delta();
    }
    let mut balances: BTreeMap<Coldkey, RaoDelta> = BTreeMap::new();
    for entry in &record.entries {
        *balances.entry(entry.key.coldkey).or_default() += entry.alpha;
    }
    for coldkey in record.holders.iter().map(|holder| holder.coldkey) {
        let of = |sums: &BTreeMap<Coldkey, RaoDelta>| sums.get(&coldkey).copied().unwrap_or_default();
        let (held, balance) = (of(&held), of(&balances));
        // What outflows took beyond all tranches is a deficit, until rounding or unattributed credits pay it
        // off.
        if held < balance || (paid_in_full && held != balance) {
            let what = format!("{held} rao remain in its tranches, but its entries sum up to {balance}");
            return Err(RowPlace(record.netuid, "stake_tranches", end).holder(coldkey, what));
        }
    }
    checked.tranches = count(record.tranches.len());
    checked.exits = count(record.exits.len());
    Ok(())
}

/// Whether a tranche is what its entry credited. Without such an entry, it must be what a coldkey itself held
/// when a holder continued under it.
fn brought(record: &Commit, tranche: &Tranche, entry: Option<&Entry>) -> bool {
    let initial = tranche.initial.delta();
    match (tranche.id.kind, entry) {
        (Kind::KeySwap, received) => {
            let swap = |by: &&crate::ledger::Succession| {
                (by.block, Some(by.event_index), by.new)
                    == (tranche.id.block, tranche.id.event_index, tranche.coldkey)
            };
            if record.successions.iter().any(|by| swap(&by)) {
                let by = |exit: &&crate::ledger::Exit| {
                    (exit.by.block, exit.by.event_index, exit.by.kind)
                        == (tranche.id.block, tranche.id.event_index, Kind::KeySwap)
                };
                return initial == record.exits.iter().filter(by).map(|exit| exit.amount.delta()).sum();
            }
            received.is_some_and(|entry| initial.magnitude() == entry.alpha.magnitude())
        }
        // These credits first pay off the deficit.
        (Kind::Rounding | Kind::Unattributed, Some(entry)) => initial <= entry.alpha,
        (_, Some(entry)) => initial == entry.alpha,
        (_, None) => false,
    }
}

/// Checks that entries debited what exits say. Returns whether every debit came wholly from tranches.
fn exits(record: &Commit) -> Result<bool, Inconsistency> {
    let mut taken: BTreeMap<EntryId, RaoDelta> = BTreeMap::new();
    for exit in &record.exits {
        *taken.entry(exit.by).or_default() += exit.amount.delta();
    }
    // An exit names its entry, but not the entry's coldkey, which may differ from that of the tranche.
    let mut wanted: BTreeMap<EntryId, (RaoDelta, u128)> = BTreeMap::new();
    let mut balances: BTreeMap<Coldkey, RaoDelta> = BTreeMap::new();
    // Unattributed changes are found only when their interval ends, so tranches did not have them in their
    // block.
    let late: BTreeSet<Coldkey> =
        record.entries.iter().filter(|e| e.kind == Kind::Unattributed).map(|e| e.key.coldkey).collect();
    for entry in &record.entries {
        let balance = balances.entry(entry.key.coldkey).or_default();
        *balance += entry.alpha;
        if entry.alpha.0 < 0 && entry.flow() != Flow::Neutral {
            let (amount, owed) = wanted.entry(EntryId::of(entry)).or_default();
            *amount += -entry.alpha;
            // Only a holder with no open tranche can have a deficit.
            let most = if late.contains(&entry.key.coldkey) {
                u128::MAX
            } else {
                u128::try_from((-*balance).0).unwrap_or(0)
            };
            *owed = owed.saturating_add(most);
        }
    }
    let mut paid_in_full = true;
    for (id, (amount, owed)) in &wanted {
        let taken = taken.remove(id).unwrap_or_default();
        paid_in_full &= taken == *amount;
        if taken > *amount || (*amount - taken).magnitude() > *owed {
            let at = RowPlace(record.netuid, "tranche_exits", id.block);
            return Err(at.wrong(
                None,
                format!(
                    "{} took {amount} rao from hotkey {}, but {taken} left tranches",
                    id.kind.name(),
                    id.hotkey
                ),
            ));
        }
    }
    // The other exits are by successions.
    let swapped: BTreeSet<_> = record.successions.iter().map(|by| (by.block, Some(by.event_index))).collect();
    match taken.keys().find(|id| id.kind != Kind::KeySwap || !swapped.contains(&(id.block, id.event_index))) {
        Some(id) => Err(RowPlace(record.netuid, "tranche_exits", id.block)
            .wrong(None, format!("an exit by {} without an entry", id.kind.name()))),
        None => Ok(paid_in_full),
    }
}
