//! Tranches and exits: what entries brought, and what they took.

use std::collections::{BTreeMap, BTreeSet};

use super::checked::{Checked, count};
use super::condensed;
use super::inconsistency::{At, Inconsistency};
use crate::ledger::{Entry, EntryId, Flow, Kind, Successions, Tranche};
use crate::ports::Commit;
use crate::units::{Coldkey, Rao, RaoDelta};

/// What identifies a tranche on a subnet.
type TrancheKey = (Coldkey, EntryId);

/// What is left of each tranche.
fn left(record: &Commit) -> Result<BTreeMap<TrancheKey, Rao>, Inconsistency> {
    let mut left: BTreeMap<TrancheKey, Rao> =
        record.tranches.iter().map(|t| ((t.coldkey, t.id), t.initial)).collect();
    for exit in &record.exits {
        let at = At(record.netuid, "tranche_exits", exit.by.block);
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
    // What came in before, a record that was pruned knows by what it opens with.
    let base = condensed::base(record);
    for tranche in &record.tranches {
        let at = At(record.netuid, "stake_tranches", tranche.id.block);
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
    // What these bring may all be owed already.
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
        let at = At(record.netuid, "stake_tranches", entry.block);
        return Err(at.position(
            entry.key,
            format!("the tranche of {} rao ({}) is missing", entry.alpha, entry.kind.name()),
        ));
    }
    let paid_in_full = exits(record)?;
    // What holders have, each under the name it has now.
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
        // What was taken beyond all tranches is owed until rounding or what nothing explains pays it.
        if held < balance || (paid_in_full && held != balance) {
            let what = format!("{held} rao remain in its tranches, but its entries sum up to {balance}");
            return Err(At(record.netuid, "stake_tranches", end).holder(coldkey, what));
        }
    }
    checked.tranches = count(record.tranches.len());
    checked.exits = count(record.exits.len());
    Ok(())
}

/// Whether a tranche is what its entry brought; without such an entry, what a holder had itself under the
/// coldkey that another went on under.
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
        // These pay what is owed first.
        (Kind::Rounding | Kind::Unattributed, Some(entry)) => initial <= entry.alpha,
        (_, Some(entry)) => initial == entry.alpha,
        (_, None) => false,
    }
}

/// Checks that entries took what exits say; gives whether all of them took all of it.
fn exits(record: &Commit) -> Result<bool, Inconsistency> {
    let mut taken: BTreeMap<EntryId, RaoDelta> = BTreeMap::new();
    for exit in &record.exits {
        *taken.entry(exit.by).or_default() += exit.amount.delta();
    }
    // An exit says by which entry, but not whose entry: its holder may have another name than its tranche.
    let mut wanted: BTreeMap<EntryId, (RaoDelta, u128)> = BTreeMap::new();
    let mut balances: BTreeMap<Coldkey, RaoDelta> = BTreeMap::new();
    // What nothing explains is found only when its interval ends, so tranches do not know it in its block.
    let late: BTreeSet<Coldkey> =
        record.entries.iter().filter(|e| e.kind == Kind::Unattributed).map(|e| e.key.coldkey).collect();
    for entry in &record.entries {
        let balance = balances.entry(entry.key.coldkey).or_default();
        *balance += entry.alpha;
        if entry.alpha.0 < 0 && entry.flow() != Flow::Neutral {
            let (amount, owed) = wanted.entry(EntryId::of(entry)).or_default();
            *amount += -entry.alpha;
            // Only who has nothing left can owe anything.
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
            let at = At(record.netuid, "tranche_exits", id.block);
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
    // The rest went over to another name.
    let swapped: BTreeSet<_> = record.successions.iter().map(|by| (by.block, Some(by.event_index))).collect();
    match taken.keys().find(|id| id.kind != Kind::KeySwap || !swapped.contains(&(id.block, id.event_index))) {
        Some(id) => Err(At(record.netuid, "tranche_exits", id.block)
            .wrong(None, format!("an exit by {} without an entry", id.kind.name()))),
        None => Ok(paid_in_full),
    }
}
